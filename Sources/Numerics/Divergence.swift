#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Divergences between two histograms over the same bins.
///
/// Counts are summed in the order of the bins given; every measure is invariant to that order up to
/// rounding. Zero bins on both sides add nothing.
public enum Divergence {
    /// Jensen–Shannon divergence in bits (Lin 1991, base-2 logarithm): 0 for equal distributions, 1
    /// for disjoint ones.
    ///
    /// 0 when either side is empty. O(bins).
    public static func jensenShannon(_ p: [Double], _ q: [Double]) -> Double {
        let (sumP, sumQ) = (p.reduce(0, +), q.reduce(0, +))
        guard sumP > 0, sumQ > 0 else { return 0 }
        var total = 0.0
        for (countP, countQ) in zip(p, q) {
            let (shareP, shareQ) = (countP / sumP, countQ / sumQ)
            let middle = (shareP + shareQ) / 2
            if shareP > 0 { total += shareP * log2(shareP / middle) / 2 }
            if shareQ > 0 { total += shareQ * log2(shareQ / middle) / 2 }
        }
        return min(max(total, 0), 1)
    }

    /// What each bin adds to `jensenShannon`, in bits; never negative.
    public static func jensenShannonContributions(_ p: [Double], _ q: [Double]) -> [Double] {
        let (sumP, sumQ) = (p.reduce(0, +), q.reduce(0, +))
        guard sumP > 0, sumQ > 0 else { return p.map { _ in 0 } }
        return zip(p, q).map { countP, countQ in
            let (shareP, shareQ) = (countP / sumP, countQ / sumQ)
            let middle = (shareP + shareQ) / 2
            return (shareP > 0 ? shareP * log2(shareP / middle) / 2 : 0)
                + (shareQ > 0 ? shareQ * log2(shareQ / middle) / 2 : 0)
        }
    }

    /// Kullback–Leibler divergence KL(P‖Q) in bits after adding `pseudoCount` to every bin that is
    /// not empty on both sides; at least 0, unbounded.
    ///
    /// 0 when either side is empty. O(bins).
    ///
    /// The pseudo-count is what makes it finite; it is stated with every value, because another one
    /// gives another number.
    public static func kullbackLeibler(
        _ p: [Double], _ q: [Double], pseudoCount: Double
    ) -> Double {
        guard p.contains(where: { $0 > 0 }), q.contains(where: { $0 > 0 }) else { return 0 }
        let bins = zip(p, q).filter { $0 > 0 || $1 > 0 }
        let sumP = bins.reduce(0) { $0 + $1.0 + pseudoCount }
        let sumQ = bins.reduce(0) { $0 + $1.1 + pseudoCount }
        let total = bins.reduce(0.0) { partial, bin in
            let shareP = (bin.0 + pseudoCount) / sumP
            return partial + shareP * log2(shareP / ((bin.1 + pseudoCount) / sumQ))
        }
        return max(total, 0)
    }

    /// Total variation distance: half the summed absolute difference of shares, 0 to 1.
    public static func totalVariation(_ p: [Double], _ q: [Double]) -> Double {
        let (sumP, sumQ) = (p.reduce(0, +), q.reduce(0, +))
        guard sumP > 0, sumQ > 0 else { return 0 }
        return zip(p, q).reduce(0) { $0 + abs($1.0 / sumP - $1.1 / sumQ) } / 2
    }

    /// Shannon entropy of a histogram in bits: 0 for one bin, log2 of the number of bins when all
    /// are equal.
    ///
    /// 0 for an empty histogram.
    public static func entropy(_ counts: [Int]) -> Double {
        let total = Double(counts.reduce(0, +))
        guard total > 0 else { return 0 }
        return counts.reduce(0.0) { sum, count in
            guard count > 0 else { return sum }
            let share = Double(count) / total
            return sum - share * log2(share)
        }
    }
}
