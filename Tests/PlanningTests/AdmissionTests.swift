import Planning
import Testing

/// Which new records are let in.
@Suite struct AdmissionTests {
    private func voice(
        _ action: PlanVoice.Action, row: Int, group: UInt64 = 0, confidence: Double = 0.9,
        code: String = "X001", by: String = "a"
    ) -> PlanVoice {
        PlanVoice(
            analyzer: by, version: "1", code: code, action: action, row: row, group: group,
            confidence: confidence, number: 1, column: "c", text: "t")
    }

    private func codes(_ voices: [PlanVoice], _ rows: [Int], group: UInt64 = 0) -> [String?] {
        let judged = Admission(voices).judge(
            rows.map { Admission.Candidate(row: $0, analyzer: "cover", group: group) })
        #expect(judged.compactMap(\.self).allSatisfy { !$0.why.isEmpty })
        return judged.map { $0?.code }
    }

    @Test("any fault keeps a record out, a doubt below one half does not, nor a weight")
    func faults() {
        let voices = [
            voice(.drop, row: 10), voice(.relabel, row: 11), voice(.repair, row: 12),
            voice(.review, row: 13), voice(.drop, row: 14, confidence: 0.4),
            voice(.weight, row: 15), voice(.drop, row: 3),
        ]
        #expect(
            codes(voices, Array(10...15)) == ["X001", "X001", "X001", "X001", nil, nil])
    }

    @Test(
        "a copy of a record, or of one let in before, is kept out, whichever of the two is to stay")
    func copies() {
        // 10 repeats row 3; row 4 repeats 11; 12 repeats 13, of which 12 comes first.
        let voices = [
            voice(.drop, row: 10, group: 4), voice(.drop, row: 4, group: 12),
            voice(.drop, row: 12, group: 14),
        ]
        #expect(codes(voices, [10, 11, 12, 13, 14]) == ["X001", "X001", nil, "X001", nil])
    }

    @Test(
        "of three that repeat each other through one of them, one is let in; none beside a record")
    func throughAnother() {
        // 10 and 11 both repeat 12, which stands behind them.
        let new = [voice(.drop, row: 10, group: 13), voice(.drop, row: 11, group: 13)]
        #expect(codes(new, [10, 11, 12]) == [nil, "X001", "X001"])
        let old = [voice(.drop, row: 3, group: 13), voice(.drop, row: 11, group: 13)]
        #expect(codes(old, [11, 12]) == ["X001", "X001"])
    }

    @Test("a copy of a record that is kept out is let in")
    func copyOfRefused() {
        let voices = [voice(.drop, row: 10), voice(.drop, row: 11, group: 11)]
        #expect(codes(voices, [10, 11]) == ["X001", nil])
    }

    @Test("a record must be of the cell it was made for, as the analyzer sees it that asked")
    func cells() {
        let voices = [
            voice(.keep, row: 10, group: 7, by: "cover"),
            voice(.keep, row: 11, group: 8, by: "cover"),
            voice(.keep, row: 12, group: 7, by: "other"),
        ]
        #expect(codes(voices, [10, 11, 12], group: 7) == [nil, "cell", "cell"])
    }
}
