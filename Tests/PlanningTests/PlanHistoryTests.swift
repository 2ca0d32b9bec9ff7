import Planning
import Testing

@Suite struct PlanHistoryTests {
    private func voice(
        _ action: PlanVoice.Action, row: Int, group: UInt64 = 0, number: Double = 0,
        text: String = ""
    ) -> PlanVoice {
        PlanVoice(
            analyzer: "org.test", version: "1.0.0",
            isDrawn: action == .duplicate,
            code: "TST001", action: action, row: row, group: group, confidence: 1, number: number,
            column: action == .repair ? "text.response" : "", text: text)
    }

    private func plan(_ voices: [PlanVoice]) -> [PlanLine] {
        PlanResolver(limit: .all).resolve(voices)
    }

    @Test("rows of a later round are told of the records that they come from")
    func origins() {
        var history = PlanHistory(rowCount: 5)
        #expect(history.origins == [0, 1, 2, 3, 4])
        let first = history.add(
            plan([voice(.drop, row: 1), voice(.duplicate, row: 3, number: 2)]))
        #expect(first.changes == 2 && first.undoing == 0)
        #expect(history.origins == [0, 2, 3, 3, 3, 4])
        let second = history.add(plan([voice(.drop, row: 1), voice(.drop, row: 5)]))
        #expect(second.changes == 2)
        #expect(history.plan.map(\.row) == [1, 2, 3, 4])
        #expect(history.origins == [0, 3, 3, 3])
    }

    @Test("what an earlier round did is not undone, and a loop that could only do that stops")
    func oscillation() {
        var history = PlanHistory(rowCount: 3)
        _ = history.add(
            plan([
                voice(.duplicate, row: 0, number: 1), voice(.relabel, row: 1, text: "a"),
                voice(.repair, row: 2, text: "whole"),
            ]))
        let before = history.plan
        let addition = history.add(
            plan([
                voice(.drop, row: 1, group: 1), voice(.relabel, row: 2, text: "b"),
                voice(.repair, row: 3, text: "other"),
            ]))
        #expect(addition.changes == 0 && addition.undoing == 3)
        #expect(history.plan == before)
        #expect(StopReason.afterPlan(addition) == .oscillation)
        #expect(StopReason.afterPlan(PlanHistory.Addition()) == .noProgress)
        var further = addition
        further.changes = 1
        #expect(StopReason.afterPlan(further) == nil)
    }

    @Test("a record is repaired in one round, relabelled in the next and repeated in the third")
    func together() throws {
        var history = PlanHistory(rowCount: 1)
        _ = history.add(plan([voice(.repair, row: 0, text: "whole")]))
        _ = history.add(plan([voice(.relabel, row: 0, text: "a")]))
        _ = history.add(plan([voice(.duplicate, row: 0, number: 1)]))
        let line = try #require(history.plan.first)
        #expect(line.action == .duplicate && line.number == 1)
        #expect(line.replacements.map(\.text) == ["whole", "a"])
        #expect(line.because.count == 3)
        #expect(
            line.explanation
                == "repaired: text.response; then relabelled as a; then repeated 1 more times")
    }

    @Test("what a record cannot hold is not asked for again")
    func unchangeable() {
        var history = PlanHistory(rowCount: 1)
        _ = history.add(plan([voice(.repair, row: 0, text: "x")]))
        history.giveUp([0])
        #expect(history.plan.map(\.action) == [.review])
        #expect(history.plan[0].because.count == 1)
        #expect(history.add(plan([voice(.repair, row: 0, text: "x")])) == PlanHistory.Addition())
    }

    @Test("what a record could hold in an earlier round stays, and it may still be left out")
    func unchangeableLater() {
        var history = PlanHistory(rowCount: 1)
        _ = history.add(plan([voice(.repair, row: 0, text: "x")]))
        let first = history.plan
        _ = history.add(
            plan([
                PlanVoice(
                    analyzer: "org.noise", version: "1.0.0", code: "N", action: .repair, row: 0,
                    confidence: 1, column: "text.prompt", text: "y")
            ]))
        #expect(history.plan[0].replacements.count == 2)
        history.giveUp([0])
        #expect(history.plan == first)
        let dropped = history.add(plan([voice(.drop, row: 0)]))
        #expect(dropped.changes == 1)
        #expect(history.plan.map(\.action) == [.drop])
    }

    @Test("reasons to stop after an analysis")
    func reasons() {
        func reason(_ met: Bool, _ round: Int, _ gain: Double?) -> StopReason? {
            StopReason.afterAnalysis(
                isGoalMet: met, round: round, mostRounds: 3, gain: gain, leastGain: 0.01)
        }
        #expect(reason(true, 0, nil) == .goalMet)
        #expect(reason(true, 3, 0) == .goalMet)
        #expect(reason(false, 0, nil) == nil)
        #expect(reason(false, 1, 0.001) == .noProgress)
        #expect(reason(false, 2, 0.5) == nil)
        #expect(reason(false, 3, 0.5) == .roundLimit)
    }

    @Test("a selection takes copies of a repeated record one by one, and the record last")
    func selection() throws {
        var history = PlanHistory(rowCount: 3)
        _ = history.add(
            plan([voice(.duplicate, row: 1, number: 3), voice(.drop, row: 2)]))
        #expect(history.origins == [0, 1, 1, 1, 1])
        func select(_ rows: [Int]) {
            history.leaveOut(plan(rows.map { voice(.drop, row: $0) }))
        }
        select([1, 3])
        #expect(history.origins == [0, 1, 1])
        select([0, 2])
        #expect(history.origins == [1])
        select([0])
        #expect(history.origins.isEmpty)
        #expect(history.plan.map(\.action) == [.drop, .drop, .drop])
    }
}
