import ArgumentParser
import PluginHost
import Reading
import Records
import Reports

/// `assay schema DATA`.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Shows the detected format, schema and field mapping.")

    @Argument(help: "Files, folders, or - for standard input.") var data: [String]
    @Option(help: "Stated fields: prompt=A+B,response=…,label=…") var fields: String?

    func run() throws {
        let stated = try RunSettings.fields(fields) ?? []
        var looked = StatedFields(fields: stated)
        let paths = try DatasetReader.files(of: data)
        for (index, path) in paths.enumerated() {
            let source = try SourceBytes(path: path)
            var options = ReadingOptions()
            options.columns = [.prompt]
            options.fields = stated
            var problems: [String] = []
            var rejected = 0
            let summary = try DatasetReader.read(
                source, file: 0, options: options, onBatch: { _ in },
                onReject: { record in
                    rejected += 1
                    if problems.count < 5 {
                        problems.append("  line \(record.line): \(record.reason)")
                    }
                })
            try looked.look(in: source, as: .data, isLast: index == paths.count - 1)
            print(path)
            print("  format   \(summary.format)")
            print("  schema   \(summary.mapping.kind.rawValue)")
            print("  mapping  \(summary.mapping.summary)")
            print("  keys     \(summary.keys.joined(separator: ", "))")
            print("  records  \(summary.recordCount), \(rejected) rejected")
            for problem in problems { print(problem) }
        }
    }
}

/// `assay explain CODE`.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says what a code means and what to do about it.")

    @Argument(help: "A code such as NSE001, or its name.") var code: String
    @Option(help: "Add a plugin: a bundle folder, a plugin.json or a .so.") var plugin: [String] =
        []

    func run() throws {
        if let host = HostCode.all.first(where: {
            $0.code == code.uppercased() || $0.name == code.lowercased()
        }) {
            return print(host.text)
        }
        let catalog = try Installation.catalog(named: plugin)
        let codes = catalog.entries.flatMap { entry in
            entry.manifest.analyzers.flatMap(\.codes).map { (entry, $0) }
        }
        guard
            let (entry, found) = codes.first(where: {
                $0.1.code == code.uppercased() || $0.1.name == code.lowercased()
            })
        else {
            throw UsageError(
                "no plugin knows the code \"\(code)\"",
                help: Suggestion.nearest(
                    to: code,
                    among: codes.flatMap { [$0.1.code, $0.1.name] } + HostCode.all.map(\.code)
                )
                .map { "did you mean \($0)?" }
                    ?? "assay plugins lists the plugins")
        }
        print(
            "\(found.code) \(found.name)  (usually \(found.severity), \(entry.manifest.id) \(entry.manifest.version))"
        )
        if let title = found.title { print(title) }
        for (heading, text) in found.help { print("\n\(heading)\n  \(text)") }
    }
}

/// `assay plugins`.
struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins", abstract: "Lists the installed plugins.")

    @Option(help: "Add a plugin: a bundle folder, a plugin.json or a .so.") var plugin: [String] =
        []

    func run() throws {
        for entry in try Installation.catalog(named: plugin).entries {
            let strategies = entry.manifest.analyzers.map(\.strategy).joined(separator: ", ")
            print(
                "\(entry.manifest.id) \(entry.manifest.version)  \(strategies)  \(entry.origin), "
                    + PluginsCommand.standing(entry))
            print("  \(entry.manifest.summary)")
        }
    }

    /// Whether a run would take a plugin, and on whose word.
    private static func standing(_ entry: PluginCatalog.Entry) -> String {
        do {
            let bundle = try Installation.open(entry)
            return bundle.signer.map { "signed by \($0.id)" } ?? "taken without a signature"
        } catch let error as PluginError {
            return "refused: \(error.reason)"
        } catch {
            return "refused: \(error)"
        }
    }
}
