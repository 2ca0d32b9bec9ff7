public import JSONText

/// The configuration of an analyzer as its manifest describes it: the part of JSON Schema that
/// manifests use (`type`, `default`, `minimum`, `maximum`, `enum`, `properties`, `description`).
public struct ConfigurationSchema: Sendable {
    /// One setting.
    public struct Property: Sendable {
        /// Its key.
        public let name: String
        /// `boolean`, `integer`, `number`, `string`, `array` or `object`.
        public let type: String
        /// What holds when nothing is said.
        public let defaultValue: JSONValue?
        /// Smallest number, `nil` for no bound.
        public let minimum: Double?
        /// Largest number, `nil` for no bound.
        public let maximum: Double?
        /// The only values allowed.
        public let allowed: [JSONValue]
        /// One sentence with the unit.
        public let summary: String
    }

    /// The settings in the order of the manifest.
    public let properties: [Property]

    init(_ schema: JSONValue, path: String) throws {
        properties = try (schema["properties"]?.objectValue?.members ?? []).map { name, value in
            guard let type = value["type"]?.stringValue else {
                throw PluginError(
                    "\(path): setting \"\(name)\" has no type", help: "add \"type\"")
            }
            return Property(
                name: name, type: type, defaultValue: value["default"],
                minimum: value["minimum"]?.doubleValue, maximum: value["maximum"]?.doubleValue,
                allowed: value["enum"]?.arrayValue ?? [],
                summary: value["description"]?.stringValue ?? "")
        }
    }

    /// The stated settings, checked and filled with defaults, keys in the schema's order.
    ///
    /// - Throws: `PluginError` for an unknown key, a wrong type or a value out of range.
    public func resolve(_ stated: JSONObject, origin: String) throws -> JSONObject {
        for (key, _) in stated.members where !properties.contains(where: { $0.name == key }) {
            let names = properties.map(\.name)
            throw PluginError(
                "\(origin): unknown setting \"\(key)\"",
                help: Suggestion.nearest(to: key, among: names).map { "did you mean \"\($0)\"?" }
                    ?? (names.isEmpty
                        ? "it has no settings" : "known settings: \(names.joined(separator: ", "))")
            )
        }
        var resolved = JSONObject()
        for property in properties {
            guard let value = stated[property.name] ?? property.defaultValue else { continue }
            try check(value, property, origin)
            resolved[property.name] = value
        }
        return resolved
    }

    private func check(_ value: JSONValue, _ property: Property, _ origin: String) throws {
        func wrong(_ expected: String) -> PluginError {
            PluginError(
                "\(origin): setting \"\(property.name)\" is \(value.text), expected \(expected)",
                help: property.summary.isEmpty ? "correct the value" : property.summary)
        }
        let fits =
            switch property.type {
            case "boolean": value.boolValue != nil
            case "integer": value.intValue != nil
            case "number": value.doubleValue != nil
            case "string": value.stringValue != nil
            case "array": value.arrayValue != nil
            case "object": value.objectValue != nil
            default: true
            }
        guard fits else { throw wrong("a value of type \(property.type)") }
        if let number = value.doubleValue {
            if let minimum = property.minimum, number < minimum {
                throw wrong("at least \(JSONWriter.text(of: minimum))")
            }
            if let maximum = property.maximum, number > maximum {
                throw wrong("at most \(JSONWriter.text(of: maximum))")
            }
        }
        if !property.allowed.isEmpty, !property.allowed.contains(value) {
            throw wrong("one of " + property.allowed.map(\.text).joined(separator: ", "))
        }
    }
}

/// The known name that is nearest to an unknown one.
public enum Suggestion {
    /// The nearest of `names` by edit distance, when at most a third of the letters differ.
    public static func nearest(to name: String, among names: [String]) -> String? {
        let ranked = names.map { (distance: distance(Array(name.utf8), Array($0.utf8)), name: $0) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let ranked, ranked.distance <= max(1, name.utf8.count / 3) else { return nil }
        return ranked.name
    }

    /// Levenshtein distance.
    ///
    /// O(nm).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
