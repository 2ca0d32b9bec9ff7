import ArgumentParser
import Glibc
import JSONText
import Orchestrator
import Planning

/// `assay taxonomy`.
struct TaxonomyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "taxonomy", abstract: "Makes a taxonomy from data, or checks one.",
        subcommands: [DiscoverCommand.self, CheckCommand.self])

    /// `assay taxonomy discover DATA -o FILE`.
    struct DiscoverCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "discover",
            abstract: "Finds topics in data and writes them as a taxonomy to edit.")

        @Argument(help: "Files, folders, or - for standard input.") var data: [String]
        @Option(name: [.short, .customLong("out")], help: "The taxonomy; must not exist.")
        var out: String
        @Option(help: "Topics to look for; as many as the data suggests when left out.")
        var topics: Int?
        @Option(help: "Records wanted for each topic.") var target = 100
        @Option(help: "Stated fields: prompt=A+B,response=…,label=…") var fields: String?
        @Option(help: "Random draws are a function of it.") var seed: UInt64?
        @Option(help: "Worker threads.") var threads: Int?

        func run() throws {
            try OutputPaths.check(inputs: data, outputs: [out])
            guard access(out, F_OK) != 0 else {
                throw UsageError(
                    "\(out): is there already, and may have been edited",
                    help: "name another file, or remove it first")
            }
            guard topics ?? 2 >= 2, topics ?? 2 <= 500 else {
                throw UsageError(
                    "--topics is \(topics ?? 0), expected 2 to 500", help: "leave it out")
            }
            guard target >= 1 else {
                throw UsageError("--target is \(target), expected at least 1", help: "leave it out")
            }
            var dimension: JSONObject = ["name": "topic", "by": "topic"]
            if let topics { dimension["topics"] = JSONValue(topics) }
            let taxonomy: JSONValue = .object(["dimensions": .array([.object(dimension)])])
            var arguments = data + ["--plugins", "coverage"]
            arguments += ["--set", "coverage.taxonomy=\(taxonomy.text)"]
            if let fields { arguments += ["--fields", fields] }
            if let seed { arguments += ["--seed", String(seed)] }
            if let threads { arguments += ["--threads", String(threads)] }
            let settings = try RunSettings(RunOptions.parse(arguments))
            let results = try Analysis(settings: settings).results()
            guard let result = results.first, result.status == .ok else {
                throw UsageError(
                    results.first?.error ?? "the coverage plugin did not answer",
                    help: "assay run --plugins coverage shows more")
            }
            let table = result.output.sections.first { $0.title.hasPrefix("Topics") }
            let file = TopicFile(table?.body ?? .null, target: target)
            guard file.topicCount > 0 else {
                throw UsageError(
                    "no topics were found: no record has a prompt",
                    help: "state the field with --fields prompt=…")
            }
            let output = try AtomicFile(path: out)
            try output.append(Array(file.text.utf8))
            _ = try output.complete()
            try output.publish()
            print("\(file.topicCount) topics in \(out)")
            print(
                "edit the names, then: assay run \(data.joined(separator: " ")) --taxonomy \(out)")
        }
    }

    /// `assay taxonomy check FILE`.
    struct CheckCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Checks a taxonomy and says what is in it.")

        @Argument(help: "The taxonomy.") var file: String

        func run() throws {
            // A record of its own, so that the plugin itself looks at the taxonomy.
            let scratch = try ScratchFolder(beside: Installation.spillFolder + "/assay-check")
            defer { withExtendedLifetime(scratch) {} }
            let record = scratch.file("record.jsonl")
            let output = try AtomicFile(path: record)
            try output.append(Array("{\"prompt\":\"check\",\"response\":\"check\"}\n".utf8))
            _ = try output.complete()
            try output.publish()
            let settings = try RunSettings(
                RunOptions.parse(
                    [record, "--plugins", "coverage", "--taxonomy", file, "--quiet"]))
            let result = try Analysis(settings: settings, isOfOwnRecords: false).results().first
            if let problem = result?.error {
                throw UsageError("\(file): \(problem)", help: "correct the taxonomy")
            }
            let taxonomy = try YAMLFile(path: file, what: "taxonomy check").value
            for dimension in taxonomy["dimensions"]?.arrayValue ?? [] {
                let categories = dimension["categories"]?.arrayValue ?? []
                let name = dimension["name"]?.stringValue ?? ""
                let way =
                    dimension["field"]?.stringValue.map { "field \($0)" }
                    ?? dimension["by"]?.stringValue.map { "by \($0)" } ?? "rules and examples"
                let count = categories.isEmpty ? "" : ", \(categories.count) categories"
                let examples = categories.reduce(0) {
                    $0 + ($1["examples"]?.arrayValue?.count ?? 0)
                }
                print("\(name): \(way)\(count)" + (examples > 0 ? ", \(examples) examples" : ""))
            }
            for cross in taxonomy["crosses"]?.arrayValue ?? [] {
                let names = (cross["dimensions"]?.arrayValue ?? []).compactMap(\.stringValue)
                print("\(names.joined(separator: " × ")): cross")
            }
        }
    }
}
