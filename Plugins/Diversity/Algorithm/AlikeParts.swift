public import Numerics

/// Which records of a sample have a part that is like another's.
public struct AlikeParts: Sendable {
    /// For every record, in the order given, the place of the first that its part is like; its own where it is
    /// the first, or has no such part.
    public let leaders: [Int]
    /// The similarity of every part to its leader's, 1 for itself.
    public let similarity: [Double]

    /// Groups the parts of the records at `places` of `shingles`, in this order, each verified against the
    /// first of its group.
    ///
    /// `threshold` is a Jaccard similarity. O(words) for the signatures, then as `CopyGroups`.
    public init(
        _ shingles: RecordShingles, places: [Int], part: RecordShingles.Part, threshold: Double,
        seed: UInt64, work: some WorkSharing
    ) {
        let hasher = MinHash(seed: seed)
        let signatures = work.mapShares(places.count) { range in
            var signatures: [UInt32] = []
            for index in range {
                let set = shingles.set(places[index], part)
                hasher.append(shingles.numbers.span.extracting(set), to: &signatures)
            }
            return signatures
        }
        let groups = CopyGroups(signatures: signatures, threshold: threshold) { leader, place in
            CopyGroups.reaches(
                threshold, shingles.numbers.span.extracting(shingles.set(places[leader], part)),
                shingles.numbers.span.extracting(shingles.set(places[place], part)))
        }
        leaders = groups.leaders
        similarity = groups.leaders.enumerated().map { place, leader in
            leader == place
                ? 1 : shingles.similarity(places[leader], places[place], part)
        }
    }

    /// Places by group, for groups of `size` or more, the largest first, of equals the first.
    public func groups(ofAtLeast size: Int) -> [[Int]] {
        var members: [Int: [Int]] = [:]
        for (place, leader) in leaders.enumerated() { members[leader, default: []].append(place) }
        return members.values.filter { $0.count >= size }
            .sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }
    }
}
