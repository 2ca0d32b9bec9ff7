import Numerics

/// Whether two samples of records differ by more than chance.
public struct PermutationTest: Sendable {
    /// Jensen–Shannon divergence of the pooled bin counts in bits, 0 to 1.
    public let observed: Double
    /// Its mean when the same records are dealt out at random: what chance alone gives.
    public let nullMean: Double
    /// observed − nullMean, not below 0.
    public let corrected: Double
    /// Share of deals that reach the observed value, with the observed one counted in (Phipson and
    /// Smyth 2010): above 0, at most 1.
    public let pValue: Double

    /// Permutes records, not bins: the words of one record stay together.
    ///
    /// `left` and `right` hold the bins of each record, below `binCount`. With an empty side
    /// nothing differs and p is 1. O(rounds · (records + bins)).
    public init(
        _ left: [[UInt32]], _ right: [[UInt32]], binCount: Int, rounds: Int, seed: UInt64
    ) {
        guard !left.isEmpty, !right.isEmpty, rounds > 0 else {
            observed = 0
            nullMean = 0
            corrected = 0
            pValue = 1
            return
        }
        let records = left + right
        var total = [Double](repeating: 0, count: binCount)
        PermutationTest.add(records[...], to: &total)
        func divergence(_ side: ArraySlice<[UInt32]>) -> Double {
            var counts = [Double](repeating: 0, count: binCount)
            PermutationTest.add(side, to: &counts)
            let others = zip(total, counts).map { $0 - $1 }
            return Divergence.jensenShannon(counts, others)
        }
        let value = divergence(records[..<left.count])
        // The smaller side is drawn, which is the cheaper one.
        let drawn = min(left.count, right.count)
        var order = records
        var reached = 1
        var sum = 0.0
        for round in 0..<rounds {
            var generator = SeededGenerator(seed: seed, stream: UInt64(round))
            for index in 0..<drawn {
                order.swapAt(index, index + Int(generator.below(UInt64(order.count - index))))
            }
            let null = divergence(order[..<drawn])
            sum += null
            if null >= value - 1e-12 { reached += 1 }
        }
        observed = value
        nullMean = sum / Double(rounds)
        corrected = max(0, value - sum / Double(rounds))
        pValue = Double(reached) / Double(rounds + 1)
    }

    private static func add(_ records: ArraySlice<[UInt32]>, to counts: inout [Double]) {
        for record in records {
            for bin in record { counts[Int(bin)] += 1 }
        }
    }
}
