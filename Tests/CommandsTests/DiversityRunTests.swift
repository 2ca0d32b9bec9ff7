import Foundation
import JSONText
import Numerics
import Support
import Testing

/// What diversity removes and proposes of made-up records.
@Suite struct DiversityRunTests {
    private typealias Record = DiversityRun.Record

    private static let words: [String] = {
        var generator = SeededGenerator(seed: 9)
        let letters = Array("abcdefghijklmnopqrstuv")
        return (0..<3000).map { _ in
            String((0..<6).map { _ in letters[Int(generator.below(22))] })
        }
    }()

    private func text(_ count: Int, _ generator: inout SeededGenerator) -> String {
        (0..<count).map { _ in DiversityRunTests.words[Int(generator.below(3000))] }
            .joined(separator: " ")
    }

    private func rows(_ run: DiversityRun, _ code: String) -> [Int] {
        run.findings.filter { $0["code"]?.stringValue == code }
            .compactMap { $0["row_index"]?.intValue }
    }

    @Test(
        "what differs in a field that a model is shown is no copy",
        arguments: [
            "context", "choices", "functions", "passage", "paragraph", "sql_context",
            "rejected_response",
        ])
    func fields(_ field: String) throws {
        var generator = SeededGenerator(seed: 1)
        let records: [Record] = (0..<20).map { row in
            [
                ("question", "what is said of it here"), ("answer", "nothing much"),
                (field, row < 2 ? "the same words" : text(12, &generator)),
            ]
        }
        #expect(try DiversityRun(records).copies.map(\.row) == [1])
    }

    @Test("a conversation that goes on in another record is told, and the longest stays")
    func beginnings() throws {
        func chat(_ turns: [String], system: Bool = false) -> String {
            let roles = turns.enumerated().map { index, text in
                "{\"role\":\"\(index % 2 == 0 ? "user" : "assistant")\",\"content\":\"\(text)\"}"
            }
            let head = system ? ["{\"role\":\"system\",\"content\":\"Be brief.\"}"] : []
            return "{\"messages\":[\((head + roles).joined(separator: ","))]}"
        }
        let turns = [
            "What is bread made of?", "Of flour and water.", "And what makes it rise?",
            "Yeast, or a sour dough.", "How long does it take?", "Two hours in a warm place.",
        ]
        let lines = [
            chat(Array(turns.prefix(2))), chat(turns), chat(Array(turns.prefix(4))),
            chat(Array(turns.prefix(4)), system: true),
            chat(Array(turns.prefix(3) + ["Nothing does."])),
            chat(["What is bread made of?", "Of rye."]),
        ]
        let folder = try TemporaryFolder()
        let path = try folder.write("data.jsonl", lines.map { $0 + "\n" }.joined())
        for options in [[], ["--threads", "1"], ["--isolation", "none"]] {
            let ending = try Program.assay(
                [
                    "optimize", path, "-o",
                    folder.path("out\(options.count)\(options.last ?? "").jsonl"),
                    "--plugins", "diversity", "--apply", "all", "--out", folder.path("report"),
                    "--quiet",
                ] + options)
            #expect(ending.status == 0, "\(ending.errors)")
            let found = try ReportReader(folder.path("report")).lines("findings.jsonl").filter {
                $0["code"] == "DIV007"
            }
            #expect(found.map { $0["row_index"]?.intValue } == [0, 2])
            #expect(
                found.map { $0["message"]?.stringValue } == [
                    "is the beginning of row 2, which goes on for 4 turns",
                    "is the beginning of row 2, which goes on for 2 turns",
                ])
        }
        let written = try String(contentsOfFile: folder.path("out0.jsonl"), encoding: .utf8)
        #expect(written == [1, 3, 4, 5].map { lines[$0] + "\n" }.joined())
    }

    @Test("names, dates, numbers and links beside the texts do not set copies apart")
    func names() throws {
        let records: [Record] = (0..<20).map { row in
            [
                ("question", "what is said of row \(row / 2) here"), ("answer", "nothing much"),
                ("id", "q-\(row)"), ("url", "https://example.org/a/b/c/\(row)"),
                ("created", "Mon Nov 30 17:16:\(10 + row) UTC 2026"),
                ("model", "small model \(row)"),
            ]
        }
        #expect(try DiversityRun(records).copies.count == 10)
    }

    @Test("copies are found among thousands of one template with a number in it")
    func numbers() throws {
        var generator = SeededGenerator(seed: 2)
        let template = text(60, &generator).split(separator: " ").map(String.init)
        func record(_ words: [String], _ number: Int) -> Record {
            [
                ("prompt", words.joined(separator: " ") + " \(number)"),
                ("response", "that is \(number)"),
            ]
        }
        let originals = (0..<2000).map { record(template, $0) }
        let copies = (0..<400).map { number in
            var words = template
            words[Int(generator.below(60))] = text(1, &generator)
            return record(words, number)
        }
        let found = try DiversityRun(originals + copies).copies
        #expect(found.count >= 392, "\(found.count) of 400")
        for copy in found {
            let pair = [copy.row, copy.survivor].map { $0 < 2000 ? $0 : $0 - 2000 }
            #expect(pair[0] == pair[1])
        }
    }

    @Test("the same numbers in another order are no copy")
    func order() throws {
        func ask(_ first: Int, _ second: Int) -> Record {
            [
                (
                    "prompt",
                    "there are \(first) apples on the left of the old table and \(second) pears on the right of it, which are more"
                ), ("response", "count both and compare them"),
            ]
        }
        #expect(try DiversityRun([ask(17, 42), ask(42, 17), ask(17, 42)]).copies.map(\.row) == [2])
    }

    @Test("a prompt that the evaluation set has hundreds of times is still a leak")
    func repeatedLeak() throws {
        let eval = [Record](repeating: [("prompt", "what is up with that")], count: 300)
        let run = try DiversityRun(
            [[("prompt", "what is up with that")], [("prompt", "something else than it")]],
            eval: eval)
        #expect(rows(run, "DIV005") == [0])
    }

    @Test("what leaks stays for no copy, and no row is proposed to go and to stay")
    func leaksAndCopies() throws {
        var generator = SeededGenerator(seed: 3)
        let eval: [Record] = (0..<50).map { _ in [("text", text(15, &generator))] }
        let rest: [Record] = (0..<600).map { row in
            [("text", text(15, &generator)), ("label", row % 9 == 0 ? "rare" : "common")]
        }
        let leaked = eval.map { $0 + [("label", "rare")] }
        let run = try DiversityRun(
            leaked + leaked + rest, eval: eval,
            ["subset_size=200", "balance=label", "balance_by=copies"])
        let leaks = Set(rows(run, "DIV005"))
        #expect(leaks == Set(0..<100))
        #expect(run.copies.allSatisfy { !leaks.contains($0.survivor) && !leaks.contains($0.row) })
        let proposed = run.proposals.compactMap { $0["row_index"]?.intValue }
        #expect(Set(proposed).count == proposed.count, "one proposal a row")
        let subset = run.metrics["diversity.subset_size"]?.value
        #expect(subset == 200)
    }

    @Test("records without a text are no copies of each other")
    func empty() throws {
        let records: [Record] = (0..<50).map {
            [("prompt", ""), ("response", ""), ("id", "\($0)")]
        }
        #expect(
            try DiversityRun(records + [[("prompt", "a word or two"), ("response", "yes")]]).copies
                .isEmpty)
    }

    @Test("code that differs in an operator is no copy; what only words say is no certainty")
    func operators() throws {
        func record(_ code: String) -> Record {
            [
                ("prompt", "write a function of two numbers"),
                ("response", "def f(a, b):\n    return \(code)"),
            ]
        }
        let run = try DiversityRun([record("a + b"), record("a - b"), record("A + B")])
        #expect(run.copies.map(\.row).count == 1)
        #expect(run.copies.allSatisfy { Set([$0.row, $0.survivor]) == [0, 2] })
        #expect(run.proposals.allSatisfy { ($0["confidence"]?.doubleValue ?? 1) < 1 })
    }

    @Test("a field without a number is worse than any number")
    func quality() throws {
        let text = "say in a few words what there is to be said of it"
        let records: [Record] = [("-0.5"), (""), ("-3")].map {
            [("prompt", text), ("response", "it is so"), ("reward", $0)]
        }
        let run = try DiversityRun(records, ["quality_field=reward"])
        #expect(run.copies.map(\.row) == [1, 2])
        #expect(run.copies.allSatisfy { $0.survivor == 0 })
    }

    @Test(
        "a domain is the category of the taxonomy's first dimension by a field, or else the label")
    func domain() throws {
        var generator = SeededGenerator(seed: 9)
        // What is of no category (c) does not count.
        let kinds = ["a1", "b", "a2", "b"]
        let records = (0..<400).map { index -> Record in
            let label = index % 33 == 0 ? "y" : "x"
            let kind = index % 10 == 9 ? "c" : kinds[index % 4]
            return [("text", text(12, &generator)), ("label", label), ("kind", kind)]
        }
        let taxonomy = """
            {"dimensions": [{"name": "form", "categories": [{"name": "long", "rules": {"min_words": 9}}]},
             {"name": "kind", "field": "kind", "categories": [{"name": "a", "values": ["a1", "a2"]}, "b"]}]}
            """
        func score(_ settings: [String]) throws -> Double {
            try #require(
                try DiversityRun(records, settings).metrics["diversity.domain_score"]?.value)
        }
        // 387 and 13 of 400 have an entropy of 0.207 bits.
        #expect(abs(try score([]) - 0.207) < 0.02)
        // Of the others 200 are of a and 160 of b: 0.991 bits.
        let mapped = try score(["taxonomy=" + taxonomy.split(separator: "\n").joined()])
        #expect(abs(mapped - 0.991) < 0.02)
        let open = "{\"dimensions\": [{\"name\": \"kind\", \"field\": \"kind\"}]}"
        // Every value is a category: 0.25, 0.4, 0.25 and 0.1 have an entropy of 1.861 of 2 bits.
        #expect(abs(try score(["taxonomy=" + open]) - 0.93) < 0.03)
    }

    @Test("what is stated of the data does not depend on what it is compared with")
    func alone() throws {
        var generator = SeededGenerator(seed: 5)
        let records: [Record] = (0..<500).map { _ in [("text", text(12, &generator))] }
        let alone = try DiversityRun(records, ["limits={\"lexical\": 0.999}"])
        let beside = try DiversityRun(
            records, reference: Array(records.prefix(60)), ["limits={\"lexical\": 0.999}"])
        for name in ["score", "lexical_score", "vendi", "distinct_1"] {
            let value = try #require(alone.metrics["diversity.\(name)"]?.value)
            #expect(beside.metrics["diversity.\(name)"]?.value == value, "\(name)")
        }
        #expect(rows(alone, "DIV006").isEmpty)
        func thin(_ run: DiversityRun) -> Int {
            run.findings.count { $0["code"]?.stringValue == "DIV006" }
        }
        #expect(thin(alone) == thin(beside))
    }

    /// Whatever they say, long texts are alike in the mean of their words.
    @Test(
        "long texts of the same vocabulary do not mean the same, the same words in another order do"
    )
    func longTexts() throws {
        let vocabulary =
            "river market teacher engine garden doctor window letter bridge summer music captain paper village "
            + "money forest kitchen winter soldier mountain story machine island colour house question island "
            + "friend morning table school water answer train horse evening picture reason animal party"
        let words = vocabulary.split(separator: " ").map(String.init)
        var generator = SeededGenerator(seed: 21)
        var texts = (0..<300).map { _ in
            (0..<150).map { _ in words[Int(generator.below(UInt64(words.count)))] }
        }
        texts.append(texts[17].reversed())
        let run = try DiversityRun(texts.map { [("text", $0.joined(separator: " "))] })
        #expect(rows(run, "DIV003") == [300])
    }
}
