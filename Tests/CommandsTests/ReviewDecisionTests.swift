import Foundation
import JSONText
import Support
import Testing

/// What a run makes of decisions, without a browser.
@Suite struct ReviewDecisionTests {
    private static let damaged = "I donâ€™t know, itâ€™s late."

    /// Records of which the third has a response in the wrong character set.
    private func data(_ folder: TemporaryFolder) throws -> String {
        let lines = (0..<8).map { index -> String in
            let record: JSONValue = [
                "instruction": .string("Where is parcel number \(index * 31) of mine?"),
                "output": .string(
                    index == 2
                        ? ReviewDecisionTests.damaged
                        : "Parcel \(index * 31) left the warehouse on day \(index + 3)."),
            ]
            return record.text
        }
        return try folder.write("data.jsonl", lines.joined(separator: "\n") + "\n")
    }

    /// The lines of the data after `optimize` with these decisions.
    private func optimized(_ review: [String], _ options: [String] = []) throws -> [String] {
        let folder = try TemporaryFolder()
        let file = try folder.write("review.jsonl", review.joined(separator: "\n") + "\n")
        let out = folder.path("better.jsonl")
        let ending = try Program.assay(
            [
                "optimize", try data(folder), "--plugins", "noise", "--review", file, "--quiet",
                "--out", folder.path("report"), "-o", out,
            ] + options)
        try #require(ending.status == 0, "\(ending.errors)")
        return try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n").map(
            String.init)
    }

    private func response(_ line: String) throws -> String {
        try JSONValue(parsing: line)["output"]?.stringValue ?? ""
    }

    private static func decision(_ decision: String, _ rest: String = "", code: String = "NSE020")
        -> String
    {
        "{\"row_index\":2,\"code\":\"\(code)\",\"decision\":\"\(decision)\"\(rest)}"
    }

    @Test("a text that a person wrote stands in place of every other repair")
    func edit() throws {
        let rest = ",\"column\":\"text.response\",\"text\":\"I do not know.\""
        for code in ["NSE020", "NSE041", "XYZ001"] {
            let lines = try optimized([ReviewDecisionTests.decision("edit", rest, code: code)])
            #expect(lines.count == 8)
            #expect(try response(lines[2]) == "I do not know.", "\(code)")
        }
        // Of two texts the later.
        let lines = try optimized([
            ReviewDecisionTests.decision("edit", rest),
            ReviewDecisionTests.decision(
                "edit", ",\"column\":\"text.response\",\"text\":\"Ask us.\"", code: "NSE041"),
        ])
        #expect(try response(lines[2]) == "Ask us.")
    }

    @Test("a new prompt falls on instruction and input, whichever of them changed")
    func editInPieces() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<4).map { index -> String in
            let record: JSONValue = [
                "instruction": "Say where my parcel is.",
                "input": .string(index == 1 ? "" : "It has number \(index * 31)."),
                "output": .string("It left the warehouse on day \(index + 3)."),
            ]
            return record.text
        }
        let data = try folder.write("data.jsonl", lines.joined(separator: "\n") + "\n")
        let texts = [
            0: "Say where my parcel is.\nIt has number 7.", 1: "Where is it?",
            // Which of the two lines is to go cannot be known.
            3: "Where is it?",
        ]
        let decisions = texts.sorted { $0.key < $1.key }.map { row, text -> String in
            let decision: JSONValue = [
                "row_index": JSONValue(row), "code": "XYZ001", "decision": "edit",
                "column": "text.prompt", "text": .string(text),
            ]
            return decision.text
        }
        let out = folder.path("better.jsonl")
        let ending = try Program.assay([
            "optimize", data, "--plugins", "noise", "--review",
            try folder.write("review.jsonl", decisions.joined(separator: "\n") + "\n"), "--quiet",
            "--out", folder.path("report"), "-o", out,
        ])
        try #require(ending.status == 0, "\(ending.errors)")
        let written = try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(written[0]["instruction"] == "Say where my parcel is.")
        #expect(written[0]["input"] == "It has number 7.")
        #expect(written[1]["instruction"] == "Where is it?")
        #expect(written[1]["input"] == "")
        #expect(written[3].text == lines[3])
        #expect(
            ending.errors.contains("data.jsonl line 4: the new text.prompt cannot be told apart"))
    }

    @Test("what was rejected stays as it is, in later rounds as well; what is to go goes")
    func rejectAndDrop() throws {
        #expect(try response(optimized([])[2]) == "I don’t know, it’s late.")
        for options in [[], ["--apply", "all", "--max-rounds", "3"]] {
            let lines = try optimized([ReviewDecisionTests.decision("reject")], options)
            #expect(try response(lines[2]) == ReviewDecisionTests.damaged)
        }
        let dropped = try optimized([ReviewDecisionTests.decision("drop")])
        #expect(dropped.count == 7)
        #expect(!dropped.contains { $0.contains("number 62 ") })
        // The later decision about a finding counts.
        let kept = try optimized([
            ReviewDecisionTests.decision("drop"), ReviewDecisionTests.decision("reject"),
        ])
        #expect(kept.count == 8)
        #expect(try response(kept[2]) == ReviewDecisionTests.damaged)
    }

    @Test("decisions that fit no record are refused by line, superseded ones are not")
    func refused() throws {
        let folder = try TemporaryFolder()
        let data = try data(folder)
        func run(_ lines: [String]) throws -> (status: Int32, errors: String) {
            let file = try folder.write("review.jsonl", lines.joined(separator: "\n") + "\n")
            let ending = try Program.assay([
                "run", data, "--plugins", "noise", "--review", file, "--quiet", "--out",
                folder.path("report"),
            ])
            return (ending.status, ending.errors)
        }
        let beyond = try run(["{\"row_index\":8,\"code\":\"NSE020\",\"decision\":\"accept\"}"])
        #expect(beyond.status == 2)
        #expect(
            beyond.errors.contains(
                "review.jsonl line 1: decides about row 9, the data has 8 records"))
        let stale = ReviewDecisionTests.decision("accept", ",\"content\":\"00000000\"")
        let other = try run(["", stale])
        #expect(other.status == 2)
        #expect(
            other.errors.contains(
                "review.jsonl line 2: was decided about another record than the one that is now row 3"
            ))
        #expect(try run([stale, ReviewDecisionTests.decision("accept")]).status == 0)
        for wrong in [
            "{\"row_index\":99999999999,\"code\":\"A\",\"decision\":\"accept\"}",
            "{\"row_index\":1,\"code\":\"A\",\"decision\":\"edit\",\"text\":\"x\"}",
            "{\"row_index\":1,\"code\":\"A\",\"decision\":\"relabel\"}", "[]",
        ] {
            let ending = try run([wrong])
            #expect(ending.status == 2)
            #expect(ending.errors.contains("review.jsonl line 1: "), "\(ending.errors)")
        }
    }

    @Test("a fault that was for review is left out when a person accepts it and --apply allows it")
    func accepted() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<8).map { index in
            let response =
                index == 2
                ? "I'm sorry, but I can't help with that request."
                : "Parcel \(index * 31) left the warehouse on day \(index + 3)."
            return JSONValue.object([
                "instruction": .string("Where is parcel number \(index * 31) of mine?"),
                "output": .string(response),
            ]).text + "\n"
        }
        let data = try folder.write("refused.jsonl", lines.joined())
        func count(_ decision: String, _ apply: String) throws -> Int {
            let review = try folder.write(
                "review.jsonl", ReviewDecisionTests.decision(decision, code: "NSE029") + "\n")
            let out = folder.path("better.jsonl")
            let ending = try Program.assay([
                "optimize", data, "--plugins", "noise", "--review", review, "--quiet", "--out",
                folder.path("report"), "-o", out, "--apply", apply,
            ])
            try #require(ending.status == 0, "\(ending.errors)")
            return try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n").count
        }
        #expect(try count("accept", "all") == 7)
        #expect(try count("accept", "safe") == 8)
        #expect(try count("reject", "all") == 8)
    }

    @Test("a record that a person wrote anew is not left out for what it was")
    func rewritten() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<8).map { index in
            "{\"prompt\":\"\(index == 2 ? "" : "Where is parcel \(index * 31)?")\",\"response\":\"\(index == 2 ? "" : "On its way, day \(index).")\"}\n"
        }
        let data = try folder.write("data.jsonl", lines.joined())
        let review = try folder.write(
            "review.jsonl",
            ReviewDecisionTests.decision(
                "edit", ",\"column\":\"text.prompt\",\"text\":\"Where is it?\"", code: "NSE041")
                + "\n")
        let out = folder.path("better.jsonl")
        let ending = try Program.assay([
            "optimize", data, "--plugins", "noise", "--review", review, "--quiet", "--out",
            folder.path("report"), "-o", out,
        ])
        try #require(ending.status == 0, "\(ending.errors)")
        let text = try String(contentsOfFile: out, encoding: .utf8)
        #expect(text.split(separator: "\n").count == 8)
        #expect(text.contains("Where is it?"))
    }
}
