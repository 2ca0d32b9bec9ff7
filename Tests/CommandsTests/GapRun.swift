import JSONText
import Support
import Testing

/// A run of coverage with a pool: its gaps, and what it takes to fill them.
struct GapRun {
    /// What is said of each empty or thin category.
    let gaps: [JSONValue]
    /// Deficits in the order of the report's table.
    let deficits: [Int]
    /// Priorities in the order of the report's table.
    let priorities: [Double]
    /// Rows of the pool that are proposed.
    let taken: [Int]

    init(data: String, pool: String, taxonomy: String, folder: TemporaryFolder) throws {
        let result = try Program.assay([
            "run", data, "--pool", pool, "--taxonomy", taxonomy, "--plugins", "coverage",
            "--out", folder.path("out"), "--quiet",
        ])
        #expect(result.status == 0, "\(result.errors)")
        let report = ReportReader(folder.path("out"))
        gaps = try report.lines("findings.jsonl").filter {
            ["COV001", "COV002"].contains($0["code"]?.stringValue ?? "")
        }.compactMap { $0["evidence"] }
        let section = try report.report()["analyzers"]?.arrayValue?.first?["sections"]?.arrayValue?
            .first { $0["title"]?.stringValue?.hasPrefix("Gaps") == true }
        let rows = (section?["body"]?["rows"]?.arrayValue ?? []).compactMap(\.arrayValue)
        deficits = rows.compactMap { $0[5].intValue }
        priorities = rows.compactMap { $0[6].doubleValue }
        taken = try report.lines("proposals.jsonl").filter {
            $0["role"]?.stringValue == "pool"
        }.compactMap { $0["row_index"]?.intValue }
    }
}
