/// A sample of rows of which a list of 32-bit numbers and a tag are kept.
///
/// As `BottomSample`, but the lists lie one after the other in one array: a sampled row costs no
/// allocation.
public struct ListSample<Tag: Sendable>: Sendable {
    @usableFromInline
    struct Item: Sendable {
        @usableFromInline let tag: Tag
        @usableFromInline var place: Range<Int>

        @usableFromInline
        init(tag: Tag, place: Range<Int>) {
            self.tag = tag
            self.place = place
        }
    }

    @usableFromInline var sample: BottomSample<Item>
    @usableFromInline var numbers: [UInt32] = []
    /// Numbers at which those of rows that were dropped are cleared away.
    @usableFromInline var clearingCount = ListSample.leastClearingCount

    @usableFromInline static var leastClearingCount: Int { 1 << 16 }

    /// An empty sample of at most `capacity` rows, `capacity` above 0.
    @inlinable
    public init(capacity: Int, seed: UInt64) {
        sample = BottomSample(capacity: capacity, seed: seed)
    }

    /// Whether `row` could still be kept: lets a caller skip the work of making its tag.
    @inlinable
    public func admits(row: Int) -> Bool { sample.admits(row: row) }

    /// Whether `row` may be kept in the end, so that a caller need not make the list of any other.
    @inlinable
    public func mayKeep(row: Int) -> Bool { sample.mayKeep(row: row) }

    /// Offers a row.
    ///
    /// O(numbers) amortised.
    @inlinable
    public mutating func add(row: Int, _ tag: Tag, _ list: Span<UInt32>) {
        let start = numbers.count
        for index in list.indices { numbers.append(list[index]) }
        sample.add(row: row, Item(tag: tag, place: start..<numbers.count))
        if numbers.count > clearingCount { clear() }
    }

    /// Adds what another sample of other rows kept.
    @inlinable
    public mutating func merge(_ other: ListSample) {
        other.sample.forEachKept { row, item in
            add(row: row, item.tag, other.numbers.span.extracting(item.place))
        }
    }

    /// The sampled rows by priority, with their lists.
    ///
    /// O(k log k + numbers).
    @inlinable
    public var entries: [(row: Int, tag: Tag, list: [UInt32])] {
        sample.entries.map { ($0.row, $0.payload.tag, Array(numbers[$0.payload.place])) }
    }

    @inlinable
    mutating func clear() {
        var kept: [UInt32] = []
        let numbers = numbers
        sample.updatePayloads { item in
            let start = kept.count
            kept.append(contentsOf: numbers[item.place])
            item.place = start..<kept.count
        }
        self.numbers = kept
        clearingCount = max(ListSample.leastClearingCount, 2 * kept.count)
    }
}
