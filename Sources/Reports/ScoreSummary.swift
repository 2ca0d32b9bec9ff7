import JSONText
import Orchestrator
import Records

/// How the scores of records under one name are spread, and from where on something was found.
struct ScoreSummary {
    private static let binCount = 20

    private let scores: RowScores
    private let bins: [Int]
    /// The least score of a record with a finding of the same name; `nil` without one.
    private let cut: Double?

    /// O(scores + findings).
    init(_ scores: RowScores, _ result: AnalyzerResult) {
        self.scores = scores
        var bins = [Int](repeating: 0, count: ScoreSummary.binCount)
        for value in scores.values.values {
            bins[min(ScoreSummary.binCount - 1, Int(value * Double(ScoreSummary.binCount)))] += 1
        }
        self.bins = bins
        let name = String(scores.name.map { $0 == "_" ? "-" : $0 })
        let codes = Set(result.identity.codeNames.filter { $0.value == name }.keys)
        var cut: Double?
        for finding in result.output.findings
        where codes.contains(finding.code) && finding.role == scores.role {
            if let value = finding.row.flatMap({ scores.values[$0] }) {
                cut = min(cut ?? 1, value)
            }
        }
        self.cut = cut
    }

    /// The shape of a histogram's body, with the scores' name.
    var json: JSONValue {
        var object: JSONObject = [
            "name": .string(scores.name), "role": .string(scores.role.name),
            "n": JSONValue(scores.values.count), "unit": "records", "scale": "log",
            "bins": .array(
                bins.enumerated().map { index, count in
                    [
                        "low": .number(Double(index) / Double(ScoreSummary.binCount)),
                        "high": .number(Double(index + 1) / Double(ScoreSummary.binCount)),
                        "value": JSONValue(count),
                    ]
                }),
        ]
        if let cut {
            object["cut"] = .number(cut)
            object["cut_label"] = "a finding from"
        }
        return .object(object)
    }

    /// Whether a summary shows more than one number would say.
    static func isWorthALook(_ summary: Cited) -> Bool {
        summary["n"].size >= 50
            && summary["bins"].elements.count { $0["value"].size > 0 } > 2
    }
}
