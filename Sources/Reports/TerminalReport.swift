import Orchestrator
import Records

/// The summary a person reads on the terminal.
public enum TerminalReport {
    /// The lines.
    public static func text(_ report: Report, folder: String) -> String {
        var lines: [String] = []
        for dataset in report.datasets {
            lines.append(
                "\(pad(dataset.role.name, 14)) \(dataset.recordCount) records, \(dataset.schema)"
                    + (dataset.rejectedCount > 0 ? ", \(dataset.rejectedCount) rejected" : ""))
        }
        lines.append("")
        for result in report.results {
            let score = result.output.metrics.first {
                $0.name == "\(result.identity.strategy).score"
            }
            let shown = score.map { HTMLReport.short($0.value) } ?? "–"
            lines.append(
                "\(pad(result.identity.strategy, 14)) \(pad(shown, 8)) \(pad(result.status.rawValue, 8)) \(result.identity.id) \(result.identity.version)"
            )
            if let error = result.error { lines.append("  \(error)") }
        }
        lines.append("")
        let problems = report.problems
        for problem in problems.prefix(12) {
            lines.append(
                "\(pad(problem.severity.name, 7)) \(pad(problem.code, 7)) \(pad(problem.name, 22)) \(pad(String(problem.count), 7)) \(String(problem.example.prefix(70)))"
            )
        }
        if problems.count > 12 { lines.append("… and \(problems.count - 12) more codes") }
        for gate in report.gates {
            lines.append("gate \(gate.passed ? "passed" : "FAILED"): \(gate.expression)")
        }
        lines.append("")
        lines.append("report: \(folder)/report.html")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
