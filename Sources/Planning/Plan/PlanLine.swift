import JSONText

/// What a plan does with one row, and why.
public struct PlanLine: Sendable, Equatable {
    /// What is done.
    public enum Action: String, Sendable, CaseIterable {
        /// Left out.
        case drop
        /// Some of its texts, or its label, are replaced.
        case change
        /// Repeated.
        case duplicate
        /// Given a weight, in the plan alone.
        case weight
        /// Left as it is, for a person to decide.
        case review
    }

    /// One text that is replaced.
    public struct Replacement: Sendable, Equatable {
        /// The column, `label` for a label.
        public let column: String
        /// What stands there afterwards.
        public let text: String

        /// Makes a replacement.
        public init(column: String, text: String) {
            self.column = column
            self.text = text
        }
    }

    /// Further copies of a record at most.
    public static let mostCopies = 1e6

    /// Row of the data, from 0.
    public let row: Int
    /// What is done.
    public let action: Action
    /// Texts that are replaced; empty unless the action is a change, a repetition or a weight.
    public let replacements: [Replacement]
    /// Further copies, or the weight.
    public let number: Double
    /// The row that stays for a copy.
    public let survivor: Int?
    /// The proposals that it follows from.
    public let because: [PlanVoice]
    /// The proposals that were not followed, each with the reason.
    public let overruled: [Overruled]
    /// One line, lower case, no full stop.
    public let explanation: String

    /// A proposal that was not followed.
    public struct Overruled: Sendable, Equatable {
        /// The proposal.
        public let voice: PlanVoice
        /// One line.
        public let why: String
    }

    var json: JSONValue {
        var object: JSONObject = [
            "row_index": JSONValue(row), "action": .string(action.rawValue),
            "explanation": .string(explanation),
        ]
        if !replacements.isEmpty {
            object["replacements"] = .array(
                replacements.map {
                    .object(["column": .string($0.column), "text": .string($0.text)])
                })
        }
        if action == .duplicate || action == .weight { object["number"] = .number(number) }
        if let survivor { object["surviving_row_index"] = JSONValue(survivor) }
        object["because"] = .array(because.map { .object(PlanLine.account($0)) })
        if !overruled.isEmpty {
            object["overruled"] = .array(
                overruled.map { entry in
                    var account = PlanLine.account(entry.voice)
                    account["why"] = .string(entry.why)
                    return .object(account)
                })
        }
        return .object(object)
    }

    /// A proposal as the plan and the ledger tell it.
    static func account(_ voice: PlanVoice) -> JSONObject {
        [
            "code": .string(voice.code), "action": .string(voice.action.rawValue),
            "analyzer": .string(voice.analyzer), "version": .string(voice.version),
            "confidence": .number(voice.confidence),
        ]
    }
}

extension PlanLine {
    init?(_ value: JSONValue) {
        guard let row = value["row_index"]?.intValue, row >= 0,
            let action = value["action"]?.stringValue.flatMap(Action.init),
            let explanation = value["explanation"]?.stringValue
        else { return nil }
        let replacements = (value["replacements"]?.arrayValue ?? []).map { entry in
            entry["column"]?.stringValue.flatMap { column in
                entry["text"]?.stringValue.map { Replacement(column: column, text: $0) }
            }
        }
        guard !replacements.contains(where: { $0 == nil }) else { return nil }
        func voices(_ key: String) -> [(voice: PlanVoice, why: String)]? {
            var found: [(voice: PlanVoice, why: String)] = []
            for entry in value[key]?.arrayValue ?? [] {
                guard let code = entry["code"]?.stringValue,
                    let action = entry["action"]?.stringValue.flatMap(PlanVoice.Action.init),
                    let analyzer = entry["analyzer"]?.stringValue,
                    let version = entry["version"]?.stringValue,
                    let confidence = entry["confidence"]?.doubleValue
                else { return nil }
                let voice = PlanVoice(
                    analyzer: analyzer, version: version, code: code, action: action, row: row,
                    confidence: confidence)
                found.append((voice, entry["why"]?.stringValue ?? ""))
            }
            return found
        }
        guard let because = voices("because"), let overruled = voices("overruled") else {
            return nil
        }
        let number = value["number"]?.doubleValue ?? 0
        guard number >= 0, action != .duplicate || number <= PlanLine.mostCopies else { return nil }
        self.init(
            row: row, action: action, replacements: replacements.compactMap { $0 },
            number: number,
            survivor: value["surviving_row_index"]?.intValue, because: because.map(\.voice),
            overruled: overruled.map { Overruled(voice: $0.voice, why: $0.why) },
            explanation: explanation)
    }
}
