import Numerics
import Testing

@Suite struct DivergenceTests {
    @Test("Jensen–Shannon of disjoint histograms is 1 bit, of equal ones 0")
    func extremes() {
        #expect(Divergence.jensenShannon([1, 0], [0, 3]) == 1)
        #expect(Divergence.jensenShannon([2, 4], [1, 2]) == 0)
        #expect(Divergence.jensenShannon([], []) == 0)
        #expect(Divergence.jensenShannon([0, 0], [0, 0]) == 0)
    }

    @Test("Jensen–Shannon of a worked case")
    func worked() {
        // P = (3/4, 1/4), Q = (1/4, 3/4), M = (1/2, 1/2):
        // KL(P‖M) = 3/4·log2(3/2) + 1/4·log2(1/2) = 0.4387219 − 0.25 = 0.1887219, twice the same.
        #expect(abs(Divergence.jensenShannon([3, 1], [1, 3]) - 0.188_721_875_540_867) < 1e-12)
        let parts = Divergence.jensenShannonContributions([3, 1], [1, 3])
        #expect(abs(parts[0] - parts[1]) < 1e-15)
        #expect(abs(parts[0] + parts[1] - 0.188_721_875_540_867) < 1e-12)
    }

    @Test("it is symmetric, bounded, and blind to scale")
    func properties() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            let p = (0..<8).map { _ in Double(generator.below(20)) }
            let q = (0..<8).map { _ in Double(generator.below(20)) }
            let value = Divergence.jensenShannon(p, q)
            #expect(value >= 0 && value <= 1)
            #expect(abs(value - Divergence.jensenShannon(q, p)) < 1e-12)
            #expect(abs(value - Divergence.jensenShannon(p.map { $0 * 7 }, q)) < 1e-9)
            #expect((0...1).contains(Divergence.totalVariation(p, q)))
            #expect(Divergence.kullbackLeibler(p, q, pseudoCount: 0.5) >= 0)
        }
    }

    @Test("entropy of equally frequent bins is the logarithm of their number")
    func entropy() {
        #expect(Divergence.entropy([5]) == 0)
        #expect(abs(Divergence.entropy([1, 1, 1, 1]) - 2) < 1e-12)
        #expect(Divergence.entropy([]) == 0)
        // (1/2, 1/4, 1/4): 1/2·1 + 1/4·2 + 1/4·2 = 1.5 bits.
        #expect(abs(Divergence.entropy([2, 1, 1]) - 1.5) < 1e-12)
    }
}
