public import BatchStore
import Glibc
public import JSONText
public import Parallel
public import Records

/// `assay plugin check`: looks for broken laws of the ABI, every check in a worker of its own.
///
/// What a check draws follows from the seed alone.
public struct PluginChecker: Sendable {
    /// What an analyzer is run with.
    public struct Subject: Sendable {
        /// The columns it is given.
        public let columns: [ColumnName]
        /// Its configuration, checked and complete.
        public let configuration: JSONObject

        /// Makes a subject.
        public init(columns: [ColumnName], configuration: JSONObject) {
            self.columns = columns
            self.configuration = configuration
        }
    }

    /// What is looked at.
    public let manifest: Manifest
    /// What everything that is drawn follows from.
    public let seed: UInt64
    private let document: JSONValue
    private let options: PluginRunner.Options
    private let onlyNames: [String]

    /// Reads the manifest of a bundle; `onlyNames` are globs of checks, empty for all.
    ///
    /// - Throws: `PluginError` when the manifest cannot be read, or no check has such a name.
    public init(
        manifestPath: String, seed: UInt64, onlyNames: [String], options: PluginRunner.Options
    ) throws {
        manifest = try Manifest(path: manifestPath)
        document = (try? JSONValue(parsing: FileBytes.read(manifestPath) ?? [])) ?? .null
        self.seed = seed
        self.options = options
        self.onlyNames = onlyNames
        for pattern in onlyNames
        where !PluginChecker.checks.contains(where: { fnmatch(pattern, $0.name, 0) == 0 }) {
            throw PluginError(
                "--only: no check is called \"\(pattern)\"",
                help: Suggestion.nearest(to: pattern, among: PluginChecker.checks.map(\.name))
                    .map { "did you mean \"\($0)\"?" } ?? "assay plugin check --list lists them")
        }
    }

    /// Every check with its law.
    public static var checks: [(name: String, law: String)] {
        BundleCheck.allCases.map { ($0.rawValue, $0.law) }
            + LifeCheck.allCases.map { ($0.rawValue, $0.law) }
    }

    private func isChosen(_ name: String) -> Bool {
        onlyNames.isEmpty || onlyNames.contains { fnmatch($0, name, 0) == 0 }
    }

    /// Makes the checks, in order, and hands out each result when it and all before it are there.
    ///
    /// `batches` gives records with the columns of a subject; it is asked once for each kind and analyzer.
    ///
    /// - Throws: what `batches` throws.
    public func run(
        subject: (Manifest.Analyzer) throws -> Subject,
        batches: (CheckRecords, Subject) throws -> ElementStream<StoredSegment>,
        onResult: (CheckResult) -> Void
    ) throws {
        for check in BundleCheck.allCases where isChosen(check.rawValue) {
            let clock = ContinuousClock.now
            onResult(
                result(
                    check.rawValue, check.law, "", check.finding(manifest, document),
                    since: clock))
        }
        let lives = LifeCheck.allCases.filter { isChosen($0.rawValue) }
        guard !lives.isEmpty else { return }
        func skipAll(_ analyzer: Manifest.Analyzer, _ reason: String) {
            for check in lives {
                onResult(
                    result(
                        check.rawValue, check.law, analyzer.id, .skipped(reason), since: .now))
            }
        }
        let bundle: OpenedBundle
        do {
            bundle = try OpenedBundle.open(manifest, origin: .named)
        } catch let error as PluginError {
            // What is not what it says it is does not run.
            for analyzer in manifest.analyzers { skipAll(analyzer, error.reason) }
            return
        }
        for analyzer in manifest.analyzers {
            let known: Subject
            do {
                known = try subject(analyzer)
            } catch let error as PluginError {
                // Its own defaults do not fit: that has been said.
                skipAll(analyzer, error.reason)
                continue
            }
            var records: [CheckRecords: ElementStream<StoredSegment>] = [:]
            for kind in Set(lives.map(\.records)).union([.ordinary]) {
                records[kind] = try batches(kind, known)
            }
            let request = request(bundle, analyzer, known)
            // Whatever cannot be loaded breaks every other law as well; once is enough.
            let loads = [LifeCheck.loadLibrary, .loadManifest].map {
                ($0, made($0, request, analyzer, records))
            }
            let isLoaded = !loads.contains { $0.1.verdict.isFault }
            let board = ElementStream<(index: Int, result: CheckResult)>()
            let found = records
            let thread = ThreadHandle {
                ThreadTeam.forEach(lives.count, threads: options.threads) { index in
                    let check = lives[index]
                    let known = loads.first { $0.0 == check }?.1
                    board.append(
                        (
                            index,
                            known
                                ?? (isLoaded
                                    ? made(check, request, analyzer, found)
                                    : result(
                                        check.rawValue, check.law, analyzer.id,
                                        .skipped("it could not be loaded"), since: .now))
                        ))
                }
                board.end(.complete)
            }
            var waiting: [Int: CheckResult] = [:]
            var (next, taken) = (0, 0)
            while let element = board.element(at: taken) {
                taken += 1
                waiting[element.index] = element.result
                while let result = waiting.removeValue(forKey: next) {
                    onResult(result)
                    next += 1
                }
            }
            thread.join()
        }
    }

    private func result(
        _ name: String, _ law: String, _ analyzer: String, _ finding: CheckFinding,
        since start: ContinuousClock.Instant
    ) -> CheckResult {
        let elapsed = (ContinuousClock.now - start).components
        return CheckResult(
            name: name, law: law, analyzer: analyzer, verdict: finding.verdict,
            detail: finding.detail,
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18)
    }

    private func request(
        _ bundle: OpenedBundle, _ analyzer: Manifest.Analyzer, _ subject: Subject
    ) -> AnalyzerRequest {
        PluginRunner.request(
            bundle, analyzer, columns: subject.columns, configuration: subject.configuration,
            options: options)
    }

    private func made(
        _ check: LifeCheck, _ request: AnalyzerRequest, _ analyzer: Manifest.Analyzer,
        _ records: [CheckRecords: ElementStream<StoredSegment>]
    ) -> CheckResult {
        let clock = ContinuousClock.now
        func finished(_ finding: CheckFinding) -> CheckResult {
            result(check.rawValue, check.law, analyzer.id, finding, since: clock)
        }
        guard let batches = records[check.records] else {
            return finished(.skipped("there are no records for it"))
        }
        var request = request
        request.check = check
        let callSeconds = options.callSeconds ?? analyzer.callSeconds
        var variables = options.workerEnvironment
        // Freed memory that a thread keeps for itself counts as used.
        if check == .hygieneMemory {
            variables.append("GLIBC_TUNABLES=glibc.malloc.tcache_count=0")
        }
        // Worker after worker with the same seed, each with a process of its own.
        var seen: [CheckFinding] = []
        for _ in 0..<(check.comparesProcesses ? 2 : 1) {
            let worker = WorkerProcess(
                workerPath: options.workerPath, batches: batches,
                callSeconds: callSeconds,
                variables: variables, onScanned: { _ in },
                mostSeconds: max(PluginChecker.leastSeconds, 100 * callSeconds))
            let finding = PluginChecker.finding(of: worker.run(request))
            guard finding.verdict == .passed else { return finished(finding) }
            seen.append(finding)
        }
        if seen.count == 2,
            let difference = CheckedOutput.difference(seen[0].lines, seen[1].lines)
        {
            return finished(.failed("in another process: \(difference)"))
        }
        return finished(seen[0])
    }

    /// Seconds of a check, however much progress a plugin reports.
    private static let leastSeconds = 600.0

    private static func finding(of attempt: Attempt) -> CheckFinding {
        switch attempt.outcome {
        case .finished(let bytes):
            let finding =
                (try? JSONValue(parsing: bytes)).flatMap(CheckFinding.init)
                ?? CheckFinding(verdict: .crashed, detail: "its worker answered nonsense")
            guard finding.verdict == .passed, !attempt.printed.isEmpty else { return finding }
            return .failed("it wrote \"\(PluginError.shown(attempt.printed))\"")
        case .failed(let failure):
            return .failed(failure.message)
        case .crashed(let crash):
            let calls = Set(crash.activities.map(\.call.name)).sorted().joined(separator: ", ")
            let printed = crash.printed.split(whereSeparator: \.isNewline).joined(separator: " ")
            return CheckFinding(
                verdict: .crashed,
                detail: crash.cause + (calls.isEmpty ? "" : " in \(calls)")
                    + (printed.isEmpty ? "" : ": \(PluginError.shown(printed))"))
        }
    }
}
