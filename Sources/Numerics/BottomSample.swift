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
    }

    /// How many rows are kept.
    public let capacity: Int
    private let seed: UInt64
    private var pending: [Entry] = []
    private var limit = UInt64.max

    /// An empty sample of at most `capacity` rows, `capacity` above 0.
    public init(capacity: Int, seed: UInt64) {
        self.capacity = capacity
        self.seed = seed
    }

    /// Whether `row` could still be kept: lets a caller skip the work of making its payload.
    public func admits(row: Int) -> Bool { priority(of: row) <= limit }

    /// Offers a row.
    public mutating func add(row: Int, _ payload: Payload) {
        append(Entry(priority: priority(of: row), row: row, payload: payload))
    }

    /// Offers an entry that another sample with the same seed kept.
    public mutating func append(_ entry: Entry) {
        guard entry.priority <= limit else { return }
        pending.append(entry)
        if pending.count >= 2 * capacity { compact() }
    }

    /// Adds what another sample of other rows kept.
    public mutating func merge(_ other: BottomSample) {
        for entry in other.pending { append(entry) }
    }

    /// The sampled rows by priority.
    ///
    /// O(k log k).
    public var entries: [Entry] { keys.prefix(capacity).map { pending[$0.index] } }

    /// Drops all but the `capacity` smallest.
    ///
    /// Keys are sorted, not entries: payloads stay where they
    /// are.
    private mutating func compact() {
        let keys = keys
        guard keys.count > capacity else { return }
        let last = keys[capacity - 1]
        limit = last.priority
        pending = pending.filter { ($0.priority, $0.row) <= (last.priority, last.row) }
    }

    private struct Key {
        let priority: UInt64
        let row: Int
        let index: Int
    }

    /// Priority and row of every pending entry with its place, in the sample's order.
    private var keys: [Key] {
        pending.enumerated()
            .map { Key(priority: $1.priority, row: $1.row, index: $0) }
            .sorted { ($0.priority, $0.row) < ($1.priority, $1.row) }
    }

    private func priority(of row: Int) -> UInt64 {
        StableHash.mix(seed ^ StableHash.mix(UInt64(truncatingIfNeeded: row)))
    }
}
