import Numerics
import Testing

/// Measures of difference against values worked by hand.
@Suite struct DistanceTests {
    /// P = (0.8, 0.2), Q = (0.4, 0.6).
    private let p: [Double] = [8, 2]
    private let q: [Double] = [4, 6]

    private func near(_ value: Double, _ expected: Double, _ tolerance: Double = 1e-9) -> Bool {
        abs(value - expected) < tolerance
    }

    @Test("worked values of every measure")
    func worked() {
        // ½(0.4 + 0.4).
        #expect(near(Divergence.totalVariation(p, q), 0.4))
        // √(1 − √0.32 − √0.12).
        #expect(near(Divergence.hellinger(p, q), 0.296_486_785, 1e-8))
        // 0.8·log2 2 + 0.2·log2 ⅓ and 0.4·log2 ½ + 0.6·log2 3, in bits.
        #expect(near(Divergence.kullbackLeibler(p, q, pseudoCount: 0), 0.483_007_500, 1e-8))
        #expect(near(Divergence.kullbackLeibler(q, p, pseudoCount: 0), 0.550_977_500, 1e-8))
        // Their sum in nats: 1.033985 · 0.693147.
        #expect(near(Divergence.populationStability(p, q, pseudoCount: 0), 0.716_703_787, 1e-8))
        // With ½ added: (8.5, 2.5)/11 against (4.5, 6.5)/11.
        #expect(near(Divergence.kullbackLeibler(p, q, pseudoCount: 0.5), 0.395_708_1, 1e-6))
        // M = (0.6, 0.4): ½(0.8·log2(4/3) − 0.2) + ½(0.4·log2(2/3) + 0.6·log2 1.5).
        #expect(near(Divergence.jensenShannon(p, q), 0.124_511_25, 1e-7))
        // Largest gap of the cumulative shares 0.8 and 0.4; area over a step from 1 to 3.
        #expect(near(Divergence.kolmogorovSmirnov(p, q), 0.4))
        #expect(near(Divergence.wasserstein(p, q, values: [1, 3]), 0.8))
        // A shift of all by 5 words is 5 words.
        #expect(
            near(Divergence.wasserstein([1, 2, 0, 0], [0, 0, 1, 2], values: [0, 1, 5, 6]), 5))
    }

    @Test("the frontier's area is 1 for equal distributions and its limit for disjoint ones")
    func frontier() {
        #expect(near(Divergence.frontierArea([3, 1], [3, 1]), 1))
        // Points (λ⁵, (1 − λ)⁵): the area is 5·B(5, 6) = 1/252.
        let disjoint = Divergence.frontierArea([1, 0], [0, 1], steps: 2000)
        #expect(near(disjoint, 1.0 / 252, 1e-5))
        let (some, more) = (
            Divergence.frontierArea([8, 2], [6, 4]), Divergence.frontierArea([8, 2], [2, 8])
        )
        #expect(some > more && more > disjoint)
    }

    @Test("any order of bins gives the same number, and Lin's bounds hold")
    func bounds() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            let count = 2 + Int(generator.below(12))
            let p = (0..<count).map { _ in Double(generator.below(9)) }
            let q = (0..<count).map { _ in Double(generator.below(9)) }
            let order = (0..<count).shuffled(using: &generator)
            let (s, t) = (order.map { p[$0] }, order.map { q[$0] })
            for (value, again) in [
                (
                    Divergence.kullbackLeibler(p, q, pseudoCount: 0.5),
                    Divergence.kullbackLeibler(s, t, pseudoCount: 0.5)
                ), (Divergence.jensenShannon(p, q), Divergence.jensenShannon(s, t)),
                (Divergence.hellinger(p, q), Divergence.hellinger(s, t)),
                (Divergence.frontierArea(p, q), Divergence.frontierArea(s, t)),
            ] { #expect(near(value, again, 1e-12 * max(1, value))) }
            guard p.contains(where: { $0 > 0 }), q.contains(where: { $0 > 0 }) else { continue }
            // JS ≤ total variation (Lin 1991, Theorem 3), and Pinsker's bound of each half.
            let js = Divergence.jensenShannon(p, q)
            let variation = Divergence.totalVariation(p, q)
            #expect(js <= variation + 1e-12)
            #expect(js >= variation * variation / (2 * 0.693_147_180_56) - 1e-12)
            // Squared Hellinger distance and total variation bound each other.
            let hellinger = Divergence.hellinger(p, q)
            #expect(hellinger * hellinger <= variation + 1e-12)
            #expect(variation <= hellinger * 1.414_213_563 + 1e-9)
        }
    }

    @Test("drawn counts have the mean and variance of their distribution")
    func variates() {
        var generator = SeededGenerator(seed: 3)
        func check(_ draw: () -> Int, mean: Double, variance: Double, _ range: ClosedRange<Int>) {
            let draws = (0..<4000).map { _ in draw() }
            #expect(draws.allSatisfy { range.contains($0) })
            let found = Double(draws.reduce(0, +)) / 4000
            let spread =
                draws.reduce(0.0) { $0 + (Double($1) - found) * (Double($1) - found) } / 4000
            #expect(abs(found - mean) < 5 * (variance / 4000).squareRoot() + 1e-9)
            #expect(abs(spread - variance) < 0.15 * variance + 1e-9)
        }
        // n K/N and n K/N (1 − K/N) (N − n)/(N − 1).
        check(
            { generator.hypergeometric(marked: 30, others: 70, draws: 20) }, mean: 6,
            variance: 20 * 0.3 * 0.7 * 80 / 99, 0...20)
        check(
            { generator.hypergeometric(marked: 40_000, others: 60_000, draws: 5000) }, mean: 2000,
            variance: 5000 * 0.4 * 0.6 * 95_000 / 99_999, 0...5000)
        check(
            { generator.hypergeometric(marked: 1, others: 999, draws: 500) }, mean: 0.5,
            variance: 0.25, 0...1)
        check(
            { generator.hypergeometric(marked: 9, others: 2, draws: 10) }, mean: 90.0 / 11,
            variance: 10 * 9.0 / 11 * 2 / 11 * 1 / 10, 8...9)
        check(
            { generator.hypergeometric(marked: 5, others: 0, draws: 3) }, mean: 3, variance: 0,
            3...3)
        check({ generator.binomial(trials: 50, chance: 0.1) }, mean: 5, variance: 4.5, 0...50)
        check(
            { generator.binomial(trials: 100_000, chance: 0.6) }, mean: 60_000, variance: 24_000,
            0...100_000)
        check({ generator.binomial(trials: 7, chance: 1) }, mean: 7, variance: 0, 7...7)
        check({ generator.poissonOfOne() }, mean: 1, variance: 1, 0...12)
        let normals = (0..<4000).map { _ in generator.normals().0 }
        #expect(abs(normals.reduce(0, +) / 4000) < 0.08)
        #expect(abs(normals.reduce(0) { $0 + $1 * $1 } / 4000 - 1) < 0.12)
    }
}
