import JSONText
import Orchestrator
import Records
import Reports
import Testing

@Suite struct ReportTests {
    private static let hostile = "<script>alert('x')</script>\"&\u{1B}[31m"

    /// A report in which every text comes from somebody who means harm.
    private func report(_ sections: [Section]) -> Report {
        var output = AnalyzerOutput()
        output.sections = sections
        output.metrics = [
            Metric(
                name: "noise.score", unit: ReportTests.hostile, value: 0.5, n: 3,
                interval: 0.25...0.75, direction: .higherIsBetter, help: ReportTests.hostile)
        ]
        output.findings = (0..<30).map {
            Finding(
                code: "NSE001", severity: .high, role: .data, row: $0, score: 1,
                message: ReportTests.hostile)
        }
        let identity = AnalyzerIdentity(
            id: "a", plugin: ReportTests.hostile, version: "1.0.0", strategy: "noise", digest: "",
            codeNames: ["NSE001": "empty-response"])
        return Report(
            run: [:],
            datasets: [
                Report.Dataset(
                    role: .data,
                    files: [["name": .string(ReportTests.hostile), "records": 3]], recordCount: 3,
                    rejectedCount: 1, byteCount: 10, sha256: "", schema: ReportTests.hostile)
            ], results: [AnalyzerResult(identity: identity, status: .ok, output: output)])
    }

    private static let sections: [Section] = [
        Section(
            kind: "table", title: hostile,
            body: ["columns": [.string(hostile), "b"], "rows": [[.string(hostile), 0.123456]]]),
        Section(
            kind: "bars", title: "Bars",
            body: [
                "unit": .string(hostile), "target_label": .string(hostile),
                "bars": [["label": .string(hostile), "value": 3, "target": 5]],
            ]),
        Section(
            kind: "histogram", title: "Histogram",
            body: [
                "bins": [
                    ["low": 0, "high": 1, "value": 2, "reference": 4],
                    ["label": .string(hostile), "value": 1],
                ]
            ]),
        Section(
            kind: "matrix", title: "Matrix",
            body: [
                "rows": ["r", .string(hostile)], "columns": ["c", "d"],
                "values": [[1, 2], [3, 4]],
            ]),
        Section(
            kind: "scatter", title: "Scatter",
            body: ["points": [["x": 1, "y": 2, "label": .string(hostile)], ["x": 3, "y": 4]]]),
        Section(
            kind: "examples", title: "Examples",
            body: ["examples": [["row_index": 4, "text": .string(hostile), "note": "why"]]]),
        Section(kind: "text", title: "Text", body: ["text": .string(hostile)]),
        Section(kind: "hologram", title: "Unknown kind", body: [:]),
    ]

    @Test("every kind of section is drawn and nothing hostile gets through")
    func page() {
        let page = HTMLReport.page(report(ReportTests.sections))
        #expect(!page.contains("<script"))
        #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"))
        #expect(page.split(separator: "<svg").count == 4)
        #expect(page.contains("<circle") && page.contains("<blockquote>"))
        #expect(page.contains("row 5: why") && page.contains("0.1235"))
        #expect(page.contains("Unknown kind"))
        #expect(page.contains("the first 20 of 30"))
        for outside in ["http://", "https://", "<link", "@import", "url("] {
            #expect(!page.contains(outside), "\(outside)")
        }
    }

    @Test("bodies of another shape draw as nothing and break nothing")
    func shapes() {
        for kind in ["table", "bars", "histogram", "matrix", "scatter", "examples", "text"] {
            for body: JSONValue in [
                .null, 3, "text", [], [:], ["bars": 3], ["bins": [3]], ["points": [["x": "a"]]],
                ["rows": [[[1]]], "columns": 3, "values": [["a"]]],
            ] {
                let page = HTMLReport.page(report([Section(kind: kind, title: "T", body: body)]))
                #expect(page.hasSuffix("</main></body></html>\n"))
                #expect(!page.contains("nan") && !page.contains("inf\""))
            }
        }
    }

    @Test("the terminal summary keeps its columns and lets no control character through")
    func terminal() {
        var report = report([])
        report.results[0].output.findings = [
            Finding(
                code: "NSE001", severity: .high, role: .data, row: 0, score: 1,
                message: "回答是空的\n\u{1B}[2J" + String(repeating: "长", count: 100))
        ]
        let text = TerminalReport.text(report, folder: "out")
        let line = text.split(separator: "\n").first { $0.contains("NSE001") } ?? ""
        #expect(line.contains("回答是空的[2J长"))
        #expect(line.hasSuffix("…"))
        #expect(!text.contains("\u{1B}"))
        #expect(
            TerminalReport.text(report, folder: "out", style: .init(width: 80, isColoured: true))
                .contains("\u{1B}[31mhigh"))
    }

    @Test("problems are ordered by severity, then number")
    func problems() {
        var report = report([])
        func finding(_ code: String, _ severity: Severity) -> Finding {
            Finding(code: code, severity: severity, role: .data, row: nil, score: 0, message: "")
        }
        report.results[0].output.findings =
            [finding("A", .low), finding("A", .low), finding("B", .high), finding("C", .low)]
        #expect(report.problems.map(\.code) == ["B", "A", "C"])
        #expect(report.problems.map(\.count) == [1, 2, 1])
    }

    @Test("what stands in Markdown shows as it is, and does nothing")
    func markdown() {
        #expect(
            ReportComparison.escaped("a*b_c`d` <b> & [x](y) @ada #1 a|b\nnext\u{202E}")
                == "a\\*b\\_c\\`d\\` &lt;b&gt; &amp; \\[x\\]\\(y\\) &#64;ada &#35;1 a\\|b next\u{FFFD}"
        )
    }
}
