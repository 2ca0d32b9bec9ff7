import DistributionAlgorithm
import Foundation
import JSONText
import Numerics
import Records
import Support
import Testing

/// The bars of the distribution strategy on real data.
@Suite(.serialized, .enabled(if: SharedData.isPresent, "../shared/data is not there"))
struct DistributionQualityTests {
    private struct Record {
        var prompt: String
        var response: String
        var label: String

        var line: String {
            var object: JSONObject = [:]
            if !prompt.isEmpty { object["prompt"] = .string(prompt) }
            if !response.isEmpty { object["response"] = .string(response) }
            if !label.isEmpty { object["label"] = .string(label) }
            return JSONValue.object(object).text
        }
    }

    private static func read(_ path: String) throws -> [Record] {
        let read = try ReadRecords(
            Array(Data(contentsOf: SharedData.file(path))), name: path)
        let (prompts, responses) = (read.strings(.prompt), read.strings(.response))
        let labels = read.strings(.label)
        return prompts.indices.map {
            Record(
                prompt: prompts[$0] ?? "", response: responses[$0] ?? "", label: labels[$0] ?? "")
        }
    }

    private static let sets: [String: [Record]] = {
        var sets: [String: [Record]] = [:]
        for (name, path) in [
            ("clinc", "clinc150/data_full.json"), ("banking", "banking77/train.csv"),
            ("gsm", "gsm8k/train.jsonl"), ("bitext", "bitext_cs/bitext_v1.csv"),
            ("huatuo", "huatuo_med_zh/data/llama_data.json"),
        ] { sets[name] = try? read(path) }
        return sets
    }()

    private func draw(_ name: String, _ count: Int, seed: UInt64) throws -> [Record] {
        var generator = SeededGenerator(seed: seed)
        let all = try #require(DistributionQualityTests.sets[name])
        return Array(all.shuffled(using: &generator).prefix(count))
    }

    /// Words of a text as the families have them, by a stand-in for the host's hash.
    private static func words(_ text: String) -> [UInt32] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map { word in
            let bytes = Array(word.utf8)
            return UInt32(truncatingIfNeeded: StableHash.hash(bytes.span))
        }
    }

    /// The largest distance of p-values from the uniform distribution.
    private static func distanceFromUniform(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let n = Double(sorted.count)
        return sorted.enumerated().map { index, value in
            max(abs(Double(index + 1) / n - value), abs(value - Double(index) / n))
        }.max() ?? 1
    }

    /// 200 random splits of a dataset: p-values are uniform (1.63/√200 = 0.115 at 0.01, and 1/200 for the
    /// steps of p), the corrected divergence is within its interval of 0.
    @Test("random splits differ by chance alone", arguments: ["clinc", "banking", "bitext"])
    func null(_ name: String) throws {
        let all = try #require(DistributionQualityTests.sets[name])
        let labels = Set(all.map(\.label)).sorted()
        let number = Dictionary(
            uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
        let words = all.map { DistributionQualityTests.words($0.prompt) }
        let lengths = words.map { min(63, $0.count) }
        var pValues: [String: [Double]] = [:]
        var within: [String: Int] = [:]
        let work = TestThreads()
        for split in 0..<200 {
            var generator = SeededGenerator(seed: UInt64(split), stream: 77)
            let rows = Array(all.indices.shuffled(using: &generator).prefix(1000))
            let sides = [rows.prefix(500), rows.suffix(500)]
            let seed = UInt64(split) &* 101
            func counts(_ count: Int, _ bin: (Int) -> Int) -> [[Int]] {
                sides.map { side in
                    var counts = [Int](repeating: 0, count: count)
                    for row in side { counts[bin(row)] += 1 }
                    return counts
                }
            }
            let labelled = counts(labels.count) { number[all[$0].label] ?? 0 }
            let long = counts(64) { lengths[$0] }
            let texts = sides.map { side in
                var records = RecordBins(binCount: 4096)
                for row in side {
                    let list = words[row]
                    records.append(wordsOf: list.span)
                }
                return records
            }
            let found: [(String, Effect?)] = [
                (
                    "label",
                    BinComparison(
                        labelled[0], labelled[1], rounds: 199, seed: seed, work: work
                    ).effects[.js]
                ),
                (
                    "length",
                    BinComparison(
                        long[0], long[1], values: (0..<64).map(Double.init),
                        bands: (0..<64).map { $0 / 4 }, rounds: 199, seed: seed, work: work
                    ).effects[.js]
                ),
                (
                    "words",
                    RecordComparison(
                        texts[0], texts[1], rounds: 199, seed: seed, work: work
                    ).effects[.js]
                ),
            ]
            for (family, effect) in found {
                let effect = try #require(effect)
                pValues[family, default: []].append(effect.pValue)
                if effect.interval.contains(0) { within[family, default: 0] += 1 }
            }
        }
        for family in pValues.keys.sorted() {
            let distance = DistributionQualityTests.distanceFromUniform(pValues[family] ?? [])
            print("null \(name) \(family): distance \(distance), within \(within[family] ?? 0)")
            #expect(distance < 0.12, "\(family)")
            #expect(within[family] ?? 0 >= 186, "\(family)")
        }
    }

    /// The same for embeddings and the classifier, whose measures are no divergences.
    @Test("random splits differ by chance alone in embedding, topics and to a classifier")
    func nullOfVectors() throws {
        let all = try #require(DistributionQualityTests.sets["banking"])
        let vectors = try EmbeddedTexts.vectors(all.map { Array($0.prompt.utf8) })
        let words = all.map { DistributionQualityTests.words($0.prompt) }
        let work = TestThreads()
        let groups = SphericalMeans(
            SphericalMeans.centered(vectors), count: 30, rounds: 5, seed: 1, work: work
        ).groups
        var pValues: [String: [Double]] = [:]
        var within: [String: Int] = [:]
        for split in 0..<200 {
            var generator = SeededGenerator(seed: UInt64(split), stream: 78)
            let rows = Array(all.indices.shuffled(using: &generator).prefix(500))
            let sides = [rows.prefix(250), rows.suffix(250)]
            let sets = sides.map { side in
                var set = VectorSet(dimensions: vectors.dimensions)
                for row in side { set.append(row, of: vectors) }
                return set
            }
            let topics = sides.map { side in
                var counts = [Int](repeating: 0, count: 30)
                for row in side where groups[row] >= 0 { counts[Int(groups[row])] += 1 }
                return counts
            }
            let grams = sides.map { side in
                var records = RecordBins(binCount: 2048)
                for row in side {
                    let list = words[row]
                    records.append(gramsOf: list.span)
                }
                return records
            }
            let seed = UInt64(split) &* 103
            let compared = BinComparison(
                topics[0], topics[1], hasFrontier: true, rounds: 199, seed: seed, work: work)
            let found: [(String, Effect?)] = [
                (
                    "embedding",
                    VectorComparison(sets[0], sets[1], rounds: 199, seed: seed, work: work).effect
                ), ("frontier", compared.effects[.frontier]), ("topics", compared.effects[.js]),
                (
                    "classifier",
                    DomainClassifier(grams[0], grams[1], rounds: 99, seed: seed, work: work).effect
                ),
            ]
            for (family, effect) in found {
                let effect = try #require(effect)
                pValues[family, default: []].append(effect.pValue)
                if effect.interval.contains(0) { within[family, default: 0] += 1 }
            }
        }
        for family in pValues.keys.sorted() {
            let distance = DistributionQualityTests.distanceFromUniform(pValues[family] ?? [])
            print("null \(family): distance \(distance), within \(within[family] ?? 0)")
            #expect(distance < 0.12, "\(family)")
            #expect(within[family] ?? 0 >= 186, "\(family)")
        }
    }

    private func findings(
        _ data: [Record], _ reference: [Record]?, _ settings: [String] = []
    ) throws -> (report: ReportReader, findings: [JSONValue]) {
        let folder = try TemporaryFolder()
        let dataPath = try folder.write(
            "data.jsonl", data.map(\.line).joined(separator: "\n") + "\n")
        var arguments = [
            "run", dataPath, "--plugins", "distribution", "--quiet", "--out", folder.path("out"),
            "--fields", "prompt=prompt,response=response,label=label",
        ]
        if let reference {
            arguments += [
                "--reference",
                try folder.write(
                    "reference.jsonl", reference.map(\.line).joined(separator: "\n") + "\n"),
            ]
        }
        for setting in settings { arguments += ["--set", "distribution.\(setting)"] }
        let result = try Program.assay(arguments)
        #expect(result.status == 0, "\(result.errors)")
        let report = ReportReader(folder.path("out"))
        kept.append(folder)
        return (report, try report.lines("findings.jsonl"))
    }

    /// Folders whose reports are read.
    private let kept = Kept()

    private final class Kept: @unchecked Sendable {
        private var folders: [TemporaryFolder] = []

        func append(_ folder: TemporaryFolder) { folders.append(folder) }
    }

    private func metrics(_ report: ReportReader) throws -> [String: JSONValue] {
        let metrics = try report.report()["analyzers"]?.arrayValue?.first?["metrics"]?.arrayValue
        return Dictionary(
            (metrics ?? []).map { ($0["name"]?.stringValue ?? "", $0) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The family that differs most, and what it differs in most of all, as the report's first table says.
    private func first(_ report: ReportReader) throws -> (family: String, driver: String, p: Double)
    {
        let sections = try report.report()["analyzers"]?.arrayValue?.first?["sections"]?.arrayValue
        let table = sections?.first { $0["title"]?.stringValue?.hasPrefix("How far") == true }
        let row = table?["body"]?["rows"]?.arrayValue?.first?.arrayValue ?? []
        return (
            row.first?.stringValue ?? "", row.last?.stringValue ?? "",
            Double(row.count > 4 ? row[4].stringValue ?? "" : "") ?? 1
        )
    }

    @Test("a removed label is found and named", arguments: [UInt64(1), 2, 3])
    func removedLabel(seed: UInt64) throws {
        let records = try draw("bitext", 2000, seed: seed)
        let labels = Set(records.map(\.label)).sorted()
        let removed = labels[Int(seed) * 7 % labels.count]
        let found = try findings(
            records.prefix(1000).filter { $0.label != removed }, Array(records.suffix(1000)))
        let top = try first(found.report)
        print("removed \(removed): first \(top)")
        #expect(top.family == "label" && top.driver == removed && top.p < 0.01)
    }

    @Test("doubled lengths are found and named", arguments: ["clinc", "bitext", "gsm"])
    func doubled(_ name: String) throws {
        let records = try draw(name, 2000, seed: 4)
        let doubled = records.prefix(1000).map { record in
            var record = record
            record.prompt += " " + record.prompt
            return record
        }
        let top = try first(findings(doubled, Array(records.suffix(1000))).report)
        #expect(top.family == "prompt length" && top.p < 0.01)
    }

    @Test(
        "a tenth of another dataset is found and named",
        arguments: [("gsm", "bitext"), ("bitext", "gsm")])
    func mixed(_ name: String, _ other: String) throws {
        func unlabelled(_ records: some Sequence<Record>) -> [Record] {
            records.map { Record(prompt: $0.prompt, response: $0.response, label: "") }
        }
        let records = unlabelled(try draw(name, 2000, seed: 5))
        let strangers = unlabelled(try draw(other, 100, seed: 6))
        let found = try findings(
            Array(records.prefix(900)) + strangers, Array(records.suffix(1000)))
        let top = try first(found.report)
        #expect(top.p < 0.01)
        let shown = found.findings.filter { $0["code"]?.stringValue == "DST001" }
        let families = shown.compactMap { $0["evidence"]?["family"]?.stringValue }
        print("mixed \(name) + \(other): first \(top), all \(families)")
        #expect(families.contains("words") && families.contains("topics"))
        // The other way round the data lacks the tenth, and is asked for it.
        let lacking = try findings(
            Array(records.suffix(1000)), Array(records.prefix(900)) + strangers)
        let wanted = try lacking.report.lines("proposals.jsonl").filter {
            $0["action"]?.stringValue == "augment"
        }.compactMap { $0["number"]?.doubleValue }.reduce(0, +)
        print("asked for \(wanted)")
        #expect((40...140).contains(wanted))
    }

    @Test("Chinese among English is found and named")
    func chinese() throws {
        let records = try draw("gsm", 2000, seed: 7)
        let strangers = try draw("huatuo", 100, seed: 8)
        let found = try findings(
            Array(records.prefix(900)) + strangers, Array(records.suffix(1000)))
        let top = try first(found.report)
        #expect(top.family == "language" && top.driver == "zh" && top.p < 0.01)
    }

    @Test("a drift of the order is found and named, a shuffled order is not")
    func order() throws {
        let records = try draw("bitext", 1000, seed: 9)
        func drift(_ records: [Record]) throws -> JSONValue? {
            try findings(records, nil).findings.first { $0["code"]?.stringValue == "DST004" }
        }
        let sorted = records.enumerated().sorted {
            ($0.element.prompt.utf8.count, $0.offset) < ($1.element.prompt.utf8.count, $1.offset)
        }.map(\.element)
        let found = try drift(sorted)
        let drifted = try #require(found)
        let first = drifted["evidence"]?["families"]?.arrayValue?.first
        #expect(first?["family"]?.stringValue == "prompt_length")
        #expect(first?["p"]?.doubleValue ?? 1 < 0.01)
        let undrifted = try drift(records)
        #expect(undrifted == nil)
    }

    /// What the program's proposals make of records: those that are kept, as often as they are.
    private func applied(_ records: [Record], _ report: ReportReader) throws -> [Record] {
        var copies = [Int](repeating: 1, count: records.count)
        for proposal in try report.lines("proposals.jsonl") {
            guard let row = proposal["row_index"]?.intValue else { continue }
            switch proposal["action"]?.stringValue {
            case "drop": copies[row] = 0
            case "duplicate": copies[row] = 1 + Int(proposal["number"]?.doubleValue ?? 0)
            default: break
            }
        }
        return zip(records, copies).flatMap { Array(repeating: $0, count: $1) }
    }

    @Test("a resample toward one of five sources finds it, and its divergence is the predicted one")
    func resample() throws {
        var mixture: [(source: String, record: Record)] = []
        var reference: [Record] = []
        // The wanted source stands last.
        for name in ["clinc", "gsm", "bitext", "huatuo", "banking"] {
            let records = try draw(name, 3000, seed: 10)
            mixture += records.prefix(2400).map { (name, $0) }
            if name == "banking" { reference = Array(records.suffix(500)) }
        }
        func bare(_ records: [Record]) -> [Record] {
            records.map { Record(prompt: $0.prompt, response: "", label: "") }
        }
        let data = bare(mixture.map(\.record))
        let planned = try findings(data, bare(reference), ["size=2000"])
        let kept = try applied(data, planned.report)
        #expect(kept.count == 2000)
        let dropped = Set(
            try planned.report.lines("proposals.jsonl").compactMap { $0["row_index"]?.intValue })
        let right = mixture.indices.filter {
            !dropped.contains($0) && mixture[$0].source == "banking"
        }
        print("right source \(Double(right.count) / 2000)")
        #expect(Double(right.count) >= 0.9 * 2000)
        // No short record is lost for being short: every one of the source has its chance.
        let before = try metrics(planned.report)
        let after = try metrics(findings(kept, bare(reference)).report)
        for family in ["words", "prompt_length", "topics"] {
            let predicted = try #require(before["distribution.planned_js.\(family)"])
            // All that was drawn is compared, wherever it stands.
            #expect(predicted["n"]?.intValue == 2500)
            let measured = try #require(after["distribution.js.\(family)"]?["value"]?.doubleValue)
            let (low, high) = (predicted["low"]?.doubleValue, predicted["high"]?.doubleValue)
            let interval = [try #require(low), try #require(high)]
            print("\(family): predicted \(interval), measured \(measured)")
            #expect(interval[0] <= measured && measured <= interval[1], "\(family)")
            let raw = try #require(before["distribution.js.\(family)"]?["value"]?.doubleValue)
            #expect(measured <= max(0.002, raw))
        }
    }

    /// A power law over intents, brought to equal quotas and to a reference's.
    @Test("labels are brought to quotas", arguments: ["uniform", "reference"])
    func quotas(_ kind: String) throws {
        let all = try draw("clinc", 23_700, seed: 13).filter { !$0.label.isEmpty }
        let labels = Set(all.map(\.label)).sorted()
        let rank = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
        var taken: [String: Int] = [:]
        let skewed = all.filter { record in
            let most = max(8, 150 / (1 + (rank[record.label] ?? 0)))
            taken[record.label, default: 0] += 1
            return taken[record.label, default: 0] <= most
        }
        let reference = Array(all.suffix(6000))
        // Without a label: none of them is drawn, and the report says so.
        let unlabelled = skewed.prefix(7).map {
            Record(prompt: $0.prompt, response: $0.response, label: "")
        }
        let planned = try findings(
            skewed + unlabelled, kind == "uniform" ? nil : reference,
            ["quotas=\(kind)", "max_copies=5"])
        let kept = try applied(skewed + unlabelled, planned.report)
        #expect(kept.allSatisfy { !$0.label.isEmpty })
        let sections = try planned.report.report()["analyzers"]?.arrayValue?.first?["sections"]?
            .arrayValue
        let table = sections?.first { $0["title"]?.stringValue == "The resampled dataset" }
        let row = table?["body"]?["rows"]?.arrayValue?.first {
            $0.arrayValue?.first?.stringValue?.hasPrefix("without a label") == true
        }
        #expect(row?.arrayValue?.last?.intValue == 7)
        var counts: [String: Int] = [:]
        for record in kept { counts[record.label, default: 0] += 1 }
        var wanted: [String: Int] = [:]
        for record in reference { wanted[record.label, default: 0] += 1 }
        let js = Divergence.jensenShannon(
            labels.map { Double(counts[$0] ?? 0) },
            labels.map { kind == "uniform" ? 1 : Double(wanted[$0] ?? 0) })
        let start = Divergence.jensenShannon(
            labels.map { label in Double(skewed.count { $0.label == label }) },
            labels.map { kind == "uniform" ? 1 : Double(wanted[$0] ?? 0) })
        print("quotas \(kind): \(skewed.count) to \(kept.count) records, JS \(start) to \(js)")
        #expect(start > 0.01 && js <= 0.01)
        // No record more than five times.
        var copies: [String: Int] = [:]
        for record in kept { copies[record.prompt, default: 0] += 1 }
        let most = Dictionary(grouping: skewed, by: \.prompt).mapValues { $0.count * 5 }
        #expect(copies.allSatisfy { $0.value <= most[$0.key] ?? 0 })
    }

    @Test("a size beyond what may be had is filled as far as it goes, and said")
    func sizes() throws {
        let records = try draw("bitext", 300, seed: 14)
        for (settings, expected, missing) in [
            (["size=300"], 300, 0), (["size=400"], 300, 100),
            (["size=400", "max_copies=2"], 400, 0), (["size=1000", "max_copies=2"], 600, 400),
        ] {
            let planned = try findings(records, nil, settings)
            #expect(try applied(records, planned.report).count == expected)
            let sections = try planned.report.report()["analyzers"]?.arrayValue?.first?["sections"]?
                .arrayValue
            let table = sections?.first { $0["title"]?.stringValue == "The resampled dataset" }
            let last = table?["body"]?["rows"]?.arrayValue?.last?.arrayValue?.last
            #expect(last?.intValue == missing)
        }
        let copied = try findings(records, records, ["size=900", "max_copies=4"])
        let planned = try metrics(copied.report)["distribution.planned_js.words"]
        #expect(planned?["n"]?.intValue == 1200)
        for (setting, word) in [
            ("quotas=reference", "no reference"), ("weights=true", "no weights"),
        ] {
            let obstacle = try findings(records, nil, [setting]).findings.first {
                $0["code"]?.stringValue == "DST002" && $0["severity"]?.stringValue == "high"
            }
            #expect(obstacle?["message"]?.stringValue?.contains(word) == true)
        }
        let folder = try TemporaryFolder()
        let refused = try Program.assay([
            "run", SharedData.file("gsm8k/test.jsonl").path, "--plugins", "distribution", "--set",
            "distribution.permutations=50", "--quiet", "--out", folder.path("out"),
        ])
        #expect(refused.status == 2 && refused.errors.contains("never below 0.0196"))
    }
}
