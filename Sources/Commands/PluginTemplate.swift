import PluginHost

/// A template of the SDK with an author's names in it.
struct PluginTemplate {
    /// The last part of the id: what the folder is called.
    let name: String
    private let source: String
    /// What is put in place of what, the longer ones first.
    private let replacements: [(String, String)]

    private static let languages = ["c", "swift", "foreign"]

    init(id: String, language: String, strategy: String) throws {
        guard PluginTemplate.languages.contains(language) else {
            throw UsageError(
                "--language is \"\(language)\", expected \(PluginTemplate.languages.joined(separator: ", "))",
                help: "foreign is for a plain C function that knows nothing of assay")
        }
        let parts = id.split(separator: ".")
        // The last part also names a module.
        let begins = parts.last?.utf8.first.map { $0 >= 0x61 && $0 <= 0x7A } == true
        guard Manifest.isReverseName(id), parts.count >= 3, begins, id.utf8.count <= 100 else {
            throw UsageError(
                "the id is \"\(id)\", expected reverse DNS in small letters, digits and hyphens",
                help: "such as org.example.shouting: a domain of yours, and a name")
        }
        guard Manifest.isReverseName("strategy.\(strategy)"), !strategy.contains(".") else {
            throw UsageError(
                "--strategy is \"\(strategy)\", expected small letters", help: "such as noise")
        }
        name = parts.last.map(String.init) ?? id
        let words = name.split(separator: "-").map(String.init)
        let type = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        source = Installation.sdk + "/Templates/" + language
        replacements = [
            ("org.example.template", id), ("SDK-FOLDER", Installation.sdk),
            ("TEMPLATE", words.joined().uppercased()), ("Template", type),
            ("\"strategy\": \"noise\"", "\"strategy\": \"\(strategy)\""),
            (", noise, score)", ", \(strategy.filter { $0 != "-" }), score)"), ("template", name),
        ]
    }

    private func named(_ text: String) -> String {
        var rest = text[...]
        var result = ""
        // What was put in is not looked at again: an id may hold the word "template".
        while !rest.isEmpty {
            if let (old, new) = replacements.first(where: { rest.hasPrefix($0.0) }) {
                result += new
                rest = rest.dropFirst(old.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }

    /// Writes the files.
    ///
    /// - Throws: `UsageError` when the folder has something in it.
    func write(to folder: String) throws {
        guard let entries = try? FolderWalk.entries(below: source), !entries.isEmpty else {
            throw UsageError(
                "\(source): the template is not installed",
                help: "install assay with make install, which brings the SDK")
        }
        if let existing = try? FolderWalk.entries(below: folder), !existing.isEmpty {
            throw UsageError(
                "\(folder): is there already, with \(existing.count) files",
                help: "name another folder with -o")
        }
        for entry in entries {
            let path = folder + "/" + named(entry.path)
            guard let bytes = FileBytes.read(source + "/" + entry.path) else {
                throw UsageError(
                    "\(source)/\(entry.path): cannot be read", help: "install it again")
            }
            try WholeFile.write(named(String(decoding: bytes, as: UTF8.self)), to: path)
        }
    }
}
