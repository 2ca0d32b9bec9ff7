/// How often each of many texts occurs, counted by a hash of their bytes.
///
/// Texts that Unicode takes for the same (composed and decomposed letters) are one, under the spelling whose
/// bytes come first. A text costs an allocation the first time it occurs. Numbers are those of first
/// occurrence: sort by name before anything that must not depend on order.
public struct ValueCounts: Sendable {
    /// The texts by number.
    public private(set) var names: [String] = []
    /// How often each occurs.
    public private(set) var counts: [Int] = []
    /// Whether there were more than `mostValues` different texts; then none is kept.
    public private(set) var isTooMany = false
    private var numbers: [UInt64: Int32] = [:]
    private var byText: [String: Int32] = [:]

    /// Different texts that are told apart.
    public static let mostValues = 100_000

    /// Nothing counted.
    public init() {}

    /// Counts a text; gives its number, or −1 when there are too many.
    @discardableResult
    public mutating func add(_ bytes: Span<UInt8>) -> Int32 {
        guard !isTooMany else { return -1 }
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
        guard !isTooMany else { return -1 }
        let bytes = Array(name.utf8)
        let hash = StableHash.hash(bytes.span)
        if let number = numbers[hash] {
            counts[Int(number)] += count
            return number
        }
        return insert(name, hash, count)
    }

    private mutating func insert(_ name: String, _ hash: UInt64, _ count: Int) -> Int32 {
        if let number = byText[name] {
            let place = Int(number)
            numbers[hash] = number
            counts[place] += count
            if name.utf8.lexicographicallyPrecedes(names[place].utf8) { names[place] = name }
            return number
        }
        guard names.count < ValueCounts.mostValues else {
            giveUp()
            return -1
        }
        let number = Int32(names.count)
        numbers[hash] = number
        byText[name] = number
        names.append(name)
        counts.append(count)
        return number
    }

    /// Keeps nothing from now on: whatever the order in which texts come, the result is the same.
    public mutating func giveUp() {
        self = ValueCounts()
        isTooMany = true
    }

    /// Adds what another counted.
    public mutating func merge(_ other: ValueCounts) {
        if other.isTooMany { giveUp() }
        for (name, count) in zip(other.names, other.counts) { add(name, count) }
    }

    /// Counts by name.
    public var byName: [String: Int] {
        Dictionary(zip(names, counts), uniquingKeysWith: +)
    }
}
