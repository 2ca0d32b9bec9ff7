/// Groups of sets that are near copies of the first of each group.
///
/// Sets that share a band of their signatures are compared; one joins the earliest leader to which its
/// Jaccard similarity reaches the threshold, otherwise it leads a group of its own. Every member is
/// therefore verified against its leader; that two members are alike to each other is not claimed.
public struct CopyGroups: Sendable {
    /// For every set the index of its leader, its own where it leads.
    public let leaders: [Int]

    /// Leaders of one bucket that a set is compared with.
    private static let mostCompared = 16
    /// Bands that a set must share with a leader to be compared: at a similarity of 0.8 three pairs in a
    /// thousand share fewer, at 0.5 three in four.
    private static let leastShared: UInt8 = 2

    /// Which of many signatures share a band with another: no other set can be a near copy.
    ///
    /// `bands` holds `MinHash.bandCount` numbers a set. `shares` runs a body for every index below
    /// a count, perhaps side by side. O(n log n) a band.
    public static func candidates(
        _ bands: [UInt32], shares: (Int, @Sendable (Int) -> [Int32]) -> [[Int32]]
    ) -> [Int] {
        let width = MinHash.bandCount
        let count = bands.count / width
        let found = shares(width) { band in
            var keys: [UInt64] = []
            keys.reserveCapacity(count)
            for index in 0..<count where bands[index * width + band] != 0 {
                keys.append(UInt64(bands[index * width + band]) << 32 | UInt64(index))
            }
            keys.sort()
            var repeated: [Int32] = []
            for place in keys.indices {
                let isAsBefore = place > 0 && keys[place - 1] >> 32 == keys[place] >> 32
                let isAsNext =
                    place + 1 < keys.count && keys[place + 1] >> 32 == keys[place] >> 32
                if isAsBefore || isAsNext {
                    repeated.append(Int32(truncatingIfNeeded: keys[place]))
                }
            }
            return repeated
        }
        var isFound = [Bool](repeating: false, count: count)
        for list in found { for index in list { isFound[Int(index)] = true } }
        return isFound.indices.filter { isFound[$0] }
    }

    /// Groups sets in the order given.
    ///
    /// The sets are `ranges` of `numbers`, each sorted without repeats; `bands` holds their signatures.
    /// `threshold` is a Jaccard similarity, 0 to 1. A bucket remembers its first sixteen leaders, so that
    /// a set costs at most 256 looks; a later leader is found through other buckets or not at all.
    public init(
        numbers: [UInt32], ranges: [Range<Int>], bands: [UInt32], threshold: Double
    ) {
        let width = MinHash.bandCount
        let count = ranges.count
        let buckets = CopyGroups.buckets(bands, count: count)
        // Leaders of a bucket as a chain of entries, a set and band each.
        var heads = [Int32](repeating: -1, count: Int(buckets.max() ?? -1) + 1)
        var lengths = [Int32](repeating: 0, count: heads.count)
        var next = [Int32](repeating: -1, count: count * width)
        var leaders = Array(0..<count)
        var metBy = [Int32](repeating: -1, count: count)
        var shared = [UInt8](repeating: 0, count: count)
        for index in 0..<count where !ranges[index].isEmpty {
            let own = ranges[index]
            var best = Int32.max
            for band in 0..<width {
                var entry = heads[Int(buckets[index * width + band])]
                while entry >= 0 {
                    let leader = entry / Int32(width)
                    entry = next[Int(entry)]
                    guard leader < best else { continue }
                    if metBy[Int(leader)] != Int32(index) {
                        metBy[Int(leader)] = Int32(index)
                        shared[Int(leader)] = 0
                    }
                    shared[Int(leader)] += 1
                    guard shared[Int(leader)] == CopyGroups.leastShared else { continue }
                    let other = ranges[Int(leader)]
                    if CopyGroups.reaches(threshold, numbers, other, own) { best = leader }
                }
            }
            guard best == .max else {
                leaders[index] = Int(best)
                continue
            }
            for band in 0..<width {
                let bucket = Int(buckets[index * width + band])
                guard lengths[bucket] < CopyGroups.mostCompared else { continue }
                lengths[bucket] += 1
                next[index * width + band] = heads[bucket]
                heads[bucket] = Int32(index * width + band)
            }
        }
        self.leaders = leaders
    }

    /// The number of the bucket of every band of every set: equal where band and hash are.
    private static func buckets(_ bands: [UInt32], count: Int) -> [Int32] {
        let width = MinHash.bandCount
        var buckets = [Int32](repeating: 0, count: count * width)
        var keys: [UInt64] = []
        keys.reserveCapacity(count)
        var last: Int32 = -1
        for band in 0..<width {
            keys.removeAll(keepingCapacity: true)
            for index in 0..<count {
                keys.append(UInt64(bands[index * width + band]) << 32 | UInt64(index))
            }
            keys.sort()
            for place in keys.indices {
                if place == 0 || keys[place - 1] >> 32 != keys[place] >> 32 { last += 1 }
                buckets[Int(keys[place] & 0xFFFF_FFFF) * width + band] = last
            }
        }
        return buckets
    }

    /// Whether the Jaccard similarity of two sorted sets reaches a threshold.
    ///
    /// O(numbers); the sizes alone decide where they can. Two empty sets are alike.
    public static func reaches(
        _ threshold: Double, _ first: [UInt32], _ second: [UInt32]
    ) -> Bool {
        let all = first + second
        return reaches(threshold, all, 0..<first.count, first.count..<all.count)
    }

    private static func reaches(
        _ threshold: Double, _ numbers: [UInt32], _ first: Range<Int>, _ second: Range<Int>
    ) -> Bool {
        let (small, large) = (min(first.count, second.count), max(first.count, second.count))
        guard Double(small) >= threshold * Double(large) else { return false }
        var shared = 0
        var (left, right) = (first.lowerBound, second.lowerBound)
        while left < first.upperBound, right < second.upperBound {
            if numbers[left] == numbers[right] {
                shared += 1
                left += 1
                right += 1
            } else if numbers[left] < numbers[right] {
                left += 1
            } else {
                right += 1
            }
        }
        // Not a quotient: 0.8 of 10 must be reached by 8.
        return Double(shared) >= threshold * Double(small + large - shared) - 1e-9
    }
}
