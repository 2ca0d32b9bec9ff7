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

    /// Hellinger distance, 0 to 1: the root of 1 − Σ √(p q).
    ///
    /// Taken as √(½ Σ (√p − √q)²), which is exact near 0. 0 when either side is empty. O(bins).
    public static func hellinger(_ p: [Double], _ q: [Double]) -> Double {
        let (sumP, sumQ) = (p.reduce(0, +), q.reduce(0, +))
        guard sumP > 0, sumQ > 0 else { return 0 }
        let total = zip(p, q).reduce(0.0) {
            let difference = ($1.0 / sumP).squareRoot() - ($1.1 / sumQ).squareRoot()
            return $0 + difference * difference
        }
        return min(1, (total / 2).squareRoot())
    }

    /// Population stability index in nats, Σ (p − q) log(p/q), after adding `pseudoCount` to every bin
    /// that is not empty on both sides; at least 0, unbounded.
    ///
    /// The sum of both Kullback–Leibler divergences. O(bins).
    public static func populationStability(
        _ p: [Double], _ q: [Double], pseudoCount: Double
    ) -> Double {
        (kullbackLeibler(p, q, pseudoCount: pseudoCount)
            + kullbackLeibler(q, p, pseudoCount: pseudoCount)) * 0.693_147_180_559_945_3
    }

    /// Area under the divergence frontier: 1 for equal distributions, towards 0 for disjoint ones.
    ///
    /// MAUVE (Pillutla et al. 2021).
    ///
    /// The frontier has the points (exp(−c KL(Q‖R)), exp(−c KL(P‖R))) with R = λP + (1 − λ)Q for λ on a
    /// grid of `steps`, KL in nats and c = 5, and its corners (0, 1) and (1, 0). O(bins · steps).
    public static func frontierArea(_ p: [Double], _ q: [Double], steps: Int = 25) -> Double {
        let (sumP, sumQ) = (p.reduce(0, +), q.reduce(0, +))
        guard sumP > 0, sumQ > 0 else { return 1 }
        let scale = 5.0
        var points = [(x: 0.0, y: 1.0)]
        for step in 1..<steps {
            let weight = Double(step) / Double(steps)
            var (fromP, fromQ) = (0.0, 0.0)
            for (countP, countQ) in zip(p, q) {
                let (shareP, shareQ) = (countP / sumP, countQ / sumQ)
                let middle = weight * shareP + (1 - weight) * shareQ
                if shareP > 0 { fromP += shareP * log(shareP / middle) }
                if shareQ > 0 { fromQ += shareQ * log(shareQ / middle) }
            }
            points.append((exp(-scale * max(0, fromQ)), exp(-scale * max(0, fromP))))
        }
        points.append((1, 0))
        // x rises with the share of Q in R falling: order by x, then from high to low.
        points.sort { ($0.x, -$0.y) < ($1.x, -$1.y) }
        var area = 0.0
        for (left, right) in zip(points, points.dropFirst()) {
            area += (right.x - left.x) * (left.y + right.y) / 2
        }
        return min(1, max(0, area))
    }

    /// Kolmogorov–Smirnov statistic of two histograms over ascending values: the largest difference of
    /// their cumulative shares, 0 to 1.
    ///
    /// 0 when either side is empty. O(bins).
    public static func kolmogorovSmirnov(_ p: [Double], _ q: [Double]) -> Double {
        let (sumP, sumQ) = (p.reduce(0, +), q.reduce(0, +))
        guard sumP > 0, sumQ > 0 else { return 0 }
        var (totalP, totalQ, largest) = (0.0, 0.0, 0.0)
        for (countP, countQ) in zip(p, q) {
            totalP += countP
            totalQ += countQ
            largest = max(largest, abs(totalP / sumP - totalQ / sumQ))
        }
        return largest
    }

    /// Wasserstein-1 distance of two histograms over ascending `values`, in the values' unit: the area
    /// between their cumulative shares.
    ///
    /// 0 when either side is empty. O(bins).
    public static func wasserstein(_ p: [Double], _ q: [Double], values: [Double]) -> Double {
        let (sumP, sumQ) = (p.reduce(0, +), q.reduce(0, +))
        guard sumP > 0, sumQ > 0 else { return 0 }
        var (totalP, totalQ, area) = (0.0, 0.0, 0.0)
        for index in values.indices.dropLast() {
            totalP += p[index]
            totalQ += q[index]
            area += abs(totalP / sumP - totalQ / sumQ) * (values[index + 1] - values[index])
        }
        return area
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
