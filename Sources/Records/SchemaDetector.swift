/// What kind of value a key holds.
public enum FieldShape: Sendable, Hashable {
    /// A string.
    case text
    /// A number or a boolean.
    case scalar
    /// A list of objects, with the keys of the first.
    case objects([String])
    /// A list of lists, such as Alpaca's `history`.
    case lists
    /// A list of strings or numbers.
    case list
    /// An object, with its keys.
    case object([String])
    /// `null`.
    case null
}

/// The keys of some records, from which their schema is told.
public struct SchemaSample: Sendable {
    /// How often each key was seen with each shape, keys in the order first seen.
    public private(set) var keys: [(name: String, shapes: [FieldShape: Int])] = []
    /// Records that are plain strings.
    public var stringCount = 0
    /// Records that are lists of two strings.
    public var pairCount = 0
    /// Records looked at.
    public var recordCount = 0
    private var positions: [String: Int] = [:]

    /// No records.
    public init() {}

    /// Notes one key of one record.
    public mutating func note(key: String, shape: FieldShape) {
        if let position = positions[key] {
            keys[position].shapes[shape, default: 0] += 1
        } else {
            positions[key] = keys.count
            keys.append((key, [shape: 1]))
        }
    }

    fileprivate func has(_ name: String, _ test: (FieldShape) -> Bool) -> Bool {
        positions[name].map { keys[$0].shapes.keys.contains(where: test) } ?? false
    }

    fileprivate func isText(_ name: String) -> Bool {
        has(name) { $0 == .text }
    }

    fileprivate func firstText(of names: [String]) -> String? { names.first(where: isText) }
}

/// Tells the schema of a dataset from the keys of its first records.
public enum SchemaDetector {
    private static let promptNames = [
        "prompt", "question", "query", "instruction", "user_query", "problem", "user", "input",
        "source",
    ]
    private static let responseNames = [
        "response", "completion", "answer", "output", "reply", "solution", "chatgpt_response",
        "assistant", "target",
    ]
    private static let labelNames = [
        "label", "labels", "intent", "category", "class", "emotion", "sentiment", "topic",
    ]
    private static let textNames = [
        "text", "sentence", "utterance", "content", "comment", "body", "question", "query",
        "instruction", "prompt",
    ]

    /// The mapping for records like the sampled ones.
    ///
    /// Names are matched exactly first, then by containing `answer`, `response` or `output`.
    /// O(keys).
    public static func mapping(for sample: SchemaSample) -> FieldMapping {
        if sample.stringCount * 2 > sample.recordCount {
            var mapping = FieldMapping(kind: .text)
            mapping.prompt = [""]
            return mapping
        }
        if sample.pairCount * 2 > sample.recordCount {
            var mapping = FieldMapping(kind: .textLabel)
            mapping.prompt = ["/0"]
            mapping.label = "/1"
            return mapping
        }
        var mapping =
            conversation(sample) ?? preference(sample) ?? alpaca(sample) ?? promptCompletion(sample)
            ?? labelled(sample) ?? FieldMapping(kind: .fields)
        mapping.system = sample.firstText(of: ["system", "system_prompt"]).map(FieldMapping.pointer)
        if mapping.label == nil, mapping.kind != .fields {
            let isUsed = Set(mapping.prompt + [mapping.response ?? ""])
            mapping.label = labelNames.first {
                sample.has($0) { $0 == .text || $0 == .scalar }
                    && !isUsed.contains(FieldMapping.pointer($0))
            }.map(FieldMapping.pointer)
        }
        return mapping
    }

    private static func conversation(_ sample: SchemaSample) -> FieldMapping? {
        for (name, shapes) in sample.keys {
            // The commonest shape first; of equally common ones an order that is the same in every
            // process, which the dictionary's is not.
            let ordered = shapes.sorted {
                ($1.value, "\($0.key)") < ($0.value, "\($1.key)")
            }
            for (shape, _) in ordered {
                guard case .objects(let keys) = shape,
                    !answerNames.contains(where: { $0.chosen == name || $0.rejected == name }),
                    let role = ["role", "from", "speaker"].first(where: keys.contains),
                    let text = ["content", "value", "text", "utterance"].first(where: keys.contains)
                else { continue }
                let pair = answers(sample)
                var mapping = FieldMapping(
                    kind: pair != nil ? .preference : role == "from" ? .sharegpt : .chat)
                mapping.turns = .init(
                    pointer: FieldMapping.pointer(name), roleKey: role, textKey: text)
                if let pair { mapping.setAnswers(pair) }
                return mapping
            }
        }
        return nil
    }

    private static func preference(_ sample: SchemaSample) -> FieldMapping? {
        guard let pair = answers(sample) else { return nil }
        var mapping = FieldMapping(kind: .preference)
        mapping.setAnswers(pair)
        // Messages within an object, as {"input": {"messages": […]}}.
        let nested = sample.keys.first {
            $0.shapes.keys.contains {
                if case .object(let keys) = $0 { keys.contains("messages") } else { false }
            }
        }
        if let nested {
            mapping.turns = .init(
                pointer: FieldMapping.pointer(nested.name) + "/messages", roleKey: "role",
                textKey: "content")
            return mapping
        }
        mapping.prompt = [sample.firstText(of: promptNames)].compactMap {
            $0.map(FieldMapping.pointer)
        }
        return mapping
    }

    /// The names of a preferred answer and of the one that it is preferred to, where records have both.
    private static func answers(_ sample: SchemaSample) -> (chosen: String, rejected: String)? {
        answerNames.first { names in
            sample.has(names.chosen) { $0 != .null && $0 != .scalar }
                && sample.has(names.rejected) { _ in true }
        }
    }

    private static let answerNames: [(chosen: String, rejected: String)] = [
        ("chosen", "rejected"), ("chosen_response", "rejected_response"),
        ("preferred_output", "non_preferred_output"), ("response_chosen", "response_rejected"),
        ("preferred", "rejected"), ("preferred", "dispreferred"),
    ]

    private static func alpaca(_ sample: SchemaSample) -> FieldMapping? {
        guard sample.isText("instruction"),
            let output = sample.firstText(of: ["output", "response"])
        else { return nil }
        var mapping = FieldMapping(kind: .alpaca)
        mapping.prompt = ["/instruction"]
        if sample.isText("input") { mapping.prompt.append("/input") }
        mapping.response = FieldMapping.pointer(output)
        if sample.has("history", { $0 == .lists }) { mapping.history = "/history" }
        return mapping
    }

    private static func promptCompletion(_ sample: SchemaSample) -> FieldMapping? {
        guard let prompt = sample.firstText(of: promptNames) else { return nil }
        let near = sample.keys.map(\.name).filter { name in
            ["answer", "response", "output"].contains { name.lowercasedASCII.contains($0) }
        }
        guard let response = sample.firstText(of: responseNames) ?? sample.firstText(of: near),
            response != prompt
        else { return nil }
        var mapping = FieldMapping(kind: .promptCompletion)
        mapping.prompt = [FieldMapping.pointer(prompt)]
        mapping.response = FieldMapping.pointer(response)
        return mapping
    }

    private static func labelled(_ sample: SchemaSample) -> FieldMapping? {
        guard let text = sample.firstText(of: textNames) else { return nil }
        let label = labelNames.first { name in
            name != text && sample.has(name) { [.text, .scalar, .list].contains($0) }
        }
        var mapping = FieldMapping(kind: label == nil ? .text : .textLabel)
        mapping.prompt = [FieldMapping.pointer(text)]
        mapping.label = label.map(FieldMapping.pointer)
        return mapping
    }
}

extension FieldMapping {
    fileprivate mutating func setAnswers(_ names: (chosen: String, rejected: String)) {
        response = FieldMapping.pointer(names.chosen)
        rejected = FieldMapping.pointer(names.rejected)
    }
}

extension String {
    fileprivate var lowercasedASCII: String {
        String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}
