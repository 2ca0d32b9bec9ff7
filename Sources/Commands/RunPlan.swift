import JSONText
import PluginHost
import Records
import Yams

/// Turns options into configurations and columns.
enum RunPlan {
    /// The parts stated with `--fields`.
    static func fields(_ text: String?) throws -> [(part: String, pointer: String)] {
        try (text ?? "").split(separator: ",").map { piece in
            let halves = piece.split(separator: "=", maxSplits: 1).map(String.init)
            guard halves.count == 2, FieldMapping.overridableParts.contains(halves[0]) else {
                throw UsageError(
                    "--fields has \"\(piece)\", expected part=field",
                    help: "parts: \(FieldMapping.overridableParts.joined(separator: ", "))")
            }
            return (halves[0], halves[1])
        }
    }

    /// The checked configuration of an analyzer: `--set`, `--taxonomy`, defaults.
    static func configuration(
        _ manifest: Manifest, _ analyzer: Manifest.Analyzer, taxonomy: String?, settings: [String],
        all: [Manifest.Analyzer]
    ) throws -> JSONObject {
        var stated = JSONObject()
        if let taxonomy,
            analyzer.configuration.properties.contains(where: { $0.name == "taxonomy" })
        {
            stated["taxonomy"] = try yaml(taxonomy)
        }
        for setting in settings {
            let halves = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard halves.count == 2, let dot = halves[0].lastIndex(of: ".") else {
                throw UsageError(
                    "--set has \"\(setting)\", expected strategy.key=value",
                    help: "for example --set noise.context_tokens=4096")
            }
            let (owner, key) = (
                String(halves[0][..<dot]), String(halves[0][halves[0].index(after: dot)...])
            )
            guard all.contains(where: { $0.strategy == owner || $0.id == owner }) else {
                throw UsageError(
                    "--set \(setting): no chosen plugin is called \"\(owner)\"",
                    help: "chosen: " + all.map(\.id).joined(separator: ", "))
            }
            guard owner == analyzer.strategy || owner == analyzer.id else { continue }
            stated[key] = (try? JSONValue(parsing: halves[1])) ?? .string(halves[1])
        }
        return try analyzer.configuration.resolve(stated, origin: "--set \(analyzer.strategy)")
    }

    /// The manifest's columns and those that the configuration names.
    static func columns(_ analyzer: Manifest.Analyzer, _ configuration: JSONObject) -> [ColumnName]
    {
        var columns = Set(analyzer.columns)
        for pointer in analyzer.configColumns {
            var values: [JSONValue] = [.object(configuration)]
            for step in pointer.split(separator: "/") {
                values = values.flatMap {
                    step == "*" ? $0.arrayValue ?? [] : [$0[String(step)]].compactMap { $0 }
                }
            }
            for name in values.compactMap(\.stringValue) {
                columns.insert(ColumnName(rawValue: "field:\(name)"))
            }
        }
        return columns.sorted()
    }

    private static func yaml(_ path: String) throws -> JSONValue {
        guard let bytes = FileBytes.read(path) else {
            throw UsageError("\(path): cannot be read", help: "check the path of --taxonomy")
        }
        do {
            guard let node = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self)) else {
                throw UsageError(
                    "\(path): is empty, expected a taxonomy",
                    help: "assay needs at least one dimension")
            }
            return value(node)
        } catch let error as YamlError {
            throw UsageError("\(path): not valid YAML: \(error)", help: "correct the file")
        }
    }

    private static func value(_ node: Node) -> JSONValue {
        switch node {
        case .mapping(let mapping):
            return .object(JSONObject(mapping.map { ($0.key.string ?? "", value($0.value)) }))
        case .sequence(let sequence): return .array(sequence.map(value))
        case .scalar(let scalar):
            if scalar.style == .plain, let number = try? JSONValue(parsing: scalar.string) {
                return number
            }
            return .string(scalar.string)
        default: return .null
        }
    }
}
