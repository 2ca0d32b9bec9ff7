import JSONText
import Orchestrator
public import Records

/// Draws a report as one self-contained HTML page.
///
/// No script, no network, light and dark. Everything that comes from data is escaped.
public enum HTMLReport {
    /// Findings listed under a code.
    private static let mostListed = 20

    /// The page; `place` says where a row of a role lies, such as `data.jsonl line 12`.
    public static func page(
        _ report: Report, place: (_ role: Role, _ row: Int) -> String? = { _, _ in nil }
    ) -> String {
        let scores = report.scores.map {
            "<li><b>\(HTMLText.escape($0.strategy))</b><span>\(HTMLText.percent($0.value))</span></li>"
        }.joined()
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>Assay report</title><style>\(HTMLText.style)</style></head>
            <body><main><h1>Assay report</h1><ul class="scores">\(scores)</ul>
            \(gates(report))\(rounds(report))\(datasets(report))\(problems(report, place))
            \(report.results.map(analyzer).joined(separator: "\n"))
            </main></body></html>

            """
    }

    private static func gates(_ report: Report) -> String {
        guard !report.gates.isEmpty else { return "" }
        let rows = report.gates.map { gate in
            HTMLText.row([gate.passed ? "passed" : "FAILED", gate.expression, gate.value.text])
        }
        return "<h2>Gates</h2>" + HTMLText.table(["gate", "expression", "values"], rows)
    }

    private static func rounds(_ report: Report) -> String {
        let rounds = report.rounds
        guard let count = rounds.first?.values.count else { return "" }
        let head = ["metric", "before"] + (1..<count).map { "after round \($0)" }
        let rows = rounds.map { round in
            HTMLText.row(
                [round.name] + round.values.map { $0.map { HTMLText.short($0) } ?? "" },
                numbers: Set(1...count))
        }
        return "<h2>Rounds</h2>" + HTMLText.table(head, rows)
    }

    private static func datasets(_ report: Report) -> String {
        let rows = report.datasets.flatMap { dataset in
            dataset.files.map { file in
                HTMLText.row(
                    [
                        dataset.role.name, file["name"]?.stringValue ?? "",
                        file["format"]?.stringValue ?? "", file["schema"]?.stringValue ?? "",
                        file["mapping"]?.stringValue ?? "",
                        HTMLText.short(file["records"]?.doubleValue ?? 0),
                    ], numbers: [5])
            } + [rejectedRow(dataset)].compactMap { $0 }
        }
        return "<h2>Datasets</h2>"
            + HTMLText.table(["role", "file", "format", "schema", "fields", "records"], rows)
            + report.embeddingLines.map { "<p>\(HTMLText.escape($0))</p>" }.joined()
    }

    private static func rejectedRow(_ dataset: Report.Dataset) -> String? {
        guard dataset.rejectedCount > 0 else { return nil }
        return HTMLText.row(
            [
                dataset.role.name, "could not be read: see rejected.jsonl", "", "", "",
                String(dataset.rejectedCount),
            ], numbers: [5])
    }

    private static func problems(
        _ report: Report, _ place: (_ role: Role, _ row: Int) -> String?
    ) -> String {
        let rows = report.problems.map { problem in
            HTMLText.row(
                [
                    problem.code, problem.name, problem.severity.name, String(problem.count),
                    problem.example,
                ], numbers: [3], classes: [2: problem.severity.name])
        }
        let lists = report.problems.map { problem in
            list(problem.code, problem.name, problem.count, report, place)
        }
        return "<h2>Problems</h2>"
            + HTMLText.table(["code", "name", "severity", "findings", "example"], rows)
            + lists.joined()
    }

    /// The findings of one code, behind a line that opens them.
    private static func list(
        _ code: String, _ name: String, _ count: Int, _ report: Report,
        _ place: (_ role: Role, _ row: Int) -> String?
    ) -> String {
        var findings: [Finding] = []
        for result in report.results {
            for finding in result.allFindings where finding.code == code && finding.row != nil {
                if findings.count == mostListed { break }
                findings.append(finding)
            }
        }
        guard !findings.isEmpty else { return "" }
        let rows = findings.map { finding in
            let row = finding.row ?? 0
            return HTMLText.row([
                place(finding.role, row) ?? "\(finding.role.name) row \(row + 1)",
                finding.column, finding.message,
            ])
        }
        let more = count > rows.count ? ", the first \(rows.count) of \(count)" : ""
        return "<details><summary>\(HTMLText.escape("\(code) \(name)"))\(more)</summary>"
            + HTMLText.table(["where", "column", "what"], rows) + "</details>"
    }

    private static func analyzer(_ result: AnalyzerResult) -> String {
        let identity = result.identity
        let metrics = result.output.metrics.map { metric in
            let interval =
                metric.interval.map {
                    "\(HTMLText.short($0.lowerBound)) – \(HTMLText.short($0.upperBound))"
                } ?? ""
            return HTMLText.row(
                [metric.name, HTMLText.short(metric.value), interval, metric.unit, metric.help],
                numbers: [1, 2])
        }
        let error = result.error.map { "<p class=\"high\">\(HTMLText.escape($0))</p>" } ?? ""
        return """
            <section><h2>\(HTMLText.escape(identity.strategy)) <small>\
            \(HTMLText.escape("\(identity.plugin) \(identity.version), \(result.status.rawValue)"))\
            </small></h2>\(error)
            \(result.output.sections.map(SectionDrawing.draw).joined(separator: "\n"))
            <h3>Metrics</h3>
            \(HTMLText.table(["metric", "value", "95 % interval", "unit", "what it is"], metrics))
            </section>
            """
    }
}
