import CoverageAlgorithm
import Numerics
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

    @Test("near copies count once, and a cell that copies fill is a gap")
    func effective() {
        let measures = CoverageMeasures([
            CategoryCount(name: "copies", weight: 1, target: 100, count: 1000, effective: 1),
            CategoryCount(name: "some copies", weight: 1, target: 100, count: 110, effective: 90),
            CategoryCount(name: "thin", weight: 2, target: 50, count: 20, effective: 10),
        ])
        // effective = 0.25·0.01 + 0.25·0.9 + 0.5·0.2; capped = 0.25 + 0.25 + 0.5·0.4.
        #expect(abs(measures.effective - 0.3275) < 1e-12)
        #expect(abs(measures.capped - 0.7) < 1e-12)
        // Priorities 0.25·99 and 0.5·40.
        #expect(measures.gaps.map(\.name) == ["copies", "thin"])
        #expect(measures.gaps.map(\.priority) == [24.75, 20])
        #expect(measures.gaps.map(\.isFilledByCopies) == [true, false])
    }

    @Test("the plan takes what fills most, one of a family, and stops where nothing is missing")
    func plan() {
        let needs = [
            ExpansionPlan.Need(deficit: 2, gain: 0.1), ExpansionPlan.Need(deficit: 1, gain: 0.3),
        ]
        func candidate(_ needs: [Int], _ family: Int, _ confidence: Double = 1)
            -> ExpansionPlan.Candidate
        {
            ExpansionPlan.Candidate(needs: needs, confidence: confidence, family: family)
        }
        let plan = ExpansionPlan(
            needs,
            [
                candidate([0], 0), candidate([], 1), candidate([0, 1], 2), candidate([1], 3),
                candidate([0], 0), candidate([0], 5, 0.5), candidate([0], 6),
            ])
        // The third fills both; then one more of the first need, the surest and earliest.
        #expect(plan.taken == [2, 0])
        #expect(plan.reasons == [1, 0])
        #expect(plan.missing == [0, 0])
        #expect(ExpansionPlan(needs, []).missing == [2, 1])
        #expect(ExpansionPlan([], [candidate([], 0)]).taken.isEmpty)
    }

    @Test("a prompt's task is told by its first verb, and by a question word where there is none")
    func tasks() {
        func task(_ text: String) -> TaskVerb? { TaskVerb(Array(text.utf8).span) }
        #expect(task("Write a poem about the sea") == .write)
        #expect(task("Can you SUMMARIZE this text?") == .summarize)
        #expect(task("What is the capital of France?") == .answer)
        #expect(task("请翻译下面的句子") == .translate)
        #expect(task("地球为什么是圆的") == .explain)
        #expect(task("hello there") == nil)
        #expect(task("") == nil)
    }

    @Test("topics are named by what sets them apart")
    func names() {
        let texts = [
            "please book a flight to rome", "book a flight for me", "cancel the flight",
            "what is my bank balance", "show the bank balance", "bank balance now",
        ].map { Array($0.utf8) }
        let names = TopicNames(texts, groups: [0, 0, 0, 1, 1, 1], count: 3).names
        #expect(
            names[0].contains("flight") && names[1].hasPrefix("bank balance") && names[2].isEmpty)
    }

    /// Vectors around centres on the axes, so many of each.
    private func around(_ counts: [Int], seed: UInt64) -> VectorSet {
        var generator = SeededGenerator(seed: seed)
        var vectors = VectorSet(dimensions: 24)
        for (center, count) in counts.enumerated() {
            for _ in 0..<count {
                var vector = (0..<24).map { _ in Float(generator.normals().0) * 0.12 }
                vector[center] += 1
                vectors.append(vector.span)
                vectors.normalize(vectors.count - 1)
            }
        }
        return vectors
    }

    @Test(
        "what the data lacks of a reference is found and measured, and nothing where it lacks none")
    func reference() throws {
        // A tenth, and a quarter, of the reference is around centres of which the data has nothing.
        for (lacking, share) in [([60], 0.1), ([75, 75], 0.25), ([0], 0)] {
            let kinds = 600 - lacking.reduce(0, +)
            let found = try #require(
                ReferenceCoverage(
                    data: around([500, 500, 500, 500], seed: 1),
                    reference: around(
                        [kinds / 4, kinds / 4, kinds / 4, kinds / 4] + lacking, seed: 2),
                    seed: 3, work: SerialWork()))
            #expect(found.regions.isEmpty == (share == 0))
            #expect(
                abs(found.uncovered - share) <= 2 * found.uncoveredError,
                "\(found.uncovered) ± \(found.uncoveredError)")
            #expect(found.uncoveredError < 0.02)
            let listed = found.regions.flatMap(\.rows)
            let right = listed.count { Double($0) >= 600 * (1 - share) }
            if share > 0 { #expect(Double(right) >= 0.9 * Double(listed.count)) }
            #expect(found.regions.allSatisfy { $0.presence < UncoveredRegion.nothing })
        }
    }

    @Test("a kind that the data has too little of is told from one that it has nothing of")
    func proportions() throws {
        // The reference has a quarter of every kind, the data of the last one an eighth, or a fortieth.
        for (count, presence) in [(214, 0.15...0.5), (40, 0.05...0.15)] {
            let found = try #require(
                ReferenceCoverage(
                    data: around([500, 500, 500, count], seed: 1),
                    reference: around([150, 150, 150, 150], seed: 2), seed: 3, work: SerialWork()))
            #expect(found.regions.flatMap(\.rows).allSatisfy { $0 >= 450 })
            #expect(found.regions.allSatisfy { presence.contains($0.presence) })
            let excess = 0.25 - Double(count) / Double(1500 + count)
            #expect(abs(found.uncovered - excess) <= 0.03, "\(found.uncovered), \(excess)")
        }
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
