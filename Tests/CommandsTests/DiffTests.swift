import Foundation
import JSONText
import Support
import Testing

/// Two reports side by side.
@Suite struct DiffTests {
    private func report(_ name: String, _ data: String, _ folder: TemporaryFolder) throws -> String
    {
        let path = try folder.write("\(name).jsonl", data)
        let out = folder.path(name)
        let ending = try Program.assay([
            "run", path, "--plugins", "noise,diversity", "--quiet", "--out", out,
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        return out
    }

    private func line(_ prompt: String, _ response: String) -> String {
        "{\"prompt\": \"\(prompt)\", \"response\": \"\(response)\"}\n"
    }

    private func code(_ code: String, _ diff: JSONValue) throws -> [String: Int] {
        let line = try #require(
            diff["codes"]?.arrayValue?.first { $0["code"]?.stringValue == code })
        return Dictionary(
            uniqueKeysWithValues: (line.objectValue?.members ?? []).compactMap { key, value in
                value.intValue.map { (key, $0) }
            })
    }

    @Test("findings are matched by their records' contents, though rows moved")
    func findings() throws {
        let folder = try TemporaryFolder()
        let (empty, other, gone) = (
            line("how do I find the train", ""), line("what is a good lamp for reading", ""),
            line("who made the first violin", "")
        )
        let good = (0..<5).map {
            line("tell me about place \($0)", "It lies \($0) km to the north.")
        }
        let old = try report("old", good.joined() + empty + other + gone, folder)
        // One moved, one mended, one gone; one new record with a fault.
        let mended = line("what is a good lamp for reading", "One that does not blind you.")
        let new = try report(
            "new", empty + good.joined() + mended + line("when is the next full moon", ""), folder)
        let ending = try Program.assay(["diff", old, new, "--format", "json"])
        #expect(ending.status == 0, "\(ending.errors)")
        let diff = try JSONValue(parsing: ending.output)
        #expect(
            try code("NSE001", diff) == [
                "old": 3, "new": 2, "resolved": 0, "gone_with_record": 2, "appeared": 0,
                "on_new_records": 1,
            ])
        let singles = try #require(diff["findings"]?.arrayValue).filter {
            $0["finding"]?["code"]?.stringValue == "NSE001"
        }
        #expect(singles.map { $0["in"]?.stringValue } == ["old", "old", "new"])
        let metric = try #require(
            diff["metrics"]?.arrayValue?.first { $0["name"]?.stringValue == "noise.rate" })
        #expect(metric["verdict"]?.stringValue == "better")
        let text = try Program.assay(["diff", old, new]).output
        #expect(text.contains("NSE001") && text.contains("- NSE001") && text.contains("+ NSE001"))
        #expect(text.contains("better"))
    }

    @Test("a report beside itself shows nothing; copies beyond those matched are told")
    func same() throws {
        let folder = try TemporaryFolder()
        let copy = line("how do I find the train", "Follow the signs to the platform.")
        let old = try report("old", copy + copy + line("a b c", "d e f."), folder)
        let text = try Program.assay(["diff", old, old]).output
        #expect(
            text.contains("no metric changed") && text.contains("no finding changed"), "\(text)")
        let new = try report("new", copy + copy + copy + line("a b c", "d e f."), folder)
        let diff = try JSONValue(
            parsing: try Program.assay(["diff", old, new, "--format", "json"]).output)
        let counts = try code("DIV001", diff)
        #expect(counts["old"] == 1 && counts["new"] == 2 && counts["on_new_records"] == 1)
    }

    @Test("of equal records those that went take their findings with them")
    func equalRecords() throws {
        let folder = try TemporaryFolder()
        let (copy, other) = (
            line("how do I find the train", "Follow the signs to the platform."),
            line("a b", "c d.")
        )
        let old = try report("old", copy + copy + copy + other, folder)
        let new = try report("new", copy + other, folder)
        let diff = try JSONValue(
            parsing: try Program.assay(["diff", old, new, "--format", "json"]).output)
        let counts = try code("DIV001", diff)
        #expect(counts["old"] == 2 && counts["gone_with_record"] == 2 && counts["resolved"] == 0)
    }

    @Test("what is no report is refused by name")
    func refused() throws {
        let folder = try TemporaryFolder()
        let good = try report("old", line("a b c", "d e f."), folder)
        let missing = try Program.assay(["diff", good, folder.path("none")])
        #expect(missing.status == 2 && missing.errors.contains("none/report.json: cannot be read"))
        try FileManager.default.createDirectory(
            atPath: folder.path("other"), withIntermediateDirectories: true)
        _ = try folder.write("other/report.json", "{\"schema\": \"x\"}")
        let other = try Program.assay(["diff", good, folder.path("other")])
        #expect(
            other.status == 2 && other.errors.contains("its schema is \"x\""), "\(other.errors)")
    }

    @Test("Markdown for a pull request, and exit codes for those who run it unattended")
    func markdown() throws {
        let folder = try TemporaryFolder()
        let subjects =
            "river violin glacier bakery lantern harbour falcon orchard chess tunnel comet saddle vineyard "
            + "keyboard lighthouse mushroom parade quarry rainbow submarine tapestry umbrella volcano walnut "
            + "yoghurt zebra bicycle cathedral dentist emerald"
        let good = subjects.split(separator: " ").map {
            line("tell me about the \($0)", "Of every \($0) there is a story.")
        }
        let old = try report("old", good.joined(), folder)
        let bad = line("**@everyone** see <img src=x> [here](http://x.example) #1 | pipe", "")
        let new = try report(
            "new", good.joined() + bad + String(repeating: line("why", ""), count: 30), folder)
        func diff(_ options: [String], _ from: String, _ to: String) throws -> Program.Ending {
            try Program.assay(["diff", from, to] + options)
        }
        let shown = try diff(["--format", "markdown"], old, new)
        #expect(shown.status == 0, "\(shown.errors)")
        #expect(shown.output.hasPrefix("### assay: "), "\(shown.output)")
        #expect(shown.output.contains("| NSE001 | empty\\-response | 0 | 31 |"), "\(shown.output)")
        #expect(shown.output.contains("| **worse** |"), "\(shown.output)")
        #expect(shown.output.contains("<details><summary>"))
        // Every row of a table has the cells of its head.
        for line in shown.output.split(separator: "\n") where line.hasPrefix("| ") {
            let bars = line.replacing("\\|", with: "").count { $0 == "|" }
            #expect(bars == 6 || bars == 9, "\(line)")
        }
        #expect(try diff(["--fail-on", "worse"], old, new).status == 1)
        #expect(try diff(["--fail-on", "findings"], old, new).status == 1)
        #expect(try diff(["--fail-on", "worse", "--fail-on", "findings"], old, old).status == 0)
        #expect(try diff(["--fail-on", "findings"], new, old).status == 0)
        #expect(try diff(["--fail-on", "never"], old, new).status == 2)
        let json = try JSONValue(parsing: diff(["--format", "json"], old, new).output)
        let intervals = json["metrics"]?.arrayValue?.compactMap { $0["new_interval"]?.arrayValue }
        #expect(intervals?.isEmpty == false)
    }
}
