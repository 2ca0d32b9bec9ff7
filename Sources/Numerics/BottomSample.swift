/// A uniform sample of at most `capacity` rows that does not depend on order, shards or threads.
///
/// Each row has a priority that is a function of (seed, row); the sample is the rows with the
/// smallest priorities (bottom-k; Cohen and Kaplan 2007). Merging two samples of disjoint rows gives
/// the sample of their union. `add` is O(1) amortised, `merge` is O(k log k).
public struct BottomSample<Payload: Sendable>: Sendable {
    /// One sampled row.
    public struct Entry: Sendable {
        /// Position in the sample's order.
        public let priority: UInt64
        /// The row within its role.
        public let row: Int
        /// What is kept of it.
        public let payload: Payload

        @usableFromInline
        init(priority: UInt64, row: Int, payload: Payload) {
            self.priority = priority
            self.row = row
            self.payload = payload
        }
    }

    /// How many rows are kept.
    public let capacity: Int
    @usableFromInline let seed: UInt64
    /// Keys and payloads apart: what is sorted is small and of one type, payloads stay where they are.
    @usableFromInline var keys: [SampleKey] = []
    @usableFromInline var payloads: [Payload] = []
    @usableFromInline var limit = UInt64.max

    /// An empty sample of at most `capacity` rows, `capacity` above 0.
    @inlinable
    public init(capacity: Int, seed: UInt64) {
        self.capacity = capacity
        self.seed = seed
    }

    /// Whether `row` could still be kept: lets a caller skip the work of making its payload.
    @inlinable
    public func admits(row: Int) -> Bool { priority(of: row) <= limit }

    /// How many times the share of a sample that a row must fall into to be looked at.
    @usableFromInline static var margin: Double { 1.3 }

    /// Whether `row` may be in the end among those kept, `admits` apart: where many rows stand before it
    /// it can hardly be among the smallest draws.
    ///
    /// A function of (seed, row) alone, so that shards agree, each of which knows its own rows only.
    @inlinable
    public func mayKeep(row: Int) -> Bool {
        Double(priority(of: row)) * 0x1p-64 * Double(row + 1)
            <= BottomSample.margin * Double(capacity) && admits(row: row)
    }

    /// Offers a row.
    @inlinable
    public mutating func add(row: Int, _ payload: Payload) {
        append(priority: priority(of: row), row: row, payload)
    }

    @inlinable
    mutating func append(priority: UInt64, row: Int, _ payload: Payload) {
        guard priority <= limit else { return }
        keys.append(SampleKey(priority: priority, row: row, index: payloads.count))
        payloads.append(payload)
        if keys.count >= 2 * capacity { compact() }
    }

    /// Adds what another sample of other rows kept.
    @inlinable
    public mutating func merge(_ other: BottomSample) {
        for key in other.keys {
            append(priority: key.priority, row: key.row, other.payloads[key.index])
        }
    }

    /// Calls `body` for every row that is held, in no order that means anything.
    @inlinable
    func forEachKept(_ body: (_ row: Int, _ payload: Payload) -> Void) {
        for key in keys { body(key.row, payloads[key.index]) }
    }

    /// Changes what is kept of the rows.
    @inlinable
    mutating func updatePayloads(_ body: (inout Payload) -> Void) {
        for index in payloads.indices { body(&payloads[index]) }
    }

    /// The sampled rows by priority.
    ///
    /// O(k log k).
    @inlinable
    public var entries: [Entry] {
        var entries: [Entry] = []
        for key in SampleKey.smallest(capacity, of: keys) {
            entries.append(
                Entry(priority: key.priority, row: key.row, payload: payloads[key.index]))
        }
        return entries
    }

    /// Drops all but the `capacity` smallest.
    @inlinable
    mutating func compact() {
        guard keys.count > capacity else { return }
        let kept = SampleKey.smallest(capacity, of: keys)
        limit = kept.last?.priority ?? limit
        var left: [Payload] = []
        left.reserveCapacity(2 * capacity)
        keys.removeAll(keepingCapacity: true)
        for key in kept {
            keys.append(SampleKey(priority: key.priority, row: key.row, index: left.count))
            left.append(payloads[key.index])
        }
        payloads = left
    }

    @inlinable
    func priority(of row: Int) -> UInt64 {
        StableHash.mix(seed ^ StableHash.mix(UInt64(truncatingIfNeeded: row)))
    }
}

/// Priority and row of an entry of a sample with its place.
@usableFromInline
struct SampleKey: Sendable {
    @usableFromInline let priority: UInt64
    @usableFromInline let row: Int
    @usableFromInline let index: Int

    @usableFromInline
    init(priority: UInt64, row: Int, index: Int) {
        self.priority = priority
        self.row = row
        self.index = index
    }

    /// The first `count` in the sample's order.
    @usableFromInline
    static func smallest(_ count: Int, of keys: [SampleKey]) -> ArraySlice<SampleKey> {
        keys.sorted { left, right in
            left.priority != right.priority ? left.priority < right.priority : left.row < right.row
        }.prefix(count)
    }
}
