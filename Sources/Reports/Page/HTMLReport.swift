import Browser
import Crypto
import JSONText
import Orchestrator
import Records

/// Draws a report as one self-contained HTML page.
///
/// Light and dark, narrow and wide, on paper, and without the script. It asks no network for anything,
/// and its own policy lets no other script run than the page's own, whatever the data holds. Every
/// number that is shown names its place in `report.json` (`data-at`).
public enum HTMLReport {
    /// Findings of a code that are listed without the script.
    private static let mostListed = 8

    /// The page.
    ///
    /// `records` are what the report speaks of; `commands` is how to go on. O(findings + what is shown).
    public static func page(
        _ report: Report, records: any RecordAccess = NoRecords(),
        commands: PageCommands = PageCommands()
    ) -> String {
        let document = Cited(report.json)
        let data = PageData(report, records)
        let names = report.datasets.first { $0.role == .data }?.files.compactMap {
            $0["name"]?.stringValue
        }
        let title = (names ?? []).map { String($0.split(separator: "/").last ?? "") }
            .prefix(3).joined(separator: ", ")
        let links =
            [("verdict", "Verdict"), ("findings", "Findings")]
            + report.results.enumerated().map {
                ("strategy-\($0.offset)", $0.element.identity.strategy)
            }
            + [("run", "Run")]
        let navigation = links.map {
            "<li><a href=\"#\($0.0)\">\(PageText.isolated($0.1))</a></li>"
        }.joined()
        let strategies = report.results.indices.map { analyzer($0, report, document, records) }
            .joined()
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(PageParts.policy)">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(PageText.escape(title, limit: 120)) – Assay report</title>
            <style>\(PageParts.style)</style></head><body>
            <a class="skip" href="#main">Skip to the report</a>
            <header class="top"><span class="brand">Assay</span><nav aria-label="Parts of the report">\
            <ul>\(navigation)</ul></nav></header>
            <main id="main"><h1>\(PageText.isolated(title, limit: 200))</h1>
            \(subtitle(document))\(gates(document))
            \(Verdict(report: report, document: document, records: records, commands: commands).html)
            \(rounds(document, report))\(findings(data, report, document, records))
            \(strategies)\(run(document, report))</main>
            \(data.html)<script>\(PageParts.script)</script></body></html>

            """
    }

    private static func subtitle(_ document: Cited) -> String {
        let parts = document["datasets"].elements.map { dataset -> String in
            let rejected =
                dataset["rejected"].size > 0
                ? ", \(dataset["rejected"].drawn()) could not be read (rejected.jsonl)" : ""
            let schema =
                dataset["role"].text == "data" ? " (\(dataset["detected_schema"].drawn()))" : ""
            return
                "\(PageText.escape(dataset["role"].text)): \(dataset["records"].drawn()) records\(schema)\(rejected)"
        }
        return "<p class=\"subtitle\">\(parts.joined(separator: " · "))</p>"
    }

    private static func gates(_ document: Cited) -> String {
        let gates = document["gates"].elements
        guard !gates.isEmpty else { return "" }
        let rows = gates.map { gate -> String in
            let passed = gate["passed"].value.boolValue == true
            let values = gate["value"].members.map {
                "\(PageText.isolated($0.key)) \($0.value.drawn())"
            }
            return PageText.row([
                "<span class=\"badge \(passed ? "passed" : "high")\">\(passed ? "passed" : "failed")</span>",
                "<code>\(gate["expression"].drawn())</code>", values.joined(separator: ", "),
            ])
        }
        return "<section><h2>Gates</h2>\(PageText.table(["", "gate", "values"], rows))</section>"
    }

    // MARK: Rounds of a loop

    private static func rounds(_ document: Cited, _ report: Report) -> String {
        let rounds = document["rounds"].members
        guard let count = rounds.first?.value.elements.count else { return "" }
        let directions = report.results.flatMap(\.output.metrics).reduce(
            into: [String: Direction]()
        ) {
            $0[$1.name] = $1.direction
        }
        let units = report.results.flatMap(\.output.metrics).reduce(into: [String: String]()) {
            $0[$1.name] = $1.unit
        }
        let head =
            ["metric", "before"] + (1..<count).map { "after round <bdi>\($0)</bdi>" } + ["change"]
        func row(_ round: (key: String, value: Cited)) -> String {
            let values = round.value.elements
            var change = ""
            if let first = values.first?.number, let last = values.last?.number, first != last {
                let isUp = last > first
                let direction = directions[round.key] ?? .none
                let isBetter = direction == (isUp ? .higherIsBetter : .lowerIsBetter)
                let word =
                    direction == .none ? (isUp ? "up" : "down") : isBetter ? "better" : "worse"
                let arrow = isUp ? "▲" : "▼"
                change =
                    "<span class=\"\(word)\"><span aria-hidden=\"true\">\(arrow)</span> \(word)</span>"
            }
            return PageText.row(
                [PageText.isolated(round.key)]
                    + values.map { $0.drawn(unit: units[round.key] ?? "") }
                    + [change],
                numbers: Set(1...count), isHeaded: true)
        }
        func hasChanged(_ round: (key: String, value: Cited)) -> Bool {
            round.value.elements.first?.value != round.value.elements.last?.value
        }
        let (changed, same) = (rounds.filter(hasChanged), rounds.filter { !hasChanged($0) })
        return "<section id=\"rounds\"><h2>Before and after</h2>"
            + PageText.table(head, changed.map(row), numbers: Set(1...count))
            + (same.isEmpty
                ? ""
                : "<details><summary>Unchanged metrics</summary>"
                    + PageText.table(head, same.map(row), numbers: Set(1...count)) + "</details>")
            + "</section>"
    }

    // MARK: Findings

    /// Findings by code, as they are read without the script, and on paper.
    private static func findings(
        _ data: PageData, _ report: Report, _ document: Cited, _ records: any RecordAccess
    ) -> String {
        func count(_ code: PageData.Code) -> Cited {
            document["analyzers"].elements[code.analyzer]["findings_by_code"][code.code]
        }
        let ordered = data.codes.sorted { $0.rank < $1.rank }
        let blocks = ordered.map { code -> String in
            let notes = report.results[code.analyzer].identity.codeNotes[code.code]
            let rows = code.findings.prefix(mostListed).map { finding -> String in
                let place = finding.row.map { row in
                    "<a href=\"#record-\(finding.role.name)-\(row)\">"
                        + PageText.isolated(records.name(finding.role, row)) + "</a>"
                }
                let excerpt =
                    data.excerpt(finding).map { "<p class=\"marked\">\($0.html)</p>" } ?? ""
                return PageText.row([
                    place ?? "the dataset",
                    PageText.isolated(finding.message) + excerpt,
                ])
            }
            let about = [
                ("What it is", notes?.what), ("Why it matters", notes?.why),
                ("What to do", notes?.todo),
            ]
            .compactMap { name, text in
                text.map { "<dt>\(name)</dt><dd>\(PageText.isolated($0, limit: 1200))</dd>" }
            }
            let count = count(code)
            let hasMore = count.size > Double(rows.count)
            return
                "<details class=\"code\" id=\"\(PageText.anchor(code.analyzer, code.code))\"><summary>"
                + "<span class=\"badge \(code.severity.name)\">\(code.severity.name)</span> "
                + "<bdi>\(PageText.escape(code.code))</bdi> \(PageText.isolated(code.title)) "
                + "<span class=\"count\">\(count.drawn())</span></summary>"
                + "<dl>\(about.joined())</dl>" + PageText.table(["where", "what"], rows)
                + (hasMore
                    ? "<p class=\"muted\">The worst of them; all are in findings.jsonl.</p>" : "")
                + "</details>"
        }
        guard !blocks.isEmpty else {
            return "<section id=\"findings\"><h2>Findings</h2><p>None.</p></section>"
        }
        let isAll = data.codes.allSatisfy { code in
            let counts = document["analyzers"].elements[code.analyzer]["findings_by_code"]
            return counts[code.code].size <= Double(code.findings.count)
        }
        return "<section id=\"findings\" data-all=\"\(isAll)\"><h2>Findings</h2>"
            + "<div id=\"explorer\" hidden></div><h3>By code</h3>\(blocks.joined())</section>"
    }

    // MARK: Strategies

    private static func analyzer(
        _ index: Int, _ report: Report, _ document: Cited, _ records: any RecordAccess
    ) -> String {
        let analyzer = document["analyzers"].elements[index]
        let drawing = SectionDrawing(
            records: records, identity: report.results[index].identity, analyzer: index)
        let metrics = analyzer["metrics"].elements.map { metric -> String in
            let unit = metric["unit"].text
            return PageText.row(
                [
                    metric["name"].drawn(), metric["value"].drawn(unit: unit),
                    Plots.interval(metric["low"], metric["high"], unit: unit),
                    metric["n"].drawn(), metric["unit"].drawn(), metric["help"].drawn(),
                ], numbers: [1, 2, 3], isHeaded: true)
        }
        let pieces =
            analyzer["sections"].elements.map(drawing.draw).joined()
            + analyzer["scores"].elements.filter(ScoreSummary.isWorthALook).map { scores in
                "<section class=\"piece\"><h3>Scores: \(drawing.title(ofScores: scores["name"]))</h3>"
                    + "\(Plots.histogram(scores))</section>"
            }.joined()
        let table = PageText.table(
            ["metric", "value", "95 % interval", "n", "unit", "what it is"], metrics,
            name: "metrics")
        return "<section class=\"strategy\" id=\"strategy-\(index)\">"
            + "<h2>\(analyzer["strategy"].drawn())</h2><div class=\"pieces\">\(pieces)</div>"
            + (metrics.isEmpty
                ? "<p class=\"muted\">No metrics.</p>"
                : "<details class=\"all\"><summary>All metrics</summary>\(table)</details>")
            + "</section>"
    }

    // MARK: The run

    private static func run(_ document: Cited, _ report: Report) -> String {
        let files = document["datasets"].elements.flatMap { dataset in
            dataset["files"].elements.map { file in
                PageText.row(
                    [
                        PageText.escape(dataset["role"].text), file["name"].drawn(),
                        file["format"].drawn(), file["schema"].drawn(), file["mapping"].drawn(),
                        file["records"].drawn(), file["bytes"].drawn(),
                    ], numbers: [5, 6])
            }
        }
        let plugins = document["analyzers"].elements.map { analyzer in
            PageText.row([
                analyzer["id"].drawn(), analyzer["plugin"].drawn(), analyzer["version"].drawn(),
                analyzer["status"].drawn(),
                "<code>\(analyzer["plugin_digest"].drawn(limit: 16))</code>",
            ])
        }
        let facts = [
            ("version", "version"), ("seed", "seed"), ("config_hash", "configuration"),
            ("started", "started"),
        ]
        .map { "<dt>\($1)</dt><dd>\(document["run"][$0].drawn())</dd>" }.joined()
        let actions = document["summary"]["plan_summary"].members.map {
            PageText.row([PageText.escape($0.key), $0.value.drawn()], numbers: [1], isHeaded: true)
        }
        return "<section id=\"run\"><h2>Run</h2>"
            + "<h3>Files</h3>"
            + PageText.table(
                ["role", "file", "format", "schema", "fields", "records", "bytes"], files,
                numbers: [5, 6])
            + report.embeddingLines.map { "<p class=\"muted\">\(PageText.isolated($0))</p>" }
            .joined()
            + (actions.isEmpty
                ? ""
                : "<h3>What the analyzers propose</h3>\(PageText.table(["action", "records"], actions, numbers: [1]))")
            + "<h3>Plugins</h3>"
            + PageText.table(["analyzer", "plugin", "version", "status", "digest"], plugins)
            + "<h3>This run</h3><dl class=\"facts\">\(facts)</dl></section>"
    }
}

/// Style, script and policy of the page.
enum PageParts {
    static let style = String(
        decoding: BrowserParts.palette + PackageResources.page_css, as: UTF8.self)
    static let script = String(
        decoding: BrowserParts.elements + PackageResources.page_js, as: UTF8.self)

    /// Nothing is loaded, and only this style and this script count.
    static let policy =
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        + "style-src 'sha256-\(digest(style))'; script-src 'sha256-\(digest(script))'"

    private static func digest(_ text: String) -> String {
        Base64.text(Array(SHA256.hash(data: Array(text.utf8))))
    }
}
