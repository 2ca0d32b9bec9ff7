import BatchStore
import CAssay
import Crypto
import Orchestrator
import Parallel
import Records

/// Drives one analyzer through its passes: the same code inside a worker and inside the host.
///
/// Shards are scanned on `threads` threads; their outputs and partials are put together in ascending
/// order, so that nothing depends on which thread did what.
final class AnalyzerRun: @unchecked Sendable {
    private static let mostPasses: UInt32 = 16

    private let request: AnalyzerRequest
    /// What `create` and `get_extension` are given as `self`.
    private let analyzer: UnsafePointer<assay_analyzer>
    private let functions: assay_analyzer
    private let batches: ElementStream<StoredSegment>
    private let progress: ProgressPage
    private let host: HostTable
    /// Set once, before any thread begins to scan.
    private var schemaHolder: ArrowBatch?
    private var instance: UnsafeMutableRawPointer?

    init(
        request: AnalyzerRequest, analyzer: UnsafePointer<assay_analyzer>,
        batches: ElementStream<StoredSegment>, progress: ProgressPage
    ) {
        self.request = request
        self.analyzer = analyzer
        functions = GrowableStruct.copy(analyzer)
        self.batches = batches
        self.progress = progress
        host = HostTable(progress: progress, request: request)
    }

    /// Runs everything and returns the output as wire bytes.
    ///
    /// - Throws: `AnalyzerFailure` with what the plugin said.
    func run() throws -> [UInt8] {
        defer { if let instance { functions.destroy(instance) } }
        try create()
        let feed = ShardFeed(batches, skipped: request.skipped)
        schemaHolder = feed.firstBatch().map {
            ArrowBatch(
                $0.stored, columns: request.columns, rows: 0..<0, base: $0.segment.base)
        }
        if let probe = request.probe {
            try scanProbe(probe, in: feed)
            return []
        }
        var wire = WireWriter()
        var broadcast: [UInt8] = []
        for pass in 0..<AnalyzerRun.mostPasses {
            let ended = try runPass(pass, feed, broadcast: broadcast, into: &wire)
            guard let next = ended else {
                for line in host.takeLog() {
                    wire.integer(ShardOutput.Kind.log.rawValue)
                    let bytes = Array(line.utf8)
                    wire.data(bytes, UInt64(bytes.count))
                }
                return wire.bytes
            }
            broadcast = next
        }
        throw AnalyzerFailure(
            call: "end_pass", message: "asked for more than \(AnalyzerRun.mostPasses) passes",
            row: -1)
    }

    private func create() throws {
        var created: UnsafeMutableRawPointer?
        try check(.create, thread: 0) { error in
            request.configuration.withUnsafeBufferPointer { bytes in
                functions.create(
                    analyzer, host.pointer,
                    assay_bytes(ptr: bytes.baseAddress, len: UInt64(bytes.count)), &created, error)
            }
        }
        instance = created
    }

    /// Broadcast bytes for another pass, or `nil` when the analyzer has finished.
    private func runPass(
        _ pass: UInt32, _ feed: ShardFeed, broadcast: [UInt8], into wire: inout WireWriter
    ) throws -> [UInt8]? {
        // In the first pass the batches still come: how many shards there will be is not known.
        let knownCount = pass == 0 ? 0 : feed.shardCount
        var results = try inParallel(request.threads) { index, thread in
            guard let shard = feed.shard(at: index) else { return nil }
            return try self.scan(
                shard, number: index, count: knownCount, pass: pass, broadcast: broadcast,
                thread: thread)
        }
        let shardCount = results.count
        _ = try feed.allBatches()
        defer { for result in results { functions.discard(result.partial) } }
        var emitted = results.map { $0.output.takeEmitted() }
        if groupingTable() != nil, emitted.contains(where: { !$0.rows.isEmpty }) {
            let grouped = GroupedRows(taking: &emitted)
            results += try inParallel(min(request.threads, grouped.runs.count)) { index, thread in
                guard index < grouped.runs.count else { return nil }
                return try self.group(
                    grouped, run: grouped.runs[index], number: shardCount + index,
                    count: knownCount, pass: pass, broadcast: broadcast, thread: thread)
            }
        }
        for result in results { wire.append(result.output.wire.bytes) }
        if results.isEmpty {
            results.append(
                ShardResult(
                    partial: try begin(
                        pass, role: 0, shard: 0, count: 0, broadcast: broadcast, thread: 0),
                    output: ShardOutput()))
        }
        let merged = results[0].partial
        for result in results.dropFirst() {
            try check(.merge, thread: 0) { functions.merge(merged, result.partial, $0) }
        }
        let writer = ByteSink()
        var another: UInt32 = 0
        try check(.endPass, thread: 0) { error in
            writer.withWriter { functions.end_pass(instance, merged, $0, &another, error) }
        }
        if another != 0 { return writer.bytes }
        let output = ShardOutput()
        try check(.finish, thread: 0) { error in
            output.withSink { functions.finish(instance, merged, $0, error) }
        }
        wire.append(output.wire.bytes)
        return nil
    }

    private struct ShardResult: @unchecked Sendable {
        var partial: UnsafeMutableRawPointer?
        let output: ShardOutput
    }

    /// Results in index order; `body` gives `nil` for an index beyond the last.
    private func inParallel(
        _ threads: Int,
        _ body: @escaping @Sendable (_ index: Int, _ thread: Int) throws -> ShardResult?
    ) throws -> [ShardResult] {
        let board = ResultBoard<ShardResult>()
        ThreadTeam.run(threads) { thread in
            while let index = board.claim() {
                do {
                    guard let result = try body(index, thread) else { return }
                    board.store(result, at: index)
                } catch {
                    board.fail(error, at: index)
                }
            }
        }
        let (results, failure) = board.outcome()
        if let failure {
            for result in results { functions.discard(result.partial) }
            throw failure
        }
        return results
    }

    private func scan(
        _ shard: FedShard, number: Int, count: Int, pass: UInt32, broadcast: [UInt8], thread: Int
    ) throws -> ShardResult {
        let role = shard.role.rawValue
        let partial = try begin(
            pass, role: role, shard: UInt32(number), count: UInt32(count), broadcast: broadcast,
            thread: thread)
        var result = ShardResult(partial: partial, output: ShardOutput())
        do {
            for (batch, rows) in shard.pieces {
                try scan(
                    batch, rows, role: role, partial: partial, output: result.output,
                    thread: thread)
            }
            result.output.shrink()
            if request.reloadsPartials {
                result.partial = try reload(
                    partial, pass, role: role, shard: UInt32(number), count: UInt32(count),
                    broadcast: broadcast, thread: thread)
            }
        } catch {
            functions.discard(result.partial)
            throw error
        }
        return result
    }

    private func scan(
        _ fed: FedBatch, _ rows: Range<Int>, role: Int32, partial: UnsafeMutableRawPointer?,
        output: ShardOutput, thread: Int
    ) throws {
        let arrow = ArrowBatch(
            fed.stored, columns: request.columns, rows: rows, base: fed.segment.base)
        let first = fed.stored.firstRow + rows.lowerBound
        var batch = assay_batch(
            struct_size: UInt64(MemoryLayout<assay_batch>.size), first_row: UInt64(first),
            schema: UnsafePointer(arrow.schema), array: UnsafePointer(arrow.array))
        try check(.scan, thread: thread, role: role, rows: first..<first + rows.count) {
            error in
            output.withSink(role: role) { functions.scan(partial, &batch, $0, error) }
        }
        withExtendedLifetime(arrow) {}
        fed.segment.release(fed.stored)
        progress.scanned(rows.count, thread: thread)
    }

    private func scanProbe(_ probe: (role: Role, rows: Range<Int>), in feed: ShardFeed) throws {
        let partial = try begin(
            0, role: probe.role.rawValue, shard: 0, count: 1, broadcast: [], thread: 0)
        for batch in try feed.allBatches() where batch.stored.role == probe.role {
            let first = batch.stored.firstRow
            let local = (0..<batch.stored.rowCount).clamped(
                to: probe.rows.lowerBound - first..<probe.rows.upperBound - first)
            guard !local.isEmpty else { continue }
            try scan(
                batch, local, role: probe.role.rawValue, partial: partial, output: ShardOutput(),
                thread: 0)
        }
        functions.discard(partial)
    }

    private func group(
        _ grouped: GroupedRows, run: Range<Int>, number: Int, count: Int, pass: UInt32,
        broadcast: [UInt8], thread: Int
    ) throws -> ShardResult {
        let partial = try begin(
            pass, role: 0, shard: UInt32(number), count: UInt32(count), broadcast: broadcast,
            thread: thread)
        let output = ShardOutput()
        do {
            guard let grouping = groupingTable() else {
                throw AnalyzerFailure(call: "group", message: "the extension has gone", row: -1)
            }
            try grouped.forEachKey(in: run) { key, members in
                try check(.group, thread: thread, rows: 0..<members.count) { error in
                    output.withSink {
                        grouping.pointee.group(
                            partial, key, members.baseAddress, UInt64(members.count), $0, error)
                    }
                }
            }
        } catch {
            functions.discard(partial)
            throw error
        }
        return ShardResult(partial: partial, output: output)
    }

    private func groupingTable() -> UnsafePointer<assay_grouping>? {
        AnalyzerRun.groupingTable(functions, analyzer)
    }

    /// What an analyzer has for `assay.groups/1`.
    static func groupingTable(
        _ functions: assay_analyzer, _ analyzer: UnsafePointer<assay_analyzer>
    ) -> UnsafePointer<assay_grouping>? {
        guard let getExtension = functions.get_extension,
            let found = getExtension(analyzer, assay_str(HostTable.groupsID))
        else { return nil }
        let table = found.assumingMemoryBound(to: assay_grouping.self)
        return table.pointee.struct_size >= 16 && table.pointee.group != nil ? table : nil
    }

    private func withPass<Result>(
        _ pass: UInt32, role: Int32, shard: UInt32, count: UInt32, broadcast: [UInt8],
        _ body: (UnsafePointer<assay_pass>) throws -> Result
    ) rethrows -> Result {
        try broadcast.withUnsafeBufferPointer { bytes in
            var value = assay_pass(
                struct_size: UInt64(MemoryLayout<assay_pass>.size), pass: pass, role: role,
                shard: shard, shard_count: count, seed: request.seed,
                broadcast: assay_bytes(ptr: bytes.baseAddress, len: UInt64(bytes.count)),
                host: host.pointer, schema: schemaHolder.map { UnsafePointer($0.schema) })
            return try withUnsafePointer(to: &value) { try body($0) }
        }
    }

    private func begin(
        _ pass: UInt32, role: Int32, shard: UInt32, count: UInt32, broadcast: [UInt8], thread: Int
    ) throws -> UnsafeMutableRawPointer? {
        var partial: UnsafeMutableRawPointer?
        try withPass(pass, role: role, shard: shard, count: count, broadcast: broadcast) { value in
            try check(.begin, thread: thread, role: role) {
                functions.begin(instance, value, &partial, $0)
            }
        }
        return partial
    }

    /// Saves a partial, wraps and unwraps it, and loads it again; the old one is discarded.
    private func reload(
        _ partial: UnsafeMutableRawPointer?, _ pass: UInt32, role: Int32, shard: UInt32,
        count: UInt32, broadcast: [UInt8], thread: Int
    ) throws -> UnsafeMutableRawPointer? {
        let saved = ByteSink()
        try check(.save, thread: thread, role: role) { error in
            saved.withWriter { functions.save(partial, $0, error) }
        }
        let header = StateEnvelope.Header(
            analyzer: request.pluginID + " " + request.analyzerID, version: request.version,
            stateFormat: UInt32(request.stateFormat), pass: pass,
            configurationDigest: Array(SHA256.hash(data: request.configuration)),
            seed: request.seed, shard: shard)
        let state = try StateEnvelope.unwrap(
            StateEnvelope.wrap(saved.bytes, header), expecting: header)
        var loaded: UnsafeMutableRawPointer?
        try withPass(pass, role: role, shard: shard, count: count, broadcast: broadcast) { value in
            try state.withUnsafeBufferPointer { bytes in
                try check(.loadState, thread: thread, role: role) {
                    functions.load(
                        instance, value,
                        assay_bytes(ptr: bytes.baseAddress, len: UInt64(bytes.count)), &loaded, $0)
                }
            }
        }
        functions.discard(partial)
        return loaded
    }

    /// Makes one call of the plugin's, with its place on the progress page and its error buffer.
    private func check(
        _ call: AnalyzerCall, thread: Int, role: Int32 = 0, rows: Range<Int> = 0..<0,
        _ body: (UnsafeMutablePointer<assay_error>) -> assay_status
    ) throws {
        progress.enter(call, thread: thread, role: role, rows: rows)
        defer { progress.leave(thread: thread) }
        var failure: AnalyzerFailure?
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
            buffer.initialize(repeating: 0)
            var error = assay_error(
                struct_size: UInt64(MemoryLayout<assay_error>.size),
                message_capacity: UInt64(buffer.count), message: buffer.baseAddress, row: -1)
            let status = body(&error)
            guard status != ASSAY_OK else { return }
            buffer[buffer.count - 1] = 0
            let text = buffer.baseAddress.map { String(cString: $0) } ?? ""
            failure = AnalyzerFailure(
                call: call.name, message: text.isEmpty ? "status \(status)" : text, row: error.row,
                isConfigurationFault: call == .create && status == ASSAY_E_INVALID_CONFIG)
        }
        if let failure { throw failure }
    }
}

/// Collects what a plugin writes through an `assay_writer`.
private final class ByteSink {
    private(set) var bytes: [UInt8] = []

    func withWriter<Result>(_ body: (UnsafePointer<assay_writer>) -> Result) -> Result {
        var writer = assay_writer(
            struct_size: UInt64(MemoryLayout<assay_writer>.size),
            ctx: Unmanaged.passUnretained(self).toOpaque(),
            write: { context, bytes in
                guard let context else { return ASSAY_E_BAD_INPUT }
                let sink = Unmanaged<ByteSink>.fromOpaque(context).takeUnretainedValue()
                if let pointer = bytes.ptr {
                    sink.bytes.append(
                        contentsOf: UnsafeBufferPointer(start: pointer, count: Int(bytes.len)))
                }
                return ASSAY_OK
            })
        return withUnsafePointer(to: &writer) { body($0) }
    }
}

/// Hands out indices and keeps results by index; the failure with the lowest index counts.
private final class ResultBoard<Result: Sendable>: Sendable {
    private struct State {
        var next = 0
        var results: [(index: Int, result: Result)] = []
        var failure: (index: Int, error: any Error)?
    }

    private let state = Guarded(State())

    func claim() -> Int? {
        state.withLock { state in
            guard state.failure == nil else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    func store(_ result: Result, at index: Int) {
        state.withLock { $0.results.append((index, result)) }
    }

    func fail(_ error: any Error, at index: Int) {
        state.withLock { state in
            if let failure = state.failure, failure.index < index { return }
            state.failure = (index, error)
        }
    }

    func outcome() -> ([Result], (any Error)?) {
        state.withLock { state in
            (state.results.sorted { $0.index < $1.index }.map(\.result), state.failure?.error)
        }
    }
}
