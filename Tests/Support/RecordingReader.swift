public import Reading
public import Records

/// What was read of one source, with the texts of its columns.
public struct ReadRecords {
    /// Format, schema and counts.
    public let summary: SourceSummary
    /// Records that could not be read.
    public let rejected: [RejectedRecord]
    /// The text of each row by column; `nil` for an absent one.
    public let texts: [ColumnName: [[UInt8]?]]
    /// The line of each row.
    public let lines: [Int]

    /// Reads bytes as a file of the given name would be.
    public init(
        _ bytes: [UInt8], name: String,
        columns: [ColumnName] = [.prompt, .response, .system, .all, .label],
        options stated: ReadingOptions = ReadingOptions()
    ) throws {
        var options = stated
        options.columns = columns
        var rejected: [RejectedRecord] = []
        var texts: [ColumnName: [[UInt8]?]] = [:]
        var lines: [Int] = []
        summary = try DatasetReader.read(
            SourceBytes(name: name, content: bytes), file: 0, options: options,
            onBatch: { sourced in
                lines += sourced.spans.map(\.line)
                for (column, data) in sourced.batch.columns {
                    guard case .text(let buffer) = data else { continue }
                    texts[column, default: []] += (0..<buffer.count).map { row in
                        guard buffer.isPresent[row] else { return nil }
                        let range = Int(buffer.offsets[row])..<Int(buffer.offsets[row + 1])
                        return Array(buffer.bytes[range])
                    }
                }
            }, onReject: { rejected.append($0) })
        self.rejected = rejected
        self.texts = texts
        self.lines = lines
    }

    /// Reads a text as a file of the given name would be.
    public init(_ text: String, name: String) throws { try self.init(Array(text.utf8), name: name) }

    /// The texts of a column as strings.
    public func strings(_ column: ColumnName) -> [String?] {
        (texts[column] ?? []).map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }
}
