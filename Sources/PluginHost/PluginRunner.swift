public import BatchStore
import CLinux
import Glibc
public import JSONText
public import Orchestrator
public import Parallel
public import Records

/// Where an analyzer runs.
public enum Isolation: String, Sendable, CaseIterable {
    /// In a confined worker process of its own.
    case process
    /// Inside the host, for trusted plugins and debuggers: a crash ends the run.
    case none
}

/// Runs one analyzer of one plugin and deals with its misbehaviour.
///
/// A crash or hang is tried once more on a new worker; if it happens again, the record is found by
/// halving the rows that were being scanned, quarantined, and the analyzer runs again without it.
public struct PluginRunner: AnalyzerRunner {
    /// Options of a run that reach the plugins' side.
    public struct Options: Sendable {
        /// Where analyzers run.
        public var isolation = Isolation.process
        /// Threads an analyzer may use.
        public var threads = 1
        /// The run's seed.
        public var seed: UInt64 = 0
        /// Path of `assay-worker`.
        public var workerPath = ""
        /// Assignments `NAME=value` for the workers' environment.
        public var workerEnvironment: [String] = []
        /// Deadline of one call; the manifest's when `nil`.
        public var callSeconds: Double?
        /// Saves and reloads every partial.
        public var reloadsPartials = false
        /// The plugin that runs foreign ones.
        public var foreignAdapter: OpenedBundle?
        /// Folder of the run's embedding table, for analyzers that ask for an embedding column.
        public var embeddingFolder: String?
        /// Called now and then, on the runner's thread, with the rows scanned so far in all passes.
        public var onScanned: (@Sendable (AnalyzerIdentity, Int) -> Void)?

        /// The defaults.
        public init() {}
    }

    /// Quarantined rows after which an analyzer has failed.
    static let mostQuarantined = 3
    /// Share of quarantined rows above which an analyzer has failed, from the second row on.
    static let mostQuarantinedShare = 0.05
    /// Characters of a plugin's own words that go into a message.
    private static let mostCharacters = 500

    /// What the manifest says of the analyzer.
    public let identity: AnalyzerIdentity
    private let manifest: Manifest
    private let options: Options
    private let request: AnalyzerRequest
    private let batches: ElementStream<StoredSegment>
    private let callSeconds: Double
    private let digest: LibraryDigest

    /// Prepares an analyzer for the sealed batches of a store, which may still be filled.
    public init(
        bundle: OpenedBundle, analyzer: Manifest.Analyzer, columns: [ColumnName],
        configuration: JSONObject, batches: ElementStream<StoredSegment>, options: Options
    ) {
        let manifest = bundle.manifest
        self.manifest = manifest
        self.options = options
        identity = manifest.identity(of: analyzer)
        digest = LibraryDigest(path: manifest.libraryPath)
        self.batches = batches
        callSeconds = options.callSeconds ?? analyzer.callSeconds
        request = PluginRunner.request(
            bundle, analyzer, columns: columns, configuration: configuration, options: options)
    }

    /// What a worker is asked for.
    static func request(
        _ bundle: OpenedBundle, _ analyzer: Manifest.Analyzer, columns: [ColumnName],
        configuration: JSONObject, options: Options
    ) -> AnalyzerRequest {
        let manifest = bundle.manifest
        // A foreign plugin's functions are called by an adapter, which reads the manifest.
        let runs =
            manifest.kind == .foreign ? options.foreignAdapter?.manifest ?? manifest : manifest
        let driver = manifest.kind == .foreign ? runs.analyzers[0] : analyzer
        var request = AnalyzerRequest(
            libraryPath: runs.libraryPath, manifestPath: manifest.path, pluginID: manifest.id,
            analyzerID: driver.id, version: runs.version, stateFormat: driver.stateFormat,
            columns: columns.map(\.rawValue), configuration: JSONValue.object(configuration).bytes,
            seed: options.seed, threads: options.threads, memoryBytes: analyzer.memoryBytes)
        request.readablePaths = manifest.readablePaths
        request.embeddingFolder = options.embeddingFolder
        return request
    }

    /// Rows of each role; waits for the last batch.
    private var rowCounts: [Role: Int] {
        var counts: [Role: Int] = [:]
        for segment in batches.all().elements {
            for batch in segment.batches { counts[batch.role, default: 0] += batch.rowCount }
        }
        return counts
    }

    private var title: String { "\(manifest.id) \(manifest.version)" }

    /// Runs the analyzer to its end, or to the point where it has failed.
    public func run() -> AnalyzerResult {
        let start = ContinuousClock.now
        var request = request
        request.reloadsPartials = options.reloadsPartials
        // What a foreign library does with a wrong signature, nobody knows: never in this process.
        let isInside = options.isolation == .none && manifest.kind == .native
        var result = isInside ? runInside(request) : runInWorkers(request)
        result.identity.digest = digest.value
        let elapsed = ContinuousClock.now - start
        result.seconds =
            Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        return result
    }

    // MARK: In this process

    private func runInside(_ request: AnalyzerRequest) -> AnalyzerResult {
        guard let progress = ProgressPage() else { return failed("cannot get memory") }
        do {
            let library = try LoadedLibrary(path: request.libraryPath)
            let analyzer = try library.analyzer(
                id: request.analyzerID, version: request.version,
                stateFormat: request.stateFormat, path: request.libraryPath)
            let run = AnalyzerRun(
                request: request, analyzer: analyzer, batches: batches, progress: progress)
            // A plugin that ends the process ends it as a failure, and not as the run's end.
            ExitGuard.enter(title)
            defer { ExitGuard.leave(title) }
            return finished(try run.run(), printed: "", quarantined: [])
        } catch let failure as AnalyzerFailure {
            return failed(failure)
        } catch {
            return failed("\(error)")
        }
    }

    // MARK: In workers

    private func runInWorkers(_ original: AnalyzerRequest) -> AnalyzerResult {
        let worker = WorkerProcess(
            workerPath: options.workerPath, batches: batches, callSeconds: callSeconds,
            variables: options.workerEnvironment,
            onScanned: { [identity, onScanned = options.onScanned] in onScanned?(identity, $0) })
        var request = original
        var quarantined: [Finding] = []
        var hasRetried = false
        while true {
            let attempt = worker.run(request)
            var result: AnalyzerResult?
            switch attempt.outcome {
            case .finished(let bytes):
                result = finished(bytes, printed: attempt.printed, quarantined: quarantined)
            case .failed(let failure):
                result = failed(failure, quarantined: quarantined)
            case .crashed where !hasRetried:
                hasRetried = true
            case .crashed(let crash):
                result = quarantine(after: crash, worker, &request, &quarantined)
            }
            guard var result else { continue }
            result.protections = attempt.protections
            result.peakMemoryBytes = attempt.peakMemoryBytes
            return result
        }
    }

    /// Leaves the record at fault out of the next attempt, or gives the result of an analyzer that
    /// crashes without one or on too many.
    private func quarantine(
        after crash: Crash, _ worker: WorkerProcess, _ request: inout AnalyzerRequest,
        _ quarantined: inout [Finding]
    ) -> AnalyzerResult? {
        guard let found = culprit(of: crash, request, worker) else {
            let finding = crashFinding(crash, role: .data, row: nil)
            return failed(describe(crash), quarantined: quarantined + [finding])
        }
        quarantined.append(crashFinding(found.crash, role: found.row.role, row: found.row.row))
        request.skipped.append(found.row)
        let rowCount = max(1, rowCounts[found.row.role, default: 0])
        let share = Double(quarantined.count) / Double(rowCount)
        let isTooOften =
            quarantined.count > PluginRunner.mostQuarantined
            || quarantined.count > 1 && share > PluginRunner.mostQuarantinedShare
        guard isTooOften else { return nil }
        return failed(
            "crashed on \(quarantined.count) records, the last time by \(found.crash.cause)",
            quarantined: quarantined)
    }

    /// The record whose scan alone crashes the plugin, by halving what was being scanned.
    private func culprit(
        of crash: Crash, _ request: AnalyzerRequest, _ worker: WorkerProcess
    ) -> (row: SkippedRow, crash: Crash)? {
        guard crash.isTimeout else {
            return culprit(of: crash, request, worker, seconds: callSeconds)
        }
        // A probe scans fewer rows than the call that hung, so it is given less time; what it finds gets all
        // of it once more, and where that was enough the search is repeated with it.
        let quick = min(callSeconds, max(1, callSeconds / 4))
        guard let found = culprit(of: crash, request, worker, seconds: quick) else { return nil }
        if quick == callSeconds { return found }
        if let crash = probe(found.row, request, worker) { return (found.row, crash) }
        return culprit(of: crash, request, worker, seconds: callSeconds)
    }

    /// What becomes of one record with all the time that a call has.
    private func probe(
        _ row: SkippedRow, _ request: AnalyzerRequest, _ worker: WorkerProcess
    ) -> Crash? {
        probe(row.role, row.row..<row.row + 1, request, worker, seconds: callSeconds)
    }

    private func probe(
        _ role: Role, _ rows: Range<Int>, _ request: AnalyzerRequest, _ worker: WorkerProcess,
        seconds: Double
    ) -> Crash? {
        let prober = WorkerProcess(
            workerPath: worker.workerPath, batches: worker.batches, callSeconds: seconds,
            variables: worker.variables, onScanned: { _ in })
        var probing = request
        probing.threads = 1
        probing.probe = (role, rows)
        if case .crashed(let crash) = prober.run(probing).outcome { return crash }
        return nil
    }

    private func culprit(
        of crash: Crash, _ request: AnalyzerRequest, _ worker: WorkerProcess, seconds: Double
    ) -> (row: SkippedRow, crash: Crash)? {
        func probe(_ role: Role, _ rows: Range<Int>) -> Crash? {
            self.probe(role, rows, request, worker, seconds: seconds)
        }
        for activity in crash.activities where activity.call == .scan && !activity.rows.isEmpty {
            var rows = activity.rows
            guard var last = probe(activity.role, rows) else { continue }
            while rows.count > 1 {
                let middle = rows.lowerBound + rows.count / 2
                if let lower = probe(activity.role, rows.lowerBound..<middle) {
                    rows = rows.lowerBound..<middle
                    last = lower
                } else if let upper = probe(activity.role, middle..<rows.upperBound) {
                    rows = middle..<rows.upperBound
                    last = upper
                } else {
                    // Only the rows together crash it: no single record is at fault.
                    return nil
                }
            }
            return (SkippedRow(role: activity.role, row: rows.lowerBound), last)
        }
        return nil
    }

    // MARK: Results

    private func finished(
        _ bytes: [UInt8], printed: String, quarantined: [Finding]
    ) -> AnalyzerResult {
        var decoder = OutputDecoder(identity: identity, rowCounts: rowCounts)
        let log: [String]
        var output: AnalyzerOutput
        (output, log) = decoder.decode(bytes)
        if !printed.isEmpty {
            output.faults.append(
                "it wrote to standard output or error: \"\(PluginRunner.oneLine(printed))\"")
        }
        var result = AnalyzerResult(identity: identity, status: .ok, output: output)
        result.hostFindings = quarantined + output.faults.map(faultFinding)
        result.log = log
        var reasons: [String] = []
        if !quarantined.isEmpty {
            reasons.append(
                "\(quarantined.count) record\(quarantined.count == 1 ? "" : "s") quarantined")
        }
        if let first = output.faults.first {
            reasons.append(
                output.faults.count == 1
                    ? first : "\(first), and \(output.faults.count - 1) more faults")
        }
        if !reasons.isEmpty {
            result.status = .partial
            result.error = "\(title): " + reasons.joined(separator: "; ")
        }
        return result
    }

    private func failed(
        _ failure: AnalyzerFailure, quarantined: [Finding] = []
    ) -> AnalyzerResult {
        var result = failed(describe(failure), quarantined: quarantined)
        result.isConfigurationFault = failure.isConfigurationFault
        return result
    }

    private func failed(_ reason: String, quarantined: [Finding] = []) -> AnalyzerResult {
        var result = AnalyzerResult(
            identity: identity, status: .failed, error: "\(title): \(reason)")
        result.hostFindings = quarantined
        return result
    }

    private func describe(_ failure: AnalyzerFailure) -> String {
        // The row is the plugin's word.
        let row = (0..<1 << 40).contains(failure.row) ? " (row \(failure.row + 1))" : ""
        return "\(failure.call) failed: \(PluginRunner.oneLine(failure.message))\(row)"
    }

    private func describe(_ crash: Crash) -> String {
        let calls = Array(Set(crash.activities.map(\.call.name))).sorted().joined(separator: ", ")
        let place = calls.isEmpty ? "" : " in \(calls)"
        let printed = crash.printed.isEmpty ? "" : ": \(PluginRunner.oneLine(crash.printed))"
        return (crash.isTimeout ? "was stopped\(place), " : "crashed\(place) with ") + crash.cause
            + printed
    }

    private func crashFinding(_ crash: Crash, role: Role, row: Int?) -> Finding {
        let printed = crash.printed.isEmpty ? "" : ": \(PluginRunner.oneLine(crash.printed))"
        let message =
            crash.isTimeout
            ? "\(title) gave \(crash.cause) on this record and was stopped"
            : "\(title) ended with \(crash.cause) on this record\(printed)"
        return Finding(
            code: crash.isTimeout ? "HST002" : "HST001", severity: .high, role: role, row: row,
            score: 1, message: row == nil ? describe(crash) : message,
            evidence: .object([
                "plugin": .string(manifest.id), "version": .string(manifest.version),
                "cause": .string(crash.cause),
            ]))
    }

    private func faultFinding(_ fault: String) -> Finding {
        Finding(
            code: "HST003", severity: .medium, role: .data, row: nil, score: 1,
            message: "\(title): \(fault)",
            evidence: .object([
                "plugin": .string(manifest.id), "version": .string(manifest.version),
            ]))
    }

    private static func oneLine(_ text: String) -> String {
        String(
            text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(
                PluginRunner.mostCharacters))
    }
}

/// SHA-256 of a library in hexadecimal, computed on a thread of its own while the run begins.
private final class LibraryDigest: Sendable {
    private let result = ElementStream<String>()
    private let thread: ThreadHandle

    init(path: String) {
        thread = ThreadHandle { [result] in result.append(FileBytes.sha256(path) ?? "") }
    }

    deinit { thread.join() }

    /// Waits for it; empty when the library cannot be read.
    var value: String { result.element(at: 0) ?? "" }
}
