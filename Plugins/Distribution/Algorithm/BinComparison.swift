public import Numerics

/// Compares two histograms of records, one bin a record, by all measures that fit.
///
/// A record is in one bin, so that dealing records out at random is drawing the counts of one side without
/// replacement (multivariate hypergeometric), and resampling them is drawing counts with replacement.
public struct BinComparison: Sendable {
    /// Added to every bin before Kullback–Leibler divergences and the stability index are taken.
    public static let pseudoCount = 0.5

    /// What was measured.
    public let effects: [Measure: Effect]
    /// What each bin adds to the Jensen–Shannon divergence, in bits.
    public let contributions: [Double]

    /// Compares counts of the same bins.
    ///
    /// With an empty side nothing differs and p is 1. O(rounds · (bins + √records)).
    public init(
        _ left: [Int], _ right: [Int], hasFrontier: Bool = false, rounds: Int, seed: UInt64,
        work: some WorkSharing
    ) {
        self.init(
            left, right, bands: nil, values: nil, hasFrontier: hasFrontier, rounds: rounds,
            seed: seed, work: work)
    }

    /// Compares counts of ascending values; divergences are those of bands of values, `bands` has the
    /// ascending number of each value's.
    public init(
        _ left: [Int], _ right: [Int], values: [Double], bands: [Int], rounds: Int, seed: UInt64,
        work: some WorkSharing
    ) {
        self.init(
            left, right, bands: bands, values: values, hasFrontier: false, rounds: rounds,
            seed: seed, work: work)
    }

    private init(
        _ left: [Int], _ right: [Int], bands: [Int]?, values: [Double]?, hasFrontier: Bool,
        rounds: Int, seed: UInt64, work: some WorkSharing
    ) {
        let (n, m) = (left.reduce(0, +), right.reduce(0, +))
        var names: [Measure] = [.js, .kl, .klReverse, .totalVariation, .hellinger, .psi]
        if values != nil { names += [.ks, .wasserstein] }
        if hasFrontier { names.append(.frontier) }
        let bandCount = (bands?.last ?? left.count - 1) + 1
        guard n > 0, m > 0 else {
            effects = Dictionary(uniqueKeysWithValues: names.map { ($0, .none) })
            contributions = [Double](repeating: 0, count: bandCount)
            return
        }
        @Sendable func banded(_ counts: [Int]) -> [Double] {
            guard let bands else { return counts.map(Double.init) }
            var sums = [Double](repeating: 0, count: bandCount)
            for (index, count) in counts.enumerated() { sums[bands[index]] += Double(count) }
            return sums
        }
        @Sendable func measures(_ left: [Int], _ right: [Int]) -> [Double] {
            let (p, q) = (banded(left), banded(right))
            let pseudoCount = BinComparison.pseudoCount
            var found = [
                Divergence.jensenShannon(p, q),
                Divergence.kullbackLeibler(p, q, pseudoCount: pseudoCount),
                Divergence.kullbackLeibler(q, p, pseudoCount: pseudoCount),
                Divergence.totalVariation(p, q), Divergence.hellinger(p, q),
                Divergence.populationStability(p, q, pseudoCount: pseudoCount),
            ]
            if let values {
                let (exactP, exactQ) = (left.map(Double.init), right.map(Double.init))
                found.append(Divergence.kolmogorovSmirnov(exactP, exactQ))
                found.append(Divergence.wasserstein(exactP, exactQ, values: values))
            }
            if hasFrontier { found.append(1 - Divergence.frontierArea(p, q)) }
            return found
        }
        let pooled = zip(left, right).map { $0 + $1 }
        let null = work.map(rounds) { round in
            var generator = SeededGenerator(seed: seed, stream: UInt64(2 * round))
            var (rest, draws) = (n + m, n)
            let drawn = pooled.map { count -> Int in
                rest -= count
                let taken = generator.hypergeometric(marked: count, others: rest, draws: draws)
                draws -= taken
                return taken
            }
            return measures(drawn, zip(pooled, drawn).map { $0 - $1 })
        }
        @Sendable func resampled(
            _ counts: [Int], _ generator: inout SeededGenerator
        ) -> [Int] {
            var rest = counts.reduce(0, +)
            var trials = rest
            return counts.map { count in
                let taken =
                    rest > 0
                    ? generator.binomial(
                        trials: trials, chance: Double(count) / Double(rest)) : 0
                rest -= count
                trials -= taken
                return taken
            }
        }
        let bootstrap = work.map(rounds) { round in
            var generator = SeededGenerator(seed: seed, stream: UInt64(2 * round + 1))
            let first = resampled(left, &generator)
            return measures(first, resampled(right, &generator))
        }
        effects = Rounds.effects(
            observed: measures(left, right), null: null, bootstrap: bootstrap, names)
        contributions = Divergence.jensenShannonContributions(banded(left), banded(right))
    }
}
