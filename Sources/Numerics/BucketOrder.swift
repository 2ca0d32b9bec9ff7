/// Indices brought together by a 32-bit hash.
public struct BucketOrder: Sendable {
    private var keys: [UInt64]

    /// Orders the indices of hashes by hash, then index.
    ///
    /// O(n).
    public init(_ hashes: [UInt32]) {
        keys = hashes.indices.map { UInt64(hashes[$0]) << 32 | UInt64($0) }
        RadixSort.sortByUpperHalf(&keys)
    }

    /// Calls `body` with the indices of each hash, ascending.
    public func forEachRun(_ body: ([UInt32]) -> Void) {
        var start = 0
        var run: [UInt32] = []
        while start < keys.count {
            var end = start + 1
            while end < keys.count, keys[end] >> 32 == keys[start] >> 32 { end += 1 }
            run.removeAll(keepingCapacity: true)
            for place in start..<end { run.append(UInt32(truncatingIfNeeded: keys[place])) }
            body(run)
            start = end
        }
    }
}
