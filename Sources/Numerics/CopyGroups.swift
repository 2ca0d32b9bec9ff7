/// Groups of sets that are near copies of the first of each group.
///
/// Sets that share a key of their signatures are compared; one joins the earliest leader to which its
/// Jaccard similarity reaches the threshold, otherwise it leads a group of its own. Every member is
/// therefore verified against its leader; that two members are alike to each other is not claimed.
public struct CopyGroups: Sendable {
    /// For every set the index of its leader, its own where it leads.
    public let leaders: [Int]

    /// Leaders of one bucket that a set is compared with.
    private static let mostLeaders = 64
    /// Leaders that agree enough and are looked at whole, after which a set leads itself.
    private static let mostVerified = 64
    /// Sets before it in a bucket that a set is compared with, to see whether it is like any.
    private static let mostCompared = 16

    /// Which of many signatures are alike enough to another: no other set can be a near copy.
    ///
    /// `signatures` holds `stride` numbers a set, of which the signature begins at `first`; sets of which the
    /// `salts` numbers before it differ are never compared. `shares` runs a body
    /// for every index below a count, perhaps side by side. Within a bucket a set is compared with the sixteen
    /// before it. O(n) a key.
    public static func candidates(
        _ signatures: [UInt32], stride: Int, first: Int = 0, salts: Int = 0, threshold: Double,
        shares: (Int, @Sendable (Int) -> [Int32]) -> [[Int32]]
    ) -> [Int] {
        let keys = MinHashKeys(threshold: threshold)
        let found = shares(keys.count) { key in
            let order = keys.sorted(
                key, signatures, stride: stride, first: first, salts: salts)
            let values = signatures.span
            var alike: [Int32] = []
            var start = 0
            for place in order.indices where place > 0 {
                if order[place] >> 32 != order[place - 1] >> 32 {
                    start = place
                    continue
                }
                let own = Int(order[place] & 0xFFFF_FFFF)
                for earlier in max(start, place - mostCompared)..<place {
                    let other = Int(order[earlier] & 0xFFFF_FFFF)
                    let agreement = MinHash.agreement(
                        values, own * stride + first, other * stride + first)
                    if agreement >= keys.leastAgreement {
                        alike.append(Int32(own))
                        alike.append(Int32(other))
                        break
                    }
                }
            }
            return alike
        }
        var isFound = [Bool](repeating: false, count: signatures.count / stride)
        for list in found { for index in list { isFound[Int(index)] = true } }
        return isFound.indices.filter { isFound[$0] }
    }

    /// Groups sets in the order given.
    ///
    /// The sets are `ranges` of `numbers`, each sorted without repeats; `signatures` holds theirs.
    /// `threshold` is a Jaccard similarity, 0 to 1. Limits as of the other initialiser.
    public init(
        numbers: [UInt32], ranges: [Range<Int>], signatures: [UInt32], threshold: Double
    ) {
        self.init(signatures: signatures, threshold: threshold) { leader, index in
            CopyGroups.reaches(threshold, numbers, ranges[leader], ranges[index])
        }
    }

    /// Groups what has signatures, in the order given, by what `isCopy` says of a leader and a later index.
    ///
    /// `signatures` holds `salts` numbers each, which must be equal, then `MinHash.width`. What shares a key meets; what then agrees in enough
    /// functions is compared. A bucket remembers its first 64 leaders, so that an index costs at most 64
    /// looks a key; a later leader is found through other buckets or not at all. Sets without
    /// numbers lead themselves.
    public init(
        signatures: [UInt32], salts: Int = 0, threshold: Double, isCopy: (Int, Int) -> Bool
    ) {
        let keys = MinHashKeys(threshold: threshold)
        let (width, keyCount) = (salts + MinHash.width, keys.count)
        let count = signatures.count / width
        let (buckets, bucketCount) = CopyGroups.buckets(signatures, salts, keys)
        // Leaders of a bucket as a chain of entries, a set and key each.
        var heads = [Int32](repeating: -1, count: bucketCount)
        var lengths = [UInt8](repeating: 0, count: bucketCount)
        var next = [Int32](repeating: -1, count: count * keyCount)
        var leaders = Array(0..<count)
        var metBy = [Int32](repeating: -1, count: count)
        let values = signatures.span
        for index in 0..<count {
            var best = Int32.max
            var verified = 0
            for key in 0..<keyCount where verified < CopyGroups.mostVerified {
                let bucket = Int(buckets[index * keyCount + key])
                guard bucket >= 0 else { continue }
                var entry = heads[bucket]
                while entry >= 0 {
                    let leader = entry / Int32(keyCount)
                    entry = next[Int(entry)]
                    guard leader < best, metBy[Int(leader)] != Int32(index) else { continue }
                    metBy[Int(leader)] = Int32(index)
                    let agreement = MinHash.agreement(
                        values, Int(leader) * width + salts, index * width + salts)
                    guard agreement >= keys.leastAgreement else { continue }
                    verified += 1
                    if isCopy(Int(leader), index) { best = leader }
                }
            }
            guard best == .max else {
                leaders[index] = Int(best)
                continue
            }
            for key in 0..<keyCount {
                let bucket = Int(buckets[index * keyCount + key])
                guard bucket >= 0, lengths[bucket] < CopyGroups.mostLeaders else { continue }
                lengths[bucket] += 1
                next[index * keyCount + key] = heads[bucket]
                heads[bucket] = Int32(index * keyCount + key)
            }
        }
        self.leaders = leaders
    }

    /// The number of the bucket of every key of every set: equal where key and hash are; −1 for a bucket of
    /// one.
    private static func buckets(
        _ signatures: [UInt32], _ salts: Int, _ keys: MinHashKeys
    ) -> ([Int32], count: Int) {
        let (width, keyCount) = (salts + MinHash.width, keys.count)
        var buckets = [Int32](repeating: -1, count: signatures.count / width * keyCount)
        var last: Int32 = -1
        for key in 0..<keyCount {
            let order = keys.sorted(
                key, signatures, stride: width, first: salts, salts: salts)
            for place in order.indices {
                let isAsBefore = place > 0 && order[place - 1] >> 32 == order[place] >> 32
                let isAsNext =
                    place + 1 < order.count && order[place + 1] >> 32 == order[place] >> 32
                guard isAsBefore || isAsNext else { continue }
                if !isAsBefore { last += 1 }
                buckets[Int(order[place] & 0xFFFF_FFFF) * keyCount + key] = last
            }
        }
        return (buckets, Int(last) + 1)
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
        let numbers = numbers.span
        return reaches(threshold, numbers.extracting(first), numbers.extracting(second))
    }

    /// Whether the Jaccard similarity of two sorted sets reaches a threshold.
    ///
    /// O(numbers); the sizes alone decide where they can. Two empty sets are alike.
    public static func reaches(
        _ threshold: Double, _ first: Span<UInt32>, _ second: Span<UInt32>
    ) -> Bool {
        let (small, large) = (min(first.count, second.count), max(first.count, second.count))
        guard Double(small) >= threshold * Double(large) else { return false }
        // Not a quotient: 0.8 of 10 must be reached by 8.
        let needed = Int((threshold * Double(small + large) / (1 + threshold) - 1e-9).rounded(.up))
        return shared(first, second, atLeast: needed) != nil
    }

    /// How many numbers two sorted sets share; `nil` when it is below `needed`, as soon as that is known.
    ///
    /// O(numbers).
    public static func shared(
        _ first: Span<UInt32>, _ second: Span<UInt32>, atLeast needed: Int
    ) -> Int? {
        var (left, right, shared) = (0, 0, 0)
        // Numbers that may stand in one set alone.
        let mostAlone = first.count + second.count - 2 * needed
        guard mostAlone >= 0 else { return nil }
        while left < first.count, right < second.count {
            let (one, other) = (first[left], second[right])
            shared &+= one == other ? 1 : 0
            left &+= one <= other ? 1 : 0
            right &+= other <= one ? 1 : 0
            if left &+ right &- 2 &* shared > mostAlone { return nil }
        }
        return shared >= needed ? shared : nil
    }

    /// How many numbers two sorted sets share.
    ///
    /// O(numbers).
    public static func shared(_ first: Span<UInt32>, _ second: Span<UInt32>) -> Int {
        var shared = 0
        var (left, right) = (0, 0)
        while left < first.count, right < second.count {
            let (one, other) = (first[left], second[right])
            shared &+= one == other ? 1 : 0
            left &+= one <= other ? 1 : 0
            right &+= other <= one ? 1 : 0
        }
        return shared
    }
}
