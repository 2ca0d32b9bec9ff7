import Numerics

/// Kinds of responses that data is made of: languages, tasks, sets that were mixed.
///
/// A response of another kind is told from a prompt's own at a glance; one of the same kind, put in its place, is
/// not. What responses have in common with many others (function words, steps of a sum, signs of a language) says
/// of which kind they are, and what sets them apart says nothing of it.
enum ResponseKinds {
    /// Kinds that are told apart at most.
    static let most = 24
    /// Responses of a kind at least, on average.
    private static let leastOfKind = 60

    private static let dimensions = 24
    private static let rounds = 8
    /// Share of the responses that a word stands in to say something of their kind.
    private static let shares = 0.02...0.6

    /// The kind of every response, from 0.
    ///
    /// O(words · dimensions).
    static func of(_ responses: [WordBuckets], seed: UInt64, work: some WorkSharing) -> [Int] {
        var counts = [Int32](repeating: 0, count: WordBuckets.count)
        for response in responses {
            for bucket in response.buckets { counts[Int(bucket)] += 1 }
        }
        let total = Double(max(1, responses.count))
        // Words by random signs: sums of them keep the angles between texts.
        let directions = counts.indices.map { bucket in
            shares.contains(Double(counts[bucket]) / total)
                ? StableHash.mix(seed ^ StableHash.mix(UInt64(bucket) ^ 0x51DE)) : 0
        }
        let rows = work.map(responses.count) { index in
            var sum = [Float](repeating: 0, count: dimensions)
            for bucket in responses[index].buckets {
                let bits = directions[Int(bucket)]
                if bits == 0 { continue }
                for place in 0..<dimensions {
                    sum[place] += bits >> UInt64(place) & 1 == 1 ? 1 : -1
                }
            }
            return sum
        }
        var vectors = VectorSet(dimensions: dimensions)
        for row in rows {
            vectors.append(row.span)
            _ = vectors.normalize(vectors.count - 1)
        }
        let groups = SphericalMeans(
            SphericalMeans.centered(vectors),
            count: max(1, min(most, responses.count / leastOfKind)),
            rounds: rounds, seed: seed, work: work
        ).groups
        return groups.map { Int($0) + 1 }
    }
}
