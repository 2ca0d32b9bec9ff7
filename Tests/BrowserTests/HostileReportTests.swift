import Foundation
import JSONText
import Support
import Testing

/// Data that means harm, and data that is much.
@Suite(.serialized, .enabled(if: Browser.isInstalled, "chromium and chromium-driver are needed"))
struct HostileReportTests {
    private static let texts = [
        "<script>window.hacked = 1</script>", "</script><script>window.hacked = 2</script>",
        "<img src=x onerror=\"window.hacked = 3\">",
        "<!-- <script> --><svg onload=window.hacked=4>",
        "&lt;script&gt; &amp; &quot; &#39; ' \" `",
        "{{constructor.constructor('window.hacked=5')()}}",
        "\u{202E}gnp.exe \u{2066}right to left\u{202D}", "שלום <b>عليكم</b> \u{200F}!",
        "javascript:window.hacked=6", String(repeating: "W", count: 20_000),
        String(repeating: "a\u{0301}\u{0302}\u{0303}", count: 3000),
        "a\u{1}\u{7F}\u{9B}[2J\u{FEFF}",
    ]

    /// Records in which every part is one of the texts, with labels and copies.
    private func records() -> String {
        var lines = ""
        for index in 0..<240 {
            let text = HostileReportTests.texts[index % HostileReportTests.texts.count]
            let record: JSONValue = [
                "instruction": .string("\(text) \(index / 3)"),
                "output": .string(
                    index % 7 == 0 ? "" : "\(text) answer \(index % 5 == 0 ? 0 : index)"),
                "category": .string(HostileReportTests.texts[index / 20 % 9]),
            ]
            lines += record.text + "\n"
        }
        return lines
    }

    @Test("no script of the data runs, and the layout holds")
    func hostile() throws {
        let folder = try TemporaryFolder()
        let name = "x<script>window.hacked=7<\u{2215}script>'\".jsonl"
        let data = try folder.write(name, records())
        let ending = try Program.assay([
            "run", data, "--fields", "prompt=instruction,response=output,label=category", "--quiet",
            "--out", folder.path("report"),
        ])
        try #require(ending.status == 0, "\(ending.errors)")
        let browser = try Browser(width: 390)
        for width in [390, 1400] {
            try browser.resize(width, 900)
            try browser.open("file://\(folder.path("report"))/report.html")
            try browser.run(
                "for (const one of document.querySelectorAll('details')) one.open = true")
            #expect(try browser.run("return window.hacked ?? null") == .null)
            #expect(try browser.console() == [])
            #expect(try PageChecks.overflow(browser) <= 0)
        }
        // Every record's dialog as well.
        try browser.resize(390, 900)
        let count = try #require(
            try browser.run(
                "return document.querySelectorAll('.hits button.hit').length"
            ).intValue)
        try #require(count > 5)
        for index in 0..<min(count, 12) {
            try browser.run("document.querySelectorAll('.hits button.hit')[\(index)].click()")
            try #require(try browser.waits("document.querySelector('dialog').open"))
            #expect(try PageChecks.overflow(browser) <= 0)
            #expect(
                try browser.run(
                    "const d = document.querySelector('dialog'); return d.scrollWidth - d.clientWidth"
                ).intValue ?? 9 <= 0)
            try browser.press(.escape)
            try #require(try browser.waits("!document.querySelector('dialog').open"))
        }
        #expect(try browser.run("return window.hacked ?? null") == .null)
        #expect(try browser.console() == [])
        try review(folder.path("report"), browser)
    }

    /// The same data under review.
    private func review(_ report: String, _ browser: Browser) throws {
        let server = try ReviewServer(report)
        defer { server.stop() }
        try browser.open(server.address)
        try #require(try browser.waits("!!document.querySelector('#title')"))
        for _ in 0..<12 {
            #expect(try PageChecks.overflow(browser) <= 0)
            let title = try browser.text("#title")
            try browser.type("j")
            _ = try browser.waits(
                "document.querySelector('#title').textContent !== '\(title.filter { $0.isLetter && $0.isASCII })'"
            )
        }
        #expect(try browser.run("return window.hacked ?? null") == .null)
        #expect(try browser.console() == [])
    }

    @Test("a string of ten megabytes costs the page nothing")
    func tenMegabytes() throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "word </script> ", count: 700_000)
        var lines = ""
        for index in 0..<30 {
            let record: JSONValue = [
                "instruction": .string(index == 3 ? long : "Question \(index)?"),
                "output": .string(index == 4 ? long : ""),
            ]
            lines += record.text + "\n"
        }
        let data = try folder.write("data.jsonl", lines)
        let ending = try Program.assay(["run", data, "--quiet", "--out", folder.path("report")])
        try #require(ending.status == 0, "\(ending.errors)")
        for name in ["report.html", "queue.jsonl"] {
            let size = try #require(
                try FileManager.default.attributesOfItem(atPath: folder.path("report/\(name)"))[
                    .size]
                    as? Int)
            #expect(size < 2_000_000, "\(name)")
        }
        let browser = try Browser(width: 390)
        try browser.open("file://\(folder.path("report"))/report.html")
        #expect(try browser.console() == [])
        #expect(try PageChecks.overflow(browser) <= 0)
    }

    @Test("fifty thousand records of which most have findings: below 5 MB, open within two seconds")
    func large() throws {
        let folder = try TemporaryFolder()
        var lines = ""
        lines.reserveCapacity(50_000 * 200)
        for index in 0..<50_000 {
            let topic = ["parcel", "invoice", "password", "lamp", "router", "refund"][index % 6]
            let question =
                "Question \(index % 30_000) about the \(topic) of order \(index * 7919 % 99_991)"
            let answer =
                index % 9 == 0
                ? "" : "The \(topic) \(index % 4 == 0 ? "donâ€™t" : "does") matter \(index % 977)"
            lines +=
                "{\"instruction\":\"\(question)\",\"output\":\"\(answer)\",\"category\":\"\(topic)\"}\n"
        }
        let data = try folder.write("data.jsonl", lines)
        let ending = try Program.assay(["run", data, "--quiet", "--out", folder.path("report")])
        try #require(ending.status == 0, "\(ending.errors)")
        let page = folder.path("report/report.html")
        let size = try #require(
            try FileManager.default.attributesOfItem(atPath: page)[.size] as? Int)
        #expect(size < 5_000_000)
        #expect(size > 1_500_000, "\(size): the page is to be full")
        let browser = try Browser()
        // Other tests use the processors at the same time: the best of three.
        var milliseconds: [Double] = []
        for _ in 0..<3 {
            try browser.open("about:blank")
            try browser.open("file://\(page)")
            let found = try browser.run(
                """
                const entry = performance.getEntriesByType('navigation')[0];
                return entry.loadEventEnd - entry.startTime;
                """)
            milliseconds.append(try #require(found.doubleValue))
        }
        #expect(try #require(milliseconds.min()) < 2000, "\(milliseconds) ms, \(size) bytes")
        #expect(try browser.console() == [])
    }
}
