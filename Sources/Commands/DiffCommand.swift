import ArgumentParser
import JSONText
import PluginHost
import Reports

/// `assay diff OLD NEW`.
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compares two reports, metric by metric and finding by finding.",
        discussion:
            "Findings are matched by the content of their records, so that rows may have moved.")

    @Argument(help: "The folder of the earlier report.") var old: String
    @Argument(help: "The folder of the later report.") var new: String
    @Flag(help: "Every metric, code and finding.") var all = false
    @Option(help: "text, markdown (for a pull request) or json on standard output (default: text).")
    var format = "text"
    @Option(
        name: .customLong("fail-on"),
        help:
            "Exit code 1 when a metric got worse by more than chance (worse), or for any new finding (findings); repeatable."
    )
    var failOn: [String] = []

    func run() throws {
        guard ["text", "markdown", "json"].contains(format) else {
            throw UsageError(
                "--format is \"\(format)\", expected text, markdown or json",
                help: "leave it out for text")
        }
        if let wrong = failOn.first(where: { !["worse", "findings"].contains($0) }) {
            throw UsageError(
                "--fail-on is \"\(wrong)\", expected worse or findings",
                help: "gates on numbers are options of assay run")
        }
        let comparison = ReportComparison(
            old: try DiffCommand.side(old), new: try DiffCommand.side(new))
        switch format {
        case "json": print(comparison.json.text)
        case "markdown": print(comparison.markdown(isWhole: all), terminator: "")
        default: print(comparison.text(isWhole: all), terminator: "")
        }
        if failOn.contains("worse"), !comparison.worse.isEmpty { throw ExitCode(1) }
        if failOn.contains("findings"), comparison.appeared > 0 { throw ExitCode(1) }
    }

    private static func side(_ folder: String) throws -> ReportComparison.Side {
        guard let report = try ReportLines.values(folder, "report.json").first else {
            throw UsageError(
                "\(folder)/report.json: is empty", help: "name the folder of a report")
        }
        guard report["schema"]?.stringValue?.hasPrefix("assay.report/") == true else {
            throw UsageError(
                "\(folder)/report.json: its schema is \(report["schema"]?.text ?? "missing"), expected "
                    + "assay.report/1", help: "name the folder of a report")
        }
        return ReportComparison.Side(
            name: folder, report: report,
            findings: try ReportLines.values(folder, "findings.jsonl"),
            contents: try ReportLines.values(folder, "rows.jsonl").enumerated().map {
                guard let content = $1["content"]?.stringValue else {
                    throw UsageError(
                        "\(folder)/rows.jsonl line \($0 + 1): has no \"content\", which reports of "
                            + "earlier versions lack", help: "write the report again")
                }
                return content
            })
    }
}

/// The files of a report folder, read again.
enum ReportLines {
    /// The values of a file of JSON lines.
    static func values(_ folder: String, _ name: String) throws -> [JSONValue] {
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
