import AssayKit
import NoiseAlgorithm
import Numerics

/// A sample of the records that have a prompt and a response.
struct PairRows {
    /// How much of a list each part of a record takes.
    private struct Parts {
        let promptBytes: Int
        let responseBytes: Int
        let promptTokens: Int
        let responseTokens: Int
        let isConversation: Bool
    }

    /// Texts as numbers of four bytes, then tokens: lists lie in one array and cost no allocation.
    private var sample: ListSample<Parts>
    private var buffer: [UInt32] = []

    /// Bytes of a text that are kept: of a longer response the end matters too, so it is left out.
    private static let mostBytes = 16_384

    init(capacity: Int, seed: UInt64) {
        sample = ListSample(capacity: capacity, seed: seed)
    }

    /// Offers a record, of which nothing is copied unless it may be kept in the end.
    mutating func add(_ columns: NoiseColumns, _ position: Int, row: Int) {
        guard sample.mayKeep(row: row), columns.hasPair(position),
            columns.prompts.byteCount(position) <= PairRows.mostBytes,
            columns.responses.byteCount(position) <= PairRows.mostBytes
        else { return }
        let parts = Parts(
            promptBytes: columns.prompts.byteCount(position),
            responseBytes: columns.responses.byteCount(position),
            promptTokens: columns.promptTokens.count(position),
            responseTokens: columns.responseTokens.count(position),
            isConversation: columns.isConversation(position))
        // Taken out, so that it is not read through what is written to.
        var list = buffer
        buffer = []
        list.removeAll(keepingCapacity: true)
        columns.prompts.withBytes(position) { PackedBytes.append($0, to: &list) }
        columns.responses.withBytes(position) { PackedBytes.append($0, to: &list) }
        columns.promptTokens.withTokens(position) { PairRows.append($0, to: &list) }
        columns.responseTokens.withTokens(position) { PairRows.append($0, to: &list) }
        sample.add(row: row, parts, list.span)
        buffer = list
    }

    private static func append(_ tokens: Span<UInt32>, to list: inout [UInt32]) {
        for index in tokens.indices { list.append(tokens[index]) }
    }

    /// Adds the rows of the next shard.
    mutating func merge(_ other: PairRows) { sample.merge(other.sample) }

    /// The sampled records, by row.
    var examples: [PairExample] {
        sample.entries.map { entry in
            var rest = entry.list[...]
            func words(_ count: Int) -> ArraySlice<UInt32> {
                defer { rest = rest.dropFirst(count) }
                return rest.prefix(count)
            }
            let parts = entry.tag
            let prompt = PackedBytes.bytes(
                words(PackedBytes.wordCount(parts.promptBytes)), count: parts.promptBytes)
            let response = PackedBytes.bytes(
                words(PackedBytes.wordCount(parts.responseBytes)), count: parts.responseBytes)
            return PairExample(
                row: entry.row, prompt: prompt, promptTokens: Array(words(parts.promptTokens)),
                response: response, responseTokens: Array(words(parts.responseTokens)),
                isConversation: parts.isConversation)
        }.sorted { $0.row < $1.row }
    }

    /// Writes everything.
    func save(to writer: inout StateWriter) {
        let entries = sample.entries.sorted { $0.row < $1.row }
        writer.write(entries) { writer, entry in
            writer.write(entry.row)
            writer.write(entry.tag.promptBytes)
            writer.write(entry.tag.responseBytes)
            writer.write(entry.tag.promptTokens)
            writer.write(entry.tag.responseTokens)
            writer.write(entry.tag.isConversation ? 1 : 0)
            writer.write(entry.list) { $0.write(Int($1)) }
        }
    }

    /// Reads what `save` wrote.
    mutating func load(from reader: inout StateReader) throws {
        let entries = try reader.list(size: 56) { reader in
            let row = try reader.quantity()
            let counts = try (0..<5).map { _ in try reader.integer() }
            return (
                row, counts,
                try reader.list(size: 8) { UInt32(truncatingIfNeeded: try $0.integer()) }
            )
        }
        for (row, counts, list) in entries {
            guard counts.allSatisfy({ (0...list.count * 4).contains($0) }),
                PackedBytes.wordCount(counts[0]) + PackedBytes.wordCount(counts[1]) + counts[2]
                    + counts[3] == list.count,
                counts[4] <= 1
            else { throw AnalyzerError("the saved sample does not fit itself") }
            sample.add(
                row: row,
                Parts(
                    promptBytes: counts[0], responseBytes: counts[1], promptTokens: counts[2],
                    responseTokens: counts[3], isConversation: counts[4] == 1), list.span)
        }
    }
}
