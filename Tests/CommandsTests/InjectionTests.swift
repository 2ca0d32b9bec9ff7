import Foundation
import JSONText
import Support
import Testing

/// `assay inject`, `assay score` and `assay revert` on real data.
@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not there"))
struct InjectionTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func assay(_ arguments: [String]) throws -> Program.Ending {
        try Program.assay(arguments)
    }

    private func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path))
    }

    @Test(
        "a file of every format comes back byte for byte, with exactly the stated records changed")
    func roundTrip() throws {
        for (path, noise) in [
            ("gsm8k/train.jsonl", ["typo=0.05", "mismatched-response=0.1"]),
            ("huatuo_med_zh/data/llama_data.json", ["mojibake=0.05", "word-drop=0.1"]),
            ("banking77/train.csv", ["label-error=0.1", "typo=0.05"]),
            ("clinc150/data_full.json", ["confused-label=0.1"]),
            (
                "gpteacher/Toolformer/toolformer-dedupe-only-dataset.json",
                ["truncated-response=0.1"]
            ),
        ] where FileManager.default.fileExists(atPath: SharedData.file(path).path) {
            let (source, out) = (
                SharedData.file(path).path, folder.path("out." + path.split(separator: ".").last!)
            )
            let kinds = noise.flatMap { ["--noise", $0] }
            let injected = try assay(["inject", source, "-o", out, "--seed", "3"] + kinds)
            #expect(injected.status == 0, "\(injected.errors)")
            let again = folder.path("again")
            let repeated = try assay(
                ["inject", source, "-o", again, "--seed", "3", "--ledger", folder.path("l")] + kinds
            )
            #expect(repeated.status == 0)
            #expect(try bytes(again) == bytes(out), "\(path)")
            let back = folder.path("back")
            let reverted = try assay(["revert", out, "-o", back])
            #expect(reverted.status == 0, "\(reverted.errors)")
            #expect(try bytes(back) == bytes(source), "\(path)")
        }
    }

    @Test("injected label errors let the detector be scored")
    func score() throws {
        let out = folder.path("banking.csv")
        _ = try assay([
            "inject", SharedData.file("banking77/train.csv").path, "-o", out, "--noise",
            "label-error=0.1", "--seed", "11",
        ])
        let report = folder.path("report")
        _ = try assay(["run", out, "--plugins", "noise", "--out", report, "--quiet"])
        let scored = try assay([
            "score", report, "--ledger", out + ".ledger.jsonl", "--format", "json",
        ])
        #expect(scored.status == 0, "\(scored.errors)")
        let line = try JSONValue(parsing: scored.output).arrayValue?.first
        #expect(line?["injected"]?.intValue == 1000)
        #expect(line?["f1"]?.doubleValue ?? 0 > 0.9, "\(scored.output)")
        #expect(line?["auroc"]?.doubleValue ?? 0 > 0.97, "\(scored.output)")
    }

    @Test("a report of another file is not scored")
    func otherReport() throws {
        let source = SharedData.file("banking77/train.csv").path
        _ = try assay([
            "run", source, "--plugins", "coverage", "--out", folder.path("r"), "--quiet",
        ])
        _ = try assay(["inject", source, "-o", folder.path("o.csv"), "--noise", "typo=0.01"])
        let scored = try assay([
            "score", folder.path("r"), "--ledger", folder.path("o.csv.ledger.jsonl"),
        ])
        #expect(scored.status == 2)
        #expect(scored.errors.contains("SHA-256"), "\(scored.errors)")
    }

    @Test("every planted contradiction is found, and none between different prompts")
    func contradictions() throws {
        let lines = try String(contentsOf: SharedData.file("gsm8k/train.jsonl"), encoding: .utf8)
            .split(separator: "\n").prefix(3000)
        let records = try lines.map { try JSONValue(parsing: String($0)) }
        var writer = JSONWriter()
        func write(_ prompt: String, _ response: String) {
            writer.value(.object(["prompt": .string(prompt), "response": .string(response)]))
            writer.newline()
        }
        for record in records {
            write(record["question"]?.stringValue ?? "", record["answer"]?.stringValue ?? "")
        }
        // Each 30th prompt again with the answer of the next: as it is, in capitals, with other spaces, in a
        // nearly equal wording.
        var planted: Set<Int> = []
        for (place, row) in stride(from: 0, to: 2970, by: 30).enumerated() {
            let prompt = records[row]["question"]?.stringValue ?? ""
            let varied = [
                prompt, prompt.uppercased(), prompt.replacingOccurrences(of: " ", with: "  ") + " ",
                "Please: "
                    + prompt.replacingOccurrences(of: ", ", with: " ")
                    .replacingOccurrences(of: " the ", with: " "),
            ]
            write(varied[place % 4], records[row + 1]["answer"]?.stringValue ?? "")
            planted.formUnion([row, records.count + place])
        }
        let data = try folder.write("data.jsonl", writer.bytes)
        let report = folder.path("report")
        #expect(
            try assay(["run", data, "--plugins", "noise", "--out", report, "--quiet"]).status == 0)
        let found = try ReportReader(report).lines("findings.jsonl")
            .filter { $0["code"]?.stringValue == "NSE040" }.compactMap { $0["row_index"]?.intValue }
        #expect(Set(found) == planted)
    }

    @Test("evaluation records copied with small edits are found, and hardly anything else")
    func contamination() throws {
        func records(_ name: String) throws -> [JSONValue] {
            try String(contentsOf: SharedData.file("gsm8k/\(name).jsonl"), encoding: .utf8)
                .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        }
        let (own, eval) = (try records("train"), try records("test"))
        var writer = JSONWriter()
        for record in own {
            writer.value(record)
            writer.newline()
        }
        // 200 questions with a word left out, one put in and one exchanged, and the answer of another.
        for number in 0..<200 {
            var words = (eval[number * 6]["question"]?.stringValue ?? "").split(separator: " ")
            words.remove(at: words.count / 4)
            words.insert("really", at: words.count / 2)
            words[words.count * 3 / 4] = "something"
            writer.value(
                .object([
                    "question": .string(words.joined(separator: " ")),
                    "answer": own[number]["answer"] ?? .null,
                ]))
            writer.newline()
        }
        let data = try folder.write("data.jsonl", writer.bytes)
        let report = folder.path("report")
        let run = try assay([
            "run", data, "--eval", SharedData.file("gsm8k/test.jsonl").path, "--plugins", "noise",
            "--out", report, "--quiet",
        ])
        #expect(run.status == 0, "\(run.errors)")
        let found = Set(
            try ReportReader(report).lines("findings.jsonl")
                .filter { $0["code"]?.stringValue == "NSE070" }
                .compactMap { $0["row_index"]?.intValue })
        // Measured: 193 (of questions of 15 words and fewer a fifth was changed), and 3 questions of the
        // training data that are reworded test questions.
        #expect(found.filter { $0 >= own.count }.count >= 190)
        #expect(found.filter { $0 < own.count }.count <= 5)
    }

    @Test(
        "text read in another encoding is given back as it was",
        arguments: ["gsm8k/train.jsonl", "huatuo_med_zh/data/llama_data.json"])
    func repairs(_ path: String) throws {
        let (source, out) = (SharedData.file(path).path, folder.path("out.jsonl"))
        // Few texts of gsm8k have a character beyond ASCII.
        let rate = path.hasPrefix("gsm8k") ? "0.004" : "0.1"
        let injected = try assay(["inject", source, "-o", out, "--noise", "mojibake=\(rate)"])
        #expect(injected.status == 0, "\(injected.errors)")
        _ = try assay(["run", out, "--plugins", "noise", "--out", folder.path("r"), "--quiet"])
        var repaired: [Int: String] = [:]
        for finding in try ReportReader(folder.path("r")).lines("findings.jsonl") {
            guard finding["code"]?.stringValue == "NSE020", let row = finding["row_index"]?.intValue
            else { continue }
            repaired[row] = finding["evidence"]?["repaired"]?.stringValue
        }
        var (changed, restored) = (0, 0)
        let ledger = try String(contentsOfFile: out + ".ledger.jsonl", encoding: .utf8)
        for line in ledger.split(separator: "\n").dropFirst() {
            let entry = try JSONValue(parsing: String(line))
            let original = try JSONValue(parsing: entry["original"]?.stringValue ?? "")
            let answer = original["answer"] ?? original["output"]
            changed += 1
            if repaired[entry["row_index"]?.intValue ?? -1] == answer?.stringValue { restored += 1 }
        }
        #expect(changed >= 25)
        // Measured: all of 866 and all of 30.
        #expect(Double(restored) >= 0.99 * Double(changed), "\(restored) of \(changed)")
    }

    @Test(
        "letters typed at random are found in English data, and hardly anything else",
        arguments: [
            "gsm8k/train.jsonl", "gpteacher/Codegen/codegen-instruct.json",
            "bitext_cs/bitext_v1.csv",
        ])
    func gibberish(_ path: String) throws {
        let out = folder.path("out." + (path.split(separator: ".").last ?? ""))
        let injected = try assay([
            "inject", SharedData.file(path).path, "-o", out, "--noise", "gibberish=0.05",
        ])
        #expect(injected.status == 0, "\(injected.errors)")
        _ = try assay(["run", out, "--plugins", "noise", "--out", folder.path("r"), "--quiet"])
        let scored = try assay([
            "score", folder.path("r"), "--ledger", out + ".ledger.jsonl", "--format", "json",
        ])
        let line = try JSONValue(parsing: scored.output).arrayValue?.first
        // Measured: precision 1, recall 0.982 to 0.988.
        #expect(line?["precision"]?.doubleValue ?? 0 >= 0.98, "\(scored.output)")
        #expect(line?["recall"]?.doubleValue ?? 0 >= 0.95, "\(scored.output)")
    }
}
