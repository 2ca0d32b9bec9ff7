import Numerics

/// How far two samples differ by one measure, against what chance gives.
public struct Effect: Sendable {
    /// The measure as counted.
    public let value: Double
    /// Its mean when the same records are dealt out at random: what chance alone gives.
    public let nullMean: Double
    /// `value` − `nullMean`; below 0 where the samples are more alike than chance.
    public let corrected: Double
    /// 95 % interval of `corrected`.
    ///
    /// As wide as the null, or as the measure over resampled records (bootstrap) where that is wider: near
    /// no difference the bootstrap is too narrow, because the measure cannot be below 0.
    public let interval: ClosedRange<Double>
    /// Share of deals that reach `value`, with the observed one counted in (Phipson and Smyth 2010): above
    /// 0, at most 1.
    public let pValue: Double

    /// No difference, and nothing to tell one by.
    public static let none = Effect(0, null: [], bootstrap: [])

    /// Puts a value beside its null and its bootstrap; larger values differ more.
    ///
    /// O(rounds log rounds).
    public init(_ value: Double, null: [Double], bootstrap: [Double]) {
        self.value = value
        let mean = Effect.mean(null)
        nullMean = mean
        corrected = value - mean
        let slack = 1e-12 * max(1, abs(value))
        pValue = Double(1 + null.count { $0 >= value - slack }) / Double(null.count + 1)
        let (chance, drawn) = (Effect.spread(null), Effect.spread(bootstrap))
        interval =
            corrected - max(chance.above, drawn.above)...corrected
            + max(chance.below, drawn.below)
    }

    private static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    /// How far the outer 2.5 % on each side lie from the mean.
    private static func spread(_ values: [Double]) -> (below: Double, above: Double) {
        let sorted = values.sorted()
        guard let low = Quantiles.quantile(0.025, ofSorted: sorted),
            let high = Quantiles.quantile(0.975, ofSorted: sorted)
        else { return (0, 0) }
        let mean = mean(values)
        return (max(0, mean - low), max(0, high - mean))
    }
}

/// What two samples are compared by.
public enum Measure: String, Sendable, CaseIterable {
    /// Jensen–Shannon divergence in bits, 0 to 1.
    case js
    /// Kullback–Leibler divergences in bits of the data from the reference and back.
    case kl
    case klReverse = "kl_reverse"
    /// Total variation and Hellinger distance, 0 to 1.
    case totalVariation = "total_variation"
    case hellinger
    /// Population stability index in nats.
    case psi
    /// Kolmogorov–Smirnov statistic, 0 to 1.
    case ks
    /// Wasserstein-1 distance in the unit of the values.
    case wasserstein
    /// 1 − area under the divergence frontier (MAUVE), 0 to 1.
    case frontier
    /// Squared maximum mean discrepancy of unit vectors, 0 to 2.
    case mmd
    /// Area under the curve of a classifier that tells the sides apart, 0.5 to 1.
    case auc
}

/// Puts the rounds of several measures beside what was observed.
enum Rounds {
    /// The effects of measures, each list in the order of `names`.
    static func effects(
        observed: [Double], null: [[Double]], bootstrap: [[Double]], _ names: [Measure]
    ) -> [Measure: Effect] {
        var effects: [Measure: Effect] = [:]
        for (index, name) in names.enumerated() {
            effects[name] = Effect(
                observed[index], null: null.map { $0[index] },
                bootstrap: bootstrap.map { $0[index] })
        }
        return effects
    }
}
