import JSONText
import Planning

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
        let data = try ReportLines.values(folder, "report.json").first?["datasets"]?.arrayValue?
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
        for finding in try ReportLines.values(folder, "findings.jsonl") {
            guard finding["role"] == .string("data"), let row = finding["row_index"]?.intValue,
                let name = finding["name"]?.stringValue
            else { continue }
            flagged[name, default: []].insert(row)
        }
        for line in try ReportLines.values(folder, "rows.jsonl") {
            guard let row = line["row_index"]?.intValue else { continue }
            for (key, value) in line["scores"]?.objectValue?.members ?? [] {
                let name = String(key.drop { $0 != "." }.dropFirst())
                let score = value.doubleValue ?? 0
                scores[name, default: [:]][row] = max(score, scores[name]?[row] ?? 0)
            }
        }
    }
}
