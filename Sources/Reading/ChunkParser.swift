import CSimdjson
import Features
import Records

/// What came out of one run of records.
struct ParsedChunk: Sendable {
    /// The readable records.
    let batch: RecordBatch
    /// Where each of them lies.
    let spans: [RecordSpan]
    /// Where its vectors came from.
    let embeddings: EmbeddingCounts
    /// The others, with the reason and the byte of the file near the fault.
    let rejects: [(span: RecordSpan, reason: String)]
}

/// Parses records of one source into columns.
///
/// An instance belongs to one thread at a time.
final class ChunkParser: @unchecked Sendable {
    private let format: SourceFormat
    private let header: [String]
    private let mapper: RecordMapper
    private let mapping: FieldMapping
    private let fieldPaths: [ColumnName: [[UInt8]]]
    /// Numbers of the cells behind the parts and the `field:` columns.
    private let partCells:
        (prompt: [Int], response: Int?, rejected: Int?, system: Int?, label: Int?)
    private let fieldCells: [ColumnName: Int]
    private let others: OtherTexts
    private let otherCells: [Int]
    private let parser = JSONTapeParser()
    private var cells = DelimitedCells()
    private var builder: RowBuilder
    private let vectors: GivenVectors?
    private let probabilities: GivenVectors?

    /// `source` is the name of the file.
    init(
        source: String, format: SourceFormat, header: [String], mapping: FieldMapping,
        columns: [ColumnName],
        origin: EmbeddingOrigin?, probabilities: EmbeddingOrigin?
    ) {
        self.format = format
        self.header = header
        self.mapping = mapping
        let given = columns.contains(.predictedProbabilities) ? probabilities : nil
        builder = RowBuilder(
            source: DatasetReader.stem(source), columns: columns, origin: origin,
            probabilityCount: given?.dimensions)
        vectors =
            columns.contains(where: \.isEmbedding)
            ? origin.flatMap { GivenVectors($0, what: "embedding") } : nil
        self.probabilities = given.flatMap { GivenVectors($0, what: "list of probabilities") }
        mapper = RecordMapper(mapping)
        fieldPaths = Dictionary(
            uniqueKeysWithValues: columns.compactMap { column in
                column.fieldPointer.map { (column, RecordMapper.path($0)) }
            })
        let index = Dictionary(
            header.enumerated().map { (FieldMapping.pointer($0.element), $0.offset) },
            uniquingKeysWith: { first, _ in first })
        partCells = (
            mapping.prompt.compactMap { index[$0] }, mapping.response.flatMap { index[$0] },
            mapping.rejected.flatMap { index[$0] }, mapping.system.flatMap { index[$0] },
            mapping.label.flatMap { index[$0] }
        )
        others = OtherTexts(mapping)
        otherCells = columns.contains(.other) ? others.cells(header) : []
        fieldCells = Dictionary(
            uniqueKeysWithValues: columns.compactMap { column in
                column.fieldPointer.flatMap { index[$0] }.map { (column, $0) }
            })
    }

    /// Parses records, the first of which has this number in its dataset.
    func parse(
        _ spans: [RecordSpan], number: Int, of bytes: UnsafeBufferPointer<UInt8>
    ) -> ParsedChunk {
        builder.beginBatch()
        var accepted: [RecordSpan] = []
        var rejects: [(span: RecordSpan, reason: String)] = []
        accepted.reserveCapacity(spans.count)
        for (index, span) in spans.enumerated() {
            let record = UnsafeBufferPointer(
                rebasing: bytes[span.offset..<span.offset + span.length])
            if let reason = parse(record, number: number + index) {
                rejects.append((span, reason))
            } else {
                accepted.append(span)
            }
        }
        return ParsedChunk(
            batch: builder.batch(), spans: accepted, embeddings: builder.embeddingCounts,
            rejects: rejects)
    }

    /// Adds one record; returns the reason when it cannot be read.
    private func parse(_ record: UnsafeBufferPointer<UInt8>, number: Int) -> String? {
        switch format {
        case .delimited(let delimiter, _):
            return parseCells(record, delimiter, number: number)
        case .plainText:
            guard ChunkParser.isUTF8(record) else { return ChunkParser.notUTF8 }
            builder.beginRow()
            if let reason = addGiven(nil, number: number) { return reason }
            builder.prompt.join(record)
            builder.endRow { _, _ in }
            return nil
        default:
            switch parser.parse(record) {
            case .failure(let fault):
                return fault.offset > 0
                    ? "\(fault.reason) (at byte \(fault.offset + 1) of the record)" : fault.reason
            case .success(let tape): return add(tape, number: number)
            }
        }
    }

    private func add(_ tape: JSONTape, number: Int) -> String? {
        builder.beginRow()
        if let reason = addGiven(tape, number: number) { return reason }
        mapper.map(tape, into: &builder)
        builder.endRow { column, text in
            if let path = fieldPaths[column] { mapper.append(tape, at: path, to: &text) }
            if column == .other { others.append(tape, to: &text) }
        }
        return nil
    }

    private func parseCells(
        _ record: UnsafeBufferPointer<UInt8>, _ delimiter: UInt8, number: Int
    ) -> String? {
        guard ChunkParser.isUTF8(record) else { return ChunkParser.notUTF8 }
        if let reason = cells.read(record, delimiter: delimiter) { return reason }
        guard cells.ends.count == header.count else {
            return
                "expected \(header.count) cells as in the first record, found \(cells.ends.count)"
        }
        builder.beginRow()
        if let reason = addGiven(nil, number: number) { return reason }
        for cell in partCells.prompt { builder.prompt.join(cells[cell]) }
        if let cell = partCells.response { builder.response.join(cells[cell]) }
        if let cell = partCells.rejected { builder.rejected.join(cells[cell]) }
        if let cell = partCells.system { builder.system.join(cells[cell]) }
        if let cell = partCells.label { builder.label.join(cells[cell]) }
        if mapping.kind == .fields {
            for index in cells.ends.indices { builder.prompt.join(cells[index]) }
        }
        builder.endRow { column, text in
            if let cell = fieldCells[column] { text.join(cells[cell]) }
            guard column == .other else { return }
            for cell in otherCells
            where cells[cell].withUnsafeBufferPointer({ OtherTexts.says($0) }) {
                text.join(cells[cell])
            }
        }
        return nil
    }

    /// Adds what was given with a record; returns the reason when it is not there.
    private func addGiven(_ tape: JSONTape?, number: Int) -> String? {
        vectors?.add(tape, number, to: &builder.vector)
            ?? probabilities?.add(tape, number, to: &builder.probabilities)
    }

    private static let notUTF8 =
        "the bytes are not valid UTF-8; convert the file to UTF-8 (for example with iconv)"

    private static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        csj_is_utf8(bytes.baseAddress, UInt64(bytes.count)) != 0
    }
}
