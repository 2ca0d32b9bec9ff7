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
        #expect(page.contains("<h2>Rounds</h2>") && page.contains("after round 1"))
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
