public import JSONText

/// A part of a JSON Schema (draft 2020-12) as manifests and the run's own configuration use it:
/// `type`, `properties`, `required`, `additionalProperties`, `items`, `minItems`, `maxItems`, `enum`, `minimum`,
/// `maximum`, `default`, `description`.
public struct SchemaNode: Sendable {
    /// Types that fit, in JSON Schema's words; empty for any.
    public let types: [String]
    /// Members of an object in the schema's order.
    public let properties: [(name: String, node: SchemaNode)]
    /// Members that must be there.
    public let required: [String]
    /// Whether members without a schema may be there.
    public let allowsOthers: Bool
    /// What every other member must fit, at most one.
    public let others: [SchemaNode]
    /// What every element of an array must fit, at most one.
    public let items: [SchemaNode]
    /// Fewest elements of an array.
    public let leastItems: Int
    /// Most elements of an array, `nil` for no bound.
    public let mostItems: Int?
    /// Smallest number, `nil` for no bound.
    public let minimum: Double?
    /// Largest number, `nil` for no bound.
    public let maximum: Double?
    /// The only values allowed; empty for any.
    public let allowed: [JSONValue]
    /// What holds when nothing is said.
    public let defaultValue: JSONValue?
    /// One sentence with the unit.
    public let summary: String

    /// Reads a schema.
    ///
    /// Keys that are not listed above are passed over, as JSON Schema says.
    public init(_ schema: JSONValue) {
        types =
            schema["type"]?.arrayValue?.compactMap(\.stringValue)
            ?? schema["type"]?.stringValue.map { [$0] } ?? []
        properties = (schema["properties"]?.objectValue?.members ?? []).map {
            ($0.key, SchemaNode($0.value))
        }
        required = schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
        allowsOthers = schema["additionalProperties"]?.boolValue ?? true
        others = schema["additionalProperties"]?.objectValue.map { [SchemaNode(.object($0))] } ?? []
        items = schema["items"].map { [SchemaNode($0)] } ?? []
        leastItems = schema["minItems"]?.intValue ?? 0
        mostItems = schema["maxItems"]?.intValue
        minimum = schema["minimum"]?.doubleValue
        maximum = schema["maximum"]?.doubleValue
        allowed = schema["enum"]?.arrayValue ?? []
        defaultValue = schema["default"]
        summary = schema["description"]?.stringValue ?? ""
    }

    /// Checks a value and all below it.
    ///
    /// `place` says for the steps to a value where it was stated, such as `assay.yaml line 12`.
    /// - Throws: `PluginError` for the first value that does not fit.
    public func check(
        _ value: JSONValue, at steps: [String], place: (_ steps: [String]) -> String
    ) throws {
        func wrong(_ expected: String) -> PluginError {
            PluginError(
                "\(place(steps)): \"\(steps.last ?? "")\" is \(value.text), expected \(expected)",
                help: summary.isEmpty ? "correct the value" : summary)
        }
        guard types.isEmpty || types.contains(where: { SchemaNode.fits(value, $0) }) else {
            throw wrong(types.map(SchemaNode.words).joined(separator: " or "))
        }
        if let number = value.doubleValue {
            if let minimum, number < minimum {
                throw wrong("at least \(JSONWriter.text(of: minimum))")
            }
            if let maximum, number > maximum {
                throw wrong("at most \(JSONWriter.text(of: maximum))")
            }
        }
        if !allowed.isEmpty, !allowed.contains(value) {
            throw wrong("one of " + allowed.map(\.text).joined(separator: ", "))
        }
        if let elements = value.arrayValue {
            guard elements.count >= leastItems else {
                throw wrong("at least \(leastItems) element\(leastItems == 1 ? "" : "s")")
            }
            if let mostItems, elements.count > mostItems {
                throw wrong("at most \(mostItems) element\(mostItems == 1 ? "" : "s")")
            }
            for (index, element) in elements.enumerated() {
                try items.first?.check(element, at: steps + [String(index)], place: place)
            }
        }
        if let object = value.objectValue { try checkMembers(object, at: steps, place: place) }
    }

    private func checkMembers(
        _ object: JSONObject, at steps: [String], place: (_ steps: [String]) -> String
    ) throws {
        for (key, value) in object.members {
            if let property = properties.first(where: { $0.name == key }) {
                try property.node.check(value, at: steps + [key], place: place)
            } else if let other = others.first {
                try other.check(value, at: steps + [key], place: place)
            } else if !allowsOthers {
                throw SchemaNode.unknown(
                    key, among: properties.map(\.name), place: place(steps + [key]))
            }
        }
        if let missing = required.first(where: { object[$0] == nil }) {
            throw PluginError(
                "\(place(steps)): \"\(missing)\" is missing", help: "add \(missing)")
        }
    }

    /// The error for a key that nobody knows.
    static func unknown(_ key: String, among names: [String], place: String) -> PluginError {
        PluginError(
            "\(place): unknown setting \"\(key)\"",
            help: Suggestion.nearest(to: key, among: names).map { "did you mean \"\($0)\"?" }
                ?? (names.isEmpty
                    ? "it has no settings" : "known settings: \(names.joined(separator: ", "))"))
    }

    private static func fits(_ value: JSONValue, _ type: String) -> Bool {
        switch type {
        case "boolean": value.boolValue != nil
        case "integer": value.intValue != nil
        case "number": value.doubleValue != nil
        case "string": value.stringValue != nil
        case "array": value.arrayValue != nil
        case "object": value.objectValue != nil
        case "null": value == .null
        default: true
        }
    }

    private static func words(_ type: String) -> String {
        switch type {
        case "boolean": "true or false"
        case "integer": "a whole number (integer)"
        case "number": "a number"
        case "string": "a text"
        case "array": "a list"
        case "object": "keys with values"
        default: type
        }
    }
}
