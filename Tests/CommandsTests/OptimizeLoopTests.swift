import Foundation
import JSONText
import Support
import Testing

/// Rounds of a loop: four reasons to stop, and every metric by round.
@Suite struct OptimizeLoopTests {
    /// Copies, empty responses and a rare label.
    private static let damaged: String = {
        var text = ""
        for row in 0..<300 {
            let kept = row % 5 == 0 ? row / 2 : row
            text += "{\"text\": \"tell me of number \(kept) in the long list of \(kept * 7)\", "
            text += "\"label\": \"\(kept % 3 == 0 ? "rare" : "common")\"}\n"
        }
        return text
    }()

    private func optimize(
        _ options: [String]
    ) throws -> (printed: String, report: JSONValue, folder: TemporaryFolder) {
        let folder = try TemporaryFolder()
        let data = try folder.write("data.jsonl", OptimizeLoopTests.damaged)
        let ending = try Program.assay(
            [
                "optimize", data, "-o", folder.path("out.jsonl"), "--apply", "all", "--plugins",
                "diversity", "--quiet", "--out", folder.path("report"),
            ] + options)
        #expect(ending.status == 0, "\(ending.errors)")
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.root).sorted()
        #expect(
            left == [
                "data.jsonl", "out.jsonl", "out.jsonl.ledger.jsonl", "out.jsonl.plan.jsonl",
                "report",
            ], "no file of a round stays")
        let back = folder.path("back.jsonl")
        #expect(try Program.assay(["revert", folder.path("out.jsonl"), "-o", back]).status == 0)
        #expect(
            try String(contentsOfFile: back, encoding: .utf8) == OptimizeLoopTests.damaged,
            "one ledger leads back over all rounds")
        return (ending.output, try ReportReader(folder.path("report")).report(), folder)
    }

    @Test("stops when the goal is met, and the report has every metric before and after")
    func goal() throws {
        let name = "diversity.exact_duplicate_rate"
        let (printed, report, folder) = try optimize(["--until", "\(name) <= 0"])
        #expect(printed.contains("stopped after 1 round: the goals are met"), "\(printed)")
        let values = try #require(report["rounds"]?[name]?.arrayValue).map { $0.doubleValue ?? -1 }
        #expect(values.count == 2 && values[0] > 0.05 && values[1] == 0)
        let metrics = try #require(report["analyzers"]?.arrayValue?.first?["metrics"]?.arrayValue)
        for metric in metrics {
            let name = try #require(metric["name"]?.stringValue)
            #expect(report["rounds"]?[name]?.arrayValue?.count == 2)
        }
        let page = try String(contentsOfFile: folder.path("report/report.html"), encoding: .utf8)
        #expect(
            page.contains("<h2>Before and after</h2>") && page.contains("after round <bdi>1</bdi>"))
    }

    private static let things = [
        "parcel", "invoice", "lamp", "jacket", "ticket", "violin", "kettle",
    ]
    private static let places = [
        "Berlin", "the airport", "the old bridge", "my sister's house", "the second warehouse",
    ]

    private static let words = [
        "red", "wooden", "broken", "early", "heavy", "silent", "narrow", "golden", "second",
        "empty",
        "paint", "window", "engine", "letter", "bottle", "garden", "market", "ladder", "button",
        "river",
        "moved", "dropped", "washed", "carried", "opened", "lifted", "painted", "traded", "counted",
    ]

    /// A question and its answer about a thing, of the thing's kind, in words of its own.
    private static func question(_ row: Int, isAnswered: Bool = true) -> String {
        let (thing, place) = (things[row % 7], places[row / 7 % 5])
        let own = (1...6).map { words[(row * 13 + row / 29 * $0 * 5 + $0 * $0 * 7) % words.count] }
        let answer =
            isAnswered
            ? "We sent the \(thing) number \(row) to \(place) on day \(row % 28 + 1) of this month."
            : ""
        return "{\"prompt\": \"where is the \(thing) \(own.joined(separator: " "))\", "
            + "\"response\": \"\(answer)\", \"kind\": \"\(thing)\"}\n"
    }

    /// Empty answers, copies and two kinds of which little is left; the pool has what was taken out.
    @Test(
        "reaches goals of three strategies at once on damaged data, by drops, copies and the pool")
    func plantedGoals() throws {
        let folder = try TemporaryFolder()
        var (data, pool) = ("", "")
        for row in 0..<350 {
            let isThin = row % 7 < 2 && row >= 70
            if isThin { pool += OptimizeLoopTests.question(row) }
            guard !isThin else { continue }
            data += OptimizeLoopTests.question(row, isAnswered: row % 23 != 5)
            if row % 9 == 0 { data += OptimizeLoopTests.question(row) }
        }
        let taxonomy = try folder.write(
            "t.yaml", "dimensions:\n  - name: kind\n    field: kind\n    target: 40\n")
        let goals = [
            "noise.rate <= 0.01", "diversity.exact_duplicate_rate <= 0", "coverage.score >= 0.98",
        ]
        let ending = try Program.assay([
            "optimize", try folder.write("data.jsonl", data), "-o", folder.path("out.jsonl"),
            "--pool", try folder.write("pool.jsonl", pool), "--taxonomy", taxonomy, "--apply",
            "all", "--plugins", "noise,diversity,coverage", "--quiet", "--out",
            folder.path("report"), "--until", goals.joined(separator: " && "),
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.output.contains("the goals are met"), "\(ending.output)")
        let rounds = try #require(
            try ReportReader(folder.path("report")).report()["rounds"]?.objectValue)
        for (name, isLow) in [
            ("noise.rate", true), ("diversity.exact_duplicate_rate", true),
            ("coverage.score", false),
        ] {
            let values = try #require(rounds[name]?.arrayValue).map { $0.doubleValue ?? -1 }
            let (first, last) = (try #require(values.first), try #require(values.last))
            #expect(values.count >= 2 && (isLow ? last < first : last > first), "\(name) \(values)")
        }
    }

    @Test("a size is kept exactly, after everything else, and needs a plugin that selects")
    func size() throws {
        let (printed, report, folder) = try optimize(["--size", "100"])
        let lines = try String(contentsOfFile: folder.path("out.jsonl"), encoding: .utf8)
            .split(separator: "\n")
        #expect(lines.count == 100 && Set(lines).count == 100, "\(printed)")
        #expect(report["datasets"]?.arrayValue?.first?["records"]?.intValue == 300)
        let data = try folder.write("again.jsonl", OptimizeLoopTests.damaged)
        for (options, message) in [
            (["--plugins", "noise", "--apply", "all", "--size", "9"], "no chosen plugin selects"),
            (["--plugins", "diversity", "--size", "9"], "--apply safe leaves nothing out"),
            (["--plugins", "diversity", "--apply", "all", "--size", "0"], "--size is 0"),
        ] {
            let ending = try Program.assay(
                ["optimize", data, "-o", folder.path("no.jsonl"), "--out", folder.path("r")]
                    + options)
            #expect(ending.status == 2 && ending.errors.contains(message), "\(ending.errors)")
        }
    }

    @Test("as JSON it is one document, and the report speaks of the file that was written")
    func json() throws {
        let (printed, report, folder) = try optimize([
            "--format", "json", "--until", "diversity.exact_duplicate_rate <= 0",
        ])
        let said = try JSONValue(parsing: printed)
        #expect(said["schema"]?.stringValue == "assay.optimize/1")
        #expect(said["stopped"]?["rounds"]?.intValue == 1)
        #expect(said["goals"]?["diversity.exact_duplicate_rate"]?.arrayValue?.count == 2)
        let records = try #require(said["records"])
        #expect(records["before"]?.intValue == 300)
        let lines = try String(contentsOfFile: folder.path("out.jsonl"), encoding: .utf8)
        #expect(records["after"]?.intValue == lines.split(separator: "\n").count)
        let files = report["datasets"]?.arrayValue?.first?["files"]?.arrayValue
        #expect(files?.first?["name"]?.stringValue == folder.path("out.jsonl"))
    }

    @Test("a goal that holds already changes nothing")
    func goalAtOnce() throws {
        let (printed, _, folder) = try optimize(["--until", "diversity.exact_duplicate_rate < 1"])
        #expect(printed.contains("stopped after 0 rounds: the goals are met"))
        #expect(
            try String(contentsOfFile: folder.path("out.jsonl"), encoding: .utf8)
                == OptimizeLoopTests.damaged)
    }

    @Test("stops when nothing gets better")
    func noProgress() throws {
        let (printed, _, _) = try optimize(["--until", "diversity.form_score >= 0.9"])
        #expect(printed.contains("nothing gets better any more"), "\(printed)")
    }

    @Test("stops at the limit of rounds")
    func limit() throws {
        let (printed, _, _) = try optimize([
            "--until", "diversity.exact_duplicate_rate <= -1", "--max-rounds", "1",
        ])
        #expect(printed.contains("the limit of rounds is reached"), "\(printed)")
    }

    /// Balancing repeats the rare label; the copies are exact duplicates of the next round.
    @Test("stops when a round would only undo an earlier one")
    func oscillation() throws {
        let (printed, _, _) = try optimize([
            "--max-rounds", "30", "--set", "diversity.balance=label", "--set",
            "diversity.balance_by=copies", "--min-gain", "0",
        ])
        #expect(printed.contains("only undo what an earlier one did"), "\(printed)")
    }

    @Test(
        "goals and rounds that mean nothing are refused",
        arguments: [
            (["--until", "diversity.scoer >= 1"], "no metric is called"),
            (["--until", "diversity.score"], "expected metric, comparison and number"),
            (["--max-rounds", "0"], "--max-rounds is 0"),
            (["--max-rounds", "2", "--dry-run"], "--max-rounds is 2"),
            (["--apply", "most"], "--apply is \"most\""),
        ])
    func refused(_ example: (options: [String], message: String)) throws {
        let folder = try TemporaryFolder()
        let data = try folder.write("data.jsonl", OptimizeLoopTests.damaged)
        let ending = try Program.assay(
            [
                "optimize", data, "-o", folder.path("out.jsonl"), "--plugins", "diversity",
                "--quiet", "--out", folder.path("report"),
            ] + example.options)
        #expect(ending.status == 2)
        #expect(ending.errors.contains(example.message), "\(ending.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("out.jsonl")))
    }
}
