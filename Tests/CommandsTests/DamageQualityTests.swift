import JSONText
import Support
import Testing

/// Real instruction data, damaged on purpose: what the checks of pairs find and what they invent.
///
/// The floors stand a little below what was measured on these sets (docs/strategies); the bars of the
/// strategy are an AUROC of 0.95 for shuffled responses, a precision of 0.98 and a recall of 0.90 for the
/// other kinds on three sets each, and false flags on at most 1 % of untouched records.
@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not there"))
struct DamageQualityTests {
    private struct Outcome {
        var flagged: [String: Set<Int>] = [:]
        var scores: [Int: Double] = [:]
    }

    /// Runs the noise strategy and calls `body` with its report.
    private func report<Result>(
        _ data: DamagedPairs, _ body: (ReportReader) throws -> Result
    ) throws -> Result {
        let folder = try TemporaryFolder()
        let path = try folder.write("data.jsonl", data.bytes)
        let result = try Program.assay(
            ["run", path, "--plugins", "noise", "--out", folder.path("report")])
        #expect(result.status == 0, "\(result.errors)")
        return try body(ReportReader(folder.path("report")))
    }

    private func run(_ data: DamagedPairs) throws -> Outcome {
        try report(data, outcome)
    }

    private func outcome(_ reader: ReportReader) throws -> Outcome {
        var outcome = Outcome()
        for finding in try reader.lines("findings.jsonl") {
            guard let code = finding["code"]?.stringValue, let row = finding["row_index"]?.intValue
            else { continue }
            outcome.flagged[code, default: []].insert(row)
        }
        for row in try reader.lines("rows.jsonl") {
            let score = row["scores"]?["noise.mismatched_response"]?.doubleValue
            if let index = row["row_index"]?.intValue, let score { outcome.scores[index] = score }
        }
        return outcome
    }

    /// Sums of ranks (Mann and Whitney 1947); equal scores count half.
    private func auroc(_ outcome: Outcome, _ data: DamagedPairs) -> Double {
        let all = data.pairs.indices.map {
            (score: outcome.scores[$0] ?? 0, isDamaged: data.damaged.contains($0))
        }.sorted { $0.score < $1.score }
        var (sum, rank) = (0.0, 0)
        while rank < all.count {
            var end = rank
            while end < all.count, all[end].score == all[rank].score { end += 1 }
            for index in rank..<end where all[index].isDamaged {
                sum += Double(rank + end + 1) / 2
            }
            rank = end
        }
        let damaged = Double(data.damaged.count)
        return (sum - damaged * (damaged + 1) / 2) / (damaged * (Double(all.count) - damaged))
    }

    @Test(
        "shuffled responses score above others without any trusted record",
        arguments: ["gsm8k", "Codegen", "Roleplay", "huatuo", "halueval"])
    func shuffled(_ name: String) throws {
        var data = try DamagedPairs(name)
        data.apply(.shuffled, rate: 0.1, seed: 1)
        let area = auroc(try run(data), data)
        #expect(area >= 0.95, "\(name): \(area)")
    }

    @Test(
        "a thousand records are enough for most shuffled responses to be flagged",
        arguments: [("gsm8k", 0.95), ("Codegen", 0.7), ("Roleplay", 0.7)])
    func shuffledAmongFew(_ bar: (set: String, score: Double)) throws {
        var sum = 0.0
        for seed in UInt64(1)...2 {
            var whole = try DamagedPairs(bar.set)
            var data = whole.split(first: 1000)
            data.apply(.shuffled, rate: 0.1, seed: seed)
            let flagged = try run(data).flagged["NSE041"] ?? []
            // F1 of the flags.
            sum +=
                2 * Double(flagged.intersection(data.damaged).count)
                / Double(flagged.count + data.damaged.count)
        }
        #expect(sum / 2 >= bar.score, "\(bar.set): \(sum / 2)")
    }

    @Test(
        "responses that were exchanged within the sets of a mixture are found, and nothing in it untouched"
    )
    func mixed() throws {
        func mixture(_ rate: Double) throws -> DamagedPairs {
            let sets = try ["gsm8k", "huatuo", "Roleplay"].map { name in
                var whole = try DamagedPairs(name)
                var data = whole.split(first: 1500)
                if rate > 0 { data.apply(.shuffled, rate: rate, seed: 1) }
                return data
            }
            return sets.dropFirst().reduce(into: sets[0]) { $0.append($1) }
        }
        let untouched = try run(mixture(0)).flagged["NSE041"] ?? []
        #expect(untouched.count <= 4)
        let data = try mixture(0.2)
        let outcome = try run(data)
        let flagged = outcome.flagged["NSE041"] ?? []
        let right = flagged.intersection(data.damaged).count
        #expect(2 * right >= data.damaged.count, "\(right) of \(data.damaged.count)")
        #expect(Double(right) >= 0.7 * Double(flagged.count))
        #expect(auroc(outcome, data) >= 0.95)
    }

    /// What is said of responses of other prompts, and the share of clean records.
    private func mismatches(_ data: DamagedPairs) throws -> (found: [JSONValue], clean: Double) {
        try report(data) { reader in
            let metrics =
                try reader.report()["analyzers"]?.arrayValue?.first?["metrics"]?.arrayValue
            return (
                try reader.lines("findings.jsonl").filter { $0["code"] == "NSE041" },
                metrics?.first { $0["name"] == "noise.score" }?["value"]?.doubleValue ?? -1
            )
        }
    }

    @Test(
        "a column that is a row off is found with its rows",
        arguments: ["halueval", "huatuo", "gsm8k", "Codegen"])
    func shifted(_ name: String) throws {
        var data = try DamagedPairs(name)
        let first = data.pairs.count / 3
        data.shiftResponses(from: first)
        let (found, clean) = try mismatches(data)
        let finding = try #require(found.first { $0["row_index"] == .null })
        #expect(finding["severity"] == "high")
        let evidence = try #require(finding["evidence"])
        #expect(evidence["offset"]?.intValue == 1)
        #expect(abs((evidence["first_row_index"]?.intValue ?? 0) - first) < 20)
        #expect((evidence["last_row_index"]?.intValue ?? 0) > data.pairs.count - 20)
        #expect(clean < 0.36)
    }

    @Test("where the order of one column is lost, one finding says that nothing goes together")
    func lostOrder() throws {
        var data = try DamagedPairs("halueval")
        data.apply(.shuffled, rate: 1, seed: 1)
        let (found, _) = try mismatches(data)
        #expect(found.count == 1)
        #expect(found.first?["row_index"] == .null)
        #expect(found.first?["message"]?.stringValue?.contains("same order") == true)
        #expect(found.first?["severity"] == "medium")
    }

    private static let bars: [(set: String, damage: DamagedPairs.Damage)] = [
        ("gsm8k", .cut), ("gsm8k", .merged), ("huatuo", .merged), ("Toolformer", .merged),
        ("Codegen", .merged),
        ("Roleplay", .repeated), ("huatuo", .repeated), ("Codegen", .repeated),
        ("gsm8k", .language), ("Codegen", .language), ("huatuo", .language),
        ("huatuo", .mojibake), ("gsm8k", .echo), ("Roleplay", .echo), ("Codegen", .echo),
    ]

    @Test(
        "damage is found with a precision of 0.98 and a recall of 0.90",
        arguments: bars.indices)
    func damage(_ index: Int) throws {
        let (set, damage) = DamageQualityTests.bars[index]
        var data = try DamagedPairs(set)
        let strangers = try DamagedPairs(set == "huatuo" ? "Roleplay" : "huatuo")
        data.apply(damage, rate: 0.1, seed: 1, strangers: strangers.pairs.map(\.response))
        let flagged = try run(data).flagged[damage.code] ?? []
        let found = Double(flagged.intersection(data.damaged).count)
        let (precision, recall) = (
            found / Double(max(1, flagged.count)), found / Double(data.damaged.count)
        )
        #expect(precision >= 0.98 && recall >= 0.9, "\(set) \(damage): \(precision) \(recall)")
    }

    @Test("untouched data has few flags", arguments: ["gsm8k", "Codegen", "Roleplay", "huatuo"])
    func untouched(_ name: String) throws {
        let data = try DamagedPairs(name)
        let flagged = try run(data).flagged
        // Contradictions and personal data are really there.
        let invented = flagged.filter { $0.key != "NSE040" && $0.key != "NSE031" }
        let rows = invented.values.reduce(into: Set<Int>()) { $0.formUnion($1) }
        #expect(Double(rows.count) <= 0.01 * Double(data.pairs.count), "\(flagged)")
    }

    @Test("a mixture of short questions and instructions with passages has few flags")
    func mixture() throws {
        for count in [500, 700] {
            var other = try DamagedPairs("huatuo")
            var data = try DamagedPairs("belle")
            data.mix(in: other.split(first: count))
            let flagged = try run(data).flagged["NSE026"] ?? []
            #expect(Double(flagged.count) <= 0.01 * Double(data.pairs.count), "\(flagged.count)")
        }
    }

    /// Runs the noise strategy on a file and gives the flagged rows of a code and the report's metrics.
    private func flagged(
        _ path: String, _ code: String, _ folder: TemporaryFolder, _ options: [String] = []
    ) throws -> (rows: Set<Int>, metrics: [String: Double], queue: [Int]) {
        let result = try Program.assay(
            ["run", path, "--plugins", "noise", "--out", folder.path("report")] + options)
        #expect(result.status == 0, "\(result.errors)")
        let reader = ReportReader(folder.path("report"))
        let rows = try reader.lines("findings.jsonl").filter { $0["code"]?.stringValue == code }
        let metrics =
            try reader.report()["analyzers"]?.arrayValue?.first?["metrics"]?.arrayValue ?? []
        return (
            Set(rows.compactMap { $0["row_index"]?.intValue }),
            Dictionary(
                metrics.compactMap { metric in
                    metric["name"]?.stringValue.flatMap { name in
                        metric["value"]?.doubleValue.map { (name, $0) }
                    }
                }, uniquingKeysWith: { $1 }),
            try reader.lines("queue.jsonl").compactMap { $0["row_index"]?.intValue }
        )
    }

    private func decisions(_ rows: [Int], _ code: String, _ decide: (Int) -> String) -> [UInt8] {
        var writer = JSONWriter()
        for row in rows {
            writer.value(
                .object([
                    "row_index": JSONValue(row), "code": .string(code),
                    "decision": .string(decide(row)),
                ]))
            writer.newline()
        }
        return writer.bytes
    }

    @Test(
        "fifty decisions change the next run in their direction",
        arguments: [("huatuo", DamagedPairs.Damage.cut), ("Codegen", .shuffled)])
    func review(_ argument: (set: String, damage: DamagedPairs.Damage)) throws {
        var data = try DamagedPairs(argument.set)
        data.apply(argument.damage, rate: 0.1, seed: 1)
        let folder = try TemporaryFolder()
        let path = try folder.write("data.jsonl", data.bytes)
        let code = argument.damage.code
        let before = try flagged(path, code, folder)
        // Spread over the data: every so manieth flagged row.
        let all = before.rows.sorted()
        let chosen = stride(from: 0, to: all.count, by: max(1, all.count / 50)).prefix(50)
            .map { all[$0] }
        #expect(chosen.count == 50)
        func precision(_ rows: Set<Int>) -> Double {
            let open = rows.subtracting(chosen)
            return Double(open.intersection(data.damaged).count) / Double(max(1, open.count))
        }
        let truth = try folder.write(
            "truth.jsonl",
            decisions(chosen, code) { data.damaged.contains($0) ? "accept" : "reject" })
        let after = try flagged(path, code, folder, ["--review", truth])
        for row in chosen { #expect(after.rows.contains(row) == data.damaged.contains(row)) }
        #expect(precision(after.rows) >= precision(before.rows))
        let right = Double(chosen.count { data.damaged.contains($0) }) / 50
        let name =
            argument.damage == .cut
            ? "noise.truncated_response_reviewed_precision"
            : "noise.mismatched_response_reviewed_precision"
        #expect(after.metrics[name] == right)
        // Whoever finds them all wrong sees far fewer.
        let no = try folder.write("no.jsonl", decisions(chosen, code) { _ in "reject" })
        let less = try flagged(path, code, folder, ["--review", no])
        #expect(less.rows.count * 2 < before.rows.count)
    }

    @Test("500 trusted records improve the order of review")
    func trusted() throws {
        var whole = try DamagedPairs("Codegen")
        let trusted = whole.split(first: 500)
        whole.apply(.cut, rate: 0.02, seed: 1)
        whole.apply(.merged, rate: 0.02, seed: 2)
        let folder = try TemporaryFolder()
        let path = try folder.write("data.jsonl", whole.bytes)
        let known = try folder.write("trusted.jsonl", trusted.bytes)
        func found(_ queue: [Int]) -> Int {
            Set(queue.prefix(whole.damaged.count)).intersection(whole.damaged).count
        }
        let without = found(try flagged(path, "", folder).queue)
        let with = found(try flagged(path, "", folder, ["--trusted", known]).queue)
        // Measured: 4 % of the records are damaged.
        #expect(with > without, "\(with), \(without) of \(whole.damaged.count)")
        #expect(Double(with) >= 0.4 * Double(whole.damaged.count), "\(with)")
    }
}
