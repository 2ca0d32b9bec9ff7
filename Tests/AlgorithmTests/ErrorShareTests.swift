import NoiseAlgorithm
import Numerics
import Testing

@Suite struct ErrorShareTests {
    /// Normal scores around `mean`.
    private func scores(_ count: Int, mean: Double, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed, stream: 0)
        return (0..<count).map { _ in
            let share = (Double(generator.next() >> 11) + 0.5) * 0x1p-53
            return mean + NormalDistribution.quantile(share)
        }
    }

    /// Records of which a share scores as errors do, around 0, the others around `mean`.
    private func mixture(_ count: Int, _ share: Double, mean: Double, seed: UInt64) -> [Double] {
        let errors = Int(share * Double(count))
        return scores(errors, mean: 0, seed: seed)
            + scores(count - errors, mean: mean, seed: seed ^ 0xFF)
    }

    @Test("errors and others that no score divides: one tenth, by hand")
    func worked() {
        // A hundred known errors score 1 to 100. Of a hundred records ten score 5, 15 … 95, the others 1000:
        // below every tenth of the known errors lies one tenth as large a share of the records.
        let known = (1...100).map(Double.init)
        let others = (0..<10).map { Double(10 * $0 + 5) } + [Double](repeating: 1000, count: 90)
        let share = ErrorShare(known: known, others: others)
        #expect(abs(share.value - 0.1) < 0.005)
        #expect(share.low < 0.1 && share.high > 0.1 && share.high < 0.25)
    }

    @Test(
        "the share of planted errors is found where they overlap with the others",
        arguments: [0, 0.02, 0.1, 0.3], [2.0, 3.0, 4.5])
    func planted(share: Double, mean: Double) {
        let draws = (1...5).map { (draw: UInt64) in
            let known = scores(20_000, mean: 0, seed: draw).sorted()
            let others = mixture(10_000, share, mean: mean, seed: 1000 + draw).sorted()
            return (
                curve: ErrorShare(known: known, others: others),
                // The lowest scores alone see nearly the same.
                lowest: ErrorShare(lowestOf: known, others: others, sound: [])
            )
        }
        let mean = draws.reduce(0) { $0 + $1.curve.value } / 5
        #expect(abs(mean - share) < 0.01)
        #expect(draws.allSatisfy { $0.curve.low <= share + 1e-3 && $0.curve.high >= share - 1e-3 })
        #expect(draws.allSatisfy { $0.curve.high - $0.curve.low < 0.11 })
        #expect(abs(draws.reduce(0) { $0 + $1.lowest.value } / 5 - share) < 0.04)
    }

    @Test("the interval holds the truth in most of sixty draws")
    func interval() {
        let known = scores(3000, mean: 0, seed: 77).sorted()
        let hits = (0..<60).count { draw in
            let others = mixture(1500, 0.06, mean: 2.6, seed: 100 + UInt64(draw)).sorted()
            let found = ErrorShare(known: known, others: others)
            return found.low <= 0.06 && 0.06 <= found.high
        }
        #expect(hits >= 52)
    }

    @Test("only the order of scores counts")
    func scale() {
        let known = scores(500, mean: 0, seed: 3).sorted()
        let others = mixture(2000, 0.1, mean: 3, seed: 4).sorted()
        let plain = ErrorShare(known: known, others: others)
        let bent = ErrorShare(known: known.map(Elementary.exp), others: others.map(Elementary.exp))
        #expect(abs(plain.value - bent.value) < 0.002)
    }

    @Test("what says nothing is unknown, and no error leaves none")
    func degenerate() {
        #expect(ErrorShare(known: [], others: [1]) == .unknown)
        #expect(ErrorShare(known: [1], others: []) == .unknown)
        let same = [Double](repeating: 2, count: 500)
        let tied = ErrorShare(
            known: same, others: same.prefix(50) + same.prefix(450).map { $0 + 1 })
        #expect(abs(tied.value - 0.1) < 0.01 && tied.low < 0.1 && tied.high > 0.1)
        #expect(ErrorShare(lowestOf: [], others: [1], sound: []) == .unknown)
        let none = ErrorShare(
            known: (0..<100).map(Double.init), others: [Double](repeating: 1e6, count: 1000))
        #expect(none.value == 0 && none.low == 0 && none.high > 0 && none.high < 0.03)
    }

    /// Two classes: a wrong label made wrong once more is right, and scores so.
    @Test(
        "of two classes the share is found, with the chances", arguments: [0.05, 0.2],
        [1.1, 1.6])
    func twoClasses(share: Double, mean: Double) throws {
        let margins = scores(8000, mean: mean, seed: 9)
        let errors = Int(share * 8000)
        let others = margins.enumerated().map { $0 < errors ? -$1 : $1 }
        let known = others.map { -$0 }
        let calibration = ErrorCalibration(known: known, others: others, alternatives: 1)
        #expect(abs(calibration.rate.value - share) < 0.02)
        let flagged = others.indices.filter { calibration.posterior(others[$0]) >= 0.5 }
        let right = Double(flagged.count { $0 < errors }) / Double(flagged.count)
        let sum = flagged.reduce(0) { $0 + calibration.posterior(others[$1]) }
        #expect(abs(right - sum / Double(flagged.count)) < 0.08)
        // Two normal scores 2 · mean apart: Φ(2 · mean / √2).
        let separation = try #require(
            calibration.separation(
                known: known.map { (group: 0, score: $0) },
                others: others.map { (group: 0, score: $0) }, groupCount: 1))
        #expect(abs(separation - NormalDistribution.cumulative(mean * 2.0.squareRoot())) < 0.02)
    }
}
