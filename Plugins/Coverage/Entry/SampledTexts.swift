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
    private let seed: UInt64
    private let capacity: Int

    /// Bytes of a text that are kept: enough to tell what it is about.
    private static let mostBytes = 2048
    /// How many times the share of a sample that a row must fall into to be looked at.
    private static let margin = 1.3

    init(capacity: Int, seed: UInt64) {
        self.capacity = capacity
        self.seed = seed
        sample = ListSample(capacity: capacity, seed: seed)
    }

    /// Offers a row; where many rows stand before it it can hardly be among the smallest draws, and
    /// then nothing of it is copied.
    mutating func add(row: Int, _ text: Span<UInt8>, vector: Span<Float>?) {
        let draw = Double(StableHash.mix(seed ^ StableHash.mix(UInt64(row)))) * 0x1p-64
        guard !text.isEmpty, draw * Double(row + 1) <= SampledTexts.margin * Double(capacity),
            sample.admits(row: row)
        else { return }
        var list = buffer
        buffer = []
        list.removeAll(keepingCapacity: true)
        let kept = SampledTexts.whole(text)
        var word: UInt32 = 0
        for index in 0..<kept {
            word |= UInt32(text[index]) << UInt32(8 * (index & 3))
            if index & 3 == 3 || index == kept - 1 {
                list.append(word)
                word = 0
            }
        }
        if let vector { for index in vector.indices { list.append(vector[index].bitPattern) } }
        sample.add(
            row: row, Parts(byteCount: kept, vectorCount: vector?.count ?? 0), list.span)
        buffer = list
    }

    /// Bytes of a beginning that ends between two characters.
    private static func whole(_ text: Span<UInt8>) -> Int {
        guard text.count > mostBytes else { return text.count }
        var end = mostBytes
        while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// Adds the rows of the next shard.
    mutating func merge(_ other: SampledTexts) { sample.merge(other.sample) }

    /// The sampled rows, by row.
    var rows: [Row] {
        sample.entries.map { entry in
            let words = (entry.tag.byteCount + 3) / 4
            return Row(
                row: entry.row,
                text: (0..<entry.tag.byteCount).map {
                    UInt8(truncatingIfNeeded: entry.list[$0 / 4] >> UInt32(8 * ($0 & 3)))
                },
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
                try reader.integer(), try reader.integer(), try reader.integer(),
                try reader.words()
            )
        }
        for (row, bytes, vector, list) in entries {
            guard row >= 0, (0...SampledTexts.mostBytes).contains(bytes),
                (0...list.count).contains(vector), (bytes + 3) / 4 + vector == list.count
            else { throw AnalyzerError("the saved sample does not fit itself") }
            sample.add(row: row, Parts(byteCount: bytes, vectorCount: vector), list.span)
        }
    }
}

extension StateWriter {
    /// Writes 32-bit numbers with their count.
    mutating func write(_ numbers: [UInt32]) { write(numbers.withUnsafeBytes { Array($0) }) }
}

extension StateReader {
    /// Reads 32-bit numbers.
    mutating func words() throws -> [UInt32] {
        let bytes = try data()
        guard bytes.count % 4 == 0 else { throw AnalyzerError("the saved state is cut off") }
        return bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)
            }
        }
    }
}
