import JSONText
import Numerics
public import Records

/// The records that checks run over, made from a seed.
public enum CheckRecords: String, Sendable, CaseIterable {
    /// Ordinary ones of all roles, with copies, labels, several languages and some noise.
    case ordinary
    /// With U+0000, combining marks, characters beyond the first plane, and direction marks.
    case characters
    /// Records whose texts are empty.
    case emptyTexts = "empty-texts"
    /// Three records, one of 10 MB.
    case long
    /// Anything, drawn from the seed.
    case drawn
    /// No record at all.
    case none

    /// Where the parts of a record stand.
    public static let fields = ["prompt", "response", "system", "label"].map {
        (part: $0, pointer: "/" + $0)
    }

    /// The records as JSON lines, by role.
    ///
    /// O(bytes).
    public func lines(seed: UInt64) -> [(role: Role, lines: [UInt8])] {
        var draw = SeededGenerator(seed: seed, stream: 0xC4EC)
        switch self {
        case .none: return []
        case .ordinary:
            return [
                (.data, 140), (.reference, 40), (.trusted, 20), (.pool, 30), (.eval, 12),
            ].map { role, count in (role, CheckRecords.ordinary(count, &draw)) }
        case .characters:
            let texts = CheckRecords.unusual
            return [(.data, CheckRecords.joined(texts.map { record($0, $0 + $0, label: "a") }))]
        case .emptyTexts:
            return [
                (.data, CheckRecords.joined((0..<6).map { _ in record("", "", label: "") }))
            ]
        case .long:
            let word = CheckRecords.sentence(&draw)
            let text = String(repeating: word + " ", count: 10_000_000 / (word.utf8.count + 1))
            return [
                (
                    .data,
                    CheckRecords.joined([
                        record("first", "one", label: "a"), record(text, "long", label: "a"),
                        record("last", "three", label: "b"),
                    ])
                )
            ]
        case .drawn:
            return [
                (.data, CheckRecords.drawn(90, &draw)), (.reference, CheckRecords.drawn(20, &draw)),
            ]
        }
    }

    private func record(_ prompt: String, _ response: String, label: String) -> JSONValue {
        .object([
            "prompt": .string(prompt), "response": .string(response), "label": .string(label),
        ])
    }

    private static func joined(_ records: [JSONValue]) -> [UInt8] {
        Array(records.map { $0.text + "\n" }.joined().utf8)
    }

    private static let openings = [
        "How do I", "Please tell me how to", "What is the best way to", "Can you", "I need to",
        "Why should anybody", "Is it possible to",
    ]
    private static let deeds = [
        "reset the password", "cancel the order", "bake bread without yeast", "sort a long list",
        "translate a letter", "plan three days in Lisbon", "explain inflation", "mend a bicycle",
        "write a poem about rain", "count the primes below one hundred",
    ]
    private static let tails = [
        "today?", "before Friday, if that can be done?", "on a phone.", "with little money?", "?",
        "for my grandmother, who is 81?", "and what does it cost?",
    ]
    private static let others = [
        "请问怎么重置密码？", "我想取消昨天的订单，可以吗？", "¿Cómo puedo cambiar mi dirección?",
        "Wie lange dauert die Lieferung?", "```swift\nlet total = values.reduce(0, +)\n```",
        "HELP ME RIGHT NOW!!!", "see https://example.org/a?b=c and write to someone@example.org",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", "ok",
        "1. first\n2. second\n3. third", "<p>some <b>markup</b></p>", "The answer is 42",
    ]

    private static func sentence(_ draw: inout SeededGenerator) -> String {
        func one(_ list: [String]) -> String { list[Int(draw.below(UInt64(list.count)))] }
        if draw.below(5) == 0 { return one(others) }
        return one(openings) + " " + one(deeds) + " " + one(tails)
    }

    private static func ordinary(_ count: Int, _ draw: inout SeededGenerator) -> [UInt8] {
        var records: [JSONValue] = []
        while records.count < count {
            if !records.isEmpty, draw.below(8) == 0 {
                records.append(records[Int(draw.below(UInt64(records.count)))])
                continue
            }
            var members: JSONObject = [:]
            if draw.below(6) == 0 { members["system"] = .string("You answer in one sentence.") }
            members["prompt"] = .string(sentence(&draw))
            if draw.below(12) != 0 {
                members["response"] = .string(sentence(&draw) + " " + sentence(&draw))
            }
            if draw.below(9) != 0 {
                members["label"] = .string(["account", "orders", "other"][Int(draw.below(3))])
            }
            records.append(.object(members))
        }
        return joined(records)
    }

    private static let unusual: [String] = [
        "\u{0}", "before\u{0}after", "a\u{0}\u{0}\u{0}",
        "e" + String(repeating: "\u{301}", count: 500), String(repeating: "\u{20DD}", count: 64),
        "👩‍👩‍👧‍👦 🏳️‍🌈 🇪🇺", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠜎𠜱", "\u{202E}desrever\u{202C} \u{200F}\u{200E}",
        "\u{FEFF}with a mark", "zero\u{200B}width\u{200D}", "\u{FFFD}\u{FFFD}",
        "\u{7F}\u{1}\u{1B}[31m",
        "한국어 텍스트", "ภาษาไทยไม่มีช่องว่าง", "עברית وعربية", "\u{E000}\u{10FFFF}\u{FFFC}",
        "ﬁ ﬂ ½ ①", "İıẞß", "line\u{2028}separator\u{2029}paragraph\r\n\t\u{B}\u{C}",
        "a\u{300}\u{301}\u{302}\u{303}\u{304} \u{1F1E6}",
    ]

    /// Records of any length with any characters, parts missing here and there.
    private static func drawn(_ count: Int, _ draw: inout SeededGenerator) -> [UInt8] {
        func character() -> String {
            switch draw.below(8) {
            case 0: return " "
            case 1: return unusual[Int(draw.below(UInt64(unusual.count)))]
            case 2:
                // All but the surrogates.
                let value = UInt32(draw.below(0x10F800))
                return Unicode.Scalar(value < 0xD800 ? value : value + 0x800).map { String($0) }
                    ?? "?"
            case 3: return "\n"
            default:
                return String(decoding: [UInt8(0x21 + draw.below(94))], as: UTF8.self)
            }
        }
        func text() -> String {
            if draw.below(3) == 0 { return sentence(&draw) }
            let most: UInt64 = draw.below(10) == 0 ? 3000 : 60
            return (0..<draw.below(most)).map { _ in character() }.joined()
        }
        return joined(
            (0..<count).map { _ in
                var members: JSONObject = [:]
                for (part, _) in fields where part == "prompt" || draw.below(4) != 0 {
                    members[part] = .string(part == "label" ? character() : text())
                }
                return .object(members)
            })
    }
}
