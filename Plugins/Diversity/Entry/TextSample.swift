import AssayKit
import DiversityAlgorithm
import Numerics

/// A record of which the words and the beginnings of its texts are kept.
struct SampledText: Sendable {
    let row: Int
    let prompt: [UInt8]
    let response: [UInt8]
    let tokens: [UInt32]
    let wordCount: Int
    let exchanges: Int
    let label: String
    let file: String
    /// The category of the taxonomy.
    let domain: String
}

/// A sample of the records of one side.
struct TextSample: Sendable {
    private struct Tag: Sendable {
        let promptBytes: Int
        let responseBytes: Int
        let tokenCount: Int
        let wordCount: Int
        let exchanges: Int
        let label: String
        let file: String
        let domain: String
    }

    private static let mostTokens = 1024
    private static let promptBytes = 512
    private static let responseBytes = 1536

    private(set) var rowCount = 0
    private var sample: ListSample<Tag>
    private var buffer: [UInt32] = []

    init(capacity: Int, seed: UInt64) {
        sample = ListSample(capacity: capacity, seed: seed)
    }

    mutating func add(_ columns: RowColumns, _ position: Int, row: Int) {
        rowCount += 1
        guard sample.mayKeep(row: row) else { return }
        // Taken out, so that it is not read through what is written to.
        var list = buffer
        buffer = []
        list.removeAll(keepingCapacity: true)
        TextSample.append(columns.promptTokens, position, to: &list)
        TextSample.append(columns.responseTokens, position, to: &list)
        let tokenCount = list.count
        let prompt = TextSample.part(columns.prompts, position, TextSample.promptBytes, &list)
        let response = TextSample.part(
            columns.responses, position, TextSample.responseBytes, &list)
        let tag = Tag(
            promptBytes: prompt, responseBytes: response, tokenCount: tokenCount,
            wordCount: columns.promptTokens.count(position)
                + columns.responseTokens.count(position),
            exchanges: columns.exchanges(position), label: columns.labels?.string(position) ?? "",
            file: columns.files?.string(position) ?? "", domain: columns.domain(position))
        sample.add(row: row, tag, list.span)
        buffer = list
    }

    private static func append(_ column: TokenColumn, _ position: Int, to list: inout [UInt32]) {
        column.withTokens(position) { tokens in
            for index in tokens.indices where list.count < mostTokens {
                list.append(tokens[index])
            }
        }
    }

    /// Packs the beginning of a text behind a list; gives its bytes.
    private static func part(
        _ column: TextColumn?, _ position: Int, _ most: Int, _ list: inout [UInt32]
    ) -> Int {
        guard let column, column.byteCount(position) > 0 else { return 0 }
        return column.withBytes(position) { bytes in
            let whole = PackedBytes.wholeCharacters(bytes, most: most)
            PackedBytes.append(bytes.extracting(0..<whole), to: &list)
            return whole
        }
    }

    mutating func merge(_ other: TextSample) {
        rowCount += other.rowCount
        sample.merge(other.sample)
    }

    /// The sampled records by priority.
    var records: [SampledText] {
        sample.entries.map { entry in
            let (tag, list) = (entry.tag, entry.list)
            let responseStart = tag.tokenCount + PackedBytes.wordCount(tag.promptBytes)
            return SampledText(
                row: entry.row,
                prompt: PackedBytes.bytes(
                    list[tag.tokenCount..<responseStart], count: tag.promptBytes),
                response: PackedBytes.bytes(list[responseStart...], count: tag.responseBytes),
                tokens: Array(list[..<tag.tokenCount]), wordCount: tag.wordCount,
                exchanges: tag.exchanges, label: tag.label, file: tag.file,
                domain: tag.domain)
        }
    }

    func save(to writer: inout StateWriter) {
        writer.write(rowCount)
        writer.write(sample.entries.sorted { $0.row < $1.row }) { writer, entry in
            for number in [
                entry.row, entry.tag.promptBytes, entry.tag.responseBytes, entry.tag.tokenCount,
                entry.tag.wordCount, entry.tag.exchanges,
            ] { writer.write(number) }
            writer.write(entry.tag.label)
            writer.write(entry.tag.file)
            writer.write(entry.tag.domain)
            writer.write(entry.list)
        }
    }

    mutating func load(from reader: inout StateReader) throws {
        rowCount = try reader.integer()
        guard (0..<1 << 48).contains(rowCount) else {
            throw AnalyzerError("the saved sample has an impossible number of rows")
        }
        let count = try reader.count(size: 64)
        for _ in 0..<count {
            let numbers = try (0..<6).map { _ in try reader.integer() }
            let tag = Tag(
                promptBytes: numbers[1], responseBytes: numbers[2], tokenCount: numbers[3],
                wordCount: numbers[4], exchanges: numbers[5], label: try reader.text(),
                file: try reader.text(), domain: try reader.text())
            let list = try reader.words()
            guard numbers.allSatisfy({ (0..<1 << 48).contains($0) }),
                tag.tokenCount <= list.count,
                tag.tokenCount + PackedBytes.wordCount(tag.promptBytes)
                    + PackedBytes.wordCount(tag.responseBytes) == list.count
            else { throw AnalyzerError("the saved sample does not fit itself") }
            sample.add(row: numbers[0], tag, list.span)
        }
    }
}
