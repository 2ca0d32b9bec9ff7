public import Numerics

/// Compares two samples of records with many bins each, by the pooled counts of the bins.
///
/// Records are dealt out and resampled, not bins: the words of one record stay together.
public struct RecordComparison: Sendable {
    /// What was measured.
    public let effects: [Measure: Effect]

    private static let names: [Measure] = [.js, .kl, .klReverse, .totalVariation, .hellinger, .psi]

    /// Compares samples over the same bins.
    ///
    /// With an empty side nothing differs and p is 1. O(rounds · (bins of all records + bins)).
    public init(
        _ left: RecordBins, _ right: RecordBins, rounds: Int, seed: UInt64, work: some WorkSharing
    ) {
        let names = RecordComparison.names
        guard left.count > 0, right.count > 0 else {
            effects = Dictionary(uniqueKeysWithValues: names.map { ($0, .none) })
            return
        }
        let (n, m, binCount) = (left.count, right.count, left.binCount)
        @Sendable func measures(_ p: [Int32], _ q: [Int32]) -> [Double] {
            RecordComparison.measures(p, q)
        }
        func sums(_ records: RecordBins) -> [Int32] {
            var counts = [Int32](repeating: 0, count: binCount)
            for record in 0..<records.count { records.add(record, times: 1, to: &counts) }
            return counts
        }
        let (leftSums, rightSums) = (sums(left), sums(right))
        let pooled = zip(leftSums, rightSums).map { $0 + $1 }
        // The smaller side is drawn, which is the cheaper one.
        let drawn = min(n, m)
        let null = work.map(rounds) { round in
            var generator = SeededGenerator(seed: seed, stream: UInt64(2 * round))
            var order = (0..<Int32(n + m)).map { $0 }
            var counts = [Int32](repeating: 0, count: binCount)
            for index in 0..<drawn {
                let other = index + Int(generator.below(UInt64(n + m - index)))
                order.swapAt(index, other)
                let record = Int(order[index])
                if record < n {
                    left.add(record, times: 1, to: &counts)
                } else {
                    right.add(record - n, times: 1, to: &counts)
                }
            }
            let rest = zip(pooled, counts).map { $0 - $1 }
            return n <= m ? measures(counts, rest) : measures(rest, counts)
        }
        let bootstrap = work.map(rounds) { round in
            var generator = SeededGenerator(seed: seed, stream: UInt64(2 * round + 1))
            func resampled(_ records: RecordBins) -> [Int32] {
                var counts = [Int32](repeating: 0, count: binCount)
                for record in 0..<records.count {
                    let times = generator.poissonOfOne()
                    if times > 0 { records.add(record, times: Int32(times), to: &counts) }
                }
                return counts
            }
            let first = resampled(left)
            return measures(first, resampled(right))
        }
        effects = Rounds.effects(
            observed: measures(leftSums, rightSums), null: null, bootstrap: bootstrap, names)
    }

    /// As `Divergence` gives them one by one, in one pass with one logarithm a bin and side.
    private static func measures(_ left: [Int32], _ right: [Int32]) -> [Double] {
        let pseudo = BinComparison.pseudoCount
        var (sumP, sumQ, used) = (0.0, 0.0, 0.0)
        for (a, b) in zip(left, right) where a > 0 || b > 0 {
            sumP += Double(a)
            sumQ += Double(b)
            used += 1
        }
        guard sumP > 0, sumQ > 0 else { return names.map { _ in 0 } }
        let (smoothP, smoothQ) = (sumP + used * pseudo, sumQ + used * pseudo)
        var (js, forward, back, variation, hellinger) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for (a, b) in zip(left, right) where a > 0 || b > 0 {
            let (p, q) = (Double(a) / sumP, Double(b) / sumQ)
            let middle = Elementary.log((p + q) / 2)
            if a > 0 { js += p * (Elementary.log(p) - middle) / 2 }
            if b > 0 { js += q * (Elementary.log(q) - middle) / 2 }
            let (s, t) = ((Double(a) + pseudo) / smoothP, (Double(b) + pseudo) / smoothQ)
            let ratio = Elementary.log(s / t)
            forward += s * ratio
            back -= t * ratio
            variation += abs(p - q)
            let root = p.squareRoot() - q.squareRoot()
            hellinger += root * root
        }
        let bits = 1 / Elementary.log(2)
        return [
            min(1, max(0, js * bits)), max(0, forward * bits), max(0, back * bits), variation / 2,
            min(1, (hellinger / 2).squareRoot()), max(0, forward + back),
        ]
    }
}
