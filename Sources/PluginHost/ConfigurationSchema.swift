public import JSONText

/// The configuration of an analyzer as its manifest describes it.
public struct ConfigurationSchema: Sendable {
    /// The settings in the order of the manifest.
    public let properties: [(name: String, node: SchemaNode)]

    /// Settings that must be there: of those without a default the user has to state them.
    public let required: [String]

    init(_ schema: JSONValue, path: String) throws {
        let node = SchemaNode(schema)
        (properties, required) = (node.properties, node.required)
        if let untyped = properties.first(where: { $0.node.types.isEmpty }) {
            throw PluginError(
                "\(path): setting \"\(untyped.name)\" has no type", help: "add \"type\"")
        }
    }

    /// The stated settings, checked and filled with defaults, keys in the schema's order.
    ///
    /// `place` says where the value at some steps was stated.
    /// - Throws: `PluginError` for an unknown key, a wrong type, a value out of range or a setting that is missing.
    public func resolve(
        _ stated: JSONObject, place: (_ steps: [String]) -> String
    ) throws -> JSONObject {
        let names = properties.map(\.name)
        if let key = stated.keys.first(where: { !names.contains($0) }) {
            throw SchemaNode.unknown(key, among: names, place: place([key]))
        }
        var resolved = JSONObject()
        for (name, node) in properties {
            guard let value = stated[name] ?? node.defaultValue else { continue }
            try node.check(value, at: [name], place: place)
            resolved[name] = value
        }
        if let missing = required.first(where: { resolved[$0] == nil }) {
            let summary = properties.first { $0.name == missing }?.node.summary ?? ""
            throw PluginError(
                "\(place([missing])): setting \"\(missing)\" is missing and has no default",
                help: summary.isEmpty ? "state it" : "state it: \(summary)")
        }
        return resolved
    }
}
