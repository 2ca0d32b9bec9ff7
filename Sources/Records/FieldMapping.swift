/// The shape of a dataset's records.
public enum SchemaKind: String, Sendable {
    /// `instruction`, `input`, `output`, `history`.
    case alpaca
    /// `conversations` with `from` and `value`.
    case sharegpt
    /// `messages` with `role` and `content`.
    case chat
    /// A prompt and a completion under any of their usual names.
    case promptCompletion = "prompt/completion"
    /// Pairs of answers of which one is preferred: `chosen` and `rejected`.
    case preference
    /// A text and its label.
    case textLabel = "text/label"
    /// A text alone.
    case text
    /// None of these: all strings of a record are its text.
    case fields
}

/// Where the parts of a record are, as JSON pointers (RFC 6901); CSV columns are `/name`.
public struct FieldMapping: Sendable, Equatable {
    /// A list of turns inside a record.
    public struct Turns: Sendable, Equatable {
        /// Pointer to the array.
        public var pointer: String
        /// Key of the speaker in each turn.
        public var roleKey: String
        /// Key of the text in each turn.
        public var textKey: String
    }

    /// The schema it belongs to.
    public var kind: SchemaKind
    /// What the user side says; several parts are joined with a line break.
    public var prompt: [String] = []
    /// What the model is to learn.
    public var response: String?
    /// The answer that the response is preferred to.
    public var rejected: String?
    /// The system prompt.
    public var system: String?
    /// The class label.
    public var label: String?
    /// The conversation.
    public var turns: Turns?
    /// Earlier rounds as a list of (prompt, response) pairs, as Alpaca's `history`.
    public var history: String?

    /// A mapping with nothing mapped.
    public init(kind: SchemaKind) { self.kind = kind }

    /// The part that a name of `--fields` stands for; `nil` for an unknown name.
    public static let overridableParts = [
        "prompt", "response", "rejected", "system", "label", "text", "turns",
    ]

    /// Replaces parts by what the user stated: `prompt=question+context,response=/reply/text`.
    ///
    /// A value is a key or a JSON pointer; `+` joins several for the prompt.
    public mutating func override(part: String, with value: String) {
        let pointers = FieldMapping.pointers(value)
        switch part {
        case "prompt", "text":
            prompt = pointers
            turns = nil
            if part == "text" { response = nil }
        case "response":
            response = pointers.first
            turns = nil
        case "rejected": rejected = pointers.first
        case "system": system = pointers.first
        case "label": label = pointers.first
        case "turns":
            turns = Turns(pointer: pointers.first ?? "", roleKey: "role", textKey: "content")
        default: break
        }
        if rejected != nil, response != nil { kind = .preference }
        switch (prompt.isEmpty, response, label) {
        case (false, .some, _) where turns == nil && kind != .preference && kind != .alpaca:
            kind = .promptCompletion
        case (false, nil, .some) where turns == nil: kind = .textLabel
        case (false, nil, nil) where turns == nil: kind = .text
        default: break
        }
    }

    /// The pointers of a stated value, in which `+` joins several.
    public static func pointers(_ value: String) -> [String] {
        value.split(separator: "+").map { FieldMapping.pointer(String($0)) }
    }

    /// A JSON pointer for a key or a pointer.
    public static func pointer(_ text: String) -> String {
        text.hasPrefix("/")
            ? text
            : "/"
                + text.split(separator: "~", omittingEmptySubsequences: false).joined(
                    separator: "~0"
                )
                .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }

    /// One line for people: which field is what.
    public var summary: String {
        var parts: [String] = []
        if let turns { parts.append("turns=\(turns.pointer)[\(turns.roleKey), \(turns.textKey)]") }
        if !prompt.isEmpty { parts.append("prompt=" + prompt.joined(separator: "+")) }
        if let response { parts.append("response=\(response)") }
        if let rejected { parts.append("rejected=\(rejected)") }
        if let system { parts.append("system=\(system)") }
        if let label { parts.append("label=\(label)") }
        if let history { parts.append("history=\(history)") }
        return parts.isEmpty ? "all strings" : parts.joined(separator: ", ")
    }
}
