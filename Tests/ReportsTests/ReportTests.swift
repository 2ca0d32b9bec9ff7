import Foundation
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

    @Test(
        "a code's own command comes with the run's options and its blanks marked, if there is a file for it"
    )
    func commands() {
        let options = "my.csv --reference 'a b.csv' --trusted sound.csv"
        func page(
            _ output: String?,
            typed: String = "assay optimize DATA -o OUT --set a.size=N --out REPORT"
        ) -> String {
            var report = report([])
            report.results[0].identity = AnalyzerIdentity(
                id: "a", plugin: "a", version: "1.0.0", strategy: "noise", codeNames: [:],
                codeNotes: [
                    "NSE001": CodeNotes([("What to do", "Draw N."), ("What to type", typed)])
                ])
            return HTMLReport.page(
                report,
                commands: PageCommands(arguments: options, folder: "the report", output: output))
        }
        #expect(
            page("better.csv").contains(
                "<code>assay optimize <span class=\"args\">my.csv --reference &#39;a b.csv&#39; --trusted "
                    + "sound.csv</span> -o better.csv <span class=\"word\">--set</span> a.size=<var>N</var> "
                    + "<span class=\"word\">--out</span> &#39;the report&#39;</code>"
            ))
        #expect(page(nil).contains("<code>assay explain NSE001</code>"))
        // What a plugin writes is copied into a shell.
        for typed in ["sh evil", "assay run DATA; sh evil", "assay run $(evil)", "assay run\nevil"]
        {
            #expect(page("better.csv", typed: typed).contains("<code>assay explain NSE001</code>"))
        }
    }

    @Test(
        "a code has its author's title, and one line names what its findings about the dataset are about"
    )
    func titles() {
        var report = report([])
        report.results[0].identity = AnalyzerIdentity(
            id: "a", plugin: "a", version: "1.0.0", strategy: "noise",
            codeNames: ["A1": "far-off", "A2": "thin-cell"],
            codeNotes: ["A1": CodeNotes(title: "unlike <real> use", [])])
        func finding(_ code: String, _ score: Double, _ subject: JSONValue, row: Int? = nil)
            -> Finding
        {
            Finding(
                code: code, severity: .high, role: .data, row: row, score: score,
                message: "worst \(score)", evidence: .object(["subject": subject]))
        }
        report.results[0].output.findings = [
            finding("A1", 0.1, "words"), finding("A1", 0.9, "<labels>"),
            finding("A1", 0.5, "words"),
            finding("A2", 0.1, "x", row: 1), finding("A2", 0.2, "y", row: 2),
            finding("A2", 0.3, 7, row: 3),
        ]
        let page = HTMLReport.page(report)
        #expect(page.contains("<bdi>unlike &lt;real&gt; use</bdi></a>"))
        #expect(
            page.contains(
                "</a><span class=\"told\"> in <bdi>&lt;labels&gt;</bdi>, <bdi>words</bdi>: <bdi>worst 0.9</bdi>; "
                    + "<bdi>worst 0.5</bdi></span>"))
        // A record is no subject, and a name without a title loses its hyphens.
        let drawn =
            "value=\"3\">3</data> records, such as <a href=\"#record-data-3\"><bdi>data row 4</bdi></a>: "
        #expect(page.contains("<bdi>thin cell</bdi></a><span class=\"told\">: "))
        #expect(page.contains(drawn + "<bdi>worst 0.3</bdi></span>"))
        let text = TerminalReport.text(report, folder: "r")
        #expect(text.contains("A1       unlike <real> use     3  worst 0.9"))
        #expect(text.contains("A2       thin cell             3  worst 0.3"))
    }

    @Test("every kind of section is drawn and nothing hostile gets through")
    func page() {
        let page = HTMLReport.page(report(ReportTests.sections))
        // The page's own script and its data, and the points of the map.
        #expect(page.split(separator: "<script").count == 4)
        #expect(page.split(separator: "</script").count == 4)
        #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"))
        #expect(!page.contains("alert('x')</"))
        #expect(page.split(separator: "<svg class=\"plot\"").count == 3)
        #expect(page.contains("<path class=\"dots c0\"") && page.contains("<blockquote>"))
        #expect(page.contains("data row 5") && page.contains(">why<"))
        #expect(
            page.contains(
                "<data data-at=\"/analyzers/0/sections/0/body/rows/0/1\" value=\"0.123456\">0.123</data>"
            ))
        #expect(page.contains("Unknown kind") && page.contains("“<bdi>hologram</bdi>”"))
        #expect(page.contains("The worst of them; all are in findings.jsonl."))
        for outside in ["http://", "https://", "<link", "@import", "url(", " style="] {
            #expect(!page.contains(outside) || outside == "http://", "\(outside)")
        }
        // The namespace of drawings is the only address.
        #expect(
            page.split(separator: "http://").dropFirst().allSatisfy {
                $0.hasPrefix("www.w3.org/2000/svg")
            })
        #expect(page.contains("default-src 'none'"))
    }

    @Test("numbers have three digits that count, shares are percentages")
    func numbers() {
        for (value, unit, text) in [
            (0, "", "0"), (9504, "records", "9,504"), (1_234_567, "", "1,234,567"),
            (0.97574, "share", "97.6 %"), (1, "share", "100 %"), (0.00044, "share", "0.044 %"),
            (10.6616, "bits", "10.7"), (640.169, "", "640.2"), (2.5388, "", "2.54"),
            (0.14976, "", "0.15"), (0.000695, "", "0.000695"), (-0.00209, "", "−0.00209"),
            (4.8e-12, "", "below 0.0001"), (-4.8e-12, "", "above −0.0001"),
            (1e20, "", "1e+20"), (1e308, "share", "–"),
            (0.009987, "", "0.00999"), (102.918, "share of records", "10,292 %"),
        ] as [(Double, String, String)] {
            #expect(NumberFormat.text(value, unit: unit) == text)
        }
    }

    @Test("a tree map fills its place, in the order of the groups")
    func treeMap() throws {
        let body: JSONValue = [
            "unit": "records",
            "tiles": [
                ["label": "write letter", "value": 6, "group": "write"],
                ["label": "write code", "value": 6, "group": "write"],
                ["label": "list names", "value": 4, "group": "list"],
            ],
        ]
        let page = HTMLReport.page(report([Section(kind: "treemap", title: "T", body: body)]))
        var areas: [Double] = []
        for piece in page.split(separator: "<rect class=\"tile").dropFirst() {
            func number(_ name: String) throws -> Double {
                let start = try #require(piece.range(of: " \(name)=\"")).upperBound
                return try #require(Double(piece[start...].prefix { $0 != "\"" }))
            }
            areas.append((try number("width") + 1) * (try number("height") + 1))
        }
        let whole = 400.0 * 260
        #expect(areas.count == 3)
        for (area, share) in zip(areas, [6.0 / 16, 6.0 / 16, 4.0 / 16]) {
            #expect(abs(area / whole - share) < 0.001)
        }
    }

    @Test("groups are shown side by side with what differs marked; spans of examples are marked")
    func groups() {
        struct Records: RecordAccess {
            let texts = ["Where is my parcel today?", "Where is my letter today?"]
            func place(_ role: Role, _ row: Int) -> (file: String, line: Int)? {
                ("d.jsonl", row + 1)
            }
            func fields(_ role: Role, _ row: Int, limit: Int) -> [RecordField] {
                guard texts.indices.contains(row) else { return [] }
                let text = texts[row]
                return [
                    RecordField(column: "text.prompt", text: text, byteCount: text.utf8.count)
                ]
            }
            func text(_ role: Role, _ row: Int, column: String, bytes: Range<Int>) -> String { "" }
        }
        let page = HTMLReport.page(
            report([
                Section(
                    kind: "groups", title: "G",
                    body: ["groups": [["note": "two", "rows": [0, 1]]]]),
                Section(
                    kind: "examples", title: "E",
                    body: ["examples": [["text": "one two three", "begin": 4, "end": 7]]]),
            ]), records: Records())
        #expect(page.contains("<bdi>Where is my parcel today?</bdi>"))
        #expect(page.contains("<bdi>Where is my <mark>letter </mark>today?</bdi>"))
        #expect(page.contains("<bdi>one <mark>two</mark> three</bdi>"))
        #expect(page.contains("d.jsonl line 2"))
    }

    @Test("bodies of another shape draw as nothing and break nothing")
    func shapes() {
        for kind in [
            "table", "bars", "histogram", "matrix", "scatter", "treemap", "groups", "examples",
            "text",
        ] {
            for body: JSONValue in [
                .null, 3, "text", [], [:], ["bars": 3], ["bins": [3]], ["points": [["x": "a"]]],
                ["rows": [[[1]]], "columns": 3, "values": [["a"]]], ["tiles": [["value": -1]]],
                ["groups": [["rows": [-5, "a", 9_223_372_036_854_775_807]]]],
                ["points": [["x": 1e300, "y": -1e300, "row_index": -1], ["x": 0, "y": 1e-300]]],
                ["tiles": [["label": "a", "value": 1e-305], ["label": "b", "value": 1e300]]],
                [
                    "bars": [["label": "a", "value": 1e300, "low": -1e300, "high": 1e308]],
                    "unit": "share",
                ],
                ["bins": [["low": 1e300, "high": 1e308, "value": 1e308]], "cut": 1e305],
                ["values": [[1]], "rows": ["a"], "columns": ["b"], "targets": [[], 3]],
                ["examples": [["text": "é", "begin": 1, "end": 900]]],
            ] {
                let page = HTMLReport.page(report([Section(kind: kind, title: "T", body: body)]))
                #expect(page.hasSuffix("</script></body></html>\n"))
                #expect(!page.contains("=\"nan") && !page.contains("=\"inf"))
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

    @Test("an analyzer without a score says why, as far as it does")
    func withoutScore() {
        var report = report([
            Section(
                kind: "text", title: "No reference",
                body: ["text": "give a sample of real use \u{1B}[2J with --reference"])
        ])
        report.results[0].output.metrics = []
        let text = TerminalReport.text(report, folder: "out")
        #expect(text.contains("–  "))
        #expect(text.contains("No reference: give a sample of real use [2J with"))
        #expect(!text.contains("\u{1B}"))
    }

    @Test("problems are ordered by severity, then those about the dataset, then number")
    func problems() {
        var report = report([])
        func finding(_ code: String, _ severity: Severity, row: Int? = 0) -> Finding {
            Finding(code: code, severity: severity, role: .data, row: row, score: 0, message: "")
        }
        report.results[0].output.findings = [
            finding("A", .low), finding("A", .low), finding("B", .high), finding("C", .low),
            finding("D", .low, row: nil),
        ]
        #expect(report.problems.map(\.code) == ["B", "D", "A", "C"])
        #expect(report.problems.map(\.count) == [1, 1, 2, 1])
    }

    @Test("what stands in Markdown shows as it is, and does nothing")
    func markdown() {
        #expect(
            ReportComparison.escaped("a*b_c`d` <b> & [x](y) @ada #1 a|b\nnext\u{202E}")
                == "a\\*b\\_c\\`d\\` &lt;b&gt; &amp; \\[x\\]\\(y\\) &#64;ada &#35;1 a\\|b next\u{FFFD}"
        )
    }
}
