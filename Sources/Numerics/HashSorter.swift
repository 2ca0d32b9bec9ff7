/// Sorts hashes: numbers that lie evenly over all of 32 bits.
///
/// Keeps its buffers from one list to the next.
public struct HashSorter: Sendable {
    private static let bucketBits: UInt32 = 8
    /// Numbers below which sorting in place is as fast.
    private static let leastCount = 32

    private var copy: [UInt32] = []
    private var starts = [UInt32](repeating: 0, count: 1 << bucketBits)

    /// Empty buffers.
    public init() {}

    /// Sorts what stands from `start` on, ascending.
    ///
    /// O(n) for hashes, O(n log n) for any numbers.
    public mutating func sort(_ numbers: inout [UInt32], from start: Int) {
        guard numbers.count - start >= HashSorter.leastCount else {
            InPlaceSort.sort(&numbers, from: start)
            return
        }
        // Taken out, so that the numbers are not read through what is written to.
        var taken = copy
        copy = []
        taken.removeAll(keepingCapacity: true)
        for index in start..<numbers.count { taken.append(numbers[index]) }
        let shift = 32 - HashSorter.bucketBits
        let source = taken.span
        var places = starts.mutableSpan
        for bucket in places.indices { places[bucket] = 0 }
        for index in source.indices { places[Int(source[index] >> shift)] &+= 1 }
        var sum = UInt32(truncatingIfNeeded: start)
        for bucket in places.indices {
            let count = places[bucket]
            places[bucket] = sum
            sum &+= count
        }
        var target = numbers.mutableSpan
        for index in source.indices {
            let bucket = Int(source[index] >> shift)
            target[Int(places[bucket])] = source[index]
            places[bucket] &+= 1
        }
        // Each bucket now ends where the next begins.
        var first = start
        for bucket in places.indices {
            let end = Int(places[bucket])
            if end - first > 1 { InPlaceSort.sort(&target, first, end) }
            first = end
        }
        copy = taken
    }
}
