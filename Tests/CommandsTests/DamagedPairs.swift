import Foundation
import JSONText
import Numerics
import Support

/// Instruction records of the shared data, damaged in a known way.
struct DamagedPairs {
    /// What is done to a record.
    enum Damage: String, CaseIterable {
        case shuffled, cut, repeated, language, mojibake, echo, merged

        /// The code that should find it.
        var code: String {
            switch self {
            case .shuffled: "NSE041"
            case .cut: "NSE002"
            case .repeated: "NSE023"
            case .language: "NSE027"
            case .mojibake: "NSE020"
            case .echo: "NSE025"
            case .merged: "NSE026"
            }
        }
    }

    /// Adds the records of another set behind these.
    mutating func append(_ other: DamagedPairs) {
        damaged.formUnion(other.damaged.map { $0 + pairs.count })
        pairs += other.pairs
    }

    typealias Pair = (prompt: String, response: String)

    private(set) var pairs: [Pair]
    /// Rows that were changed.
    private(set) var damaged: Set<Int> = []

    /// The records of one set.
    init(_ name: String) throws {
        switch name {
        case "gsm8k":
            pairs = try DamagedPairs.lines("gsm8k/train.jsonl") {
                ($0["question"], $0["answer"])
            }
        case "huatuo":
            pairs = try DamagedPairs.lines("huatuo_med_zh/data/llama_data.json") {
                ($0["instruction"], $0["output"])
            }
        case "belle":
            pairs = try DamagedPairs.lines("belle/eval/eval_set.json") {
                ($0["question"], $0["std_answer"])
            }.filter { !$0.response.isEmpty }
        case "halueval":
            pairs = try DamagedPairs.lines("halueval_general/general_data_first1500.jsonl") {
                ($0["user_query"], $0["chatgpt_response"])
            }
        default:
            let folder = "gpteacher/\(name)"
            let names = try FileManager.default.contentsOfDirectory(
                atPath: SharedData.file(folder).path)
            pairs = try names.filter { $0.hasSuffix(".json") }.sorted().flatMap { file in
                let bytes = Array(try Data(contentsOf: SharedData.file("\(folder)/\(file)")))
                let records = try JSONValue(parsing: bytes).arrayValue ?? []
                return records.map { record -> Pair in
                    let input = record["input"]?.stringValue ?? ""
                    let prompt = record["instruction"]?.stringValue ?? ""
                    return (
                        input.isEmpty ? prompt : "\(prompt)\n\(input)",
                        record["response"]?.stringValue ?? ""
                    )
                }
            }
        }
    }

    private static func lines(
        _ path: String, _ pick: (JSONValue) -> (JSONValue?, JSONValue?)
    ) throws -> [Pair] {
        // By bytes: a carriage return and a line feed are one character.
        let bytes = try Data(contentsOf: SharedData.file(path))
        return try bytes.split(separator: UInt8(ascii: "\n")).map { line in
            let (prompt, response) = pick(try JSONValue(parsing: Array(line)))
            return (prompt?.stringValue ?? "", response?.stringValue ?? "")
        }
    }

    /// Takes records out, drawn over the whole set.
    mutating func split(first count: Int) -> DamagedPairs {
        var generator = SeededGenerator(seed: 5, stream: 9)
        pairs.shuffle(using: &generator)
        var taken = self
        taken.pairs = Array(pairs.prefix(count))
        pairs.removeFirst(count)
        return taken
    }

    /// Puts records of another set among these.
    mutating func mix(in other: DamagedPairs) {
        pairs += other.pairs
        var generator = SeededGenerator(seed: 5, stream: 10)
        pairs.shuffle(using: &generator)
    }

    /// Gives every prompt from a row on the response of the record behind it, the last one that of the first.
    mutating func shiftResponses(from first: Int) {
        let responses = pairs[first...].map(\.response)
        for row in first..<pairs.count {
            pairs[row].response = responses[(row - first + 1) % responses.count]
        }
    }

    /// Damages a share of the records; `strangers` are responses in another language.
    mutating func apply(
        _ damage: Damage, rate: Double, seed: UInt64, strangers: [String] = []
    ) {
        var generator = SeededGenerator(seed: seed, stream: 3)
        var order = Array(pairs.indices)
        order.shuffle(using: &generator)
        let chosen = Array(order.prefix(Int(rate * Double(order.count))))
        let originals = pairs
        for (place, row) in chosen.enumerated() {
            let (prompt, response) = originals[row]
            var changed: Pair?
            switch damage {
            case .shuffled:
                changed = (prompt, originals[chosen[(place + 1) % chosen.count]].response)
            case .cut: changed = DamagedPairs.cut(response, &generator).map { (prompt, $0) }
            case .repeated:
                let copies = Array(repeating: response, count: 3)
                changed = (prompt, copies.joined(separator: "\n"))
            case .language:
                changed = (prompt, strangers[Int(generator.below(UInt64(strangers.count)))])
            case .mojibake:
                // Latin-1, which every byte sequence can be read as.
                changed = (
                    prompt, String(String.UnicodeScalarView(response.utf8.map(Unicode.Scalar.init)))
                )
            case .echo:
                changed = (prompt, place % 2 == 0 ? prompt : "\(prompt)\n\(response)")
            case .merged:
                let other = originals[Int(generator.below(UInt64(originals.count)))].prompt
                let separator = [" ", "\n", "\n\n"][place % 3]
                changed = (prompt + separator + other, response)
            }
            guard let changed, changed != originals[row] else { continue }
            pairs[row] = changed
            damaged.insert(row)
        }
    }

    /// A text cut off between a quarter and four fifths, half of the time after a word; `nil` for a short
    /// one and where the cut falls behind a whole sentence.
    private static func cut(_ text: String, _ generator: inout SeededGenerator) -> String? {
        let count = text.count
        guard count >= 20 else { return nil }
        let length = count / 4 + Int(generator.below(UInt64(count * 11 / 20)))
        var kept = String(text.prefix(length))
        if generator.next() & 1 == 0, let space = kept.lastIndex(of: " ") {
            kept = String(kept[..<space])
        }
        while kept.last?.isWhitespace == true { kept.removeLast() }
        return kept.last.map { ".!?。！？".contains($0) } ?? true ? nil : kept
    }

    /// As JSON lines.
    var bytes: [UInt8] {
        var writer = JSONWriter()
        for (prompt, response) in pairs {
            writer.value(
                .object([
                    "instruction": .string(prompt), "input": "", "output": .string(response),
                ]))
            writer.newline()
        }
        return writer.bytes
    }
}
