import Foundation
import JSONText
import Support
import Testing

/// What is missing is made: by rules, by a program, by a model; and only what passes the checks is let in.
@Suite struct AugmentationTests {
    private static let things = [
        "parcel", "invoice", "lamp", "jacket", "ticket", "phone", "mirror", "garden chair",
        "kettle",
        "violin",
    ]
    private static let places = [
        "in Berlin", "at the airport", "near the old bridge", "in the second warehouse",
        "on the way home", "at my sister's house", "behind the counter",
    ]

    /// Sentences about delays and, a few, about refunds.
    private static func sentence(_ row: Int, isRefund: Bool) -> String {
        let thing = things[row % things.count]
        let place = places[row / things.count % places.count]
        return isRefund
            ? "please send me back the money for the \(thing) that broke \(place)"
            : "why is the \(thing) that should be \(place) still not here"
    }

    private static func line(_ text: String, _ label: String) -> String {
        "{\"text\": \"\(text)\", \"id\": 1e400, \"label\": \"\(label)\"}\n"
    }

    /// A sentence about a refund that is not among the data, no near copy of another one by its words.
    private static func sound(_ number: Int) -> String {
        let reasons = [
            "it was too small", "nobody needs two", "my son broke it", "it came late",
            "the colour is wrong", "it makes noise", "we move soon", "its handle is loose",
            "it smells of smoke", "I found a cheaper one",
        ]
        return "I want the \(things[number % 10]) refunded \(places[number % 7]) because "
            + reasons[number % 10]
    }

    /// As a generator writes it.
    private static func made(_ text: String, _ label: String) -> String {
        "{\"text\": \"\(text)\", \"label\": \"\(label)\"}\n"
    }

    private static let data: String = {
        (0..<66).map { row in
            row % 11 == 5
                ? line(sentence(row, isRefund: true), "refund")
                : line(sentence(row, isRefund: false), "delay")
        }.joined()
    }()

    private struct Outcome {
        let printed: String
        let errors: String
        let status: Int32
        let added: [JSONValue]
        let output: String
    }

    private func optimize(
        _ folder: TemporaryFolder, _ options: [String], data: String = AugmentationTests.data,
        environment: [String: String] = [:]
    ) throws -> Outcome {
        let source = try folder.write("data.jsonl", data)
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            "dimensions:\n  - name: intent\n    field: label\n    target: 15\n")
        let output = folder.path("out.jsonl")
        let ending = try Program.assay(
            [
                "optimize", source, "-o", output, "--taxonomy", taxonomy, "--apply", "all",
                "--plugins", "coverage,noise,diversity", "--out", folder.path("report"),
                "--retry-seconds", "0.01",
            ] + options, environment: environment)
        var added: [JSONValue] = []
        var text = ""
        if ending.status == 0 {
            text = try String(contentsOfFile: output, encoding: .utf8)
            added = try String(contentsOfFile: output + ".ledger.jsonl", encoding: .utf8)
                .split(separator: "\n").dropFirst().map { try JSONValue(parsing: String($0)) }
                .filter { $0["action"]?.stringValue == "add" }
            let back = folder.path("back.jsonl")
            #expect(try Program.assay(["revert", output, "-o", back]).status == 0)
            #expect(try String(contentsOfFile: back, encoding: .utf8) == data)
        }
        return Outcome(
            printed: ending.output, errors: ending.errors, status: ending.status, added: added,
            output: text)
    }

    private func refused(_ folder: TemporaryFolder) throws -> [String: Int] {
        let path = folder.path("out.jsonl.refused.jsonl")
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        var counts: [String: Int] = [:]
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let value = try JSONValue(parsing: String(line))
            #expect(value["why"]?.stringValue?.isEmpty == false)
            counts[value["code"]?.stringValue ?? "", default: 0] += 1
        }
        return counts
    }

    @Test("rules fill a gap, seeded, from sound records, and the ledger says so; no key is lost")
    func rules() throws {
        let folder = try TemporaryFolder()
        let first = try optimize(folder, ["--rules", "--seed", "3"])
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.added.count == 9, "\(first.printed)")
        for entry in first.added {
            #expect(entry["made_by"]?.stringValue == "rules")
            #expect(entry["made_from"]?["rules"]?.arrayValue?.isEmpty == false)
            let row = try #require(entry["made_from"]?["row_index"]?.intValue)
            #expect(row % 11 == 5, "made from a record of the cell")
        }
        let lines = first.output.split(separator: "\n").suffix(9)
        #expect(lines.allSatisfy { $0.contains("\"id\": 1e400, \"label\": \"refund\"}") })
        #expect(Set(lines).count == 9)
        let again = try optimize(folder, ["--rules", "--seed", "3", "--threads", "1"])
        #expect(again.output == first.output)
        let other = try optimize(folder, ["--rules", "--seed", "4"])
        #expect(other.added.count == 9 && other.output != first.output)
    }

    @Test("rules touch no code and no JSON: a cell of those stays as it is")
    func rulesOnCode() throws {
        let folder = try TemporaryFolder()
        let texts = [
            "```\\nlet total = items.count\\n```",
            "{\\\"order\\\": [1, 2], \\\"note\\\": \\\"x\\\"}",
            "for (i = 0; i < n; i++) { sum += a[i]; }",
        ]
        let data =
            AugmentationTests.data + texts.map { AugmentationTests.line($0, "code") }.joined()
        let outcome = try optimize(folder, ["--rules"], data: data)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let added = outcome.output.split(separator: "\n").suffix(outcome.added.count)
        #expect(outcome.added.count == 9)
        #expect(!added.contains { $0.contains("\"code\"") })
    }

    /// Answers with a copy of a record that is there, one of another cell, one without a text and six sound ones;
    /// when it is asked again with four more.
    private static let generator: String = {
        let sound = (20..<30).map { made(AugmentationTests.sound($0), "refund") }
        let bad = [
            made(sentence(5, isRefund: true), "refund"),
            made("when does the train to the coast leave tomorrow", "travel"),
            "{\"text\": \"\", \"label\": \"refund\"}\n",
        ]
        func answers(_ records: [String]) -> String {
            records.map {
                "printf '{\"id\":\"%s\",\"record\":%s}\\n' \"$id\" '"
                    + $0.dropLast().replacing("'", with: "") + "'\n"
            }.joined()
        }
        return "while IFS= read -r line; do\n"
            + "id=$(printf '%s' \"$line\" | sed 's/.*\"id\":\"\\([0-9a-f]*\\)\".*/\\1/')\n"
            + "if [ -e \"$0.seen\" ]; then\n" + answers(Array(sound.suffix(4))) + "else\n"
            + "touch \"$0.seen\"\n" + answers(bad + sound.prefix(6)) + "fi\ndone\n"
    }()

    @Test(
        "a program's records pass the same checks: copies, other cells and broken ones are refused")
    func generator() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write("generate.sh", AugmentationTests.generator)
        let outcome = try optimize(folder, ["--generator", "sh '\(script)'"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.added.count == 9, "\(outcome.printed)")
        #expect(outcome.added.allSatisfy { $0["made_by"]?.stringValue == "generator" })
        let refused = try refused(folder)
        #expect(refused["form"] ?? 0 >= 1 && refused["cell"] ?? 0 >= 1, "\(refused)")
        #expect(refused["DIV001"] ?? 0 >= 1 || refused["DIV002"] ?? 0 >= 1, "\(refused)")
        #expect(!outcome.output.contains("travel"))
        #expect(outcome.printed.contains("asked: ") && outcome.printed.contains("let in"))
    }

    @Test("near copies in the words of the prompt fill no gap: one of them is let in")
    func nearCopies() throws {
        let folder = try TemporaryFolder()
        let answers = AugmentationTests.things.map {
            "printf '{\"id\":\"%s\",\"record\":%s}\\n' \"$id\" '"
                + AugmentationTests.made(
                    "give me my money for the \($0) back as it came here in many small pieces",
                    "refund"
                ).dropLast() + "'\n"
        }
        let script = try folder.write(
            "generate.sh",
            "while IFS= read -r line; do\n"
                + "id=$(printf '%s' \"$line\" | sed 's/.*\"id\":\"\\([0-9a-f]*\\)\".*/\\1/')\n"
                + answers.joined() + "done\n")
        let outcome = try optimize(folder, ["--generator", "sh '\(script)'"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.added.count <= 2 && !outcome.added.isEmpty, "\(outcome.printed)")
        let refused = try refused(folder)
        #expect(refused["cell", default: 0] + refused["DIV002", default: 0] >= 7, "\(refused)")
    }

    @Test(
        "what was refused in one round is not let in by the next, and the data does not get worse")
    func rounds() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write("generate.sh", AugmentationTests.generator)
        let outcome = try optimize(
            folder,
            [
                "--generator", "sh '\(script)'", "--max-rounds", "3", "--until",
                "coverage.score >= 1.5", "--min-gain", "0",
            ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(!outcome.output.contains("travel") && outcome.added.count == 9)
        let lines = outcome.output.split(separator: "\n")
        #expect(Set(lines).count == lines.count, "nothing is added twice")
    }

    @Test("a table takes generated records by its columns")
    func table() throws {
        let folder = try TemporaryFolder()
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            "dimensions:\n  - name: intent\n    field: label\n    target: 15\n")
        let script = try folder.write("generate.sh", AugmentationTests.generator)
        let rows = (0..<66).map { row in
            row % 11 == 5
                ? "\(row),\"\(AugmentationTests.sentence(row, isRefund: true))\",refund\r\n"
                : "\(row),\"\(AugmentationTests.sentence(row, isRefund: false))\",delay\r\n"
        }
        let data = try folder.write("data.csv", "number,text,label\r\n" + rows.joined())
        let output = folder.path("out.csv")
        let ending = try Program.assay([
            "optimize", data, "-o", output, "--taxonomy", taxonomy, "--apply", "all", "--plugins",
            "coverage,noise,diversity", "--out", folder.path("report"), "--generator",
            "sh '\(script)'",
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\r\n")
        #expect(ending.output.contains("added: 9 records made"), "\(ending.output)")
        #expect(
            lines.suffix(9).allSatisfy { $0.hasPrefix(",I want the") && $0.hasSuffix(",refund") })
    }

    @Test("a program that dies, and hangs, and talks nonsense, costs nothing but an account")
    func badGenerators() throws {
        for (script, words) in [
            ("exit 7\n", "exit code 7"), ("sleep 30\n", "was killed"),
            ("echo nonsense\n", "expected a JSON object"),
        ] {
            let folder = try TemporaryFolder()
            let path = try folder.write("generate.sh", script)
            let outcome = try optimize(
                folder, ["--generator", "sh '\(path)'", "--generator-seconds", "0.3"])
            #expect(outcome.status == 0)
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
            #expect(outcome.printed.contains("made: 0 records, 0 let in"), "\(outcome.printed)")
            #expect(outcome.added.isEmpty)
        }
    }

    @Test(
        "a model behind an endpoint fills the gap after a rate limit and nonsense; its key is sent")
    func endpoint() throws {
        let folder = try TemporaryFolder()
        let server = LoopbackServer { number, request in
            guard request.headers["authorization"] == "Bearer key-of-the-test" else {
                return LoopbackServer.Answer(status: 401)
            }
            if number == 0 {
                return LoopbackServer.Answer(status: 429, headers: ["Retry-After: 0"])
            }
            let text =
                number == 1
                ? "Of course! Here are your records."
                : (0..<10).map {
                    AugmentationTests.made(AugmentationTests.sound($0), "refund")
                }.joined()
            return LoopbackServer.Answer(
                body: JSONValue.object([
                    "choices": [["message": ["content": .string(text)]]],
                    "usage": ["total_tokens": 50],
                ]).bytes)
        }
        defer { server.stop() }
        let options = ["--endpoint", "http://127.0.0.1:\(server.port)/v1", "--model", "tiny"]
        let outcome = try optimize(
            folder, options, environment: ["ASSAY_API_KEY": "key-of-the-test"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.added.count == 9, "\(outcome.printed)")
        #expect(outcome.added.allSatisfy { $0["made_by"]?.stringValue == "tiny" })
        #expect(outcome.printed.contains("1 rate limit, 1 malformed answer"), "\(outcome.printed)")
        let other = try TemporaryFolder()
        let wrong = try optimize(other, options, environment: ["ASSAY_API_KEY": "wrong"])
        #expect(wrong.status == 2 && wrong.errors.contains("status 401"), "\(wrong.errors)")
        #expect(!wrong.errors.contains("Bearer") && !wrong.errors.contains("wrong"))
        #expect(!FileManager.default.fileExists(atPath: other.path("out.jsonl")))
    }

    @Test(
        "a run that is killed while it generates goes on from its log; the budget holds over both")
    func resume() throws {
        let folder = try TemporaryFolder()
        let source = try folder.write("data.jsonl", AugmentationTests.data)
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            "dimensions:\n  - name: intent\n    field: label\n    target: 15\n")
        let slow = try folder.write(
            "generate.sh",
            AugmentationTests.generator.replacing("\nprintf", with: "\nsleep 0.2\nprintf"))
        let log = folder.path("log.jsonl")
        let process = Process()
        process.executableURL = Checkout.assay
        process.arguments = [
            "optimize", source, "-o", folder.path("out.jsonl"), "--taxonomy", taxonomy, "--apply",
            "all", "--plugins", "coverage,noise,diversity", "--out", folder.path("report"),
            "--generator", "sh '\(slow)'", "--generated", log, "--quiet",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        func records() -> Int {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").count { $0.contains("\"record\"") }
        }
        while records() < 4, process.isRunning { usleep(20_000) }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let before = records()
        #expect(before >= 4 && !FileManager.default.fileExists(atPath: folder.path("out.jsonl")))
        let fast = try folder.write("generate.sh", AugmentationTests.generator)
        let outcome = try optimize(
            folder,
            ["--generator", "sh '\(fast)'", "--generated", log, "--max-generated", "8"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            outcome.printed.contains("\(before) records of an earlier run"), "\(outcome.printed)")
        #expect(records() == 8 && outcome.errors.contains("the budget of 8 records is spent"))
    }

    @Test(
        "options that mean nothing are refused",
        arguments: [
            (["--rules", "--rules-on", "label"], "--rules-on is \"label\""),
            (["--endpoint", "http://x"], "belong together"),
            (["--endpoint", "ftp://x", "--model", "m"], "begins with http"),
            (
                ["--endpoint", "http://x", "--model", "m", "--generator", "cat"],
                "exclude each other"
            ),
            (["--rules", "--max-generated", "0"], "--max-generated is 0"),
            (["--rules", "--apply", "safe"], "--apply safe lets no new record in"),
        ])
    func options(_ example: (options: [String], message: String)) throws {
        let folder = try TemporaryFolder()
        let ending = try Program.assay(
            [
                "optimize", try folder.write("data.jsonl", AugmentationTests.data), "-o",
                folder.path("out.jsonl"), "--plugins", "coverage", "--out", folder.path("report"),
            ] + (example.options.contains("--apply") ? [] : ["--apply", "all"]) + example.options)
        #expect(ending.status == 2)
        #expect(ending.errors.contains(example.message), "\(ending.errors)")
    }
}
