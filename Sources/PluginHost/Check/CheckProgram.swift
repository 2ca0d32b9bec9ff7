import BatchStore
import CAssay
import CLinux
import Glibc
import Parallel

/// The worker's side of a check: loads the library, lives the analyzer's life, says what it found.
enum CheckProgram {
    /// Makes one check.
    ///
    /// - Throws: `PluginError` when the library cannot be loaded or is not what its manifest says.
    static func run(
        _ check: LifeCheck, _ request: AnalyzerRequest, _ batches: ElementStream<StoredSegment>,
        _ progress: ProgressPage
    ) throws -> CheckFinding {
        let manifest = try Manifest(path: request.manifestPath)
        let (segments, ending) = batches.all()
        guard case .complete = ending else { throw AnalyzerFailure.noMoreBatches }
        // The thread that received the batches is on its way out.
        for _ in 0..<2000 where (try FolderWalk.names(in: "/proc/self/task")).count > 1 {
            usleep(1000)
        }
        let start = ProcessState()
        progress.enter(.load, thread: 0)
        if check == .loadLibrary { return try entry(request.libraryPath) }
        let library = try LoadedLibrary(path: request.libraryPath)
        let analyzer = try library.analyzer(
            id: request.analyzerID, version: request.version, stateFormat: request.stateFormat,
            path: request.libraryPath)
        progress.leave(thread: 0)
        if check == .loadManifest { return unnamed(library, manifest) }
        guard
            let described = manifest.analyzers.first(where: { $0.id == request.analyzerID })
                ?? manifest.analyzers.first
        else { return .skipped("its manifest names no analyzer") }
        let rows = CheckedRows(
            batches: segments.flatMap { segment in
                segment.batches.map { FedBatch(stored: $0, segment: segment.segment) }
            })
        return CheckedAnalyzer(
            request: request, analyzer: analyzer, identity: manifest.identity(of: described),
            manifest: described, rows: rows, progress: progress, atStart: start
        ).finding(check)
    }

    /// Milliseconds that a call of the entry point may take; the law's one, with room for a busy machine.
    private static let mostMilliseconds = 20

    private static func entry(_ path: String) throws -> CheckFinding {
        _ = try LoadedLibrary(path: path)
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE),
            let symbol = dlsym(handle, LoadedLibrary.entrySymbol)
        else { return .failed("it cannot be loaded a second time") }
        let before = ProcessState()
        let first = clx_call_entry(symbol)
        let start = ContinuousClock.now
        for _ in 0..<3 where clx_call_entry(symbol) != first {
            return .failed("a second call returned another table")
        }
        let elapsed = ContinuousClock.now - start
        let after = ProcessState()
        if elapsed > .milliseconds(3 * mostMilliseconds) {
            return .failed("three calls took \(elapsed), expected less than a millisecond each")
        }
        if after.threads > before.threads { return .failed("the call started a thread") }
        return .passed
    }

    /// Analyzers of the library that the manifest does not name.
    private static func unnamed(_ library: LoadedLibrary, _ manifest: Manifest) -> CheckFinding {
        // A foreign plugin's library is the adapter.
        guard manifest.kind == .native else { return .passed }
        var seen: Set<String> = []
        for index in 0..<Int(library.table.analyzer_count) {
            guard let pointer = library.table.analyzers[index] else {
                return .failed("analyzer \(index) of the library's table is null")
            }
            let id = GrowableStruct.copy(pointer).id.text
            guard manifest.analyzers.contains(where: { $0.id == id }) else {
                return .failed("the library has \(id), which its manifest does not name")
            }
            guard seen.insert(id).inserted else { return .failed("the library has \(id) twice") }
        }
        if Int(library.table.abi_minor) > HostABI.minor {
            return .warning(
                "built with headers \(HostABI.major).\(library.table.abi_minor), this assay has "
                    + "\(HostABI.major).\(HostABI.minor)")
        }
        return .passed
    }
}
