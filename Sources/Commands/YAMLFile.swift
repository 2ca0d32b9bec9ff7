import JSONText
import PluginHost
import Yams

/// A YAML file as a JSON value that knows the line of every part.
struct YAMLFile {
    let path: String
    let value: JSONValue
    private let lines: [[String]: Int]

    /// Reads a file; `what` is the option that named it.
    ///
    /// - Throws: `UsageError` with the line at fault.
    init(path: String, what: String) throws {
        guard let bytes = FileBytes.read(path) else {
            throw UsageError("\(path): cannot be read", help: "check the path of \(what)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageError("\(path): not valid UTF-8", help: "save the file as UTF-8")
        }
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw UsageError("\(path): is empty", help: "leave \(what) out, or fill the file")
            }
            var lines: [[String]: Int] = [:]
            value = YAMLFile.value(node, at: [], noting: &lines)
            self.lines = lines
            self.path = path
        } catch let error as YamlError {
            throw YAMLFile.fault(error, path: path)
        }
    }

    /// `taxonomy.yaml line 3` for the steps to a value, or the nearest value above it.
    func place(_ steps: [String]) -> String {
        var steps = steps
        while true {
            if let line = lines[steps] { return "\(path) line \(line)" }
            if steps.isEmpty { return path }
            steps.removeLast()
        }
    }

    private static func value(
        _ node: Node, at steps: [String], noting lines: inout [[String]: Int]
    ) -> JSONValue {
        switch node {
        case .mapping(let mapping):
            var members: [(key: String, value: JSONValue)] = []
            for (key, child) in mapping {
                let name = key.string ?? ""
                lines[steps + [name]] = key.mark?.line ?? child.mark?.line
                members.append((name, value(child, at: steps + [name], noting: &lines)))
            }
            return .object(JSONObject(members))
        case .sequence(let sequence):
            return .array(
                sequence.enumerated().map { index, child in
                    let inner = steps + [String(index)]
                    lines[inner] = child.mark?.line
                    return value(child, at: inner, noting: &lines)
                })
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string(scalar.string) }
            if scalar.string.isEmpty || scalar.string == "~" { return .null }
            if let plain = try? JSONValue(parsing: scalar.string) { return plain }
            return .string(scalar.string)
        default: return .null
        }
    }

    private static func fault(_ error: YamlError, path: String) -> UsageError {
        let help = "correct the YAML of the file"
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return UsageError("\(path) line \(mark.line): not valid YAML: \(problem)", help: help)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.sorted().joined(separator: ", ")
            return UsageError(
                "\(path) line \(context.mark.line): key \(names) stands twice", help: help)
        default:
            let line = "\(error)".split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            return UsageError("\(path): not valid YAML: \(line)", help: help)
        }
    }
}
