import Foundation
import HTTP
import JSONText
import Support
import Testing

/// A review in a real browser, and what the server refuses.
@Suite(.serialized) struct ReviewTests {
    /// A report with more than twenty findings that wait for a decision.
    private func report(_ folder: TemporaryFolder) throws -> (data: String, report: String) {
        var lines = ""
        let topics = [
            (
                "refund", "Where does my refund go?",
                "It goes to the card you paid with, within five days."
            ),
            (
                "router", "How do I restart the router?",
                "Hold the button for ten seconds and wait for the light."
            ),
            (
                "parcel", "When will the parcel come?",
                "Two working days after it has left our warehouse."
            ),
        ]
        for index in 0..<240 {
            let (label, question, answer) = topics[index % 3]
            // Four labels are wrong.
            let given = index % 60 == 7 ? topics[(index + 1) % 3].0 : label
            let isDamaged = index % 10 == 4
            let record: JSONValue = [
                "instruction": .string("\(question) Order \(index * 37 % 1009)."),
                "output": .string(
                    isDamaged
                        ? "I donâ€™t know, itâ€™s number \(index)."
                        : "\(answer) Reference \(index * 53 % 997)."),
                "category": .string(given),
            ]
            lines += record.text + "\n"
        }
        let data = try folder.write("data.jsonl", lines)
        let ending = try Program.assay(
            ["run", data, "--quiet", "--plugins", "noise", "--out", folder.path("report")])
        try #require(ending.status == 0, "\(ending.errors)")
        return (data, folder.path("report"))
    }

    private func decisions(_ report: String) throws -> [JSONValue] {
        try ReportReader(report).lines("review.jsonl")
    }

    @Test(
        "twenty decisions with keys, one taken back, the tab closed, the server killed: nineteen stay",
        .enabled(if: Browser.isInstalled, "chromium and chromium-driver are needed"))
    func browser() throws {
        let folder = try TemporaryFolder()
        let (data, report) = try report(folder)
        let queue = try ReportReader(report).lines("queue.jsonl")
        try #require(queue.count >= 22)
        var server = try ReviewServer(report)
        let browser = try Browser(width: 1000, height: 900)
        try browser.open(server.address)
        var made = 0
        /// Does what a key does, and waits until it is saved.
        func decide(_ key: String, then rest: () throws -> Void = {}) throws {
            try browser.type(key)
            try rest()
            made += 1
            let isSaved = try browser.waits(
                "document.querySelector('#progress').dataset.lines === '\(made)'")
            let message = try browser.text("#message")
            try #require(isSaved, "\(key): \(message)")
        }
        try #require(try browser.waits("!!document.querySelector('#title')"))
        #expect(try PageChecks.faint(browser) == [])
        #expect(try PageChecks.headingFaults(browser) == [])
        #expect(try PageChecks.nameless(browser) == [])
        for _ in 0..<4 { try decide("a") }
        for _ in 0..<3 { try decide("r") }
        // The eighth is written anew, and saved with the keyboard alone.
        try decide("e") {
            #expect(
                try browser.run("return document.activeElement.tagName").stringValue == "TEXTAREA")
            try browser.run("document.activeElement.value = ''")
            try browser.type("I do not know.")
            try browser.press(.tab)
            #expect(try PageChecks.showsFocus(browser))
            try browser.press(.enter)
        }
        // A label is given where one is in doubt.
        for _ in 0..<40 where try !browser.text("#title").contains("labels that look wrong") {
            let title = try browser.text("#title")
            try browser.type("j")
            _ = try browser.waits(
                "document.querySelector('#title').textContent !== '\(title)'", seconds: 2)
        }
        try decide("l") {
            try browser.type("refund")
            try browser.press(.enter)
        }
        #expect(try decisions(report).count == 9)
        // The tab is closed, and another one goes on where it was.
        try browser.reopen()
        try browser.open(server.address)
        try #require(
            try browser.waits("document.querySelector('#progress').dataset.lines === '9'"))
        for _ in 0..<4 { try decide("a") }
        try decide("d")
        // The server dies: nothing is lost, and the page says so.
        server.kill()
        try browser.type("a")
        #expect(
            try browser.waits(
                "document.querySelector('#message').textContent.startsWith('not saved')"))
        server = try ReviewServer(report)
        try browser.open(server.address)
        try #require(
            try browser.waits("document.querySelector('#progress').dataset.lines === '14'"))
        for _ in 0..<6 { try decide("r") }
        #expect(try decisions(report).count == 20)
        let last = try #require(try decisions(report).last)
        try browser.type("u")
        try #require(
            try browser.waits("document.querySelector('#progress').dataset.lines === '19'"))
        // What was taken back is shown again.
        let line = try #require(last["row_index"]?.intValue) + 1
        #expect(try browser.text("#title").contains("line \(line)"))
        #expect(
            try browser.console().filter { !$0.contains("ERR_CONNECTION_REFUSED") } == [])
        #expect(server.stop() == 0)
        #expect(server.output.contains("19 decisions"))

        let kept = try decisions(report)
        #expect(kept.count == 19)
        let kinds = kept.map { $0["decision"]?.stringValue ?? "" }
        #expect(
            kinds
                == Array(repeating: "accept", count: 4) + Array(repeating: "reject", count: 3)
                + ["edit", "relabel"] + Array(repeating: "accept", count: 4) + ["drop"]
                + Array(repeating: "reject", count: 5))
        #expect(kept[7]["text"] == "I do not know.")
        #expect(kept[8]["label"] == "refund")
        try use(kept, data, report, folder)
    }

    /// The next run counts the decisions, and optimize follows them.
    private func use(
        _ kept: [JSONValue], _ data: String, _ report: String, _ folder: TemporaryFolder
    ) throws {
        let options = [
            data, "--plugins", "noise", "--review", report + "/review.jsonl", "--out",
            folder.path("second"),
        ]
        let ending = try Program.assay(["run"] + options)
        #expect(ending.status == 0, "\(ending.errors)")
        let line = ending.output.split(separator: "\n").first { $0.hasPrefix("review") } ?? ""
        #expect(
            line == "review         19 decisions: 8 accept, 8 reject, 1 relabel, 1 edit, 1 drop")
        let second = ReportReader(folder.path("second"))
        let counted = try second.report()["run"]?["review"]?.text
        #expect(
            counted
                == "{\"decisions\":19,\"accept\":8,\"reject\":8,\"relabel\":1,\"edit\":1,\"drop\":1}"
        )
        let rejected = Set(
            kept.filter { $0["decision"] == "reject" }.map {
                "\($0["row_index"]?.text ?? "") \($0["code"]?.text ?? "")"
            })
        let proposed = try second.lines("proposals.jsonl").map {
            "\($0["row_index"]?.text ?? "") \($0["code"]?.text ?? "")"
        }
        #expect(rejected.isDisjoint(with: proposed))
        let better = folder.path("better.jsonl")
        let optimized = try Program.assay(
            ["optimize"] + options + ["-o", better, "--apply", "all", "--quiet"])
        #expect(optimized.status == 0, "\(optimized.errors)")
        let text = try String(contentsOfFile: better, encoding: .utf8)
        #expect(text.contains("\"output\":\"I do not know.\""))
        let lines = try String(contentsOfFile: data, encoding: .utf8).split(separator: "\n")
        let dropped = try #require(kept.first { $0["decision"] == "drop" }?["row_index"]?.intValue)
        #expect(!text.contains(lines[dropped]))
        // Of another file the decisions are not.
        let other = try folder.write("other.jsonl", lines.reversed().joined(separator: "\n"))
        let refused = try Program.assay(
            [
                "run", other, "--plugins", "noise", "--quiet", "--review", report + "/review.jsonl",
                "--out", folder.path("third"),
            ])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("review.jsonl line 1: was decided about another record"))
    }

    @Test("another origin, a missing token and a path outside are refused")
    func refusals() throws {
        let folder = try TemporaryFolder()
        let (_, report) = try report(folder)
        let server = try ReviewServer(report)
        defer { server.stop() }
        let base = try #require(URL(string: server.address))
        let port = try #require(base.port)
        let origin = "http://127.0.0.1:\(port)"
        func ask(
            _ path: String, _ method: String = "GET",
            _ headers: [(name: String, value: String)] = [],
            _ body: String = ""
        ) throws -> Int {
            try HTTPRequest(
                method, origin + path, headers: headers + [("Expect", "")], body: Array(body.utf8)
            ).send().status
        }
        let token = base.path.hasSuffix("/") ? base.path : base.path + "/"
        let json = ("Content-Type", "application/json")
        let row = try #require(try ReportReader(report).lines("queue.jsonl").first)
        let code = try #require(row["findings"]?.arrayValue?.first?["code"]?.stringValue)
        let decision =
            "{\"row_index\":\(row["row_index"]?.text ?? ""),\"code\":\"\(code)\",\"decision\":\"accept\"}"
        #expect(try ask(token) == 200)
        #expect(try ask("/") == 403)
        #expect(try ask("/state") == 403)
        #expect(try ask(String(token.dropLast(2)) + "0/state") == 403)
        #expect(try ask("//state") == 403)
        for path in [
            "../review.jsonl", "%2e%2e/review.jsonl", "..%2f..%2fetc/passwd", "/etc/passwd",
            "queue.jsonl",
        ] {
            #expect([403, 404].contains(try ask(token + path)), "\(path)")
        }
        #expect(try ask(token + "items/-1") == 404)
        #expect(try ask(token + "items/99999999999999999999") == 404)
        #expect(try ask(token + "state", "GET", [("Host", "attacker.example:\(port)")]) == 403)
        let foreign = ("Origin", "https://attacker.example")
        #expect(try ask(token + "state", "GET", [foreign]) == 403)
        #expect(try ask(token + "decisions", "POST", [foreign, json], decision) == 403)
        #expect(try ask(token + "decisions", "POST", [("Origin", "null"), json], decision) == 403)
        #expect(
            try ask(
                token + "decisions", "POST", [("Sec-Fetch-Site", "cross-site"), json], decision)
                == 403)
        // A form of another page can send text, but not this.
        #expect(
            try ask(token + "decisions", "POST", [("Content-Type", "text/plain")], decision) == 415)
        #expect(try ask(token + "decisions", "POST", [json], "{") == 400)
        #expect(try ask(token + "decisions", "POST", [json], "{\"row_index\":1}") == 400)
        #expect(
            try ask(
                token + "decisions", "POST", [json],
                "{\"row_index\":99999,\"code\":\"NSE001\",\"decision\":\"accept\"}") == 409)
        #expect(
            try ask(token + "decisions", "POST", [json], String(repeating: "x", count: 5 << 20))
                == 413)
        #expect(try ask(token, "DELETE") == 405)
        #expect(try ask(token + "undo", "POST", [json], "{}") == 200)
        #expect(try decisions(report).isEmpty)
        #expect(try ask(token + "decisions", "POST", [("Origin", origin), json], decision) == 200)
        #expect(try decisions(report).count == 1)
        // One review of a folder at a time.
        let second = try Program.assay(["review", report])
        #expect(second.status == 2)
        #expect(second.errors.contains("another review of this folder is going on"))
    }

    @Test("what a crash left of a line is cut off and said; a line that is no decision is named")
    func torn() throws {
        let folder = try TemporaryFolder()
        let (_, report) = try report(folder)
        let whole = "{\"row_index\":4,\"code\":\"NSE020\",\"decision\":\"accept\"}\n"
        try (whole + "{\"row_index\":14,\"co").write(
            toFile: report + "/review.jsonl", atomically: true, encoding: .utf8)
        try ReviewServer(report).stop()
        #expect(try String(contentsOfFile: report + "/review.jsonl", encoding: .utf8) == whole)
        try (whole + "{\"row_index\":14}\n" + whole).write(
            toFile: report + "/review.jsonl", atomically: true, encoding: .utf8)
        let ending = try Program.assay(["review", report])
        #expect(ending.status == 2)
        #expect(ending.errors.contains("review.jsonl line 2: \"code\" is missing"))
        let missing = try Program.assay(["review", folder.path("nothing")])
        #expect(missing.status == 2)
        #expect(missing.errors.contains("queue.jsonl: cannot be read"))
    }
}
