import Numerics

extension ErrorShare {
    /// Reads the share off ascending scores, low ones of errors, where some kinds of sound records score low
    /// as a whole, as translations do among pairs that are compared by their words.
    ///
    /// Below any score lie at least the share times as many of the others as of the known errors; where
    /// errors and others overlap, some of the others lie below every score. The share is read off where
    /// there are none, at the lowest scores of all: least squares of share + slope · quantile², each
    /// ratio weighed by its count. The others without an error are rare at the lowest scores and grow faster
    /// than the known errors, so that the ratios begin level. A wide reach keeps the chance of few counts out
    /// of it. `sound` are scores of records without an error: what they have below a score is natural and does
    /// not count. O(n log n).
    public init(lowestOf known: [Double], others: [Double], sound: [Double]) {
        guard !known.isEmpty, !others.isEmpty else {
            self = .unknown
            return
        }
        var sums = (weight: 0.0, x: 0.0, y: 0.0, xx: 0.0, xy: 0.0)
        for quantile in ErrorShare.wideQuantiles {
            let limit = Quantiles.quantile(quantile, ofSorted: known) ?? 0
            let share = Double(ErrorShare.count(others, upTo: limit)) / Double(others.count)
            let natural =
                sound.isEmpty
                ? 0 : Double(ErrorShare.count(sound, upTo: limit)) / Double(sound.count)
            let ratio = max(0, share - natural) / max(quantile - natural, quantile / 2)
            let x = quantile * quantile
            sums.weight += quantile
            sums.x += quantile * x
            sums.y += quantile * ratio
            sums.xx += quantile * x * x
            sums.xy += quantile * x * ratio
        }
        let spread = sums.weight * sums.xx - sums.x * sums.x
        let value = min(1, max(0, (sums.y * sums.xx - sums.x * sums.xy) / spread))
        // The count below the median of the known as a Poisson variable, and how well the median itself is
        // known. The count may be 0: then the bound is 3.84 records.
        let middle = Quantiles.quantile(0.5, ofSorted: known) ?? 0
        let below = Double(ErrorShare.count(others, upTo: middle))
        let mass = Double(others.count) / 2
        let margin = 1.96 * (below + 0.96).squareRoot() / mass
        let limits = 1.96 * value / Double(known.count).squareRoot()
        self.init(
            value: value, low: max(0, value - (margin + limits)),
            high: min(1, value + margin + 1.92 / mass + limits))
    }

    private static let wideQuantiles = stride(from: 0.1, through: 0.8, by: 0.1)
}
