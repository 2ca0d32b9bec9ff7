import JSONText
import PluginHost

/// The YAML file of `--config`: the options of a run under their own names, paths counted from the
/// file's folder, settings of analyzers under `set`.
struct RunConfigurationFile {
    private let file: YAMLFile

    private static let schema: JSONValue = [
        "type": "object", "additionalProperties": false,
        "properties": [
            "data": paths, "reference": paths, "trusted": paths, "pool": paths, "eval": paths,
            "plugin": paths, "plugins": paths, "fail-on": paths, "taxonomy": ["type": "string"],
            "review": ["type": "string"],
            "out": ["type": "string"], "embedding": ["type": "string"],
            "pred-probs": ["type": "string"],
            "memory": ["type": ["integer", "string"]],
            "quiet": ["type": "boolean"],
            "threads": ["type": "integer", "minimum": 1, "maximum": 256],
            "seed": ["type": "integer", "minimum": 0],
            "isolation": ["type": "string", "enum": ["process", "none"]],
            "format": ["type": "string", "enum": ["text", "json"]],
            "allow-rejects": ["type": ["integer", "string"]],
            "fields": ["type": "object", "additionalProperties": ["type": "string"]],
            "set": ["type": "object", "additionalProperties": ["type": "object"]],
        ],
    ]
    private static let paths: JSONValue = [
        "type": ["string", "array"], "items": ["type": "string"],
    ]

    init(path: String) throws {
        file = try YAMLFile(path: path, what: "--config")
        try SchemaNode(RunConfigurationFile.schema).check(
            file.value, at: [], place: file.place)
    }

    func value(_ key: String) -> JSONValue? { file.value[key] }

    /// The texts of a list, or of a single text.
    func texts(_ key: String) -> [String] {
        value(key)?.stringValue.map { [$0] } ?? value(key)?.arrayValue?.compactMap(\.stringValue)
            ?? []
    }

    /// Paths, counted from the file's folder; `-` stays standard input.
    func paths(_ key: String) -> [String] { texts(key).map(located) }

    /// One path, counted from the file's folder.
    func path(_ key: String) -> String? { value(key)?.stringValue.map(located) }

    private func located(_ path: String) -> String {
        guard !path.hasPrefix("/"), path != "-", let slash = file.path.lastIndex(of: "/") else {
            return path
        }
        return file.path[...slash] + path
    }

    /// The parts under `fields`.
    func fields() throws -> [(part: String, pointer: String)] {
        let stated = value("fields")?.objectValue?.members ?? []
        let text = stated.map { "\($0.key)=\($0.value.stringValue ?? "")" }.joined(separator: ",")
        return try RunSettings.fields(text) ?? []
    }

    /// The settings of analyzers.
    func stated() -> [StatedSetting] {
        (value("set")?.objectValue?.members ?? []).flatMap { owner, settings in
            (settings.objectValue?.members ?? []).map { key, value in
                StatedSetting(owner: owner, key: key, value: value) { [file] steps in
                    file.place(["set", owner] + steps)
                }
            }
        }
    }
}
