import JSONText
import Numerics

/// How well one detector found one kind of injected noise.
struct DetectorScore {
    private let kind: String
    private let finding: String
    private let injectedCount: Int
    private let flaggedCount: Int
    private let rightCount: Int
    /// `nil` where the detector gives no score for every row.
    private let ranking: RankingQuality?

    /// A record with a finding of the name and without injected noise counts against the precision, whether
    /// it is in error by nature or not.
    init(kind: String, finding: String, injected: Set<Int>, report: ScoredReport) {
        self.kind = kind
        self.finding = finding
        let flagged = report.flagged[finding] ?? []
        injectedCount = injected.count
        flaggedCount = flagged.count
        rightCount = flagged.intersection(injected).count
        let name = String(finding.map { $0 == "-" ? "_" : $0 })
        ranking = report.scores[name].flatMap { scores in
            let rows = 0..<report.rowCount
            return RankingQuality(
                scores: rows.map { scores[$0] ?? 0 }, isPositive: rows.map(injected.contains))
        }
    }

    private var precision: Double? {
        flaggedCount > 0 ? Double(rightCount) / Double(flaggedCount) : nil
    }
    private var recall: Double { Double(rightCount) / Double(injectedCount) }
    private var f1: Double {
        2 * Double(rightCount) / Double(max(1, flaggedCount + injectedCount))
    }

    static let heading = row([
        "noise", "injected", "flagged", "right", "precision", "recall", "F1", "AUROC", "AP",
    ])

    var text: String {
        func number(_ value: Double?) -> String {
            guard let value else { return "-" }
            let digits = String(Int((value * 1000).rounded()))
            let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            return padded.dropLast(3) + "." + padded.suffix(3)
        }
        return DetectorScore.row(
            [kind, String(injectedCount), String(flaggedCount), String(rightCount)]
                + [precision, recall, f1, ranking?.areaUnderCurve, ranking?.averagePrecision].map(
                    number))
    }

    private static func row(_ cells: [String]) -> String {
        zip(cells, [22, 9, 9, 9, 10, 8, 7, 7, 7]).enumerated().map { index, cell in
            let space = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return index == 0 ? cell.0 + space : space + cell.0
        }.joined()
    }

    var json: JSONValue {
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        return .object([
            "kind": .string(kind), "finding": .string(finding),
            "injected": JSONValue(injectedCount),
            "flagged": JSONValue(flaggedCount), "right": JSONValue(rightCount),
            "precision": number(precision), "recall": .number(recall), "f1": .number(f1),
            "auroc": number(ranking?.areaUnderCurve),
            "average_precision": number(ranking?.averagePrecision),
        ])
    }
}
