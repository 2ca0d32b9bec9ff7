import Numerics
import Testing

@Suite struct QuantileTests {
    @Test("quantiles interpolate between order statistics")
    func quantiles() {
        #expect(Quantiles.quantile(0.5, ofSorted: [1, 2, 3, 4]) == 2.5)
        #expect(Quantiles.quantile(0.25, ofSorted: [1, 2, 3, 4]) == 1.75)
        #expect(Quantiles.quantile(0, ofSorted: [1, 2]) == 1)
        #expect(Quantiles.quantile(1, ofSorted: [1, 2]) == 2)
        #expect(Quantiles.quantile(0.5, ofSorted: [7]) == 7)
        #expect(Quantiles.quantile(0.5, ofSorted: []) == nil)
    }

    @Test("the Wilson interval of a worked case and of the ends")
    func wilson() {
        // 10 of 100 at z = 1.959964: centre (0.1 + z²/200)/(1 + z²/100) = 0.114797,
        // half-width z·√(0.1·0.9/100 + z²/40000)/(1 + z²/100) = 0.059569.
        let tenth = Quantiles.wilsonInterval(count: 10, of: 100)
        #expect(abs(tenth.low - 0.055_229) < 1e-5)
        #expect(abs(tenth.high - 0.174_366) < 1e-5)
        let none = Quantiles.wilsonInterval(count: 0, of: 50)
        #expect(none.low == 0 && none.high > 0.05 && none.high < 0.1)
        let all = Quantiles.wilsonInterval(count: 50, of: 50)
        #expect(all.high == 1 && all.low > 0.9)
    }
}

/// Rankings against values worked by hand.
@Suite struct RankingQualityTests {
    @Test("counts pairs in order, ties half")
    func byHand() throws {
        // Positive 0.9, 0.4; negative 0.5, 0.4, 0.1: pairs won 3 + (0 + 1/2 + 1) = 4.5 of 6.
        // Places: precision 1/1 at 0.9; at 0.4 (with its tie) 2/4.
        let found = try #require(
            RankingQuality(
                scores: [0.9, 0.5, 0.4, 0.4, 0.1], isPositive: [true, false, true, false, false]))
        #expect(abs(found.areaUnderCurve - 0.75) < 1e-12)
        #expect(abs(found.averagePrecision - 0.75) < 1e-12)
    }

    @Test("a constant score is a coin, a perfect one is 1, a reversed one 0")
    func bounds() {
        let kinds = [true, false, true, false]
        #expect(RankingQuality(scores: [1, 1, 1, 1], isPositive: kinds)?.areaUnderCurve == 0.5)
        #expect(RankingQuality(scores: [4, 1, 3, 2], isPositive: kinds)?.areaUnderCurve == 1)
        #expect(RankingQuality(scores: [4, 1, 3, 2], isPositive: kinds)?.averagePrecision == 1)
        #expect(RankingQuality(scores: [1, 4, 2, 3], isPositive: kinds)?.areaUnderCurve == 0)
    }

    @Test("one kind alone has no ranking")
    func degenerate() {
        #expect(RankingQuality(scores: [], isPositive: []) == nil)
        #expect(RankingQuality(scores: [1, 2], isPositive: [true, true]) == nil)
        #expect(RankingQuality(scores: [1], isPositive: [true, false]) == nil)
    }
}
