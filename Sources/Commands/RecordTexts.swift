import JSONText
import Planning
import Reading
import Records

/// The records of one source, each with where it lies and what its parts say.
final class RecordTexts: NoiseInjector.Records {
    let source: SourceBytes
    let summary: SourceSummary
    let spans: [RecordSpan]
    let rejectedCount: Int
    private let labels: [String?]
    let editor: RecordEditor

    /// Reads a source.
    init(_ source: SourceBytes, options: ReadingOptions) throws {
        var options = options
        options.columns = [.label]
        var spans: [RecordSpan] = []
        var labels: [String?] = []
        var rejected = 0
        summary = try DatasetReader.read(
            source, file: 0, options: options,
            onBatch: { sourced in
                spans += sourced.spans
                for (_, data) in sourced.batch.columns {
                    guard case .text(let buffer) = data else { continue }
                    for row in 0..<buffer.count {
                        let range = Int(buffer.offsets[row])..<Int(buffer.offsets[row + 1])
                        labels.append(
                            buffer.isPresent[row]
                                ? String(decoding: buffer.bytes[range], as: UTF8.self) : nil)
                    }
                }
            }, onReject: { _ in rejected += 1 })
        self.source = source
        self.spans = spans
        self.labels = labels
        rejectedCount = rejected
        editor = RecordEditor(summary)
    }

    var count: Int { spans.count }

    func label(_ row: Int) -> String? {
        // Only a label that is one value can be exchanged for another.
        labels[row].flatMap { pieces(.label, row) == [$0] ? $0 : nil }
    }

    func pieces(_ column: ColumnName, _ row: Int) -> [String] {
        editor.pieces(of: column, in: bytes(row)).map { String(decoding: $0.text, as: UTF8.self) }
    }

    /// A record with one piece of a column replaced.
    ///
    /// - Throws: `PlanningError` with file and line when the record cannot hold the text.
    func replacing(_ piece: Int, of column: ColumnName, _ row: Int, with text: String) throws
        -> [UInt8]
    {
        let record = bytes(row)
        do {
            return try editor.replace(
                [(editor.pieces(of: column, in: record)[piece], Array(text.utf8))], in: record)
        } catch {
            throw PlanningError(
                "\(source.name) line \(spans[row].line): \(error)",
                help: "leave out the kind of noise that needs it")
        }
    }

    /// A record with pieces of some columns replaced.
    ///
    /// - Throws: `RecordEditFault` when the record cannot hold a text.
    func replacing(
        _ changes: [(column: ColumnName, piece: Int, text: String)], _ row: Int
    ) throws -> [UInt8] {
        let record = bytes(row)
        return try editor.replace(
            changes.map {
                (editor.pieces(of: $0.column, in: record)[$0.piece], Array($0.text.utf8))
            }, in: record)
    }

    /// A record with whole columns replaced.
    ///
    /// - Throws: `PlanningError` when it cannot be told which piece of a record a part of a text belongs to, or
    ///   the record cannot hold a text.
    func replacing(_ row: Int, _ replacements: [PlanLine.Replacement]) throws -> [UInt8] {
        let record = bytes(row)
        var changes: [(piece: RecordPiece, text: [UInt8])] = []
        for replacement in replacements {
            let column = ColumnName(rawValue: replacement.column)
            let pieces = editor.pieces(of: column, in: record)
            guard let shares = RecordPiece.shares(of: Array(replacement.text.utf8), among: pieces)
            else {
                throw PlanningError(
                    "\(source.name) line \(spans[row].line): the new \(replacement.column) cannot be told "
                        + "apart among the \(pieces.count) values that it is made of",
                    help: "change this record by hand, or keep the number of lines of each value")
            }
            changes += shares
        }
        do {
            return try editor.replace(changes, in: record)
        } catch {
            throw PlanningError(
                "\(source.name) line \(spans[row].line): \(error)",
                help: "change this record by hand")
        }
    }

    /// Whether records of another source could stand in this one.
    func isLaidOut(as other: RecordTexts) -> Bool {
        let (own, foreign) = (summary, other.summary)
        guard own.mapping == foreign.mapping else { return false }
        switch (own.format, foreign.format) {
        case (.delimited, .delimited):
            return own.format == foreign.format && own.keys == foreign.keys
        case (.plainText, .plainText): return true
        case (.delimited, _), (_, .delimited), (.plainText, _), (_, .plainText): return false
        case (.jsonDocument, _), (_, .jsonDocument): return false
        default: return true
        }
    }

    /// A record of another source as it can stand here, in JSON lines on one line.
    func fitting(_ record: [UInt8]) -> [UInt8] {
        guard summary.format == .jsonLines, record.contains(where: RecordTexts.breaksLine) else {
            return record
        }
        // No string holds a line break as it is: what goes is between the values.
        var line: [UInt8] = []
        var isBehindBreak = false
        for byte in record {
            if RecordTexts.breaksLine(byte) {
                isBehindBreak = true
            } else if !isBehindBreak || byte > 0x20 {
                isBehindBreak = false
                line.append(byte)
            }
        }
        return line
    }

    private static func breaksLine(_ byte: UInt8) -> Bool {
        byte == 0x0A || byte == 0x0D
    }

    /// The row of the record that begins at a byte.
    ///
    /// O(log n).
    func row(at offset: Int) -> Int? {
        var range = 0..<spans.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if spans[middle].offset == offset { return middle }
            range =
                spans[middle].offset < offset
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    /// The bytes of a record.
    func record(_ row: Int) -> [UInt8] { Array(bytes(row)) }

    private func bytes(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        let span = spans[row]
        return UnsafeBufferPointer(rebasing: source.bytes[span.offset..<span.offset + span.length])
    }
}
