import ArgumentParser
import JSONText
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
