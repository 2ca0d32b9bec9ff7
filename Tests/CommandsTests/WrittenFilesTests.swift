import Foundation
import Glibc
import JSONText
import Support
import Testing

/// No command writes over what it reads, and none leaves half of what belongs together.
@Suite struct WrittenFilesTests {
    private let folder: TemporaryFolder
    private let data: String

    init() throws {
        folder = try TemporaryFolder()
        let records = (0..<60).map {
            "{\"prompt\":\"What is \($0) plus \($0 * 7)?\",\"response\":\"It is \($0 * 8), of course.\"}\n"
        }
        data = try folder.write(
            "data.jsonl", records.joined() + "{\"prompt\":\"And one more?\",\"response\":\"\"}\n")
    }

    private func bytes(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: folder.path(name)).map { Array($0) }
    }

    private func optimize(_ arguments: [String]) throws -> Program.Ending {
        try Program.assay(["optimize"] + arguments + ["--out", folder.path("report"), "--quiet"])
    }

    @Test("files of the user's that are named like rounds of an earlier version stay")
    func rounds() throws {
        let other = try folder.write("out.jsonl.round.jsonl", "mine\n")
        let ending = try optimize([data, "-o", folder.path("out.jsonl"), "--max-rounds", "2"])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(bytes("out.jsonl.round.jsonl") == Array("mine\n".utf8), "\(other)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.root).sorted()
        #expect(
            names == [
                "data.jsonl", "out.jsonl", "out.jsonl.ledger.jsonl", "out.jsonl.plan.jsonl",
                "out.jsonl.round.jsonl", "report",
            ])
    }

    @Test("a report does not take the place of what it is about, and a bad folder is found first")
    func reportFolder() throws {
        let record = "{\"prompt\":\"Who?\",\"response\":\"You, I think.\"}\n"
        let own = try folder.write("report/rejected.jsonl", record)
        let ending = try Program.assay(["run", own, "--out", folder.path("report"), "--quiet"])
        #expect(ending.status == 2)
        #expect(ending.errors.contains("is read by this command"))
        #expect(bytes("report/rejected.jsonl") == Array(record.utf8))
        for bad in [data, folder.path("none/report")] {
            let ending = try Program.assay(["run", data, "--out", bad, "--quiet"])
            #expect(ending.status == 2)
            #expect(ending.errors.contains("--out"), "\(ending.errors)")
        }
    }

    @Test("an output that is any input, or another output by another name, is refused")
    func inputs() throws {
        let pool = try folder.write("pool.jsonl", "{\"prompt\":\"Why?\",\"response\":\"So.\"}\n")
        let taxonomy = try folder.write(
            "t.yaml", "taxonomy: 1\ndimensions:\n  - {name: length, by: length}\n")
        let out = folder.path("out.jsonl")
        let link = folder.path("link.jsonl")
        #expect(symlink("later.jsonl", link) == 0)
        for arguments in [
            ["--pool", pool, "-o", pool], ["--taxonomy", taxonomy, "-o", taxonomy],
            ["-o", out, "--ledger", folder.root + "/./out.jsonl"],
            [
                "-o", out, "--plan",
                folder.root + "/../" + folder.url.lastPathComponent + "/out.jsonl",
            ],
            ["-o", folder.root], ["-o", folder.path("none/out.jsonl")],
            // By a link to what is not there yet.
            ["-o", link, "--ledger", folder.path("later.jsonl")],
        ] {
            let before = (bytes("pool.jsonl"), bytes("t.yaml"))
            let ending = try optimize([data] + arguments)
            #expect(ending.status == 2, "\(arguments)")
            #expect(before.0 == bytes("pool.jsonl") && before.1 == bytes("t.yaml"))
            #expect(bytes("out.jsonl") == nil)
            #expect(bytes("out.jsonl.ledger.jsonl") == nil)
        }
    }

    @Test("where the output cannot be put in its place the earlier one keeps its ledger")
    func failing() throws {
        let out = folder.path("place/out.jsonl")
        let ledger = folder.path("out.ledger")
        try FileManager.default.createDirectory(
            atPath: folder.path("place"), withIntermediateDirectories: true)
        let options = [data, "-o", out, "--ledger", ledger, "--plan", folder.path("plan")]
        #expect(try optimize(options).status == 0)
        let before = bytes("out.ledger")
        // The temporary file is there and cannot take the place of a folder that came in between.
        try FileManager.default.removeItem(atPath: out)
        try FileManager.default.createDirectory(
            atPath: out + "/full", withIntermediateDirectories: true)
        let ending = try Program.assay(
            ["apply", data, "--plan", folder.path("plan"), "-o", out, "--ledger", ledger])
        #expect(ending.status == 2)
        #expect(bytes("out.ledger") == before)
    }

    @Test("what holds private records is as private, and a link is followed")
    func permissions() throws {
        #expect(chmod(data, 0o600) == 0)
        _ = try folder.write("real.jsonl", "")
        #expect(symlink(folder.path("real.jsonl"), folder.path("out.jsonl")) == 0)
        let ending = try optimize([data, "-o", folder.path("out.jsonl")])
        #expect(ending.status == 0, "\(ending.errors)")
        for name in [
            "real.jsonl", "out.jsonl.plan.jsonl", "out.jsonl.ledger.jsonl", "report/findings.jsonl",
            "report/report.html",
        ] {
            var status = stat()
            #expect(stat(folder.path(name), &status) == 0)
            #expect(status.st_mode & 0o077 == 0, "\(name)")
        }
        var link = stat()
        #expect(lstat(folder.path("out.jsonl"), &link) == 0 && link.st_mode & S_IFMT == S_IFLNK)
        #expect(bytes("real.jsonl")?.isEmpty == false)
        // Also to what is not there yet.
        #expect(symlink("later.jsonl", folder.path("next.jsonl")) == 0)
        #expect(try optimize([data, "-o", folder.path("next.jsonl")]).status == 0)
        #expect(bytes("later.jsonl")?.isEmpty == false)
    }

    @Test("a plan knows the fields that it was made for")
    func fields() throws {
        let broken = "The caf\u{c3}\u{a9} is closed on Mondays and on all other days"
        let rows = (0..<40).map {
            "{\"question\":\"other \($0)\",\"text\":\"\(broken) in \($0)\",\"answer\":\"Thank you, I see \($0).\"}\n"
        }
        let path = try folder.write("fields.jsonl", rows.joined())
        let stated = ["--fields", "prompt=text,response=answer"]
        let dry = try optimize([path, "-o", folder.path("f.jsonl"), "--dry-run"] + stated)
        #expect(dry.status == 0, "\(dry.errors)")
        let plan = ["--plan", folder.path("f.jsonl.plan.jsonl")]
        let applied = try Program.assay(["apply", path, "-o", folder.path("f.jsonl")] + plan)
        #expect(applied.status == 0, "\(applied.errors)")
        let lines = try #require(bytes("f.jsonl")).split(separator: 0x0A)
        for (index, line) in lines.enumerated() {
            let record = try JSONValue(parsing: Array(line))
            #expect(record["question"]?.stringValue == "other \(index)")
            #expect(record["text"]?.stringValue?.contains("café") == true)
        }
        #expect(lines.count == 40)
        let other = try Program.assay(
            ["apply", path, "-o", folder.path("g.jsonl"), "--fields", "prompt=question"] + plan)
        #expect(other.status == 2)
        #expect(other.errors.contains("prompt=/text") || other.errors.contains("prompt=text"))
    }

    @Test("a table without names does not take its second record for them")
    func headerless() throws {
        let rows =
            ["how do i pay this bill,5", "schema,label"]
            + (0..<50).map { "what is the \($0) of my account number \($0 * 3),\($0 % 4)" }
        let path = try folder.write(
            "rows.csv", rows.joined(separator: "\n") + "\nhow do i pay this bill,5\n")
        let plan = try optimize([path, "-o", folder.path("o.csv"), "--dry-run"])
        #expect(plan.status == 0, "\(plan.errors)")
        // A plan that leaves out the first row.
        let lines = try #require(bytes("o.csv.plan.jsonl")).split(separator: 0x0A).map {
            try JSONValue(parsing: Array($0))
        }
        let contents = try #require(lines.last)
        let source = try #require(lines.first?["source"])
        let head: JSONValue = [
            "schema": "assay.plan/1", "source": source, "apply": "safe", "lines": 1, "additions": 0,
            "rows": lines.first?["rows"] ?? .null,
        ]
        let line: JSONValue = [
            "row_index": 0, "action": "drop", "because": [], "overruled": [],
            "explanation": "a test",
        ]
        let made = try folder.write(
            "made.plan", [head, line, contents].map { $0.text + "\n" }.joined())
        let ending = try Program.assay(["apply", path, "--plan", made, "-o", folder.path("o.csv")])
        #expect(ending.status == 2)
        #expect(ending.errors.contains("would be read as"), "\(ending.errors)")
        #expect(bytes("o.csv") == nil)
    }

    @Test("records of a pool keep their numbers, and are the ones that were asked for")
    func pool() throws {
        let vector = "[0.1, 0.2, 0.3]"
        var rows = (0..<40).map {
            "{\"text\":\"please pay the bill number \($0)\",\"topic\":\"billing\",\"v\":\(vector)}"
        }
        let path = try folder.write("cells.jsonl", rows.joined(separator: "\n") + "\n")
        // Every other record of the pool has no vector, and analyzers do not see it.
        rows = (0..<20).flatMap { index in
            [
                "{\"text\":\"a bill \(index) without one\",\"topic\":\"billing\"}",
                "{\"text\":\"send back the shoes of size \(index)\",\n \"topic\":\"returns\",\"v\":\(vector),\n"
                    + "  \"n\": 12345678901234567890123}",
            ]
        }
        let pool = try folder.write("pool.json", "[" + rows.joined(separator: ",\n") + "]")
        let taxonomy = try folder.write(
            "t.yaml",
            "taxonomy: 1\ntarget: 10\ndimensions:\n  - {name: topic, field: /topic, categories: [billing, returns]}\n"
        )
        let ending = try optimize([
            path, "-o", folder.path("o.jsonl"), "--pool", pool, "--taxonomy", taxonomy, "--apply",
            "all", "--embedding", "field:v", "--allow-rejects", "20", "--plugins", "coverage",
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        let added = try #require(bytes("o.jsonl")).split(separator: 0x0A).dropFirst(40)
        #expect(added.count == 10)
        for line in added {
            #expect(try JSONValue(parsing: Array(line))["topic"]?.stringValue == "returns")
            #expect(String(decoding: line, as: UTF8.self).contains("12345678901234567890123"))
        }
    }

    @Test("damaged ledgers and plans are refused")
    func damaged() throws {
        let out = folder.path("out.jsonl")
        #expect(try optimize([data, "-o", out]).status == 0)
        func damage(_ name: String, _ old: String, _ new: String) throws -> String {
            let text = String(decoding: try #require(bytes(name)), as: UTF8.self)
            let range = try #require(text.range(of: old, options: .regularExpression))
            return try folder.write("damaged", text.replacingCharacters(in: range, with: new))
        }
        let offset = try damage(
            "out.jsonl.ledger.jsonl", "\"offset\":[0-9]+,\"length\":[0-9]+",
            "\"offset\":9223372036854775807,\"length\":1")
        #expect(
            try Program.assay(["revert", out, "--ledger", offset, "-o", folder.path("b")]).status
                == 2)
        for (old, new) in [
            ("\"rows\":[0-9]+", "\"rows\":2305843009213693952"),
            ("\"action\":\"drop\"", "\"action\":\"duplicate\",\"number\":1e300"),
        ] {
            let plan = try damage("out.jsonl.plan.jsonl", old, new)
            let ending = try Program.assay(
                ["apply", data, "--plan", plan, "-o", folder.path("b")])
            #expect(ending.status == 2, "\(new)")
        }
    }

    @Test("two texts for one value are refused for the record, not for the run")
    func overlapping() throws {
        let broken = "The caf\u{c3}\u{a9} is closed on Mondays"
        let path = try folder.write(
            "one.jsonl", (0..<30).map { "{\"text\":\"\(broken), row \($0)\"}\n" }.joined())
        let ending = try optimize([
            path, "-o", folder.path("o.jsonl"), "--fields", "prompt=text,response=text",
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(bytes("o.jsonl")?.isEmpty == false)
    }

    @Test("what two processes write to one file is one of both, or refused")
    func together() throws {
        let descriptor = open(folder.path(".out.jsonl.part"), O_CREAT | O_WRONLY, 0o644)
        #expect(flock(descriptor, LOCK_EX) == 0)
        let ending = try optimize([data, "-o", folder.path("out.jsonl")])
        #expect(ending.status == 2)
        #expect(ending.errors.contains("being written by another process"))
        close(descriptor)
        #expect(try optimize([data, "-o", folder.path("out.jsonl")]).status == 0)
    }
}
