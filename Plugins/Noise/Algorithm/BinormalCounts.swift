import Numerics

/// Counts of records between quantiles of known errors, and how likely a binormal curve makes them.
struct BinormalCounts {
    /// A curve, and how likely it is.
    struct Fit {
        var share = 0.0
        fileprivate var a = 0.0
        /// The logarithm of b.
        fileprivate var b = 0.0
        var likelihood = -Double.infinity
    }

    /// Up to the end of each bin but the last: the share of the known errors, and Φ⁻¹ of it.
    private var reached: [Double] = []
    private var ends: [Double] = []
    /// Of each bin how many records.
    private var counts: [Double] = []
    /// Share of the errors made of errors that are sound.
    private let mended: Double
    /// More errors than this are not told from records of which nothing is known: as many as chance leaves.
    let mostShare: Double

    private static let quantiles = [
        0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6,
        0.65, 0.7, 0.75, 0.8, 0.85, 0.9,
    ]

    /// Counts; `nil` where one of the two is missing.
    ///
    /// Scores ascend. O(log(known · others)).
    init?(known errors: [Double], others: [Double], alternatives: Int?) {
        guard !errors.isEmpty, !others.isEmpty else { return nil }
        mended = alternatives.map { 1 / Double($0) } ?? 0
        mostShare = BinormalCounts.mostOfChance / (1 + mended)
        var below = 0
        for quantile in BinormalCounts.quantiles {
            let limit = Quantiles.quantile(quantile, ofSorted: errors) ?? 0
            // More than the quantile where many score the same, but never all: of what lies beyond all of
            // them the curve says nothing.
            let own = Double(ErrorShare.count(errors, upTo: limit)) / Double(errors.count)
            let share = min(own, 1 - 0.5 / Double(errors.count))
            guard share > reached.last ?? 0 else { continue }
            let count = ErrorShare.count(others, upTo: limit)
            reached.append(share)
            ends.append(NormalDistribution.quantile(share))
            counts.append(Double(count - below))
            below = count
        }
        counts.append(Double(others.count - below))
    }

    private static let mostOfChance = 0.95

    /// The likeliest curve.
    func likeliest() -> Fit {
        var best = Fit()
        for a in BinormalCounts.gridA {
            for b in BinormalCounts.gridB { look(a, b, nil, &best) }
        }
        climb(&best, nil)
        return best
    }

    /// The likeliest curve of a given share, looked for uphill from another one.
    func likeliest(share: Double, near start: Fit) -> Fit {
        var best = Fit()
        look(start.a, start.b, share, &best)
        climb(&best, share)
        return best
    }

    /// Where the search for a and log b begins, and its steps.
    private static let gridA = [0.5, 1, 1.5, 2, 2.5, 3, 4, 5]
    private static let gridB = [-0.3, 0, 0.3]
    private static let sides: [(Double, Double)] = [
        (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1),
    ]
    private static let firstStep = 0.2
    private static let lastStep = 0.006
    private static let mostA = 8.0
    private static let mostB = 1.5
    /// Where counts do not tell errors from sound records that score as low, as where all errors score the
    /// same, they are errors.
    private static let gainOfA = 1e-3
    /// Variance that log b is believed to have: sound records spread about as errors do.
    private static let spreadOfB = 0.01

    /// One step to any side that leads up, until none does; then with half the steps.
    private func climb(_ best: inout Fit, _ share: Double?) {
        var step = BinormalCounts.firstStep
        while step > BinormalCounts.lastStep {
            let last = best
            for (i, j) in BinormalCounts.sides {
                look(last.a + i * step, last.b + j * step / 2, share, &best)
            }
            if best.likelihood == last.likelihood { step /= 2 }
        }
    }

    /// Keeps the curve of a and log b where it is likelier than the best, with the likeliest share or a given one.
    private func look(_ a: Double, _ b: Double, _ share: Double?, _ best: inout Fit) {
        guard 0...BinormalCounts.mostA ~= a, abs(b) <= BinormalCounts.mostB else { return }
        let prior =
            BinormalCounts.gainOfA * a - 0.5 * b * b / BinormalCounts.spreadOfB
        func value(_ share: Double) -> Double {
            self.likelihood(share, a, Elementary.exp(b)) + prior
        }
        var own = share ?? 0
        var likelihood = value(own)
        if share == nil {
            // Golden section over the root of the share, which spreads small ones.
            var (low, high) = (0.0, mostShare.squareRoot())
            var left = high - BinormalCounts.golden * (high - low)
            var right = low + BinormalCounts.golden * (high - low)
            var (atLeft, atRight) = (value(left * left), value(right * right))
            for _ in 0..<BinormalCounts.sections {
                if atLeft < atRight {
                    (low, left, atLeft) = (left, right, atRight)
                    right = low + BinormalCounts.golden * (high - low)
                    atRight = value(right * right)
                } else {
                    (high, right, atRight) = (right, left, atLeft)
                    left = high - BinormalCounts.golden * (high - low)
                    atLeft = value(left * left)
                }
            }
            let root = (low + high) / 2
            if value(root * root) > likelihood {
                own = root * root
                likelihood = value(own)
            }
        }
        if likelihood > best.likelihood {
            best = Fit(share: own, a: a, b: b, likelihood: likelihood)
        }
    }

    private static let golden = 0.618_033_988_749_895
    private static let sections = 22
    private static let least = 1e-12

    /// The logarithm of the likelihood of the counts.
    private func likelihood(_ share: Double, _ a: Double, _ b: Double) -> Double {
        let sound = share * mended
        var (sum, last) = (0.0, 0.0)
        for place in counts.indices {
            var all = 1.0
            if place < ends.count {
                let z = end(place, sound, a, b)
                let own = NormalDistribution.cumulative(b * z - a)
                // The share of errors up to here: with `sound` of them sound it makes what was reached.
                let errors = (reached[place] - sound * own) / (1 - sound)
                all = (1 - share) * own + share * errors
            }
            sum += counts[place] * Elementary.log(max(all - last, BinormalCounts.least))
            last = all
        }
        return sum
    }

    /// Φ⁻¹ of the share of errors up to the end of a bin, where `sound` of the known ones are sound.
    ///
    /// Newton's method on what was reached, kept between bounds.
    private func end(_ place: Int, _ sound: Double, _ a: Double, _ b: Double) -> Double {
        guard sound > 0 else { return ends[place] }
        // Sound ones score higher, so that the errors up to here are more than what was reached.
        var (z, low, high) = (ends[place], ends[place], BinormalCounts.farthest)
        for _ in 0..<BinormalCounts.mostSteps {
            let own = b * z - a
            let miss =
                (1 - sound) * NormalDistribution.cumulative(z)
                + sound * NormalDistribution.cumulative(own) - reached[place]
            if miss < 0 { low = z } else { high = z }
            let slope =
                (1 - sound) * NormalDistribution.density(z)
                + sound * b * NormalDistribution.density(own)
            let next = z - miss / slope
            let step = next > low && next < high ? next : (low + high) / 2
            if abs(step - z) < BinormalCounts.lastMove { return step }
            z = step
        }
        return z
    }

    private static let farthest = 10.0
    private static let mostSteps = 40
    private static let lastMove = 1e-6
}
