import Numerics

/// Ranks of which some are even and others raised: a mixture of an even distribution and two beta
/// distributions k r^(k − 1), fitted by expectation-maximisation (Dempster, Laird and Rubin 1977).
struct RankMixture {
    /// Weight of the raised ones, 0 to 1.
    let raised: Double

    /// What is raised less than this is taken for even.
    ///
    /// Half of what is raised so much lies above 0.966; kinds that one side has oftener than the other are
    /// raised less.
    private static let leastPower = 20.0
    /// Ranks among a few hundred tell no more.
    private static let mostPower = 2000.0
    private static let mostRounds = 600
    private static let leastChange = 1e-6

    /// Fits ranks above 0 and up to 1.
    ///
    /// O(rounds · n).
    init(_ ranks: some Sequence<Double>) {
        let logs = ranks.map { Elementary.log($0) }
        var (weights, powers) = ((sure: 0.07, hard: 0.03), (sure: 200.0, hard: 30.0))
        for _ in 0..<RankMixture.mostRounds where !logs.isEmpty {
            var (sums, moments) = ((sure: 0.0, hard: 0.0), (sure: 0.0, hard: 0.0))
            for log in logs {
                let sure = weights.sure * powers.sure * Elementary.exp((powers.sure - 1) * log)
                let hard = weights.hard * powers.hard * Elementary.exp((powers.hard - 1) * log)
                let whole = 1 - weights.sure - weights.hard + sure + hard
                sums.sure += sure / whole
                sums.hard += hard / whole
                moments.sure -= sure / whole * log
                moments.hard -= hard / whole * log
            }
            func power(_ sum: Double, _ moment: Double) -> Double {
                min(RankMixture.mostPower, max(RankMixture.leastPower, sum / max(moment, 1e-12)))
            }
            let before = weights
            weights = (sums.sure / Double(logs.count), sums.hard / Double(logs.count))
            powers = (power(sums.sure, moments.sure), power(sums.hard, moments.hard))
            let change = abs(weights.sure - before.sure) + abs(weights.hard - before.hard)
            if change < RankMixture.leastChange { break }
        }
        raised = logs.isEmpty ? 0 : weights.sure + weights.hard
    }
}
