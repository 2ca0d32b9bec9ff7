/// How often each of many 64-bit hashes occurs.
///
/// Open addressing with linear probing on values that are mixed already. The order of the counts is
/// that of the slots: sort them before anything that depends on order.
public struct CountTable: Sendable {
    @usableFromInline var keys: [UInt64]
    @usableFromInline var slots: [UInt32]
    @usableFromInline let mask: Int
    @usableFromInline var distinct = 0
    @usableFromInline var added = 0
    /// Number of different values.
    public var distinctCount: Int { distinct }
    /// Number of values.
    public var total: Int { added }

    /// An empty table for at most `capacity` different values.
    public init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        keys = Array(repeating: 0, count: size)
        slots = Array(repeating: 0, count: size)
        mask = size - 1
    }

    /// Forgets all values.
    ///
    /// O(capacity).
    public mutating func clear() {
        for index in slots.indices { slots[index] = 0 }
        distinct = 0
        added = 0
    }

    /// Counts a value, which is taken for a hash.
    ///
    /// O(1).
    @inlinable
    public mutating func add(_ value: UInt64) {
        var slot = Int(truncatingIfNeeded: value >> 20) & mask
        while slots[slot] > 0, keys[slot] != value { slot = (slot + 1) & mask }
        if slots[slot] == 0 {
            keys[slot] = value
            distinct += 1
        }
        slots[slot] += 1
        added += 1
    }

    /// Different values over all values; 0 without values.
    public var distinctShare: Double {
        total == 0 ? 0 : Double(distinctCount) / Double(total)
    }

    /// The counts above 0, in no order that means anything.
    public var counts: [Int] { slots.lazy.filter { $0 > 0 }.map(Int.init) }
}
