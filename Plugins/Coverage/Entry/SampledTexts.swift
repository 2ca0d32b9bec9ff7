import AssayKit
import CoverageAlgorithm
import Numerics

/// A sample of the texts of some rows, with their vectors where the host passed them.
///
/// Which rows are kept is a function of (seed, row) alone.
struct SampledTexts {
    private struct Parts {
        let byteCount: Int
        let vectorCount: Int
    }

    /// One sampled row.
    struct Row {
        let row: Int
        let text: [UInt8]
        let vector: [Float]
    }

    private var sample: ListSample<Parts>
    private var buffer: [UInt32] = []

    /// Bytes of a text that are kept: enough to tell what it is about.
    private static let mostBytes = 2048

    init(capacity: Int, seed: UInt64) {
        sample = ListSample(capacity: capacity, seed: seed)
    }

    /// Offers a row, of which nothing is copied unless it may be kept in the end.
    mutating func add(row: Int, _ text: Span<UInt8>, vector: Span<Float>?) {
        guard !text.isEmpty, sample.mayKeep(row: row) else { return }
        // Taken out, so that it is not read through what is written to.
        var list = buffer
        buffer = []
        list.removeAll(keepingCapacity: true)
        let kept = PackedBytes.wholeCharacters(text, most: SampledTexts.mostBytes)
        PackedBytes.append(text.extracting(0..<kept), to: &list)
        if let vector { for index in vector.indices { list.append(vector[index].bitPattern) } }
        sample.add(
            row: row, Parts(byteCount: kept, vectorCount: vector?.count ?? 0), list.span)
        buffer = list
    }

    /// Adds the rows of the next shard.
    mutating func merge(_ other: SampledTexts) { sample.merge(other.sample) }

    /// The sampled rows, by row.
    var rows: [Row] {
        sample.entries.map { entry in
            let words = PackedBytes.wordCount(entry.tag.byteCount)
            return Row(
                row: entry.row,
                text: PackedBytes.bytes(entry.list[...], count: entry.tag.byteCount),
                vector: entry.list[words...].map { Float(bitPattern: $0) })
        }.sorted { $0.row < $1.row }
    }

    /// Writes everything.
    func save(to writer: inout StateWriter) {
        writer.write(sample.entries.sorted { $0.row < $1.row }) { writer, entry in
            writer.write(entry.row)
            writer.write(entry.tag.byteCount)
            writer.write(entry.tag.vectorCount)
            writer.write(entry.list)
        }
    }

    /// Reads what `save` wrote.
    mutating func load(from reader: inout StateReader) throws {
        let entries = try reader.list(size: 32) { reader in
            (
                try reader.quantity(), try reader.integer(), try reader.integer(),
                try reader.words()
            )
        }
        for (row, bytes, vector, list) in entries {
            guard row >= 0, (0...SampledTexts.mostBytes).contains(bytes),
                (0...list.count).contains(vector),
                PackedBytes.wordCount(bytes) + vector == list.count
            else { throw AnalyzerError("the saved sample does not fit itself") }
            sample.add(row: row, Parts(byteCount: bytes, vectorCount: vector), list.span)
        }
    }
}
