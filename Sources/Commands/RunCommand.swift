import ArgumentParser
import BatchStore
import CLinux
import Glibc
import JSONText
import Orchestrator
import PluginHost
import Reading
import Records
import Reports
import Yams

/// `assay run DATA...`.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Analyses a dataset and writes a report.")

    @Argument(help: "Files, folders, or - for standard input.") var data: [String]
    @Option(help: "Strategies, ids or globs, separated by commas.") var plugins: String?
    @Option(help: "Add a plugin: a bundle folder, a plugin.json or a .so.") var plugin: [String] =
        []
    @Option(help: "A sample of real use.") var reference: [String] = []
    @Option(help: "Known good records.") var trusted: [String] = []
    @Option(help: "Candidates to add.") var pool: [String] = []
    @Option(help: "Records that must not leak into the data.") var eval: [String] = []
    @Option(help: "A taxonomy file (YAML).") var taxonomy: String?
    @Option(help: "A setting: strategy.key=value or analyzer-id.key=value.") var set: [String] = []
    @Option(help: "Stated fields: prompt=…,response=…,label=…") var fields: String?
    @Option(help: "The report's folder.") var out = "assay-report"
    @Option(help: "Threads of the run.") var threads: Int?
    @Option(help: "Seed of every random draw.") var seed: UInt64 = 0
    @Option(help: "process or none.") var isolation = "process"
    @Option(help: "text or json on standard output.") var format = "text"
    @Option(name: .customLong("fail-on"), help: "A gate, such as 'noise.rate > 0.05'.") var failOn:
        [String] = []
    @Option(name: .customLong("allow-rejects"), help: "Malformed records that are no failure.")
    var allowRejects = 0
    @Option(name: .customLong("batch-rows"), help: .hidden) var batchRows = 4096
    @Option(name: .customLong("call-seconds"), help: .hidden) var callSeconds: Double?
    @Flag(name: .customLong("reload-partials"), help: .hidden) var reloadPartials = false
    @Flag(help: "No progress.") var quiet = false

    func run() throws {
        let start = ContinuousClock.now
        guard let isolation = Isolation(rawValue: isolation) else {
            throw UsageError(
                "--isolation is \"\(isolation)\", expected process or none",
                help: "leave it out for process")
        }
        guard ["text", "json"].contains(format) else {
            throw UsageError(
                "--format is \"\(format)\", expected text or json", help: "leave it out for text")
        }
        let threads = threads ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        guard (1...256).contains(threads), batchRows > 0 else {
            throw UsageError(
                "--threads is \(threads), expected 1 to 256",
                help: "leave it out for all processors")
        }
        let gates = try failOn.map { try Gate(parsing: $0) }
        let catalog = try Installation.catalog(named: plugin)
        let selection = (plugins ?? "").split(separator: ",").map(String.init)
        var chosen = try catalog.select(selection)
        for path in plugin where !selection.isEmpty {
            for pair in try catalog.select([])
            where pair.entry.origin == "--plugin \(path)"
                && !chosen.contains(where: { $0.analyzer.id == pair.analyzer.id })
            {
                chosen.append(pair)
            }
        }
        guard !chosen.isEmpty else {
            throw UsageError(
                "no plugin is installed",
                help: "build and stage them with make build, or name one with --plugin")
        }
        let configurations = try chosen.map {
            try RunPlan.configuration(
                $0.entry.manifest, $0.analyzer, taxonomy: taxonomy, settings: set,
                all: chosen.map(\.analyzer))
        }
        let columns = zip(chosen, configurations).map { RunPlan.columns($0.analyzer, $1) }
        var options = ReadingOptions()
        options.columns = Array(Set(columns.joined())).sorted()
        options.threads = threads
        options.batchRows = batchRows
        options.fields = try RunPlan.fields(fields)
        let input = try InputReader(options: options).read([
            (.data, data), (.reference, reference), (.trusted, trusted), (.pool, pool),
            (.eval, eval),
        ])
        guard input.store.rowCounts[.data, default: 0] > 0 else {
            let rejected = input.rejected.count
            if let first = input.rejected.first {
                throw UsageError(
                    "no record could be read, \(rejected) rejected; the first: \(first.file) line \(first.line): \(first.reason)",
                    help: "assay schema shows what was found")
            }
            throw UsageError(
                "\(data.joined(separator: ", ")): no records",
                help: "give a file with at least one record")
        }
        if !quiet {
            Diagnostics.line(
                "read \(input.store.rowCounts[.data, default: 0]) records in \(seconds(since: start)) s"
            )
        }
        var hostOptions = PluginRunner.Options()
        hostOptions.isolation = isolation
        hostOptions.threads = threads
        hostOptions.seed = seed
        hostOptions.workerPath = Installation.worker
        hostOptions.callSeconds = callSeconds
        hostOptions.reloadsPartials = reloadPartials
        let runners: [any AnalyzerRunner] = zip(chosen.indices, configurations).map {
            index, configuration in
            PluginRunner(
                manifest: chosen[index].entry.manifest, analyzer: chosen[index].analyzer,
                columns: columns[index], configuration: configuration, store: input.store,
                options: hostOptions)
        }
        let isQuiet = quiet
        let results = RunCoordinator.run(runners) { result in
            if !isQuiet {
                Diagnostics.line(
                    "\(result.identity.id) \(result.status.rawValue) in \(JSONWriter.text(of: (result.seconds * 100).rounded() / 100)) s"
                )
            }
        }
        let configurationHash = FileBytes.hexDigest(
            JSONValue.array(configurations.map { .object($0) }).canonical.bytes)
        var report = Report(
            run: [
                "version": "0.1.0", "command": "run", "seed": .string(String(seed)),
                "config_hash": .string(configurationHash),
            ],
            datasets: input.datasets, results: results)
        try report.gates = gates.map { try $0.evaluate(results.flatMap(\.output.metrics)) }
        let elapsed = seconds(since: start)
        try ReportFolder(path: out).write(
            report, input: input,
            execution: [
                "seconds": .number(elapsed),
                "peak_memory_bytes": JSONValue(Int(clx_peak_memory(0)) + Int(clx_peak_memory(1))),
                "threads": JSONValue(threads), "isolation": .string(isolation.rawValue),
                "protections": .object(
                    JSONObject(
                        (results.first?.protections ?? [:]).sorted { $0.key < $1.key }.map {
                            ($0.key, .bool($0.value))
                        })),
            ])
        if format == "json" {
            print(report.json.text)
        } else {
            print(TerminalReport.text(report, folder: out), terminator: "")
        }
        for record in input.rejected.prefix(5) {
            Diagnostics.line("warning: \(record.file) line \(record.line): \(record.reason)")
        }
        if results.contains(where: { $0.status != .ok }) { throw ExitCode(3) }
        if input.rejected.count > allowRejects {
            Diagnostics.line(
                "error: \(input.rejected.count) records could not be read; they are in \(out)/rejected.jsonl"
            )
            Diagnostics.line(
                "help: mend them, or allow them with --allow-rejects \(input.rejected.count)")
            throw ExitCode(2)
        }
        if report.gates.contains(where: { !$0.passed }) { throw ExitCode(1) }
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double {
        let elapsed = (ContinuousClock.now - start).components
        return ((Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18) * 100).rounded()
            / 100
    }
}
