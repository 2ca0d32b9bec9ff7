import Foundation
import JSONText
import Support
import Testing

/// Coverage as a user runs it.
@Suite struct CoverageRunTests {
    private func record(_ prompt: String, _ fields: [(String, String)] = []) -> String {
        var object: JSONObject = ["prompt": .string(prompt), "response": "a sufficient answer"]
        for (key, value) in fields { object[key] = .string(value) }
        return JSONValue.object(object).text
    }

    private func run(
        _ folder: TemporaryFolder, _ arguments: [String], out: String = "out"
    ) throws -> ReportReader {
        let result = try Program.assay(
            ["run"] + arguments + ["--plugins", "coverage", "--out", folder.path(out), "--quiet"])
        #expect(result.status == 0, "\(result.errors)")
        return ReportReader(folder.path(out))
    }

    private func metrics(_ report: ReportReader) throws -> [String: Double] {
        let metrics = try report.report()["analyzers"]?.arrayValue?.first?["metrics"]?.arrayValue
        return Dictionary(
            uniqueKeysWithValues: (metrics ?? []).map {
                ($0["name"]?.stringValue ?? "", $0["value"]?.doubleValue ?? -1)
            })
    }

    /// Two dimensions, a cross and unequal weights, by hand.
    ///
    /// topic: billing (weight 3, target 4) has 2, delivery (weight 1, target 2) has 3.
    /// sample = 0.75·0.5 + 0.25·1.5 = 0.75; capped = 0.375 + 0.25 = 0.625.
    /// language (target 4): en 4, zh 1. sample = 0.5·1 + 0.5·0.25 = 0.625.
    /// cross, target 2: billing×en 1, billing×zh 1, delivery×en 3, delivery×zh 0; weights 3, 3, 1, 1
    /// of 8. sample = 3/8·0.5 + 3/8·0.5 + 1/8·1.5 + 0 = 0.5625; capped 0.375 + 0.125 = 0.5;
    /// scene 0.75. With delivery×zh excluded: scene 1, weights 3, 3, 1 of 7: capped
    /// 3/7·0.5·2 + 1/7 = 4/7.
    @Test("gives the second worked example: two dimensions, a cross, unequal weights")
    func crossed() throws {
        let folder = try TemporaryFolder()
        let rows = [
            ("billing", "en", "why was my card charged twice"), ("billing", "zh", "为什么多收了钱"),
            ("delivery", "en", "where is the parcel"), ("delivery", "en", "can it come on monday"),
            ("delivery", "en", "driver left it outside again"),
        ]
        let data = try folder.write(
            "data.jsonl",
            rows.map { record($0.2, [("topic", $0.0), ("lang", $0.1)]) }.joined(separator: "\n"))
        func taxonomy(_ exclude: String) throws -> String {
            try folder.write(
                "taxonomy.yaml",
                """
                taxonomy: 1
                dimensions:
                  - name: topic
                    field: topic
                    categories:
                      - {name: billing, weight: 3, target: 4}
                      - {name: delivery, weight: 1, target: 2}
                  - {name: language, field: lang, target: 4, categories: [en, zh]}
                crosses:
                  - {dimensions: [topic, language], target: 2\(exclude)}
                """)
        }
        let all = try metrics(run(folder, [data, "--taxonomy", taxonomy("")]))
        func near(_ name: String, _ value: Double, _ found: [String: Double]) {
            #expect(abs((found["coverage.\(name)"] ?? -1) - value) < 1e-9, "\(name)")
        }
        near("topic.sample", 0.75, all)
        near("topic.sample_effective", 0.625, all)
        near("language.sample", 0.625, all)
        near("topic_by_language.scene", 0.75, all)
        near("topic_by_language.sample", 0.5625, all)
        near("topic_by_language.sample_effective", 0.5, all)
        near("score", (0.625 + 0.625 + 0.5) / 3, all)
        near("pairwise", 0.75, all)
        let some = try metrics(
            run(folder, [data, "--taxonomy", taxonomy(", exclude: [[delivery, zh]]")]))
        near("topic_by_language.scene", 1, some)
        near("topic_by_language.sample_effective", 4.0 / 7, some)
    }

    @Test("ten thousand near copies of a record change effective coverage by less than one percent")
    func copies() throws {
        let folder = try TemporaryFolder()
        let words = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike"
            .split(separator: " ").map(String.init)
        func prompt(_ number: Int) -> String {
            (0..<12).map { words[(number &* 7919 >> ($0 % 5) &+ number &* ($0 + 3)) % 13] }
                .joined(separator: " ") + " \(number) \(number &* 31) \(number &* 17)"
        }
        let own = (0..<300).map {
            record(prompt($0), [("topic", $0 % 3 == 0 ? "rare" : "common")])
        }
        let copied = (0..<10_000).map { number in
            // Another word in another place, or one more at the end.
            var parts = "please tell me how to reset the password of my account today".split(
                separator: " "
            ).map(String.init)
            if number % 2 == 0 {
                parts[number % 12] = "w\(number)"
            } else {
                parts.append("\(number)")
            }
            return record(parts.joined(separator: " "), [("topic", "rare")])
        }
        let original = record(
            "please tell me how to reset the password of my account today", [("topic", "rare")])
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            "taxonomy: 1\ndimensions:\n  - {name: topic, field: topic, target: 400, "
                + "categories: [rare, common]}\n")
        func effective(_ rows: [String], _ name: String) throws -> [String: Double] {
            let data = try folder.write("\(name).jsonl", rows.joined(separator: "\n"))
            return try metrics(run(folder, [data, "--taxonomy", taxonomy], out: name))
        }
        let before = try effective(own + [original], "before")
        let after = try effective(own + [original] + copied, "after")
        let (low, high) = (
            before["coverage.sample_effective"] ?? 0, after["coverage.sample_effective"] ?? 1
        )
        #expect(abs(high - low) < 0.01 * low)
        #expect((after["coverage.sample_capped"] ?? 0) > (before["coverage.sample_capped"] ?? 1))
        let findings = try ReportReader(folder.path("after")).lines("findings.jsonl")
        #expect(findings.contains { $0["code"]?.stringValue == "COV005" })
    }

    @Test("a hand label is used in the next run, and one of no category is refused")
    func handLabels() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write(
            "data.jsonl",
            (0..<20).map { record("question number \($0) about something", [("topic", "a")]) }
                .joined(separator: "\n"))
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            "taxonomy: 1\ndimensions:\n  - {name: topic, field: topic, categories: [a, b]}\n")
        let review = try folder.write(
            "review.jsonl",
            """
            {"row_index": 3, "code": "COV003", "decision": "relabel", "label": "topic: b"}
            """)
        let found = try metrics(run(folder, [data, "--taxonomy", taxonomy, "--review", review]))
        #expect(found["coverage.topic.scene"] == 1)
        let wrong = try folder.write(
            "wrong.jsonl",
            #"{"row_index": 3, "code": "COV003", "decision": "relabel", "label": "topic: c"}"#)
        let refused = try Program.assay([
            "run", data, "--taxonomy", taxonomy, "--review", wrong, "--plugins", "coverage",
            "--out", folder.path("refused"), "--quiet",
        ])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("row 4 says \"topic: c\""))
    }

    @Test("a regular expression puts records into categories, and one that runs away is given up")
    func patterns() throws {
        let folder = try TemporaryFolder()
        let runaway = String(repeating: "a", count: 64) + "!"
        let data = try folder.write(
            "data.jsonl",
            ["order A-17 is late", "order a-17 is late", "no order at all", "发票 第12号", runaway]
                .map { record($0) }.joined(separator: "\n"))
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            """
            taxonomy: 1
            dimensions:
              - name: kind
                target: 1
                categories:
                  - {name: order, rules: {in: prompt, regex: ['\\b[A-Z]-\\d+\\b', '第\\d+号']}}
                  - {name: any case, rules: {in: prompt, regex: ['(?i)\\b[A-Z]-\\d+\\b'], keywords: [late]}}
                  - {name: slow, rules: {in: prompt, regex: ['^(a+)+$']}}
            """)
        let report = try run(folder, [data, "--taxonomy", taxonomy])
        let counts = try metrics(report)
        #expect(abs((counts["coverage.kind.scene"] ?? 0) - 2.0 / 3) < 1e-9)
        let gaps = try report.lines("findings.jsonl")
        let slow = gaps.filter { $0["code"]?.stringValue == "COV008" }
        #expect(slow.compactMap { $0["row_index"]?.intValue } == [4])
        let bars =
            try report.report()["analyzers"]?.arrayValue?.first?["sections"]?.arrayValue?
            .compactMap { $0["body"]?["bars"]?.arrayValue }.first ?? []
        #expect(bars.compactMap { $0["value"]?.intValue } == [2, 2, 0])
        let bad = try folder.write(
            "bad.yaml",
            "taxonomy: 1\ndimensions:\n  - name: kind\n    categories:\n"
                + "      - {name: order, rules: {regex: ['[a-']}}\n")
        let refused = try Program.assay(["taxonomy", "check", bad])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("category order of kind has the regex [a-, which is none"))
        #expect(refused.errors.contains("(at byte 3)"))
    }

    @Test("the name of a record's file is a category")
    func files() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("data/billing.jsonl", record("why twice") + "\n" + record("refund"))
        _ = try folder.write("data/parcel.v2.csv", "prompt,response\nwhere is it,at the depot\n")
        _ = try folder.write("data/.hidden.jsonl", record("not read"))
        let open = try folder.write(
            "open.yaml", "taxonomy: 1\ndimensions:\n  - {name: source, by: file, target: 2}\n")
        let report = try run(
            folder, [folder.path("data"), "--taxonomy", open])
        let bars =
            try report.report()["analyzers"]?.arrayValue?.first?["sections"]?.arrayValue?
            .compactMap { $0["body"]?["bars"]?.arrayValue }.first ?? []
        #expect(bars.compactMap { $0["label"]?.stringValue } == ["billing", "parcel.v2"])
        #expect(bars.compactMap { $0["value"]?.intValue } == [2, 1])
        let stated = try folder.write(
            "stated.yaml",
            """
            taxonomy: 1
            dimensions:
              - name: source
                by: file
                categories: [billing, {name: delivery, values: [parcel.v2]}, returns]
            """)
        let found = try metrics(run(folder, [folder.path("data"), "--taxonomy", stated]))
        #expect(abs((found["coverage.source.scene"] ?? 0) - 2.0 / 3) < 1e-9)
        let both = try folder.write(
            "both.yaml",
            "taxonomy: 1\ndimensions:\n  - {name: source, by: file, field: x}\n")
        let refused = try Program.assay(["taxonomy", "check", both])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("has both field x and by: file"))
    }

    @Test("taxonomy check says what is in a file, and what is wrong with one")
    func check() throws {
        let folder = try TemporaryFolder()
        let good = try folder.write(
            "good.yaml",
            """
            taxonomy: 1
            dimensions:
              - name: topic
                categories:
                  - {name: a, examples: ["how are you", "what is up"]}
                  - {name: b, examples: ["pay the bill"]}
              - {name: language, by: language}
              - {name: kind, field: kind, categories: [x, y]}
            crosses:
              - {dimensions: [topic, kind]}
            """)
        let result = try Program.assay(["taxonomy", "check", good])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("topic: rules and examples, 2 categories, 3 examples"))
        #expect(result.output.contains("topic × kind: cross"))
        let bad = try folder.write(
            "bad.yaml",
            """
            taxonomy: 1
            dimensions:
              - {name: topic, field: topic, categories: [a, b]}
            crosses:
              - {dimensions: [topic, langage]}
            """)
        let refused = try Program.assay(["taxonomy", "check", bad])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("langage"))
        let lost = try folder.write(
            "lost.yaml",
            """
            taxonomy: 1
            dimensions:
              - name: topic
                categories:
                  - {name: a, examples: ["how are you"]}
                  - {name: b}
            """)
        let empty = try Program.assay(["taxonomy", "check", lost])
        #expect(empty.status == 2)
        #expect(empty.errors.contains("category b of topic has neither rules nor examples"))
    }

    @Test("discover writes a taxonomy that passes the check, and replaces no file")
    func discover() throws {
        let folder = try TemporaryFolder()
        let subjects = ["the weather in paris", "a refund for shoes", "the meaning of a word"]
        let data = try folder.write(
            "data.jsonl",
            (0..<90).map { record("please tell me about \(subjects[$0 % 3]), case \($0)") }
                .joined(separator: "\n"))
        let out = folder.path("topics.yaml")
        let arguments = ["taxonomy", "discover", data, "-o", out, "--topics", "3"]
        let made = try Program.assay(arguments)
        #expect(made.status == 0, "\(made.errors)")
        let text = try String(contentsOfFile: out, encoding: .utf8)
        for word in ["paris", "refund", "meaning"] { #expect(text.contains(word)) }
        #expect(try Program.assay(["taxonomy", "check", out]).status == 0)
        let again = try Program.assay(arguments)
        #expect(again.status == 2)
        #expect(again.errors.contains("is there already"))
        #expect(try String(contentsOfFile: out, encoding: .utf8) == text)
    }
}

/// Coverage on real data with truth.
@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not there"))
struct CoverageTruthTests {
    /// The five cells that were damaged are the gaps, by priority, and a pool closes them.
    @Test("finds exactly the planted gaps of bitext_cs and fills them from a pool")
    func gaps() throws {
        let folder = try TemporaryFolder()
        let text = try String(
            contentsOf: SharedData.file("bitext_cs/bitext_v1.csv"), encoding: .utf8)
        // A record ends where the quotes are balanced.
        var records: [String] = []
        var open = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            open += open.isEmpty ? String(line) : "\n" + line
            if open.count(where: { $0 == "\"" }) % 2 == 0 {
                if !open.isEmpty { records.append(open) }
                open = ""
            }
        }
        let removed = ["place_order", "get_refund", "newsletter_subscription"]
        let thinned = ["track_order", "delete_account"]
        var (data, pool, others): ([String], [String], [String]) = ([records[0]], [records[0]], [])
        var kept: [String: Int] = [:]
        for (number, record) in records.dropFirst().enumerated() {
            let cells = record.split(separator: ",", omittingEmptySubsequences: false)
            let intent = cells.lazy.map(String.init).first {
                removed.contains($0) || thinned.contains($0)
            }
            if let intent, removed.contains(intent) || number % 20 != 0 {
                pool.append(record)
            } else {
                if let intent { kept[intent, default: 0] += 1 }
                data.append(record)
                if intent == nil, others.count < 5000 { others.append(record) }
            }
        }
        let dataPath = try folder.write("data.csv", data.joined(separator: "\n") + "\n")
        let poolPath = try folder.write("pool.csv", (pool + others).joined(separator: "\n") + "\n")
        let names = [
            "cancel_order", "change_order", "change_shipping_address", "check_invoice",
            "complaint", "create_account",
        ]
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            "taxonomy: 1\ndimensions:\n  - name: intent\n    field: intent\n    target: 100\n"
                + "    categories: ["
                + (names + removed + thinned).joined(separator: ", ") + "]\n")
        let run = try GapRun(data: dataPath, pool: poolPath, taxonomy: taxonomy, folder: folder)
        let gaps = run.gaps
        #expect(gaps.count == 5)
        for gap in gaps {
            let name = gap["category"]?.stringValue ?? ""
            let have = kept[name, default: 0]
            #expect(removed.contains(name) || thinned.contains(name))
            #expect(gap["have"]?.intValue == have)
            #expect(gap["deficit"]?.intValue == 100 - have)
            #expect(gap["still_missing"]?.intValue == 0)
        }
        // The removed ones first, then the thinned by what they lack.
        #expect(run.deficits == run.deficits.sorted(by: >) && run.deficits.count == 5)
        #expect(run.taken.count == run.deficits.reduce(0, +))
        // What is taken lies among the removed records, which stand first.
        let right = run.taken.filter { $0 < pool.count - 1 }
        #expect(Double(right.count) >= 0.95 * Double(run.taken.count))
    }
}
