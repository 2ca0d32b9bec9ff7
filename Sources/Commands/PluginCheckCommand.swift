import ArgumentParser
import BatchStore
import Features
import Glibc
import JSONText
import Parallel
import PluginHost
import Reading
import Records
import Reports

/// `assay plugin check BUNDLE`.
struct PluginCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Looks for broken laws of the ABI in a plugin, each check in a process of its own.",
        discussion:
            "Exit code 0 when no law is broken, 3 otherwise. What is drawn follows from the seed that is printed."
    )

    @Argument(help: "A bundle folder, a plugin.json or a .so.") var bundle: String?
    @Option(help: "Seed of everything that is drawn (default: drawn itself).") var seed: UInt64?
    @Option(help: "Only the checks of this name or glob; repeatable.") var only: [String] = []
    @Option(
        help:
            "A setting that the plugin needs: strategy.key=value or analyzer-id.key=value; repeatable."
    )
    var set: [String] = []
    @Option(help: "text or json on standard output.") var format = "text"
    @Option(help: "Processes at a time (default: all processors).") var threads: Int?
    @Option(
        name: .customLong("call-seconds"),
        help: "Seconds that a call may take (default: the manifest's).")
    var callSeconds: Double?
    @Flag(help: "List the checks and the laws they are about.") var list = false

    func run() throws {
        if list {
            for check in PluginChecker.checks {
                print(PluginCheckCommand.padded(check.name) + check.law)
            }
            return
        }
        guard let bundle else {
            throw UsageError("no bundle was named", help: "assay plugin check BUNDLE")
        }
        guard format == "text" || format == "json" else {
            throw UsageError("--format is \"\(format)\", expected text or json", help: "correct it")
        }
        let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        guard (1...64).contains(threads ?? 1), (callSeconds ?? 1) > 0 else {
            throw UsageError(
                "--threads is \(threads ?? 1) and --call-seconds \(callSeconds ?? 1), expected 1 to 64, and above 0",
                help: "correct it")
        }
        var options = PluginRunner.Options()
        options.threads = threads ?? processors
        options.seed = seed ?? UInt64.random(in: 0...UInt64(Int64.max))
        options.workerPath = Installation.worker
        options.workerEnvironment = Installation.workerEnvironment
        options.callSeconds = callSeconds
        options.embeddingFolder = Installation.embedding
        options.foreignAdapter = try? Installation.foreignAdapter()
        let checker = try PluginChecker(
            manifestPath: PluginCatalog.manifestPath(for: bundle), seed: options.seed,
            onlyNames: only, options: options)
        try report(checker, bundle)
    }

    private func report(_ checker: PluginChecker, _ bundle: String) throws {
        let clock = Stopwatch()
        let title = "\(checker.manifest.id) \(checker.manifest.version)"
        let isText = format == "text"
        if isText { print("\(title), seed \(checker.seed)\n") }
        var results: [CheckResult] = []
        // One fault can break many laws in the same words: they are said once.
        var firstWith: [String: String] = [:]
        let records = CheckedDatasets(seed: checker.seed, threads: threads ?? 2)
        try checker.run(
            subject: { analyzer in
                let plain = try RunPlan.plain(
                    analyzer, set.map { try StatedSetting(parsing: $0) })
                return PluginChecker.Subject(
                    columns: plain.columns, configuration: plain.configuration)
            },
            batches: { try records.batches($0, columns: $1.columns) },
            onResult: { result in
                results.append(result)
                guard isText else { return }
                let key = result.analyzer + "\n" + result.detail
                let earlier = result.verdict.isFault ? firstWith[key] : nil
                if earlier == nil { firstWith[key] = result.name }
                print(
                    line(
                        result, earlier: earlier,
                        ofSeveral: checker.manifest.analyzers.count > 1))
            })
        let faults = results.count { $0.verdict.isFault }
        if isText {
            let counts = CheckResult.Verdict.allCases.compactMap { verdict in
                let count = results.count { $0.verdict == verdict }
                return count > 0 ? "\(count) \(verdict.rawValue)" : nil
            }
            print("\n\(counts.joined(separator: ", ")) in \(JSONWriter.text(of: clock.seconds)) s")
            if faults > 0 {
                let options =
                    only.map { " --only '\($0)'" } + set.map { " --set '\($0)'" }
                    + (callSeconds.map { [" --call-seconds \($0)"] } ?? [])
                print(
                    "again: assay plugin check \(bundle) --seed \(checker.seed)\(options.joined())")
            }
        } else {
            print(
                JSONValue.object([
                    "plugin": .string(checker.manifest.id),
                    "version": .string(checker.manifest.version),
                    "seed": .string(String(checker.seed)), "faults": JSONValue(faults),
                    "checks": .array(results.map(\.json)),
                ]).text)
        }
        if faults > 0 { throw ExitCode(3) }
    }

    private func line(_ result: CheckResult, earlier: String?, ofSeveral: Bool) -> String {
        let owner = ofSeveral && !result.analyzer.isEmpty ? " (\(result.analyzer))" : ""
        let head =
            PluginCheckCommand.word(result.verdict) + PluginCheckCommand.padded(result.name)
            + result.law + owner
        // The plugin's own words are among it.
        let detail =
            earlier.map { "as in \($0)" }
            ?? PluginError.shown(result.detail, most: PluginCheckCommand.mostDetail)
        return detail.isEmpty ? head : head + "\n         → " + detail
    }

    private static let mostDetail = 500

    private static func word(_ verdict: CheckResult.Verdict) -> String {
        let text = verdict.rawValue.padding(to: 9)
        guard Installation.terminalStyle.isColoured else { return text }
        let colour =
            switch verdict {
            case .passed: "32"
            case .failed, .crashed: "31"
            case .warning: "33"
            case .skipped: "90"
            }
        return "\u{1B}[\(colour)m\(text)\u{1B}[0m"
    }

    private static func padded(_ name: String) -> String { name.padding(to: 24) }
}

extension String {
    /// The text with blanks up to a width; one that is as long already gets a single one.
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}

/// The records of checks as a host would hand them out.
private struct CheckedDatasets {
    let seed: UInt64
    let threads: Int

    /// Reads the records with the columns that an analyzer asks for.
    func batches(
        _ kind: CheckRecords, columns: [ColumnName]
    ) throws -> ElementStream<StoredSegment> {
        let store = BatchStore(memoryBudget: 1 << 30, spillFolder: Installation.spillFolder)
        var options = ReadingOptions()
        options.columns = columns.filter { $0 != .predictedProbabilities }
        options.threads = max(1, threads)
        options.fields = CheckRecords.fields
        if columns.contains(where: \.isEmbedding) {
            options.embedding = .model(try EmbeddingModel(folder: Installation.embedding))
        }
        for (role, lines) in kind.lines(seed: seed) {
            let source = SourceBytes(name: "\(kind.rawValue)-\(role.name).jsonl", content: lines)
            _ = try DatasetReader.read(
                source, file: 0, options: options,
                onBatch: { try store.append($0.batch, role: role) }, onReject: { _ in })
        }
        try store.finish()
        return store.sealed
    }
}
