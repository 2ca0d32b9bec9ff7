import Foundation
import JSONText
import Numerics
import Records
import Support
import Testing

/// The bars of the diversity strategy on real data.
@Suite(.serialized, .enabled(if: SharedData.isPresent, "../shared/data is not there"))
struct DiversityQualityTests {
    private typealias Record = DiversityRun.Record

    private static func read(_ path: String) throws -> [Record] {
        let read = try ReadRecords(
            Array(Data(contentsOf: SharedData.file(path))), name: path)
        let columns: [(String, ColumnName)] = [
            ("prompt", .prompt), ("response", .response), ("label", .label),
        ]
        let texts = columns.map { ($0.0, read.strings($0.1)) }
        return (texts.first?.1 ?? []).indices.map { row in
            texts.compactMap { key, column in column[row].map { (key, $0) } }
        }
    }

    private static func text(_ record: Record, _ key: String = "prompt") -> String {
        record.first { $0.key == key }?.value ?? ""
    }

    /// One word is left out, put in, changed, in capitals or misspelt, or a mark is added.
    private static func edited(
        _ text: String, _ generator: inout SeededGenerator, ideographs: Bool = false
    ) -> String {
        var words =
            ideographs ? text.map { String($0) } : text.split(separator: " ").map(String.init)
        guard words.count > 3 else { return text + " !" }
        let place = Int(generator.below(UInt64(words.count)))
        switch generator.below(5) {
        case 0: words.remove(at: place)
        case 1: words.insert(ideographs ? "请" : "really", at: place)
        case 2: words[place] = ideographs ? "某" : "something"
        case 3: words[place] = words[place].uppercased()
        default: words.append(ideographs ? "！" : "!")
        }
        return words.joined(separator: ideographs ? "" : " ")
    }

    private static func edited(
        _ record: Record, _ keys: Set<String>, _ generator: inout SeededGenerator,
        ideographs: Bool = false
    ) -> Record {
        record.map { key, value in
            (
                key,
                keys.contains(key)
                    ? edited(value, &generator, ideographs: ideographs) : value
            )
        }
    }

    @Test("the ten planted pairs of a thousand articles are found, and nothing else")
    func plagiarism() throws {
        let lines = try String(
            contentsOf: SharedData.file("plagiarism_minhash/articles_1000.train"), encoding: .utf8
        ).split(separator: "\n")
        let ids = lines.map { String($0.prefix { $0 != " " }) }
        let run = try DiversityRun(
            lines.map { [("text", String($0.drop { $0 != " " }.dropFirst()))] })
        let found = Set(run.copies.map { Set([ids[$0.row], ids[$0.survivor]]) })
        let truth = try String(
            contentsOf: SharedData.file("truth/plagiarism_pairs.csv"), encoding: .utf8
        ).split(whereSeparator: \.isNewline).map { $0.split(separator: ",").map(String.init) }
            .filter { $0[0] == "1000" }
        #expect(truth.count == 10)
        #expect(found == Set(truth.map { Set([$0[1], $0[2]]) }))
    }

    /// The words and pairs of a text, by a rule of its own that is near the host's.
    private static func shingles(_ text: String) -> Set<String> {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
            .map(String.init)
        return Set(words + zip(words, words.dropFirst()).map { "\($0) \($1)" })
    }

    private static func jaccard(_ first: String, _ second: String) -> Double {
        let (one, other) = (shingles(first), shingles(second))
        return one.isEmpty && other.isEmpty
            ? 1 : Double(one.intersection(other).count) / Double(one.union(other).count)
    }

    @Test(
        "of templated data each removal is alike to what stays; order does not matter, thresholds do"
    )
    func templates() throws {
        let records = try DiversityQualityTests.read(
            "gpteacher/Toolformer/toolformer-dedupe-only-dataset.json")
        var kept: [Int] = []
        var atDefault: Set<String> = []
        for threshold in [0.9, 0.8, 0.7, 0.6] {
            let copies = try DiversityRun(records, ["near_threshold=\(threshold)"]).copies
            let removed = Set(copies.map(\.row))
            kept.append(records.count - removed.count)
            #expect(removed.count == copies.count, "no row is removed twice")
            var far = 0
            for copy in copies {
                #expect(!removed.contains(copy.survivor))
                #expect(copy.similarity >= threshold - 1e-6)
                let (record, survivor) = (records[copy.row], records[copy.survivor])
                let similarity =
                    ["prompt", "response"].map { key in
                        DiversityQualityTests.jaccard(
                            DiversityQualityTests.text(record, key),
                            DiversityQualityTests.text(survivor, key))
                    }.min() ?? 0
                // The words are not quite the host's.
                if similarity < threshold - 0.1 { far += 1 }
            }
            #expect(far <= copies.count / 200, "\(far) of \(copies.count)")
            if threshold == 0.8 {
                atDefault = Set(
                    records.indices.filter { !removed.contains($0) }
                        .map { DiversityRun.line(records[$0]) })
            }
        }
        #expect(kept == kept.sorted(by: >) && Set(kept).count == 4, "\(kept)")
        print("toolformer kept: \(kept) of \(records.count)")
        var generator = SeededGenerator(seed: 2)
        let shuffled = records.shuffled(using: &generator)
        let removed = Set(try DiversityRun(shuffled).copies.map(\.row))
        let staying = Set(
            shuffled.indices.filter { !removed.contains($0) }
                .map { DiversityRun.line(shuffled[$0]) })
        #expect(staying == atDefault)
    }

    @Test(
        "two hundred evaluation records with small edits are all found in the data",
        arguments: [
            ("gsm8k/train.jsonl", "gsm8k/test.jsonl", 20),
            ("banking77/train.csv", "banking77/test.csv", 2500),
        ])
    func leaks(_ sets: (data: String, eval: String, mostOthers: Int)) throws {
        var generator = SeededGenerator(seed: 4)
        let eval = try DiversityQualityTests.read(sets.eval)
        let data = try DiversityQualityTests.read(sets.data)
        let planted = eval.shuffled(using: &generator).prefix(200).map {
            DiversityQualityTests.edited($0, ["prompt"], &generator)
        }
        let run = try DiversityRun(data + planted, eval: eval)
        let rows = Set(
            run.findings.filter { $0["code"]?.stringValue == "DIV005" }
                .compactMap { $0["row_index"]?.intValue })
        let found = rows.count { $0 >= data.count }
        print("leaks in \(sets.data): \(found) of 200, \(rows.count - found) others")
        #expect(found == 200)
        #expect(rows.count - found <= sets.mostOthers)
    }

    @Test("planted exact and near copies are found in Chinese records, each with its original")
    func chinese() throws {
        var generator = SeededGenerator(seed: 6)
        let records = try DiversityQualityTests.read("huatuo_med_zh/data/llama_data.json")
        let before = Set(try DiversityRun(records).copies.map(\.row))
        let long = records.indices.filter { row in
            !before.contains(row)
                && ["prompt", "response"].allSatisfy {
                    DiversityQualityTests.text(records[row], $0).count >= 24
                }
        }
        let originals = Array(long.shuffled(using: &generator).prefix(400))
        let copies = originals.enumerated().map { place, row in
            place < 200
                ? records[row]
                : DiversityQualityTests.edited(
                    records[row], ["prompt", "response"], &generator, ideographs: true)
        }
        let run = try DiversityRun(records + copies)
        var found: Set<Int> = []
        var wrong = 0
        for copy in run.copies where copy.row >= records.count || copy.survivor >= records.count {
            let planted = max(copy.row, copy.survivor) - records.count
            if min(copy.row, copy.survivor) == originals[planted] {
                found.insert(planted)
            } else {
                wrong += 1
            }
        }
        let exact = found.count { $0 < 200 }
        print("chinese: \(exact) exact, \(found.count - exact) near of 200 each, \(wrong) wrong")
        #expect(exact == 200)
        #expect(found.count - exact >= 190)
        #expect(wrong <= 2)
    }

    @Test(
        "balancing brings the entropy of a dimension to its maximum within the cap",
        arguments: ["weights", "copies"])
    func balance(_ form: String) throws {
        let category = ColumnName(rawValue: "field:category")
        let read = try ReadRecords(
            Array(Data(contentsOf: SharedData.file("bitext_cs/bitext_v1.csv"))),
            name: "bitext.csv", columns: [.prompt, category])
        let (prompts, categories) = (
            read.strings(.prompt), read.strings(category).map { $0 ?? "" }
        )
        try #require(categories.count == prompts.count && Set(categories).count > 5)
        let records: [Record] = prompts.indices.map { row in
            [("prompt", prompts[row] ?? ""), ("category", categories[row])]
        }
        let run = try DiversityRun(
            records, ["balance=category", "balance_by=\(form)", "max_copies=5"])
        let removed = Set(run.copies.map(\.row))
        var counts: [String: Double] = [:]
        var sizes = records.indices.map { removed.contains($0) ? 0.0 : 1.0 }
        for proposal in run.proposals where proposal["code"]?.stringValue == "DIV006" {
            let row = try #require(proposal["row_index"]?.intValue)
            let number = proposal["number"]?.doubleValue ?? 0
            switch proposal["action"]?.stringValue {
            case "weight": sizes[row] = number
            case "drop": sizes[row] = 0
            case "duplicate": sizes[row] = number + 1
            default: Issue.record("an action that balancing does not give")
            }
        }
        for (row, size) in sizes.enumerated() {
            #expect(size <= 5)
            counts[categories[row], default: 0] += size
        }
        let total = counts.values.reduce(0, +)
        let entropy = counts.values.reduce(0.0) { $0 - $1 / total * log($1 / total) }
        let evenness = entropy / log(Double(counts.count))
        let before = run.metrics["diversity.balance_before"]?.value ?? 1
        print("balance by \(form): \(before) to \(evenness)")
        #expect(before < 0.96)
        #expect(evenness >= 0.98)
        #expect(abs(evenness - (run.metrics["diversity.balance_planned"]?.value ?? 0)) < 0.001)
    }

    @Test(
        "a subset of a tenth has all intents, where k-centre and chance have fewer of three in a hundred"
    )
    func subset() throws {
        let records = try DiversityQualityTests.read("clinc150/data_full.json")
        let labels = records.map { DiversityQualityTests.text($0, "label") }
        let bare = records.map { record in record.filter { $0.key == "prompt" } }
        func intents(_ size: Int, _ method: String) throws -> Int {
            let run = try DiversityRun(bare, ["subset_size=\(size)", "subset_method=\(method)"])
            let dropped = Set(
                run.proposals.filter { $0["action"]?.stringValue == "drop" }
                    .compactMap { $0["row_index"]?.intValue })
            #expect(records.count - dropped.count == size)
            return Set(records.indices.filter { !dropped.contains($0) }.map { labels[$0] }).count
        }
        let all = Set(labels).count
        #expect(try intents(records.count / 10, "facility-location") == all)
        let few = records.count / 50
        let (chosen, centres) = (
            try intents(few, "facility-location"), try intents(few, "k-center")
        )
        var generator = SeededGenerator(seed: 1)
        let chance = Set(labels.shuffled(using: &generator).prefix(few)).count
        print("intents of \(all) in \(few): \(chosen), k-centre \(centres), chance \(chance)")
        #expect(chosen > centres && chosen >= chance)
    }

    @Test(
        "scores of subsamples of one dataset agree within their intervals; half the topics score lower in meaning alone"
    )
    func scores() throws {
        var generator = SeededGenerator(seed: 3)
        let all = try DiversityQualityTests.read("clinc150/data_full.json")
            .shuffled(using: &generator)
        let whole = try (0..<3).map {
            try DiversityRun(Array(all[($0 * 3000)..<(($0 + 1) * 3000)]))
        }
        for name in ["lexical", "semantic", "style", "form", "openers", "language", "domain"] {
            let scores = try whole.map { try #require($0.metrics["diversity.\(name)_score"]) }
            for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                let interval = try #require(scores[one].interval)
                #expect(
                    interval.lowerBound - 1e-9 <= scores[other].value
                        && scores[other].value <= interval.upperBound + 1e-9, "\(name)")
            }
        }
        let intents = Set(all.map { DiversityQualityTests.text($0, "label") }).sorted()
        let kept = Set(intents.prefix(intents.count / 2))
        let half = try DiversityRun(
            Array(
                all.filter { kept.contains(DiversityQualityTests.text($0, "label")) }.prefix(3000)))
        func score(_ name: String, _ run: DiversityRun) -> Double {
            run.metrics["diversity.\(name)_score"]?.value ?? -1
        }
        let (meaning, topics) = (
            score("semantic", half), half.metrics["diversity.topics_effective"]?.value ?? 0
        )
        print(
            "semantic: whole \(whole.map { score("semantic", $0) }), half \(meaning); form \(score("form", whole[0])), \(score("form", half)); topics \(whole[0].metrics["diversity.topics_effective"]?.value ?? 0), \(topics)"
        )
        for run in whole { #expect(meaning < score("semantic", run)) }
        let form = try #require(whole[0].metrics["diversity.form_score"]?.interval)
        #expect(score("form", half) >= form.lowerBound - 1e-9)
    }
}
