import AssayKit
import Numerics

/// A row of the data or of the pool as one number: the data's rows come before the pool's.
struct RowKey: Hashable, Comparable, Sendable {
    private static let poolBit = 1 << 48

    let value: Int

    init(_ role: Role, _ row: Int) { value = (role == .pool ? RowKey.poolBit : 0) | row }

    init(value: Int) { self.value = value }

    var isPool: Bool { value & RowKey.poolBit != 0 }

    var row: Int { value & (RowKey.poolBit - 1) }

    static func < (left: RowKey, right: RowKey) -> Bool { left.value < right.value }
}

/// MinHash signatures of the situations of data and pool, by which near copies are found.
struct PromptSignatures {
    private var keys: [Int] = []
    private var signatures: [UInt32] = []

    /// Rows of the data.
    var dataCount: Int { keys.count { !RowKey(value: $0).isPool } }

    mutating func add(_ key: RowKey, _ words: Span<UInt32>, hasher: MinHash) {
        keys.append(key.value)
        hasher.append(words, to: &signatures)
    }

    mutating func merge(_ other: PromptSignatures) {
        keys += other.keys
        signatures += other.signatures
    }

    /// The rows that may be near copies of others, ascending.
    func candidates(_ host: HostServices) -> [Int] {
        let found = CopyGroups.candidates(
            signatures, stride: MinHash.width, threshold: CoverageVerdict.copyThreshold
        ) { count, body in host.map(count, body) }
        return found.map { keys[$0] }.sorted()
    }

    func save(to writer: inout StateWriter) {
        writer.write(keys) { $0.write($1) }
        writer.write(signatures)
    }

    mutating func load(from reader: inout StateReader) throws {
        keys = try reader.list(size: 8) { try $0.integer() }
        signatures = try reader.words()
        guard
            signatures.count == keys.count * MinHash.width,
            keys.allSatisfy({ $0 >= 0 })
        else {
            throw AnalyzerError("the saved signatures do not fit themselves")
        }
    }
}
