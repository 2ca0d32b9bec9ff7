import BatchStore
import CLinux
import Glibc
import JSONText
import Orchestrator
import Parallel
import PluginHost
import Reading
import Records
import Reports

/// One `assay run` from its settings to its exit code.
struct Analysis {
    /// The program's version.
    static let version = "0.1.0"

    let settings: RunSettings
    /// Metrics of earlier rounds of a loop.
    var earlierRounds: [[Metric]] = []
    /// Whether the records are those that settings are about.
    var isOfOwnRecords = true
    /// Whether nothing goes to standard output.
    var isSilent = false

    /// Reads, analyses, writes the report; returns the exit code.
    func run() throws -> Int32 { try runKeepingResults().status }

    /// The same, with what the analyzers said, how many records of the data they saw, and where all records are.
    func runKeepingResults() throws -> (
        status: Int32, results: [AnalyzerResult], recordCount: Int, places: RecordPlaces
    ) {
        let clock = Stopwatch()
        let chosen = try RunPlan.analyzers(settings)
        try folder.prepare(inputs: settings.inputs)
        let progress = Progress(isQuiet: settings.isQuiet)
        let found = try analyze(chosen, progress: progress, clock: clock)
        let status = try conclude(
            found.input, found.results, chosen, progress: progress, seconds: found.seconds,
            clock: clock)
        return (
            status, found.results, found.input.store.rowCounts[.data, default: 0],
            found.input.places
        )
    }

    /// Where the report goes.
    private var folder: ReportFolder {
        var folder = ReportFolder(path: settings.out)
        folder.permissions = FileBytes.permissions(of: settings.inputs)
        return folder
    }

    /// Reads and analyses; writes nothing.
    func results() throws -> [AnalyzerResult] {
        let progress = Progress(isQuiet: settings.isQuiet)
        defer { progress.end() }
        return try analyze(
            try RunPlan.analyzers(settings), progress: progress, clock: Stopwatch()
        ).results
    }

    /// What the analyzers say of data of so many records; writes nothing.
    ///
    /// - Throws: `UsageError` when one of them fails, or sees other records.
    func trial(recordCount: Int) throws -> [AnalyzerResult] {
        let progress = Progress(isQuiet: settings.isQuiet)
        defer { progress.end() }
        let found = try analyze(
            try RunPlan.analyzers(settings), progress: progress, clock: Stopwatch())
        if let failed = found.results.first(where: { $0.status != .ok }) {
            throw UsageError(
                "\(failed.identity.id) failed while a change was judged: \(failed.error ?? "")",
                help: "leave it out with --plugins, or run assay run to see what it says")
        }
        try Analysis.check(found.input.store.rowCounts[.data, default: 0], recordCount)
        return found.results
    }

    /// Refuses data of which the analyzers see other records than those that are written.
    static func check(_ seen: Int, _ recordCount: Int) throws {
        guard seen != recordCount else { return }
        throw UsageError(
            "the analyzers see \(seen) records, the file has \(recordCount)",
            help:
                "every record needs what the options name (--embedding field:NAME, --pred-probs field:NAME), and "
                + "the last one must be whole; mend or leave out those that lack it")
    }

    private func analyze(
        _ chosen: [ChosenAnalyzer], progress: Progress, clock: Stopwatch
    ) throws -> (
        input: Input, results: [AnalyzerResult], seconds: (read: Double, analyzed: Double)
    ) {
        let store = BatchStore(
            memoryBudget: settings.memoryBudget, spillFolder: Installation.spillFolder)
        // The analyzers begin with the first batches while the later ones are read.
        let results = Guarded<[AnalyzerResult]>([])
        let runners = try runners(chosen, store, progress)
        progress.startAnalysis(
            zip(runners, chosen).map { ($0.identity, passes: $1.analyzer.passes) })
        let analysis = ThreadHandle {
            let all = RunCoordinator.run(runners) { progress.ended($0) }
            results.withLock { $0 = all }
        }
        let input: Input
        do {
            input = try read(chosen, into: store, progress: progress)
            try settings.review?.check(input.contents, input)
        } catch {
            progress.abandon()
            store.abandon()
            analysis.join()
            progress.end()
            throw error
        }
        let readSeconds = clock.seconds
        analysis.join()
        let found = results.withLock { $0 }
        return (
            input, settings.review?.applied(to: found) ?? found, (readSeconds, clock.seconds)
        )
    }

    private func conclude(
        _ input: Input, _ results: [AnalyzerResult], _ chosen: [ChosenAnalyzer],
        progress: Progress, seconds: (read: Double, analyzed: Double), clock: Stopwatch
    ) throws -> Int32 {
        var report = Report(
            run: [
                "version": .string(Analysis.version), "command": "run",
                "seed": .string(String(settings.seed)),
                "config_hash": .string(configurationHash(chosen)),
                "review": settings.review.map { .object($0.counts) } ?? .null,
                "started": .string(clock.started),
                "seconds": .object(
                    stages(results, input, seconds: seconds, total: clock.seconds)),
                "peak_memory_bytes": JSONValue(
                    Int(clx_peak_memory()) + results.reduce(0) { $0 + $1.peakMemoryBytes }),
            ],
            datasets: input.datasets, results: results)
        report.earlierRounds = earlierRounds
        let metrics = Gate.metrics(of: results)
        // A gate that cannot be decided takes nothing from the report.
        var undecided: UsageError?
        report.gates = settings.gates.map { gate in
            do throws(UsageError) {
                return try gate.evaluate(metrics)
            } catch {
                undecided = undecided ?? error
                return gate.undecided
            }
        }
        var folder = folder
        folder.commands = nextCommands(report)
        try folder.write(report, input: input, execution: execution(results))
        progress.end()
        defer { undecided.map { tell($0, results) } }
        let status = exitCode(report, input, isUndecided: undecided != nil)
        if isSilent { return status }
        if settings.isJSON {
            print(report.json.text)
        } else {
            let text = TerminalReport.text(
                report, folder: settings.out, next: folder.commands.preview,
                style: Installation.terminalStyle)
            print(text, terminator: "")
        }
        return status
    }

    /// Says why a gate was not decided, and where the report is.
    private func tell(_ fault: UsageError, _ results: [AnalyzerResult]) {
        Diagnostics.line("error: \(fault.reason)")
        let failed = results.filter { $0.status == .failed }.map(\.identity.id)
        Diagnostics.line(
            failed.isEmpty
                ? "help: \(fault.help); the report is in \(settings.out)"
                : "help: \(failed.joined(separator: ", ")) failed and stated nothing; the report is in "
                    + settings.out)
    }

    /// Seconds from the start: reading with features, and the analyzers, overlap.
    private func stages(
        _ results: [AnalyzerResult], _ input: Input, seconds: (read: Double, analyzed: Double),
        total: Double
    ) -> JSONObject {
        let rows = Double(input.store.rowCounts.values.reduce(0, +))
        return [
            "read": .number(seconds.read), "analyze": .number(seconds.analyzed),
            "total": .number(total),
            "analyzers": .object(
                JSONObject(
                    results.map { ($0.identity.id, .number(Stopwatch.rounded($0.seconds))) })),
            "rows_per_second": [
                "read": .number((rows / max(seconds.read, 0.01)).rounded()),
                "total": .number((rows / max(total, 0.01)).rounded()),
            ],
        ]
    }

    private func statedFields(_ chosen: [ChosenAnalyzer]) -> StatedFields {
        StatedFields(
            fields: settings.fields,
            named: !isOfOwnRecords
                ? []
                : chosen.flatMap { chosen in
                    chosen.namedFields.map { ($0, chosen.analyzer.id) }
                })
    }

    private func read(
        _ chosen: [ChosenAnalyzer], into store: BatchStore, progress: Progress
    ) throws -> Input {
        var options = ReadingOptions()
        options.columns = Array(Set(chosen.flatMap(\.unconditionalColumns))).sorted()
        var labelColumns = Set(chosen.flatMap(\.columns)).subtracting(options.columns)
        options.probabilities = try EmbeddingChoice.probabilities(settings)
        if options.probabilities == nil {
            labelColumns.remove(.predictedProbabilities)
        } else if !labelColumns.union(options.columns).contains(.predictedProbabilities) {
            throw UsageError(
                "--pred-probs was given, but no chosen plugin reads probabilities",
                help: "leave it out, or choose noise among the --plugins")
        }
        options.threads = settings.threads
        options.batchRows = settings.batchRows
        options.fields = settings.fields
        let input = try InputReader(
            options: options, labelColumns: labelColumns.sorted(),
            embedding: { [settings] in try EmbeddingChoice.origin(settings, columns: $0) },
            progress: progress,
            statedFields: settings.looksForFields ? statedFields(chosen) : StatedFields(),
            shownNames: settings.shownNames
        ).read(settings.sources, into: store)
        guard input.store.rowCounts[.data, default: 0] > 0 else {
            if let first = input.rejected.first {
                throw UsageError(
                    "no record could be read, \(input.rejected.count) rejected; the first: "
                        + "\(first.file) line \(first.line): \(first.reason)",
                    help: "assay schema shows what was found")
            }
            let paths = settings.sources.first { $0.role == .data }?.paths ?? []
            throw UsageError(
                "\(paths.joined(separator: ", ")): no records",
                help: "give a file with at least one record")
        }
        return input
    }

    private func runners(
        _ chosen: [ChosenAnalyzer], _ store: BatchStore, _ progress: Progress
    ) throws -> [any AnalyzerRunner] {
        var options = PluginRunner.Options()
        options.isolation = settings.isolation
        options.threads = settings.threads
        options.seed = settings.seed
        options.workerPath = Installation.worker
        options.workerEnvironment = Installation.workerEnvironment
        options.callSeconds = settings.callSeconds
        options.reloadsPartials = settings.reloadsPartials
        options.embeddingFolder = EmbeddingChoice.folder(settings)
        if chosen.contains(where: { $0.entry.manifest.kind == .foreign }) {
            options.foreignAdapter = try Installation.foreignAdapter()
        }
        options.onScanned = { progress.scanned($0, rows: $1) }
        return try chosen.map { chosen in
            PluginRunner(
                bundle: try Installation.open(chosen.entry), analyzer: chosen.analyzer,
                columns: chosen.columns, configuration: chosen.configuration,
                batches: store.sealed, options: options)
        }
    }

    private func configurationHash(_ chosen: [ChosenAnalyzer]) -> String {
        let document = JSONValue.array(chosen.map { .object($0.configuration) })
        return FileBytes.hexDigest(document.canonical.bytes)
    }

    /// How to go on: one file alone can be optimized, and what comes of it has the file's ending.
    private func nextCommands(_ report: Report) -> PageCommands {
        let files = settings.sources.first { $0.role == .data }?.paths ?? []
        let isOneFile =
            files.count == 1 && files != ["-"]
            && report.datasets.first { $0.role == .data }?.files.count == 1
        let name = (files.first ?? "").split(separator: "/").last ?? ""
        let ending = name.split(separator: ".").dropFirst().last { !["gz", "zst"].contains($0) }
        return PageCommands(
            arguments: settings.retyped, folder: settings.out,
            output: isOneFile ? Analysis.better(name, ending: ending) : nil,
            hasPool: settings.sources.contains { $0.role == .pool && !$0.paths.isEmpty })
    }

    /// What comes of a file: of what is the better one already, the next, so that its plan stays.
    private static func better(_ name: Substring, ending: Substring?) -> String {
        let (word, ending) = ("better", ending ?? "jsonl")
        let parts = (name.split(separator: ".").first ?? "").split(separator: "-")
        guard parts.first == word[...] else { return "\(word).\(ending)" }
        return "\(word)-\((parts.count > 1 ? Int(parts[1]) ?? 1 : 1) + 1).\(ending)"
    }

    /// What differs between two runs of the same thing by the way they were run (decision 0001).
    private func execution(_ results: [AnalyzerResult]) -> JSONObject {
        let held = (results.first?.protections ?? [:]).sorted { $0.key < $1.key }
        return [
            "threads": JSONValue(settings.threads),
            "isolation": .string(settings.isolation.rawValue),
            "protections": .object(JSONObject(held.map { ($0.key, .bool($0.value)) })),
            "logs": .object(
                JSONObject(
                    results.filter { !$0.log.isEmpty }.map {
                        ($0.identity.id, .array($0.log.map { .string($0) }))
                    })),
        ]
    }

    private func exitCode(_ report: Report, _ input: Input, isUndecided: Bool) -> Int32 {
        for record in input.rejected.prefix(5) {
            Diagnostics.line("warning: \(record.file) line \(record.line): \(record.reason)")
        }
        if let refused = report.results.first(where: \.isConfigurationFault) {
            Diagnostics.line("error: \(refused.error ?? "the configuration was refused")")
            Diagnostics.line(
                "help: correct the setting; the other analyzers' report is in \(settings.out)")
            return 2
        }
        if report.results.contains(where: { $0.status != .ok }) { return 3 }
        if isUndecided { return 2 }
        let count = input.rejected.count
        let read = input.store.rowCounts.values.reduce(0, +)
        if !settings.allowedRejects.allows(count, besides: read) {
            Diagnostics.line(
                "error: \(count) record\(count == 1 ? "" : "s") could not be read; "
                    + "see \(settings.out)/rejected.jsonl")
            Diagnostics.line("help: mend them, or allow them with --allow-rejects \(count)")
            return 2
        }
        return report.gates.contains { !$0.passed } ? 1 : 0
    }
}
