import Numerics

/// Turns scores into chances of an error, from records that are known to be errors among the others.
struct ErrorCalibration {
    private var points: [(score: Double, isError: Bool)] = []

    /// Quantiles of the known errors at which the share of all errors is read off.
    private static let quantiles = [0.25, 0.3, 0.35, 0.4, 0.45, 0.5]
    private static let leastShare = 1e-6

    /// Adds a labelling with some labels made wrong on purpose; low scores are errors.
    mutating func add(scores: [Double], isError: [Bool]) {
        for (score, flag) in zip(scores, isError) { points.append((score, flag)) }
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
    /// O(n log n).
    func fit() -> Fit {
        let known = points.filter(\.isError).map(\.score).sorted()
        let others = points.filter { !$0.isError }.map(\.score).sorted()
        guard !known.isEmpty, !others.isEmpty else {
            return Fit(rate: (0, 0, 1), steps: IsotonicFit(falling: []), odds: 0)
        }
        var (sum, below) = (0.0, 0)
        for quantile in ErrorCalibration.quantiles {
            let limit = Quantiles.quantile(quantile, ofSorted: known) ?? 0
            below = ErrorCalibration.count(others, upTo: limit)
            sum += Double(below) / Double(others.count) / quantile
        }
        let rate = sum / Double(ErrorCalibration.quantiles.count)
        // The count below the last limit as a Poisson variable, and how well the limits themselves are
        // known. The count may be 0: then the bound is 3.84 records.
        let spread = 1.96 * (Double(below) + 0.96).squareRoot()
        let scale =
            Double(others.count) * (ErrorCalibration.quantiles.last ?? 1)
        let limits = 1.96 * rate / Double(known.count).squareRoot()
        let low = max(0, rate - (spread / scale + limits))
        let high = min(1, rate + (spread + 1.92) / scale + limits)
        let steps = IsotonicFit(
            falling: points.map { (x: $0.score, y: $0.isError ? 1 : 0) })
        return Fit(
            rate: (rate, low, high),
            steps: steps, odds: Double(others.count) / Double(known.count))
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
