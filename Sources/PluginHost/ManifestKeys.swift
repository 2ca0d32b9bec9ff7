import JSONText

/// The keys of a manifest, and the kinds of value that they have.
///
/// A key that is misspelt says nothing: a detector without its columns finds nothing either.
struct ManifestKeys {
    /// What a value is to be.
    enum Shape {
        case any, text, whole, number, object, textList, list
        case textOrList

        func fits(_ value: JSONValue) -> Bool {
            switch self {
            case .any: true
            case .text: value.stringValue != nil
            case .whole: value.intValue != nil
            case .number: value.doubleValue != nil
            case .object: value.objectValue != nil
            case .list: value.arrayValue != nil
            case .textList: value.arrayValue?.allSatisfy { $0.stringValue != nil } ?? false
            case .textOrList:
                value.stringValue != nil
                    || value.arrayValue?.allSatisfy { $0.stringValue != nil } ?? false
            }
        }

        var words: String {
            switch self {
            case .any: "anything"
            case .text: "a text"
            case .whole: "a whole number"
            case .number: "a number"
            case .object: "keys with values"
            case .list: "a list"
            case .textList: "a list of texts"
            case .textOrList: "a text or a list of texts"
            }
        }
    }

    /// Something that is not as it should be.
    struct Fault {
        /// Where it stands: `analyzers[0].colums`.
        let place: String
        /// What was found and expected.
        let message: String
        /// What to do.
        let help: String
        /// Whether it can only be a mistake: a key that nobody knows and that is like none may be of a later
        /// version.
        let isCertain: Bool
    }

    private static let document: [(String, Shape)] = [
        ("manifest_version", .whole), ("id", .text), ("version", .text), ("name", .text),
        ("summary", .text), ("license", .text), ("kind", .text), ("abi", .object),
        ("library", .object), ("analyzers", .list), ("isolation", .object), ("files", .object),
        ("requires", .object), ("foreign", .object), ("strategy", .text), ("config", .object),
        ("resources", .object),
    ]
    private static let analyzer: [(String, Shape)] = [
        ("id", .text), ("strategy", .text), ("state_format", .whole), ("columns", .textList),
        ("label_columns", .textList), ("config_columns", .textList),
        ("conditional_columns", .list), ("passes", .whole), ("codes", .list),
        ("config", .object), ("resources", .object),
    ]
    private static let code: [(String, Shape)] = [
        ("code", .text), ("name", .text), ("title", .any), ("severity", .text), ("help", .object),
    ]
    private static let resources: [(String, Shape)] = [
        ("memory_bytes", .number), ("call_seconds", .number),
    ]
    private static let condition: [(String, Shape)] = [
        ("if", .text), ("unless", .text), ("is", .any), ("columns", .textList),
    ]
    private static let schema: [(String, Shape)] = [
        ("type", .textOrList), ("properties", .object), ("required", .textList),
        ("additionalProperties", .any), ("items", .object), ("minItems", .whole),
        ("maxItems", .whole), ("enum", .list),
        ("minimum", .number), ("maximum", .number), ("default", .any), ("description", .text),
    ]
    private static let types = [
        "boolean", "integer", "number", "string", "array", "object", "null",
    ]

    /// What is wrong with the keys of a manifest, in its order; those of `foreign` have a reader of their own.
    ///
    /// O(values).
    static func faults(_ manifest: JSONValue) -> [Fault] {
        var keys = ManifestKeys()
        keys.check(manifest, "", document)
        keys.check(manifest["resources"], "resources", resources)
        keys.checkSchema(manifest["config"], "config")
        for (index, analyzer) in (manifest["analyzers"]?.arrayValue ?? []).enumerated() {
            let place = "analyzers[\(index)]"
            keys.check(analyzer, place, ManifestKeys.analyzer)
            keys.check(analyzer["resources"], place + ".resources", resources)
            for (index, value) in (analyzer["conditional_columns"]?.arrayValue ?? []).enumerated() {
                keys.check(value, "\(place).conditional_columns[\(index)]", condition)
            }
            for (index, value) in (analyzer["codes"]?.arrayValue ?? []).enumerated() {
                keys.check(value, "\(place).codes[\(index)]", code)
            }
            keys.checkSchema(analyzer["config"], place + ".config")
        }
        return keys.found
    }

    private var found: [Fault] = []

    private mutating func check(
        _ value: JSONValue?, _ place: String, _ known: [(name: String, shape: Shape)]
    ) {
        guard let value else { return }
        guard let object = value.objectValue else {
            found.append(
                Fault(
                    place: place,
                    message: "is \(PluginError.shown(value.text)), expected an object",
                    help: "correct it", isCertain: true))
            return
        }
        for (key, member) in object.members {
            let path = place.isEmpty ? key : "\(place).\(key)"
            guard let entry = known.first(where: { $0.name == key }) else {
                let near = Suggestion.nearest(to: key, among: known.map(\.name))
                found.append(
                    Fault(
                        place: path, message: "is a key that this assay does not know",
                        help: near.map { "did you mean \"\($0)\"?" }
                            ?? "known keys: \(known.map(\.name).joined(separator: ", "))",
                        isCertain: near.map { object[$0] == nil } ?? false))
                continue
            }
            if !entry.shape.fits(member) {
                found.append(
                    Fault(
                        place: path,
                        message:
                            "is \(PluginError.shown(member.text)), expected \(entry.shape.words)",
                        help: "correct it", isCertain: true))
            }
        }
    }

    private mutating func checkSchema(_ value: JSONValue?, _ place: String) {
        guard let value, value.objectValue != nil else { return }
        check(value, place, ManifestKeys.schema)
        let types =
            value["type"]?.arrayValue?.compactMap(\.stringValue)
            ?? [value["type"]?.stringValue].compactMap { $0 }
        for type in types where !ManifestKeys.types.contains(type) {
            found.append(
                Fault(
                    place: place + ".type",
                    message: "is \"\(PluginError.shown(type))\", expected one of "
                        + ManifestKeys.types.joined(separator: ", "),
                    help: Suggestion.nearest(to: type, among: ManifestKeys.types).map {
                        "did you mean \"\($0)\"?"
                    } ?? "correct it", isCertain: true))
        }
        for (name, member) in value["properties"]?.objectValue?.members ?? [] {
            checkSchema(member, "\(place).properties.\(name)")
        }
        checkSchema(value["items"], place + ".items")
        checkSchema(value["additionalProperties"], place + ".additionalProperties")
    }
}
