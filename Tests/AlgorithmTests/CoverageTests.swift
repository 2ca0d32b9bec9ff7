import CoverageAlgorithm
import Testing

@Suite struct CoverageTests {
    @Test("gives the worked example's scene and sample coverage")
    func workedExample() {
        let counts = [10_000, 8_000, 6_000, 5_000, 0]
        let measures = CoverageMeasures(
            counts.enumerated().map {
                CategoryCount(name: "c\($0.offset)", weight: 1, target: 10_000, count: $0.element)
            })
        #expect(abs(measures.scene - 0.8) < 1e-12)
        #expect(abs(measures.samplePresent - 0.725) < 1e-12)
        #expect(abs(measures.sample - 0.58) < 1e-12)
        #expect(measures.gaps.map(\.name) == ["c4", "c3", "c2", "c1"])
    }

    @Test("weights are normalised over all categories, and surplus in one fills no other")
    func weights() {
        let measures = CoverageMeasures([
            CategoryCount(name: "a", weight: 3, target: 10, count: 30),
            CategoryCount(name: "b", weight: 1, target: 10, count: 0),
        ])
        // sample = 0.75·3 + 0.25·0 = 2.25, capped = 0.75·1.
        #expect(measures.sample == 2.25)
        #expect(measures.capped == 0.75)
        #expect(measures.samplePresent == 3)
        #expect(measures.scene == 0.5)
        #expect(measures.gaps == [measures.gaps.first].compactMap { $0 })
        #expect(measures.gaps.first?.deficit == 10)
        #expect(measures.gaps.first?.priority == 2.5)
    }

    @Test("no categories and no weights are covered by nothing")
    func degenerate() {
        #expect(CoverageMeasures([]).scene == 0)
        let weightless = CoverageMeasures([
            CategoryCount(name: "a", weight: 0, target: 1, count: 1)
        ])
        #expect(weightless.sample.isFinite && weightless.capped.isFinite)
    }

    @Test("rules hold when all that is stated holds")
    func rules() {
        var rules = TextRules()
        #expect(rules.isEmpty)
        func hold(_ text: String, words: Int = 3, turns: Int = 1) -> Bool {
            rules.hold(for: Array(text.utf8).span, wordCount: words, turnCount: turns)
        }
        #expect(!hold("anything"))
        rules.keywords = ["refund", "money back"]
        #expect(hold("I want a REFUND now"))
        #expect(hold("my Money Back"))
        #expect(!hold("I want a fund"))
        rules.bounds.minimumWords = 4
        #expect(!hold("I want a refund"))
        #expect(hold("I want a refund", words: 4))
        rules.bounds.maximumTurns = 2
        #expect(!hold("I want a refund", words: 4, turns: 3))
    }
}
