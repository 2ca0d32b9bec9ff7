public import JSONText

/// What a foreign manifest is called in output, and what follows from it without being written there.
public struct ForeignNames: Sendable {
    /// The last part of the id, lower-case, with underscores: of metrics and scores.
    public let name: String
    /// Codes by the names of the rules, in the order of the rules: the letters and digits of the last part of the
    /// id in capitals, and a number of three digits.
    public let codes: [(name: String, code: String)]

    /// The names of a manifest's id and its rules.
    public init(id: String, rules: [ForeignDescription.Rule]) {
        let last = id.split(separator: ".").last.map(String.init) ?? id
        func isPlain(_ character: Character) -> Bool {
            character.isASCII && (character.isLetter || character.isNumber)
        }
        name = String(last.lowercased().map { isPlain($0) ? $0 : "_" })
        let prefix = last.uppercased().filter(isPlain)
        var codes: [(name: String, code: String)] = []
        for rule in rules where !codes.contains(where: { $0.name == rule.name }) {
            let number = String(codes.count + 1)
            codes.append(
                (
                    rule.name,
                    prefix + String(repeating: "0", count: max(0, 3 - number.count)) + number
                )
            )
        }
        self.codes = codes
    }

    /// The code of a rule.
    public func code(of rule: ForeignDescription.Rule) -> String {
        codes.first { $0.name == rule.name }?.code ?? ""
    }
}

extension ForeignDescription {
    /// The platform tuple that manifests use.
    public static var platform: String {
        #if arch(x86_64)
            "linux_amd64"
        #elseif arch(arm64)
            "linux_arm64"
        #else
            "linux_unknown"
        #endif
    }

    /// Reads the `foreign` object of a whole manifest, with the settings that its `config` names.
    ///
    /// - Throws: `Fault`.
    public init(manifest: JSONValue) throws {
        let settings = manifest["config"]?["properties"]?.objectValue?.members ?? []
        try self.init(
            manifest["foreign"] ?? .null,
            parameters: settings.map { member in
                let type = member.value["type"]?.stringValue
                guard ["number", "integer", "string"].contains(type) else {
                    throw Fault(
                        place: "config.properties.\(member.key).type",
                        message: "is \(member.value["type"]?.text ?? "missing"), expected "
                            + "\"number\", \"integer\" or \"string\"")
                }
                let value = member.value["default"]
                guard type == "string" ? value?.stringValue != nil : value?.doubleValue != nil
                else {
                    throw Fault(
                        place: "config.properties.\(member.key).default",
                        message: "is \(value?.text ?? "missing"), expected a \(type ?? "value")")
                }
                return (member.key, type != "string")
            })
    }
}
