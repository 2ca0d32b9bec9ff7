import JSONText
import Orchestrator
import Records

/// Draws a report as one self-contained HTML page.
///
/// Everything that comes from data is escaped.
public enum HTMLReport {
    /// The page.
    public static func page(_ report: Report) -> String {
        let rows = report.scores.map {
            "<li><b>\(escape($0.strategy))</b><span>\(percent($0.value))</span></li>"
        }.joined()
        let problems = report.problems.map {
            "<tr><td>\(escape($0.code))</td><td>\(escape($0.name))</td><td>\(escape($0.severity.name))</td><td class=n>\($0.count)</td><td>\(escape($0.example))</td></tr>"
        }.joined()
        let datasets = report.datasets.map {
            "<tr><td>\(escape($0.role.name))</td><td>\(escape($0.schema))</td><td class=n>\($0.recordCount)</td><td class=n>\($0.rejectedCount)</td></tr>"
        }.joined()
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
            <title>Assay report</title><style>\(style)</style></head><body><main><h1>Assay report</h1>
            <ul class="scores">\(rows)</ul>
            <h2>Datasets</h2><table><tr><th>role</th><th>schema</th><th>records</th><th>rejected</th></tr>\(datasets)</table>
            <h2>Problems</h2><table><tr><th>code</th><th>name</th><th>severity</th><th>records</th><th>example</th></tr>\(problems)</table>
            \(report.results.map(analyzer).joined())
            </main></body></html>

            """
    }

    private static func analyzer(_ result: AnalyzerResult) -> String {
        let metrics = result.output.metrics.map { metric in
            let interval =
                metric.interval.map { "\(short($0.lowerBound)) – \(short($0.upperBound))" } ?? ""
            return
                "<tr><td>\(escape(metric.name))</td><td class=n>\(short(metric.value))</td><td class=n>\(interval)</td><td>\(escape(metric.unit))</td><td>\(escape(metric.help))</td></tr>"
        }.joined()
        let error = result.error.map { "<p class=\"error\">\(escape($0))</p>" } ?? ""
        return """
            <section><h2>\(escape(result.identity.strategy)) <small>\(escape(result.identity.plugin)) \(escape(result.identity.version)), \(result.status.rawValue)</small></h2>\(error)
            \(result.output.sections.map(draw).joined())
            <table><tr><th>metric</th><th>value</th><th>95 % interval</th><th>unit</th><th>what it is</th></tr>\(metrics)</table></section>
            """
    }

    private static func draw(_ section: Section) -> String {
        let title = "<h3>\(escape(section.title))</h3>"
        switch section.kind {
        case "bars", "histogram": return title + bars(section.body)
        case "table": return title + table(section.body)
        case "text": return title + "<p>\(escape(section.body["text"]?.stringValue ?? ""))</p>"
        default: return ""
        }
    }

    private static func table(_ body: JSONValue) -> String {
        let head = (body["columns"]?.arrayValue ?? []).map { "<th>\(escape(cell($0)))</th>" }
            .joined()
        let rows = (body["rows"]?.arrayValue ?? []).map { row in
            "<tr>" + (row.arrayValue ?? []).map { "<td>\(escape(cell($0)))</td>" }.joined()
                + "</tr>"
        }.joined()
        return "<table><tr>\(head)</tr>\(rows)</table>"
    }

    private static func bars(_ body: JSONValue) -> String {
        let bars = body["bars"]?.arrayValue ?? []
        let values: [Double] = bars.flatMap { bar in
            [bar["value"]?.doubleValue ?? 0, bar["target"]?.doubleValue ?? 0]
        }
        let largest = max(values.max() ?? 1, 1e-12)
        let height = bars.count * 24
        let drawn = bars.enumerated().map { index, bar in
            let value = bar["value"]?.doubleValue ?? 0
            let width = value / largest * 400
            let y = index * 24
            let target =
                bar["target"]?.doubleValue.map {
                    "<line x1=\"\(220 + $0 / largest * 400)\" x2=\"\(220 + $0 / largest * 400)\" y1=\"\(y + 2)\" y2=\"\(y + 20)\" class=\"target\"/>"
                } ?? ""
            return
                "<text x=\"212\" y=\"\(y + 16)\" text-anchor=\"end\">\(escape(bar["label"]?.stringValue ?? "", limit: 30))</text><rect x=\"220\" y=\"\(y + 4)\" width=\"\(width)\" height=\"14\" rx=\"2\"/>\(target)<text x=\"\(226 + width)\" y=\"\(y + 16)\">\(short(value))</text>"
        }.joined()
        return "<svg viewBox=\"0 0 700 \(height)\" role=\"img\" aria-label=\"bars\">\(drawn)</svg>"
    }

    private static func cell(_ value: JSONValue) -> String {
        value.stringValue ?? value.doubleValue.map(short) ?? value.text
    }

    private static func percent(_ value: Double) -> String {
        "\(short((value * 1000).rounded() / 10)) %"
    }

    static func short(_ value: Double) -> String {
        JSONWriter.text(of: (value * 10000).rounded() / 10000)
    }

    /// Text that is safe in HTML and in attributes, cut to a length.
    static func escape(_ text: String, limit: Int = 400) -> String {
        var escaped = ""
        for character in text.prefix(limit) {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    private static let style = """
        :root{color-scheme:light dark;--fg:#1c2330;--bg:#fbfbfa;--line:#d8dbe0;--bar:#3b6ea8;--bad:#a8322a}
        @media(prefers-color-scheme:dark){:root{--fg:#e6e8ec;--bg:#14171c;--line:#333a45;--bar:#7fb0e6;--bad:#ff8a7d}}
        body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}main{max-width:60rem;margin:auto;padding:1.5rem}
        h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}h2 small{font-weight:400;font-size:.6em;opacity:.7}
        table{border-collapse:collapse;width:100%;font-size:.9em;display:block;overflow-x:auto}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
        .n{text-align:right;font-variant-numeric:tabular-nums}.scores{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:1rem}.scores li{border:1px solid var(--line);border-radius:.5rem;padding:.6rem 1rem;display:flex;flex-direction:column}
        .scores span{font-size:1.6em}.error{color:var(--bad)}svg{width:100%;max-width:44rem;font-size:12px}svg text{fill:var(--fg)}svg rect{fill:var(--bar)}.target{stroke:var(--bad);stroke-width:2}
        """
}
