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
    private let editor: RecordEditor

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

    private func bytes(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        let span = spans[row]
        return UnsafeBufferPointer(rebasing: source.bytes[span.offset..<span.offset + span.length])
    }
}
