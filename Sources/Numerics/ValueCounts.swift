/// How often each of many texts occurs, counted by a hash of their bytes.
///
/// A text costs an allocation the first time it occurs. Numbers are those of first occurrence: sort by
/// `names` before anything that must not depend on order.
public struct ValueCounts: Sendable {
    /// The texts by number.
    public private(set) var names: [String] = []
    /// How often each occurs.
    public private(set) var counts: [Int] = []
    private var numbers: [UInt64: Int32] = [:]

    /// Different texts that are told apart.
    public static let mostValues = 100_000

    /// Nothing counted.
    public init() {}

    /// Counts a text; gives its number, or −1 for a further text when there are `mostValues`.
    @discardableResult
    public mutating func add(_ bytes: Span<UInt8>) -> Int32 {
        let hash = StableHash.hash(bytes)
        if let number = numbers[hash] {
            counts[Int(number)] += 1
            return number
        }
        return insert(String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self), hash, 1)
    }

    /// Counts a text so many times.
    @discardableResult
    public mutating func add(_ name: String, _ count: Int) -> Int32 {
        let bytes = Array(name.utf8)
        let hash = StableHash.hash(bytes.span)
        if let number = numbers[hash] {
            counts[Int(number)] += count
            return number
        }
        return insert(name, hash, count)
    }

    private mutating func insert(_ name: String, _ hash: UInt64, _ count: Int) -> Int32 {
        guard names.count < ValueCounts.mostValues else { return -1 }
        let number = Int32(names.count)
        numbers[hash] = number
        names.append(name)
        counts.append(count)
        return number
    }

    /// Adds what another counted; gives the number that each of its numbers has here.
    @discardableResult
    public mutating func merge(_ other: ValueCounts) -> [Int32] {
        zip(other.names, other.counts).map { add($0, $1) }
    }

    /// Counts by name.
    public var byName: [String: Int] {
        Dictionary(uniqueKeysWithValues: zip(names, counts))
    }
}
