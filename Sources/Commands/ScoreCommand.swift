import ArgumentParser
import JSONText
import Numerics
import Planning
import PluginHost

/// `assay score REPORT --ledger FILE`.
struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Scores detectors on noise that was injected: precision, recall and ranking.")

    @Argument(help: "The folder of a report on the file with the noise.") var report: String
    @Option(help: "The ledger that assay inject wrote.") var ledger: String
    @Option(help: "text or json on standard output (default: text).") var format = "text"

    func run() throws {
        guard ["text", "json"].contains(format) else {
            throw UsageError(
                "--format is \"\(format)\", expected text or json", help: "leave it out for text")
        }
        guard let bytes = FileBytes.read(ledger) else {
            throw UsageError("\(ledger): cannot be read", help: "name the ledger with --ledger")
        }
        let account = try Ledger(bytes, name: ledger)
        let scored = try ScoredReport(folder: report, of: account.output)
        let kinds = NoiseKind.allCases.filter { kind in
            account.entries.contains { $0.account["kind"] == .string(kind.rawValue) }
        }
        guard !kinds.isEmpty else {
            throw UsageError(
                "\(ledger): holds no injected noise", help: "name the ledger of assay inject")
        }
        let lines = kinds.compactMap { kind in
            kind.finding.map { finding in
                DetectorScore(
                    kind: kind.rawValue, finding: finding,
                    injected: Set(
                        account.entries.filter {
                            $0.account["kind"].flatMap(\.stringValue).flatMap(NoiseKind.init)?
                                .finding
                                == finding
                        }.map(\.row)), report: scored)
            }
        }
        if format == "json" {
            print(JSONValue.array(lines.map(\.json)).text)
        } else {
            print(DetectorScore.heading)
            for line in lines { print(line.text) }
            for kind in kinds where kind.finding == nil {
                print("\(kind.rawValue): nothing is asked to find it")
            }
        }
    }
}

/// What a report says of rows: who flagged which, and the scores.
struct ScoredReport {
    /// Rows of the data by the name of their findings.
    private(set) var flagged: [String: Set<Int>] = [:]
    /// Scores of rows by their names without the strategy, the highest of several strategies.
    private(set) var scores: [String: [Int: Double]] = [:]
    /// Rows of the data.
    let rowCount: Int

    /// Reads the report of a file.
    ///
    /// - Throws: `UsageError` for a folder without a report and for one of another file.
    init(folder: String, of file: Ledger.File) throws {
        let data = try ScoredReport.values(folder, "report.json").first?["datasets"]?.arrayValue?
            .first { $0["role"] == .string("data") }
        guard let data, let rows = data["records"]?.intValue else {
            throw UsageError(
                "\(folder)/report.json: names no data", help: "name a report of assay run")
        }
        guard data["sha256"] == .string(file.sha256) else {
            throw UsageError(
                "\(folder): is the report of a file with SHA-256 "
                    + "\(data["sha256"]?.stringValue?.prefix(16) ?? "")…, the ledger's output "
                    + "\(file.name) has \(file.sha256.prefix(16))…",
                help: "run assay run \(file.name) --out \(folder) first")
        }
        rowCount = rows
        for finding in try ScoredReport.values(folder, "findings.jsonl") {
            guard finding["role"] == .string("data"), let row = finding["row_index"]?.intValue,
                let name = finding["name"]?.stringValue
            else { continue }
            flagged[name, default: []].insert(row)
        }
        for line in try ScoredReport.values(folder, "rows.jsonl") {
            guard let row = line["row_index"]?.intValue else { continue }
            for (key, value) in line["scores"]?.objectValue?.members ?? [] {
                let name = String(key.drop { $0 != "." }.dropFirst())
                let score = value.doubleValue ?? 0
                scores[name, default: [:]][row] = max(score, scores[name]?[row] ?? 0)
            }
        }
    }

    private static func values(_ folder: String, _ name: String) throws -> [JSONValue] {
        let path = "\(folder)/\(name)"
        guard let bytes = FileBytes.read(path) else {
            throw UsageError("\(path): cannot be read", help: "name the folder of a report")
        }
        do {
            return try bytes.split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
        } catch {
            throw UsageError("\(path): \(error)", help: "write the report again with assay run")
        }
    }
}

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
