import Foundation
import JSONText
import Support
import Testing

/// Plans are applied without losing a byte, and lead back.
@Suite struct OptimizeTests {
    /// An optimised file with everything beside it.
    private struct Outcome {
        let source: [UInt8]
        let output: [UInt8]
        let ledger: [JSONValue]
        let plan: [JSONValue]
        let printed: String
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func lines(_ path: String) throws -> [JSONValue] {
        try bytes(path).split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
    }

    private func optimize(
        _ data: String, _ folder: TemporaryFolder, _ options: [String]
    ) throws -> Outcome {
        let output = folder.path("out." + (data as NSString).pathExtension)
        let ending = try Program.assay(
            ["optimize", data, "-o", output, "--out", folder.path("report"), "--quiet"] + options)
        #expect(ending.status == 0, "\(ending.errors)")
        return Outcome(
            source: try bytes(data), output: try bytes(output),
            ledger: Array(try lines(output + ".ledger.jsonl").dropFirst()),
            plan: Array(try lines(output + ".plan.jsonl").dropFirst().dropLast()),
            printed: ending.output)
    }

    private func expectWayBack(_ data: String, _ folder: TemporaryFolder) throws {
        let output = folder.path("out." + (data as NSString).pathExtension)
        let back = folder.path("back")
        let ending = try Program.assay(["revert", output, "-o", back])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(try bytes(back) == bytes(data), "the way back is the input, byte for byte")
    }

    private static let layouts: [(name: String, text: String, rest: String)] = [
        (
            "a.jsonl",
            "{\"prompt\": \"one two three\", \"response\": \"yes\", \"id\": 1e400}\n\n"
                + "{\"prompt\": \"one two three\", \"response\": \"yes\", \"id\": 1e400}\r\n"
                + "  {\"prompt\": \"four\", \"response\": \"\\u00e9\"}",
            "{\"prompt\": \"one two three\", \"response\": \"yes\", \"id\": 1e400}\n\n"
                + "  {\"prompt\": \"four\", \"response\": \"\\u00e9\"}"
        ),
        (
            "first.json",
            "[ {\"prompt\":\"a b c\",\"response\":\"\"},\n {\"prompt\":\"d e\",\"response\":\"f\"} ]",
            "[ {\"prompt\":\"d e\",\"response\":\"f\"} ]"
        ),
        (
            "last.json",
            "[ {\"prompt\":\"d e\",\"response\":\"f\"},\n {\"prompt\":\"a b c\",\"response\":\"\"}\n]\n",
            "[ {\"prompt\":\"d e\",\"response\":\"f\"}\n]\n"
        ),
        (
            "run.json",
            "[{\"prompt\":\"x\",\"response\":\"\"},{\"prompt\":\"d e\",\"response\":\"f\"},"
                + "{\"prompt\":\"y\",\"response\":\"\"}, {\"prompt\":\"z\",\"response\":\"\"},"
                + "{\"prompt\":\"g h\",\"response\":\"i\"},{\"prompt\":\"v\",\"response\":\"\"}]",
            "[{\"prompt\":\"d e\",\"response\":\"f\"},{\"prompt\":\"g h\",\"response\":\"i\"}]"
        ),
        (
            "odd.json",
            "[7, {\"prompt\":\"x\",\"response\":\"\"}, {\"prompt\":\"d e\",\"response\":\"f\"}, 8]",
            "[7, {\"prompt\":\"d e\",\"response\":\"f\"}, 8]"
        ),
        (
            "a.csv", "prompt,response\r\n\"one, two\",yes\r\n\"three\nfour\",\r\nfive,six\r\n",
            "prompt,response\r\n\"one, two\",yes\r\nfive,six\r\n"
        ),
    ]

    @Test("marks, when asked for, tell copies, weights and additions in the data, and lead back")
    func marks() throws {
        let folder = try TemporaryFolder()
        let words = ["lamp", "river", "stone", "cloud", "train", "glass"]
        func record(_ row: Int, _ label: String, rest: String = "") -> String {
            "{ \"text\": \"the \(words[row % 6]) of \(words[row / 6 % 6]) number \(row)\", "
                + "\"label\": \"\(label)\"\(rest) }"
        }
        var lines = (0..<30).map { record($0, $0 % 5 == 0 ? "rare" : "common") }
        lines[3] = record(3, "common", rest: ", \"mark\": 1")
        let text = "[" + lines.joined(separator: ",\n ") + "]\n"
        let data = try folder.write("data.json", text)
        for form in ["weights", "copies"] {
            let outcome = try optimize(
                data, folder,
                [
                    "--plugins", "diversity", "--apply", "all", "--mark", "mark", "--set",
                    "diversity.balance=label", "--set", "diversity.balance_by=\(form)",
                ])
            let records = try #require(try JSONValue(parsing: outcome.output).arrayValue)
            let marks = records.compactMap { $0["mark"]?.objectValue }
            #expect(marks.count >= 6, "\(outcome.printed)")
            #expect(
                marks.allSatisfy {
                    form == "weights"
                        ? ($0["weight"]?.doubleValue ?? 0) > 0 : ($0["copy"]?.intValue ?? 0) >= 1
                })
            if form == "weights" {
                #expect(records[3]["mark"] == .integer(1), "a key that is there is left alone")
            }
            try expectWayBack(data, folder)
        }
        let table = try folder.write("data.csv", "text,label\na b c,x\nd e f,y\n")
        let ending = try Program.assay([
            "optimize", table, "-o", folder.path("out.csv"), "--mark", "m", "--out",
            folder.path("report"),
        ])
        #expect(ending.status == 2 && ending.errors.contains("have no keys"), "\(ending.errors)")
    }

    @Test("records are left out of every layout without a trace, and come back", arguments: layouts)
    func leavesNoTrace(_ layout: (name: String, text: String, rest: String)) throws {
        let folder = try TemporaryFolder()
        let data = try folder.write(layout.name, layout.text)
        let outcome = try optimize(
            data, folder, ["--plugins", "noise,diversity", "--allow-rejects", "100%"])
        #expect(String(decoding: outcome.output, as: UTF8.self) == layout.rest)
        try expectWayBack(data, folder)
    }

    @Test("a dry run's plan, applied, gives what applying at once gives; changed data is refused")
    func dryRun() throws {
        let folder = try TemporaryFolder()
        var text = ""
        for row in 0..<60 {
            text += "{\"prompt\": \"what is number \(row % 40) of the list\", "
            text += "\"response\": \"\(row % 7 == 0 ? "" : "it is \(row % 40) indeed")\"}\n"
        }
        let data = try folder.write("data.jsonl", text)
        let direct = try optimize(data, folder, ["--apply", "all"])
        #expect(direct.ledger.count > 10)
        let plan = folder.path("alone.plan.jsonl")
        let dry = try Program.assay([
            "optimize", data, "--dry-run", "--apply", "all", "--plan", plan, "--quiet", "--out",
            folder.path("report2"),
        ])
        #expect(dry.status == 0, "\(dry.errors)")
        #expect(try bytes(plan) == bytes(folder.path("out.jsonl.plan.jsonl")))
        let applied = folder.path("applied.jsonl")
        let ending = try Program.assay(["apply", data, "--plan", plan, "-o", applied])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(try bytes(applied) == direct.output)

        var changed = text.split(separator: "\n").map(String.init)
        changed[12] = changed[12].replacingOccurrences(of: "number", with: "numeral")
        changed[30] = changed[30].replacingOccurrences(of: "number", with: "numeral")
        let other = try folder.write("other.jsonl", changed.joined(separator: "\n") + "\n")
        let refused = try Program.assay([
            "apply", other, "--plan", plan, "-o", folder.path("never.jsonl"),
        ])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("line 13: row 13"), "\(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("never.jsonl")))
        let shorter = try folder.write(
            "shorter.jsonl", changed[..<12].joined(separator: "\n") + "\n")
        let cut = try Program.assay([
            "apply", shorter, "--plan", plan, "-o", folder.path("never.jsonl"),
        ])
        #expect(cut.errors.contains("row 13 is the first that differs"), "\(cut.errors)")
    }

    @Test(
        "real data of seven schemas: rows in are rows out and the ledger's, untouched bytes stay, all comes back",
        .enabled(if: SharedData.isPresent, "../shared/data is not there"),
        arguments: [
            "gpteacher/Toolformer/toolformer-dedupe-only-dataset.json", "bitext_cs/bitext_v1.csv",
            "banking77/train.csv", "huatuo_med_zh/data/llama_data.json",
            "smile_zh_multiturn/smile_first1000.jsonl", "clinc150/data_full.json",
            "self_instruct/data/seed_tasks.jsonl",
            "llama_factory_data/glaive_toolcall_en_demo.json",
        ])
    func realData(_ path: String) throws {
        let folder = try TemporaryFolder()
        let data = SharedData.file(path).path
        let outcome = try optimize(
            data, folder,
            [
                "--apply", "all", "--allow-rejects", "100%", "--set", "diversity.balance=length",
                "--set", "diversity.balance_by=copies", "--set", "diversity.near_threshold=0.6",
            ])
        try expectWayBack(data, folder)
        let counted = try #require(
            outcome.printed.split(separator: "\n").first { $0.hasPrefix("records: ") })
        let numbers = counted.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        try #require(numbers.count == 4)
        let (before, dropped, copies, after) = (numbers[0], numbers[1], numbers[2], numbers[3])
        #expect(before - dropped + copies == after)
        #expect(dropped == outcome.ledger.count { $0["action"]?.stringValue == "drop" })
        // The output is counted by reading it again.
        let output = folder.path("out." + (data as NSString).pathExtension)
        let again = try Program.assay([
            "run", output, "--plugins", "diversity", "--quiet", "--allow-rejects", "100%", "--out",
            folder.path("again"),
        ])
        #expect(again.status == 0, "\(again.errors)")
        let datasets = try ReportReader(folder.path("again")).report()["datasets"]?.arrayValue
        #expect(datasets?.first?["records"]?.intValue == after)
        // Between two changes the bytes are those of the source.
        var (source, place) = (0, 0)
        for entry in outcome.ledger {
            let offset = try #require(entry["offset"]?.intValue)
            let length = try #require(entry["length"]?.intValue)
            let original = Array((entry["original"]?.stringValue ?? "").utf8)
            let untouched = outcome.output[place..<offset]
            #expect(outcome.source[source..<source + untouched.count] == untouched)
            source += untouched.count + original.count
            place = offset + length
        }
        #expect(outcome.source[source...] == outcome.output[place...])
        print("\(path): \(counted)")
    }

    private struct PoolLayout {
        let name: String
        let head: String
        let isDelimited: Bool
        let join: String
        let foot: String

        func record(_ text: String, _ label: String) -> String {
            isDelimited ? "\(text),\(label)" : "{\"text\": \"\(text)\", \"label\": \"\(label)\"}"
        }
    }

    private static let pools = [
        PoolLayout(name: "a.jsonl", head: "", isDelimited: false, join: "\n", foot: ""),
        PoolLayout(
            name: "a.json", head: "[\n  ", isDelimited: false, join: ",\n  ", foot: "\n]\n"),
        PoolLayout(
            name: "a.csv", head: "text,label\r\n", isDelimited: true, join: "\r\n", foot: "\r\n"),
    ]

    @Test("records of the pool fill a gap in the data's own layout, and go again", arguments: 0..<3)
    func pool(_ index: Int) throws {
        let layout = OptimizeTests.pools[index]
        let folder = try TemporaryFolder()
        func write(_ name: String, _ rows: [(String, String)]) throws -> String {
            try folder.write(
                name,
                layout.head + rows.map { layout.record($0.0, $0.1) }.joined(separator: layout.join)
                    + layout.foot)
        }
        let data = try write(
            layout.name,
            (0..<23).map { ("say number \($0 * 37) of them", $0 < 20 ? "common" : "rare") })
        let pool = try write(
            "pool-" + layout.name,
            (0..<30).map { ("tell another \($0 * 41) one", $0 % 2 == 0 ? "common" : "rare") })
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            "taxonomy: 1\ntarget: 10\ndimensions:\n  - {name: kind, field: label}\n")
        let options = ["--pool", pool, "--taxonomy", taxonomy, "--plugins", "coverage"]
        let safe = try optimize(data, folder, options)
        #expect(safe.ledger.isEmpty && safe.output == safe.source, "nothing is added unasked")
        #expect(safe.printed.contains("not added: 7 records of the pool"))
        let outcome = try optimize(data, folder, options + ["--apply", "all"])
        #expect(outcome.ledger.count == 7)
        #expect(outcome.ledger.allSatisfy { $0["action"]?.stringValue == "add" })
        #expect(outcome.printed.contains("records: 23 - 0 left out + 0 repeated + 7 added = 30"))
        try expectWayBack(data, folder)
        let output = folder.path("out." + (data as NSString).pathExtension)
        let run = try Program.assay([
            "run", output, "--plugins", "coverage", "--taxonomy", taxonomy, "--quiet", "--out",
            folder.path("again"),
        ])
        #expect(run.status == 0, "\(run.errors)")
        let again = ReportReader(folder.path("again"))
        #expect(try again.report()["datasets"]?.arrayValue?.first?["records"]?.intValue == 30)
        // A plan that is applied by itself carries what it adds.
        let alone = folder.path("alone")
        let ending = try Program.assay([
            "apply", data, "--plan", output + ".plan.jsonl", "-o", alone,
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(try bytes(alone) == outcome.output)
    }

    @Test(
        "killed at twenty moments: old files stay whole, no half output, and a second run succeeds")
    func killed() throws {
        let folder = try TemporaryFolder()
        var text = ""
        for row in 0..<20_000 {
            text += "{\"prompt\": \"say number \(row % 15_000) of them all\", "
            text += "\"response\": \"\(row % 9 == 0 ? "" : "number \(row % 15_000) it is")\"}\n"
        }
        let data = try folder.write("data.jsonl", text)
        let output = folder.path("out.jsonl")
        let arguments = [
            "optimize", data, "-o", output, "--apply", "all", "--plugins", "noise,diversity",
            "--quiet", "--out", folder.path("report"),
        ]
        let start = Date()
        #expect(try Program.assay(arguments).status == 0)
        var seconds = Date().timeIntervalSince(start)
        let names = [output, output + ".ledger.jsonl", output + ".plan.jsonl"]
        let whole = try names.map { try bytes($0) }
        var (kills, moment) = (0, -1)
        while kills < 20, moment < 80 {
            moment += 1
            // Old files stand there every second time.
            let isFresh = moment % 2 == 0
            for (name, content) in zip(names, whole) {
                try? FileManager.default.removeItem(atPath: name)
                if !isFresh {
                    try Data("old of \(content.count)".utf8).write(to: URL(fileURLWithPath: name))
                }
            }
            // The last moments, in which files are written, more often than the first.
            let share = 0.2 + 0.85 * Double(moment % 10) / 10
            let ending = try Program.run(
                "/usr/bin/timeout",
                ["-s", "KILL", String(seconds * share), Checkout.assay.path] + arguments)
            // One that ended before shows that the machine has more to give now.
            if ending.status != 0 { kills += 1 } else { seconds *= 0.9 }
            for (name, content) in zip(names, whole) {
                guard FileManager.default.fileExists(atPath: name) else {
                    #expect(isFresh, "an old file is gone")
                    continue
                }
                let found = try bytes(name)
                #expect(
                    found == content || !isFresh && found == Array("old of \(content.count)".utf8))
            }
            // No output without the ledger that leads back.
            if try FileManager.default.fileExists(atPath: output) && bytes(output) == whole[0] {
                #expect(try bytes(names[1]) == whole[1])
            }
        }
        #expect(kills == 20)
        #expect(try Program.assay(arguments).status == 0)
        for (name, content) in zip(names, whole) { #expect(try bytes(name) == content) }
        try expectWayBack(data, folder)
    }
}
