import Planning
import Testing

/// Who wins where analyzers disagree about a row, and what the plan says of it.
@Suite struct PlanResolverTests {
    private func voice(
        _ action: PlanVoice.Action, by strategy: String = "noise", row: Int = 0,
        code: String? = nil,
        group: UInt64 = 0, confidence: Double = 0.9, number: Double = 0, column: String = "",
        text: String = ""
    ) -> PlanVoice {
        PlanVoice(
            analyzer: "org.\(strategy)", version: "1.0.0",
            isDrawn: ["distribution", "diversity"].contains(strategy) && group == 0,
            code: code ?? strategy.uppercased(), action: action, row: row, group: group,
            confidence: confidence, number: number, column: column, text: text)
    }

    private func resolve(
        _ voices: [PlanVoice], _ limit: PlanLimit = .all, badness: [Int: Double] = [:]
    ) -> [PlanLine] {
        let lines = PlanResolver(limit: limit, badness: badness).resolve(voices)
        #expect(
            PlanResolver(limit: limit, badness: badness).resolve(voices.reversed()) == lines,
            "the order of the proposals does not matter")
        return lines
    }

    /// One pair of actions on row 0: what is done, the sentence, and how many proposals were overruled.
    struct Pair: CustomTestStringConvertible, Sendable {
        let first: PlanVoice.Action
        let second: PlanVoice.Action
        /// `nil` where the record stays as it is and has no line.
        let action: PlanLine.Action?
        let explanation: String
        let overruled: Int

        init(
            _ first: PlanVoice.Action, _ second: PlanVoice.Action, _ action: PlanLine.Action?,
            _ explanation: String, _ overruled: Int
        ) {
            self.first = first
            self.second = second
            self.action = action
            self.explanation = explanation
            self.overruled = overruled
        }

        var testDescription: String { "\(first) against \(second)" }
    }

    /// The first of each pair comes from noise, the second from a plugin of another author, but for what only
    /// a draw proposes.
    static let pairs: [Pair] = [
        Pair(.review, .review, .review, "for review: NOISE", 0),
        Pair(.review, .drop, .drop, "left out for OTHER", 1),
        Pair(.review, .repair, .change, "repaired: text.response", 1),
        Pair(.review, .relabel, .change, "relabelled as b", 1),
        Pair(.review, .weight, .review, "for review: NOISE", 1),
        Pair(.review, .duplicate, .review, "for review: NOISE", 1),
        Pair(.drop, .drop, .drop, "left out for NOISE", 0),
        Pair(.drop, .repair, .change, "repaired: text.response", 1),
        Pair(.drop, .relabel, .drop, "left out for NOISE", 1),
        Pair(.drop, .weight, .drop, "left out for NOISE", 1),
        Pair(.drop, .duplicate, .drop, "left out for NOISE", 1),
        Pair(.repair, .repair, .review, "two different repairs of text.response: none is made", 0),
        Pair(.repair, .relabel, .change, "repaired: text.response; relabelled as b", 0),
        Pair(.repair, .weight, .change, "repaired: text.response", 1),
        Pair(.repair, .duplicate, .duplicate, "repaired: text.response; repeated 2 more times", 0),
        Pair(.relabel, .relabel, .review, "labels that contradict each other: a, b", 0),
        Pair(.relabel, .weight, .change, "relabelled as a", 1),
        Pair(.relabel, .duplicate, .duplicate, "relabelled as a; repeated 2 more times", 0),
        Pair(.weight, .weight, .weight, "weighted by the product of 2", 0),
        Pair(.weight, .duplicate, .duplicate, "repeated 2 more times", 1),
        Pair(.duplicate, .duplicate, .duplicate, "repeated 2 more times", 0),
        Pair(.review, .keep, .review, "for review: NOISE", 0),
        Pair(
            .drop, .keep, .review,
            "for review instead of left out for NOISE: b would have 0 of 1 wanted", 1),
        Pair(.repair, .keep, .change, "repaired: text.response", 0),
        Pair(.relabel, .keep, .change, "relabelled as a", 0),
        Pair(.weight, .keep, .weight, "weighted", 0),
        Pair(.duplicate, .keep, .duplicate, "repeated 2 more times", 0),
        Pair(.keep, .keep, nil, "", 0),
    ]

    @Test("every pair of actions on one row", arguments: pairs)
    func resolvesPair(_ pair: Pair) throws {
        func make(_ action: PlanVoice.Action, _ strategy: String, _ text: String) -> PlanVoice {
            switch action {
            case .repair:
                voice(action, by: strategy, column: "text.response", text: text)
            case .relabel: voice(action, by: strategy, text: text)
            case .weight: voice(action, by: strategy, number: 2)
            case .duplicate: voice(action, by: strategy, number: 2)
            case .drop, .review: voice(action, by: strategy)
            case .keep: voice(action, by: strategy, group: 77, number: 1, text: text)
            }
        }
        let lines = resolve([make(pair.first, "noise", "a"), make(pair.second, "other", "b")])
        guard let action = pair.action else {
            #expect(lines.isEmpty)
            return
        }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        #expect(line.action == action)
        #expect(line.explanation == pair.explanation)
        #expect(line.overruled.count == pair.overruled)
        #expect(line.overruled.allSatisfy { !$0.why.isEmpty })
        if pair.first == .weight, pair.second == .weight { #expect(line.number == 4) }
    }

    @Test("all pairs are in the table")
    func complete() {
        let all = PlanVoice.Action.allCases
        #expect(PlanResolverTests.pairs.count == all.count * (all.count + 1) / 2)
    }

    @Test("diversity keeps one of two copies, noise drops that one: the other stays in its place")
    func survivorIsBad() throws {
        let lines = resolve(
            [
                voice(.drop, row: 4, confidence: 1),
                voice(.drop, by: "diversity", row: 7, group: 5, confidence: 0.95),
                voice(.drop, by: "diversity", row: 9, group: 5, confidence: 0.9),
            ], badness: [7: 0.6])
        #expect(lines.map(\.row) == [4, 7, 9])
        #expect(lines.map(\.action) == [.drop, .drop, .review])
        #expect(lines[1].survivor == 9)
        #expect(lines[1].explanation == "repeats row 10, which stays in place of row 5")
        #expect(lines[2].explanation == "stays in place of row 5, which is left out")
        #expect(lines[2].overruled.count == 1)
    }

    /// Rows of one cell of coverage, of which so many are wanted.
    private func cell(_ rows: [Int], wanted: Int, name: String = "scene: refund") -> [PlanVoice] {
        rows.map {
            voice(.keep, by: "coverage", row: $0, group: 77, number: Double(wanted), text: name)
        }
    }

    @Test("noise drops the last record of a scene that coverage needs: it waits for review")
    func lastOfScene() throws {
        let lines = resolve([voice(.drop, row: 3, code: "NSE001")] + cell([3], wanted: 20))
        let line = try #require(lines.first)
        #expect(lines.count == 1 && line.row == 3 && line.action == .review)
        #expect(
            line.explanation
                == "for review instead of left out for NSE001: scene: refund would have 0 of 20 wanted"
        )
        #expect(line.because.map(\.analyzer) == ["org.coverage"])
        #expect(line.overruled.map(\.voice.code) == ["NSE001"])
        #expect(line.overruled.map(\.why) == ["scene: refund would have 0 of 20 wanted"])
    }

    @Test(
        "a certain fault goes, and of the others only as many stay as a cell wants, the least doubtful"
    )
    func quotaKeepsTheBest() {
        let drops = [(0, 0.99), (1, 0.9), (2, 0.6), (3, 0.7)].map {
            voice(.drop, row: $0.0, confidence: $0.1)
        }
        let lines = resolve(drops + cell([0, 1, 2, 3, 4], wanted: 3))
        #expect(lines.map(\.row) == [0, 1, 2, 3])
        #expect(lines.map(\.action) == [.drop, .drop, .review, .review])
        #expect(
            resolve(drops + cell([0, 1, 2, 3, 4], wanted: 1)).allSatisfy { $0.action == .drop },
            "a cell that is full without them keeps none")
    }

    @Test(
        "a copy fills a cell as well as what it repeats: the bad one goes, and comes back for no other"
    )
    func copiesInCells() {
        let lines = resolve(
            [
                voice(.drop, row: 1), voice(.drop, by: "diversity", row: 2, group: 2),
            ] + cell([1, 2], wanted: 5))
        #expect(lines.map(\.action) == [.drop, .review])
        let both = resolve(
            [
                voice(.drop, row: 1, confidence: 0.9), voice(.drop, row: 2, confidence: 0.8),
                voice(.drop, by: "diversity", row: 2, group: 2),
            ] + cell([1, 2], wanted: 5))
        #expect(
            both.map(\.action) == [.drop, .review], "one of two that repeat each other is enough")
    }

    @Test("a draw leaves out no more of a cell than it can spare")
    func drawWithinQuotas() {
        let drops = (0..<5).map { voice(.drop, by: "distribution", row: $0) }
        let lines = resolve(drops + cell([0, 1, 2, 3, 4], wanted: 3))
        #expect(lines.map(\.row) == [0, 1])
        #expect(lines.allSatisfy { $0.action == .drop })
    }

    @Test("distribution wants copies of a record under review: it is not repeated")
    func copiesUnderReview() throws {
        let line = try #require(
            resolve([
                voice(.review), voice(.duplicate, by: "distribution", number: 3),
            ]).first)
        #expect(line.action == .review)
        #expect(line.overruled.map(\.why) == ["a record under review is not repeated"])
    }

    @Test("a draw that leaves out and one that repeats the same record are left to a person")
    func drawsContradict() throws {
        let line = try #require(
            resolve([
                voice(.drop, by: "distribution"), voice(.duplicate, by: "diversity", number: 1),
            ]).first)
        #expect(line.action == .review)
        #expect(line.because.count == 2)
    }

    @Test("a copy whose group is left out whole is overruled, not kept")
    func wholeGroupIsBad() {
        let lines = resolve([
            voice(.drop, row: 1, confidence: 1), voice(.drop, row: 2, confidence: 1),
            voice(.drop, by: "diversity", row: 2, group: 2),
        ])
        #expect(lines.map(\.action) == [.drop, .drop])
    }

    @Test("a row that stays for copies is no copy of another's; none cites a row that goes")
    func chains() {
        let lines = resolve([
            voice(.drop, by: "first", row: 5, group: 3),
            voice(.drop, by: "second", row: 2, group: 10),
        ])
        #expect(lines.map(\.row) == [5])
        #expect(lines.first?.survivor == 2)
    }

    @Test("safe applies exact copies, worthless records and repairs alone")
    func limits() {
        let voices = [
            voice(.drop, by: "diversity", row: 0, group: 9, confidence: 1),
            voice(.drop, by: "diversity", row: 1, group: 9, confidence: 0.9),
            voice(.drop, row: 2, confidence: 1), voice(.drop, row: 3, confidence: 0.8),
            voice(.relabel, row: 4, confidence: 1, text: "x"),
            voice(.repair, row: 5, confidence: 0.99, column: "text.prompt", text: "x"),
            voice(.repair, row: 6, confidence: 0.6, column: "text.prompt", text: "x"),
            voice(.duplicate, by: "distribution", row: 7, number: 1),
            voice(.drop, by: "distribution", row: 10, confidence: 0.2),
        ]
        #expect(resolve(voices, .safe).map(\.row) == [0, 2, 5])
        #expect(resolve(voices, .all).map(\.row) == [0, 1, 2, 3, 4, 5, 6, 7, 10])
        #expect(resolve(voices, .confidence(0.95)).map(\.row) == [0, 2, 4, 5, 7, 10])
        #expect(PlanLimit("0.7") == .confidence(0.7) && PlanLimit("safe") == .safe)
        #expect(PlanLimit("1.5") == nil && PlanLimit("most") == nil && PlanLimit("nan") == nil)
    }

    @Test("nothing proposed, nothing planned")
    func nothing() { #expect(resolve([]).isEmpty) }

    @Test("a record that is worthless for certain is left out however it could be repaired")
    func worthless() throws {
        let lines = resolve([
            voice(.drop, confidence: 1),
            voice(.repair, by: "other", confidence: 1, column: "text.prompt", text: "a"),
        ])
        #expect(lines.map(\.action) == [.drop])
        #expect(lines[0].overruled.map(\.voice.action) == [.repair])
    }

    @Test("a draw does not take the one that stays for copies which it keeps")
    func drawnSurvivor() throws {
        let copy = voice(.drop, by: "copies", row: 1, group: 1, confidence: 1)
        let drawn = voice(.drop, by: "distribution", row: 0)
        let kept = resolve([copy, drawn])
        #expect(kept.map(\.row) == [1])
        #expect(kept[0].explanation == "repeats row 1, which stays")
        // A draw that leaves out both leaves none, and the account says so.
        let both = resolve([copy, drawn, voice(.drop, by: "distribution", row: 1)])
        #expect(both.map(\.action) == [.drop, .drop])
        #expect(both[1].explanation == "repeats row 1; the draw leaves out both")
    }

    @Test(
        "a draw of who proposed the copies knows of them, and other proposals of the one that stays hold"
    )
    func knownCopies() throws {
        func own(_ row: Int, group: UInt64, isDrawn: Bool) -> PlanVoice {
            PlanVoice(
                analyzer: "org.diversity", version: "1.0.0", isDrawn: isDrawn, code: "DIV",
                action: .drop, row: row, group: group, confidence: 1)
        }
        let subset = resolve([own(1, group: 1, isDrawn: false), own(0, group: 0, isDrawn: true)])
        #expect(subset.map(\.action) == [.drop, .drop])
        #expect(subset[1].explanation == "repeats row 1; the draw leaves out both")
        let weighed = resolve([
            voice(.drop, by: "copies", row: 1, group: 1, confidence: 1),
            voice(.drop, by: "distribution", row: 0),
            voice(.weight, by: "distribution", row: 0, number: 2),
        ])
        #expect(weighed.map(\.action) == [.weight, .drop])
    }
}
