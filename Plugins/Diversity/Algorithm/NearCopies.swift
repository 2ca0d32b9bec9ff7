public import Numerics

/// Which records nearly repeat others, and which of them stay.
///
/// Records are taken in order, the better ones first; one joins the first that stays to which its similarity, of
/// the prompts and of the responses, reaches the threshold, and which nothing sets apart
/// (`RecordKeys.mayBeCopies`, `RecordShingles.isFilledOtherwise`). So each copy is verified against the record that stays for it; there are no
/// chains.
public struct NearCopies: Sendable {
    /// For every record the one that stays for it; its own index where it stays.
    public let survivors: [Int32]
    /// The similarity of every record to the one that stays for it, 1 for itself.
    public let similarity: [Float]

    /// The records that may be near copies: those that stand for themselves among exact copies and whose
    /// signatures are like another's.
    ///
    /// O(n) a key.
    public static func candidates(
        _ keys: RecordKeys, exactLeaders: [Int32], threshold: Double, work: some WorkSharing
    ) -> [Int] {
        // Exact copies are among them; they only bring in what they are copies of.
        let found = CopyGroups.candidates(
            keys.words, stride: RecordKeys.stride, first: RecordKeys.signatureStart,
            salts: RecordKeys.saltCount, threshold: threshold
        ) { count, body in work.map(count, body) }
        return found.filter { exactLeaders[$0] == $0 }
    }

    /// Groups records of which no two are the same, with their words and pairs.
    ///
    /// `places` says where the words of each record of `keys` stand in `shingles`; −1 for one whose words are not
    /// known, which stays. `threshold` is a Jaccard similarity. A record is compared with at most 64 others a
    /// key.
    public init(
        _ keys: RecordKeys, _ shingles: RecordShingles, places: [Int], threshold: Double
    ) {
        precondition(keys.count == places.count, "every record needs its place")
        var survivors = (0..<keys.count).map { Int32($0) }
        var similarity = [Float](repeating: 1, count: keys.count)
        let order = survivors.indices.filter { places[$0] >= 0 }
            .sorted { keys.precedes($0, $1) }
        let frequencies = WordFrequencies(shingles)
        let groups = CopyGroups(
            signatures: keys.signatures(order), salts: RecordKeys.saltCount, threshold: threshold
        ) { leader, place in
            guard keys.mayBeCopies(order[leader], order[place]) else { return false }
            let (kept, own) = (places[order[leader]], places[order[place]])
            let found = shingles.similarity(kept, own, atLeast: threshold)
            guard found >= threshold - 1e-9,
                !shingles.isFilledOtherwise(kept, own, common: frequencies)
            else { return false }
            // The last leader that is taken is the one that stays.
            similarity[order[place]] = Float(found)
            return true
        }
        for (place, leader) in groups.leaders.enumerated() where leader != place {
            survivors[order[place]] = Int32(order[leader])
        }
        self.survivors = survivors
        self.similarity = similarity
    }
}
