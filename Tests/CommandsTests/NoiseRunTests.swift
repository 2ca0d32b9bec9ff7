import Foundation
import JSONText
import Support
import Testing

/// What the noise strategy finds in made-up records.
@Suite struct NoiseRunTests {
    private func codes(_ lines: [String]) throws -> [String] {
        try findings(lines).compactMap { $0["code"]?.stringValue }
    }

    private func findings(_ lines: [String], format: String = "jsonl") throws -> [JSONValue] {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "data.\(format)", Array((lines.joined(separator: "\n") + "\n").utf8))
        let result = try Program.assay(
            ["run", path, "--plugins", "noise", "--out", folder.path("report")])
        #expect(result.status == 0, "\(result.errors)")
        return try ReportReader(folder.path("report")).lines("findings.jsonl")
    }

    /// Records in which nothing is missing.
    private static let sums = (0..<40).map {
        "{\"prompt\":\"What is \($0) plus two?\",\"completion\":\"It is \($0 + 2), I think.\"}"
    }

    @Test("only a prompt that is answered can ask for what is not there")
    func textOfItsOwn() throws {
        let text = "Describe the picture above: what does it show, and who painted it?"
        let other = "The harbour was empty when the last ferry had left for the islands."
        #expect(
            try codes([
                "{\"prompt\": \"\(text)\", \"response\": \"It shows a harbour.\"}",
                "{\"prompt\": \"What left last?\", \"response\": \"\(other)\"}",
            ]).contains("NSE030"))
        #expect(
            !(try codes(["{\"text\": \"\(text)\"}", "{\"text\": \"\(other)\"}"])).contains("NSE030")
        )
    }

    private func chat(_ turns: [(role: String, text: String?)]) -> String {
        let messages = turns.map { turn -> JSONValue in
            var message: JSONObject = ["role": .string(turn.role)]
            if let text = turn.text {
                message["content"] = .string(text)
            } else {
                message["content"] = .null
                message["tool_calls"] = [
                    [
                        "id": "c1", "type": "function",
                        "function": ["name": "now", "arguments": "{}"],
                    ]
                ]
            }
            return .object(message)
        }
        return JSONValue.object(["messages": .array(messages)]).text
    }

    @Test("turns of a conversation are judged one by one")
    func turns() throws {
        let open: [(role: String, text: String?)] = [
            ("user", "What is the best way to keep bread from going stale in the summer?"),
            (
                "assistant",
                "Keep it in a cloth bag in the dark, and cut only what you are going to eat."
            ),
        ]
        let more = "And how long is it good for when I keep it like that in the kitchen?"
        let refusal = "I'm sorry, but I can't help with that request."
        let foreign =
            "Le pain que vous gardez dans un sac est bon pour trois jours, mais ne le mettez pas au soleil avec les fruits."
        let lines = [
            chat(open + [("user", more), ("assistant", "About four days.")]),
            chat(open + [("user", more), ("assistant", "")]),
            chat(open + [("user", more), ("assistant", refusal)]),
            chat(open + [("user", more), ("assistant", more)]),
            chat(open + [("user", more), ("assistant", foreign)]),
            // A call of a tool is an answer, whatever its content.
            chat(
                open + [
                    ("user", "What time is it?"), ("assistant", nil), ("tool", "12:00"),
                    ("assistant", "It is noon."),
                ]),
            chat(open + [("user", "How do you say that in French?"), ("assistant", foreign)]),
            chat(
                open + [
                    ("user", more),
                    (
                        "assistant",
                        "Sin duda hay que guardar el pan en una bolsa, donde dura cuando hace calor hasta tres o cuatro días."
                    ),
                ]),
        ]
        // From how many records the habits of languages are learnt.
        let others = (0..<250).map { index in
            chat([
                ("user", "What is the number that comes after \(index) when you count by fives?"),
                (
                    "assistant",
                    "It is \(index + 5), and the one that comes after it is \(index + 10)."
                ),
            ])
        }
        let found = try findings(lines + others).filter {
            ["NSE001", "NSE025", "NSE027", "NSE029"].contains($0["code"]?.stringValue ?? "")
        }
        let places = found.map {
            "\($0["row_index"]?.intValue ?? -1) \($0["code"]?.stringValue ?? "")"
        }
        #expect(places.sorted() == ["1 NSE001", "2 NSE029", "3 NSE025", "4 NSE027", "7 NSE027"])
        let span = found.first { $0["code"] == "NSE029" }?["span"]
        #expect(span?["column"] == "text.response")
        #expect(span?["begin"]?.intValue ?? 0 > 70, "behind the first answer")
        #expect(
            found.allSatisfy {
                $0["code"] == "NSE029" || $0["message"]?.stringValue?.hasPrefix("turn 4, ") == true
            })
    }

    /// A talk in which six words of its own come again and again, with a system prompt before it.
    private func talk(_ index: Int) -> [(role: String, text: String?)] {
        func drawn(_ salt: Int) -> Int {
            (index * 131 + salt * 7919) * 2_654_435_761 >> 13 & 0xFFFF
        }
        let own = (0..<6).map { "k\(drawn(900 + $0) % 150)" }
        let turns = (1...6).map { turn -> (role: String, text: String?) in
            let words =
                (0..<2 + drawn(turn) % 3).map { own[drawn(turn * 50 + $0) % 6] }
                + (0..<3 + drawn(turn + 400) % 9).map { "w\(drawn(turn * 50 + 20 + $0) % 90)" }
            let said = words.joined(separator: " ") + "."
            return turn % 2 == 1 ? ("user", "Tell me of " + said) : ("assistant", "That is " + said)
        }
        return [("system", "You help with everything.")] + turns
    }

    @Test("an answer of another conversation is found among the turns")
    func strangeTurns() throws {
        func place(_ index: Int) -> Int { 2 + 2 * (index / 6 % 3) }
        let strange = (0..<40).map { $0 * 6 + 5 }
        let lines = (0..<240).map { index in
            var turns = talk(index)
            if strange.contains(index) {
                turns[place(index)] = talk((index * 7 + 31) % 240)[place(index)]
            }
            return chat(turns)
        }
        let found = try findings(lines).filter { $0["code"] == "NSE041" }
        let right = found.filter { strange.contains($0["row_index"]?.intValue ?? -1) }
        #expect(right.count >= 20, "of 40")
        #expect(found.count - right.count <= right.count / 2)
        for finding in right {
            let turn = place(finding["row_index"]?.intValue ?? 0)
            #expect(
                finding["message"]?.stringValue
                    == "turn \(turn + 1), of the assistant, seems to belong to another conversation"
            )
            #expect((finding["span"]?["begin"]?.intValue == 0) == (turn == 2))
        }
        let untouched = try findings((0..<240).map { chat(talk($0)) })
        #expect(!untouched.contains { $0["code"] == "NSE041" })
    }

    @Test("preference pairs without a difference are found, and what contradicts itself")
    func preferences() throws {
        var lines = (0..<40).map {
            "{\"prompt\":\"What is \($0) plus two?\",\"chosen\":\"It is \($0 + 2), I think.\","
                + "\"rejected\":\"Nobody knows \($0).\"}"
        }
        func pair(_ prompt: String, _ chosen: String, _ rest: String) -> String {
            "{\"prompt\":\"\(prompt)\",\"chosen\":\"\(chosen)\"\(rest)}"
        }
        let mail = "Write to john.miller@mailbox.org about it."
        lines += [
            pair("Who are you?", "A tool of many.", ",\"rejected\":\"A  tool of many. \""),
            pair("And who else?", "Nobody else here.", ",\"rejected\":\" \""),
            pair("Is that all?", "It is all there is.", ""),
            pair("Whom do I ask?", "Ask the others.", ",\"rejected\":\"\(mail)\""),
            // Three ranked answers are no contradiction, two orders of the same answers are.
            pair("Which is best?", "The first one.", ",\"rejected\":\"The second one.\""),
            pair("Which is best?", "The second one.", ",\"rejected\":\"The third one.\""),
            pair("Which is worst?", "The left one.", ",\"rejected\":\"The right one.\""),
            pair("Which is worst?", "The right one.", ",\"rejected\":\"The left one.\""),
        ]
        let found = try findings(lines).filter {
            ["NSE006", "NSE031", "NSE040"].contains($0["code"]?.stringValue ?? "")
        }
        let places = found.map {
            "\($0["row_index"]?.intValue ?? -1) \($0["code"]?.stringValue ?? "") \($0["severity"]?.stringValue ?? "")"
        }
        #expect(
            places.sorted() == [
                "40 NSE006 high", "41 NSE006 high", "42 NSE006 medium", "43 NSE031 medium",
                "46 NSE040 medium", "47 NSE040 medium",
            ])
        let folder = try TemporaryFolder()
        let path = try folder.write("data.jsonl", lines.map { $0 + "\n" }.joined())
        let ending = try Program.assay([
            "optimize", path, "-o", folder.path("out.jsonl"), "--plugins", "noise", "--apply",
            "all",
            "--out", folder.path("report"), "--quiet",
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        let written = try String(contentsOfFile: folder.path("out.jsonl"), encoding: .utf8)
        #expect(written.split(separator: "\n").count == lines.count - 2)
        #expect(written.contains("Write to [e-mail address] about it."))
    }

    @Test("answers that are marked as bad may be bad, and a prompt may have several")
    func marked() throws {
        func record(_ number: Int, _ answer: String, _ mark: Bool) -> String {
            "{\"prompt\":\"What is \(number) plus two, and why is it so?\",\"completion\":\"\(answer)\","
                + "\"label\":\(mark)}"
        }
        let loop = Array(repeating: "it is so because", count: 30).joined(separator: " ")
        let lines = (0..<40).flatMap {
            [record($0, "It is \($0 + 2), as one can count.", true), record($0, loop, false)]
        }
        let codes = try codes(lines + [record(99, loop, true)])
        #expect(codes.filter { ["NSE023", "NSE040"].contains($0) } == ["NSE023"])
    }

    @Test("to ask the same again is no repetition, and one turn that repeats itself is")
    func asked() throws {
        let question =
            "Why does my bread not rise although I follow the recipe of my grandmother "
            + "and wait for two hours in a warm kitchen with a wet towel over the bowl?"
        let loop = Array(repeating: "it is too cold", count: 20).joined(separator: " ")
        let found = try findings([
            chat([
                ("user", question), ("assistant", "The yeast may be too old."), ("user", question),
                ("assistant", "Then try fresh yeast and lukewarm water."),
            ]),
            chat([
                ("user", question), ("assistant", "The yeast may be old."), ("user", "And else?"),
                ("assistant", loop),
            ]),
        ]).filter { $0["code"] == "NSE023" }
        #expect(found.map { $0["row_index"]?.intValue } == [1])
        #expect(
            found.first?["message"]?.stringValue
                == "turn 4, of the assistant, repeats a phrase on end")
        #expect(found.first?["span"]?["begin"]?.intValue ?? 0 >= 22)
    }

    @Test("an answer that stands in its passage is no echo, an instruction is")
    func extracts() throws {
        let passage =
            "The harbour was empty when the last ferry had left for the islands. "
            + "Nobody was there to see it."
        func record(_ response: String) -> String {
            "{\"instruction\":\"Say in a few words what the following passage tells us about it\","
                + "\"input\":\"\(passage)\",\"output\":\"\(response)\"}"
        }
        func asked(_ response: String) -> String {
            "{\"instruction\":\"\(passage)\",\"input\":\"When was the harbour empty?\","
                + "\"output\":\"\(response)\"}"
        }
        let found = try findings([
            asked("The harbour was empty when the last ferry had left for the islands."),
            record("Say in a few words what the following passage tells us about it."),
            record("Nobody saw the last ferry leave."),
        ]).filter { $0["code"] == "NSE025" }
        #expect(found.map { $0["row_index"]?.intValue } == [1])
    }

    @Test("stand-ins for an empty input are taken out")
    func standIns() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "data.jsonl",
            "{\"instruction\":\"Name a fruit.\",\"input\":\"<noinput>\",\"output\":\"An apple.\"}\n"
                + "{\"instruction\":\"Name a tree.\",\"input\":\"of the north\",\"output\":\"A birch.\"}\n"
        )
        let ending = try Program.assay([
            "optimize", path, "-o", folder.path("out.jsonl"), "--plugins", "noise", "--apply",
            "all",
            "--out", folder.path("report"), "--quiet",
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(
            try String(contentsOfFile: folder.path("out.jsonl"), encoding: .utf8)
                == "{\"instruction\":\"Name a fruit.\",\"input\":\"\",\"output\":\"An apple.\"}\n"
                + "{\"instruction\":\"Name a tree.\",\"input\":\"of the north\",\"output\":\"A birch.\"}\n"
        )
    }

    @Test(
        "passages in fields that are not read are looked at, and mended where they stand",
        arguments: ["jsonl", "csv"])
    func unreadFields(_ format: String) throws {
        let folder = try TemporaryFolder()
        let passage = "Write to greta.lind@northwind.se or wait for the ferry."
        let (fine, mended) = (
            "The ferry leaves at noon for the islands.",
            "Write to [e-mail address] or wait for the ferry."
        )
        func data(_ first: String) -> String {
            guard format == "jsonl" else {
                return "question,answer,passage,id\nWhen?,\"At noon, it says.\",\(first),1\n"
                    + "Where?,To the islands.,\(fine),2\n"
            }
            return "{\"question\":\"When?\",\"answer\":\"At noon, it says.\",\"n\":1.50,"
                + "\"documents\":[{\"title\":\"A\",\"text\":\"\(fine)\"},{\"text\":\"\(first)\"}]}\n"
                + "{\"question\":\"Where?\",\"answer\":\"To the islands.\",\"documents\":[{\"text\":\"\(fine)\"}]}\n"
        }
        let path = try folder.write("data.\(format)", data(passage))
        let out = folder.path("out.\(format)")
        let ending = try Program.assay([
            "optimize", path, "-o", out, "--plugins", "noise", "--apply", "all", "--out",
            folder.path("report"), "--quiet",
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        let found = try ReportReader(folder.path("report")).lines("findings.jsonl")
        #expect(found.map { $0["code"]?.stringValue } == ["NSE031"])
        #expect(found.first?["span"]?["column"]?.stringValue == "text.other")
        #expect(try String(contentsOfFile: out, encoding: .utf8) == data(mended))
    }

    @Test("a prompt about another passage is no contradiction")
    func passages() throws {
        let lines = (0..<20).map {
            "{\"question\":\"What is it about?\",\"answer\":\"Number \($0) of many.\","
                + "\"paragraph\":\"This is a passage about number \($0).\"}"
        }
        #expect(!(try codes(lines).contains("NSE040")))
    }

    @Test("records without text, without a response and of another layout are found")
    func missing() throws {
        var lines = NoiseRunTests.sums
        lines += [
            "{\"question\":\"What is ten?\",\"answer\":\"A number.\"}",
            "{\"prompt\":\" \",\"completion\":\"\"}",
            "{\"prompt\":\"And eleven?\"}", "{\"prompt\":\"\",\"completion\":\"It is twelve.\"}",
        ]
        let found = try findings(lines).filter {
            ["NSE001", "NSE005"].contains($0["code"]?.stringValue ?? "")
        }
        let places = found.map {
            "\($0["row_index"]?.intValue ?? -1) \($0["code"]?.stringValue ?? "") \($0["severity"]?.stringValue ?? "")"
        }
        #expect(
            places.sorted() == [
                "40 NSE005 high", "41 NSE005 high", "42 NSE001 medium", "43 NSE005 medium",
            ])
        #expect(
            found.first { $0["row_index"] == 40 }?["message"]
                == "the record has none of the fields that are read")
        // Of texts with labels as well; a smiley says something.
        let table = ["text,label"] + ["good,a", "bad,b", "-,a", ",b", "😀,a", ":-),a"]
        let empty = try findings(table, format: "csv").filter { $0["code"] == "NSE005" }
        #expect(empty.compactMap { $0["row_index"]?.intValue }.sorted() == [2, 3])
    }

    @Test("what may stand where nothing is read is for review, what is empty is left out")
    func remedies() throws {
        let folder = try TemporaryFolder()
        var lines = NoiseRunTests.sums
        lines += [
            "{\"prompt\":\"A passage of its own.\"}",
            "{\"prompt\":\"\",\"completion\":\"To nobody.\"}",
            "{\"q\":\"Another layout.\"}", "{\"prompt\":\"\",\"completion\":\"\"}",
        ]
        let path = try folder.write("data.jsonl", lines.map { $0 + "\n" }.joined())
        for apply in ["safe", "all"] {
            let out = folder.path("\(apply).jsonl")
            let ending = try Program.assay([
                "optimize", path, "--plugins", "noise", "--apply", apply, "-o", out, "--quiet",
                "--out", folder.path("report"),
            ])
            #expect(ending.status == 0, "\(ending.errors)")
            let left = try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n")
            #expect(left.map(String.init) == Array(lines.dropLast()))
        }
    }

    @Test("turns that call functions or only think are no empty ones")
    func silentTurns() throws {
        let call = "{\"name\":\"now\",\"arguments\":\"{}\"}"
        let silent = [
            "\"content\":null,\"function_call\":\(call)",
            "\"content\":[],\"tool_calls\":[{\"function\":\(call)}]",
            "\"content\":\"\\n\",\"tool_calls\":[{\"function\":\(call)}]",
            "\"content\":\"\",\"reasoning_content\":\"The user asks for the time.\"",
        ]
        func record(_ turn: String) -> String {
            "{\"messages\":[{\"role\":\"user\",\"content\":\"What time is it in Lisbon?\"},{\"role\":\"assistant\",\(turn)},"
                + "{\"role\":\"tool\",\"content\":\"12:00\"},{\"role\":\"assistant\",\"content\":\"It is noon.\"}]}"
        }
        let found = try findings(silent.map(record) + [record("\"content\":\"\"")])
            .filter { $0["code"] == "NSE001" }
        #expect(found.compactMap { $0["row_index"]?.intValue } == [4])
    }
}
