import Numerics

/// Turns scores into chances of an error, from records that are known to be errors among the others.
struct ErrorCalibration {
    private var points: [(score: Double, isError: Bool)] = []
    /// Labellings added; each has the same records.
    private var labellings = 0

    /// Quantiles of the known errors at which the share of all errors is read off.
    private static let quantiles = [0.25, 0.3, 0.35, 0.4, 0.45, 0.5]
    private static let leastShare = 1e-6

    /// Adds a labelling with some labels made wrong on purpose; low scores are errors.
    mutating func add(scores: [Double], isError: [Bool]) {
        for (score, flag) in zip(scores, isError) { points.append((score, flag)) }
        labellings += 1
    }

    /// What was learnt.
    struct Fit {
        let rate: (value: Double, low: Double, high: Double)
        fileprivate let steps: IsotonicFit
        fileprivate let odds: Double

        /// The chance that a record of this score is an error.
        func posterior(_ score: Double) -> Double {
            let share = min(
                1 - ErrorCalibration.leastShare,
                max(ErrorCalibration.leastShare, steps.value(at: score)))
            return min(1, rate.value * odds * share / (1 - share))
        }
    }

    /// Estimates the share of errors and the chance of one by score.
    ///
    /// The known errors score as all errors do, so that below any score lie at least `rate` times as large a
    /// share of the others as of them: the smallest such ratio bounds the rate. With the known ones among
    /// the others the step function gives the ratio of the two densities, and with the rate the chance.
    /// `sound` are scores of records without an error: what they have below a score is natural and does not
    /// count. O(n log n).
    ///
    /// Where errors and others overlap, some of the others lie below every score; `isOverlapping` reads the
    /// share off where there are none, at the lowest scores of all, by a parabola through the ratios.
    ///
    /// `scale` is how much smaller the rate of all records is than that of the others.
    func fit(sound: [Double] = [], isOverlapping: Bool = false, scale: Double = 1) -> Fit {
        let known = points.filter(\.isError).map(\.score).sorted()
        let others = points.filter { !$0.isError }.map(\.score).sorted()
        guard !known.isEmpty, !others.isEmpty else {
            return Fit(rate: (0, 0, 1), steps: IsotonicFit(falling: []), odds: 0)
        }
        let natural = sound.sorted()
        var (sum, below) = (0.0, 0)
        for quantile in ErrorCalibration.quantiles {
            let limit = Quantiles.quantile(quantile, ofSorted: known) ?? 0
            below = ErrorCalibration.count(others, upTo: limit)
            let share = Double(below) / Double(others.count)
            // More than the quantile where many score the same.
            let own = Double(ErrorCalibration.count(known, upTo: limit)) / Double(known.count)
            let naturalShare =
                natural.isEmpty
                ? 0
                : Double(ErrorCalibration.count(natural, upTo: limit)) / Double(natural.count)
            sum += max(0, share - naturalShare) / max(own - naturalShare, own / 2)
        }
        var rate = min(1, sum / Double(ErrorCalibration.quantiles.count))
        if isOverlapping {
            let own = ErrorCalibration.intercept(known: known, others: others, natural: natural)
            rate = min(1, max(0, own))
        }
        // The count below the last limit as a Poisson variable, and how well the limits themselves are
        // known. The count may be 0: then the bound is 3.84 records.
        // Every labelling has the same records once more: it says no more of how many score low.
        let times = Double(max(1, labellings))
        let spread = 1.96 * (Double(below) / times + 0.96).squareRoot()
        let mass = Double(others.count) / times * (ErrorCalibration.quantiles.last ?? 1)
        let limits = 1.96 * rate / Double(known.count).squareRoot()
        let low = max(0, rate - (spread / mass + limits))
        let high = min(1, rate + (spread + 1.92) / mass + limits)
        let steps = IsotonicFit(
            falling: points.map { (x: $0.score, y: $0.isError ? 1 : 0) })
        return Fit(
            rate: (rate * scale, low * scale, high * scale),
            steps: steps, odds: Double(others.count) / Double(known.count) / scale)
    }

    /// How well scores tell the known errors from the others: 0.5 not at all, 1 fully.
    ///
    /// `nil` where one of the two is missing. O(n log n).
    var separation: Double? {
        RankingQuality(scores: points.map { -$0.score }, isPositive: points.map(\.isError))?
            .areaUnderCurve
    }

    private static let wideQuantiles = stride(from: 0.1, through: 0.8, by: 0.1)

    /// Where the ratios of shares meet the lowest scores.
    ///
    /// Least squares of `rate + slope · quantile²`, each ratio weighed by its count: the others without an
    /// error are rare at the lowest scores and grow faster than the known errors, so that the ratios begin
    /// level. A wide reach keeps the chance of few counts out of it.
    private static func intercept(known: [Double], others: [Double], natural: [Double]) -> Double {
        var sums = (weight: 0.0, x: 0.0, y: 0.0, xx: 0.0, xy: 0.0)
        for quantile in wideQuantiles {
            let limit = Quantiles.quantile(quantile, ofSorted: known) ?? 0
            let share = Double(count(others, upTo: limit)) / Double(others.count)
            let naturalShare =
                natural.isEmpty ? 0 : Double(count(natural, upTo: limit)) / Double(natural.count)
            let ratio = max(0, share - naturalShare) / max(quantile - naturalShare, quantile / 2)
            let x = quantile * quantile
            sums.weight += quantile
            sums.x += quantile * x
            sums.y += quantile * ratio
            sums.xx += quantile * x * x
            sums.xy += quantile * x * ratio
        }
        let spread = sums.weight * sums.xx - sums.x * sums.x
        return (sums.y * sums.xx - sums.x * sums.xy) / spread
    }

    private static func count(_ sorted: [Double], upTo limit: Double) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] <= limit { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
