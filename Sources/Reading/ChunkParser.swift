import CSimdjson
import Features
import Records

/// What came out of one run of records.
struct ParsedChunk: Sendable {
    /// The readable records.
    let batch: RecordBatch
    /// Where each of them lies.
    let spans: [RecordSpan]
    /// The others, with the reason and the byte of the file near the fault.
    let rejects: [(span: RecordSpan, reason: String)]
}

/// Parses records of one source into columns.
///
/// An instance belongs to one thread at a time.
final class ChunkParser: @unchecked Sendable {
    private let format: SourceFormat
    private let header: [String]
    private let columns: [ColumnName]
    private let mapper: RecordMapper
    private let mapping: FieldMapping
    private let fieldPaths: [ColumnName: [[UInt8]]]
    private let cellIndex: [String: Int]
    private let parser = JSONTapeParser()
    private var cells = DelimitedCells()
    private var tokenizer = Tokenizer()

    init(format: SourceFormat, header: [String], mapping: FieldMapping, columns: [ColumnName]) {
        self.format = format
        self.header = header
        self.columns = columns
        self.mapping = mapping
        mapper = RecordMapper(mapping)
        fieldPaths = Dictionary(
            uniqueKeysWithValues: columns.compactMap { column in
                column.fieldPointer.map { (column, RecordMapper.path($0)) }
            })
        cellIndex = Dictionary(
            header.enumerated().map { (FieldMapping.pointer($0.element), $0.offset) },
            uniquingKeysWith: { first, _ in first })
    }

    func parse(_ spans: [RecordSpan], of bytes: UnsafeBufferPointer<UInt8>) -> ParsedChunk {
        var builder = RowBuilder(columns: columns)
        var accepted: [RecordSpan] = []
        var rejects: [(span: RecordSpan, reason: String)] = []
        accepted.reserveCapacity(spans.count)
        for span in spans {
            let record = UnsafeBufferPointer(
                rebasing: bytes[span.offset..<span.offset + span.length])
            if let reason = parse(record, into: &builder) {
                rejects.append((span, reason))
            } else {
                accepted.append(span)
            }
        }
        return ParsedChunk(batch: builder.batch(), spans: accepted, rejects: rejects)
    }

    /// Adds one record; returns the reason when it cannot be read.
    private func parse(
        _ record: UnsafeBufferPointer<UInt8>, into row: inout RowBuilder
    ) -> String? {
        switch format {
        case .delimited(let delimiter, _): return parseCells(record, delimiter, into: &row)
        case .plainText:
            guard ChunkParser.isUTF8(record) else { return ChunkParser.notUTF8 }
            row.beginRow()
            row.prompt = Array(record)
            row.endRow(tokenizer: &tokenizer) { _ in nil }
            return nil
        default:
            switch parser.parse(record) {
            case .failure(let fault):
                return fault.offset > 0
                    ? "\(fault.reason) (at byte \(fault.offset + 1) of the record)" : fault.reason
            case .success(let tape):
                row.beginRow()
                mapper.map(tape, into: &row)
                row.endRow(tokenizer: &tokenizer) { column in
                    fieldPaths[column].flatMap { mapper.text(tape, at: $0) }
                }
                return nil
            }
        }
    }

    private func parseCells(
        _ record: UnsafeBufferPointer<UInt8>, _ delimiter: UInt8, into row: inout RowBuilder
    ) -> String? {
        guard ChunkParser.isUTF8(record) else { return ChunkParser.notUTF8 }
        if let reason = cells.read(record, delimiter: delimiter) { return reason }
        guard cells.ends.count == header.count else {
            return
                "expected \(header.count) cells as in the first record, found \(cells.ends.count)"
        }
        row.beginRow()
        for pointer in mapping.prompt {
            if let cell = cell(pointer) { RowBuilder.join(cell, to: &row.prompt) }
        }
        row.response = mapping.response.flatMap(cell)
        row.system = mapping.system.flatMap(cell)
        row.label = mapping.label.flatMap(cell)
        if mapping.kind == .fields {
            for index in cells.ends.indices { RowBuilder.join(cells[index], to: &row.prompt) }
        }
        row.endRow(tokenizer: &tokenizer) { column in column.fieldPointer.flatMap(cell) }
        return nil
    }

    private func cell(_ pointer: String) -> [UInt8]? {
        cellIndex[pointer].map { Array(cells[$0]) }
    }

    private static let notUTF8 =
        "the bytes are not valid UTF-8; convert the file to UTF-8 (for example with iconv)"

    private static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        csj_is_utf8(bytes.baseAddress, UInt64(bytes.count)) != 0
    }
}
