import BatchStore
import CAssay
import Glibc
import Numerics
import Parallel
import Records

/// How the rows of a life are cut, and how its partials are put together again.
struct LifeCourse: Sendable {
    /// The order in which partials are merged.
    enum Bracket: Sendable {
        /// ((a b) c) d, as the host does.
        case left
        /// a (b (c d)).
        case right
        /// Neighbours, drawn.
        case drawn
    }

    /// Rows of a shard at most; `nil` for all of a role.
    var shardRows: Int?
    /// Rows of a batch at most; `nil` for all of a shard.
    var batchRows: Int?
    /// The seed of cuts at any place, each at most as long as the numbers above say.
    var drawnCuts: UInt64?
    var bracket = Bracket.left
    var reloads = false
    /// Partials that have seen no row, before, between and behind the others.
    var hasEmptyPartials = false
    /// Batches without rows, before every other one.
    var hasEmptyBatches = false
    var threads = 1
    /// The rows that are there; `nil` for all.
    var rows: [Role: Range<Int>]?
}

/// The rows that a check runs over.
struct CheckedRows: Sendable {
    let batches: [FedBatch]

    /// Rows of each role.
    var counts: [Role: Int] {
        batches.reduce(into: [:]) { $0[$1.stored.role, default: 0] += $1.stored.rowCount }
    }
}

/// One life of an analyzer, from `create` to `destroy`, under the eyes of a check.
///
/// What breaks a law without an error is kept in `broken`.
final class CheckedLife: @unchecked Sendable {
    let world: CheckedWorld
    let sinkBudget: SinkBudget
    private let request: AnalyzerRequest
    private let analyzer: UnsafePointer<assay_analyzer>
    private let functions: assay_analyzer
    private let rows: CheckedRows
    private let progress: ProgressPage
    private let table: HostTable
    private let host: CheckedHost
    private let schema: ArrowBatch?
    private let faults = Guarded<[String]>([])
    private var instance: UnsafeMutableRawPointer?
    /// Where partials are loaded and merged: another instance where they come from somewhere else.
    private var late: UnsafeMutableRawPointer?
    /// Bytes of the last broadcast.
    private(set) var broadcastBytes = 0

    private static let mostPasses: UInt32 = 16
    private static nonisolated(unsafe) let unset = UnsafeMutableRawPointer(bitPattern: 0x5A5A_5A50)

    init(
        _ request: AnalyzerRequest, _ analyzer: UnsafePointer<assay_analyzer>, _ rows: CheckedRows,
        _ progress: ProgressPage, world: CheckedWorld = CheckedWorld()
    ) {
        var request = request
        request.threads = world.parallelThreads
        self.request = request
        self.analyzer = analyzer
        functions = GrowableStruct.copy(analyzer)
        self.rows = rows
        self.progress = progress
        self.world = world
        sinkBudget = SinkBudget(world.sinkCalls)
        table = HostTable(progress: progress, request: request)
        host = CheckedHost(table, world)
        schema = rows.batches.first.map {
            ArrowBatch($0.stored, columns: request.columns, rows: 0..<0, base: $0.segment.base)
        }
    }

    /// Laws that were broken in calls that said nothing of it.
    var broken: [String] { faults.withLock { $0 } }

    private func breaks(_ fault: String) {
        faults.withLock { if !$0.contains(fault) { $0.append(fault) } }
    }

    // MARK: Calls

    /// Makes one call with an error buffer of its own.
    ///
    /// - Throws: `AnalyzerFailure` when it returns anything but success.
    private func call(
        _ call: AnalyzerCall, thread: Int = 0, role: Int32 = 0, rows: Range<Int> = 0..<0,
        refusal: () -> assay_status? = { nil },
        _ body: (UnsafeMutablePointer<assay_error>?) -> assay_status
    ) throws {
        progress.enter(call, thread: thread, role: role, rows: rows)
        defer { progress.leave(thread: thread) }
        let error = CheckedError(world)
        let status = body(error.pointer)
        if let fault = error.fault(status: status) { breaks("\(call.name) \(fault)") }
        if let refused = refusal() {
            if status == ASSAY_OK {
                breaks("\(call.name) returned success after the host had refused something")
            } else if status != refused {
                breaks("\(call.name) returned the status \(status), the host had said \(refused)")
            }
        }
        guard status == ASSAY_OK else {
            throw AnalyzerFailure(
                call: call.name, message: error.text.isEmpty ? "status \(status)" : error.text,
                isConfigurationFault: call == .create && status == ASSAY_E_INVALID_CONFIG,
                status: status)
        }
    }

    /// The pointer that a call made; a plugin that leaves it unset would have the host use nothing.
    private func made(_ call: AnalyzerCall, _ pointer: UnsafeMutableRawPointer?) throws
        -> UnsafeMutableRawPointer?
    {
        guard pointer != CheckedLife.unset else {
            breaks("\(call.name) returned success without what it was to make")
            throw AnalyzerFailure(
                call: call.name, message: "success was returned, and nothing made")
        }
        return pointer
    }

    func create(_ configuration: [UInt8]? = nil) throws {
        instance = try created(configuration ?? request.configuration)
        late = instance
    }

    private func created(_ configuration: [UInt8]) throws -> UnsafeMutableRawPointer? {
        var created = CheckedLife.unset
        // Gone when the call returns: what points into it is noticed.
        try CheckedLife.lending(configuration) { bytes in
            try call(.create) { functions.create(analyzer, host.pointer, bytes, &created, $0) }
        }
        return try made(.create, created)
    }

    /// Bytes at the end of guarded memory, which goes with the call.
    private static func lending<Result>(
        _ bytes: [UInt8], _ body: (assay_bytes) throws -> Result
    ) rethrows -> Result {
        let memory = GuardedMemory(bytes.count, alignment: 1)
        defer { withExtendedLifetime(memory) {} }
        bytes.withUnsafeBytes {
            memory.start.copyMemory(
                from: $0.baseAddress ?? UnsafeRawPointer(memory.start), byteCount: $0.count)
        }
        return try body(
            assay_bytes(
                ptr: UnsafePointer(memory.start.assumingMemoryBound(to: UInt8.self)),
                len: UInt64(bytes.count)))
    }

    func destroy() {
        if let late, late != instance { functions.destroy(late) }
        if let instance { functions.destroy(instance) }
        (instance, late) = (nil, nil)
    }

    /// What `begin` and `load` are told of a shard.
    struct Place: Sendable {
        var pass: UInt32 = 0
        var role: Int32 = 0
        var shard = 0
        var count = 0
        var broadcast: [UInt8] = []
    }

    private func withPass<Result>(
        _ place: Place, _ body: (UnsafePointer<assay_pass>) throws -> Result
    ) rethrows -> Result {
        try CheckedLife.lending(place.broadcast) { bytes in
            let value = assay_pass(
                struct_size: 0, pass: place.pass, role: place.role, shard: UInt32(place.shard),
                shard_count: UInt32(place.count), seed: request.seed, broadcast: bytes,
                host: host.pointer, schema: schema.map { UnsafePointer($0.schema) })
            // Without `schema`.
            let memory = world.size.copy(value, shorter: MemoryLayout<assay_pass>.size - 8)
            defer { withExtendedLifetime(memory) {} }
            return try body(UnsafePointer(memory.start.assumingMemoryBound(to: assay_pass.self)))
        }
    }

    func begin(
        _ place: Place, thread: Int = 0, on other: UnsafeMutableRawPointer? = nil
    ) throws -> UnsafeMutableRawPointer? {
        var partial = CheckedLife.unset
        try withPass(place) { pass in
            try call(.begin, thread: thread, role: place.role) {
                functions.begin(other ?? instance, pass, &partial, $0)
            }
        }
        return try made(.begin, partial)
    }

    func discard(_ partial: UnsafeMutableRawPointer?) { functions.discard(partial) }

    func save(_ partial: UnsafeMutableRawPointer?, thread: Int = 0) throws -> [UInt8] {
        let writer = CheckedWriter(most: world.writerBytes)
        try call(
            .save, thread: thread,
            refusal: { writer.hasRefused ? CheckedWorld.writeRefusal : nil },
            { error in writer.withWriter(world.size) { functions.save(partial, $0, error) } })
        return writer.bytes
    }

    func load(
        _ state: [UInt8], _ place: Place, thread: Int = 0
    ) throws -> UnsafeMutableRawPointer? {
        var partial = CheckedLife.unset
        try CheckedLife.lending(state) { bytes in
            try withPass(place) { pass in
                try call(.loadState, thread: thread, role: place.role) {
                    functions.load(late, pass, bytes, &partial, $0)
                }
            }
        }
        return try made(.loadState, partial)
    }

    func merge(_ into: UnsafeMutableRawPointer?, _ from: UnsafeMutableRawPointer?) throws {
        try call(.merge) { functions.merge(into, from, $0) }
    }

    func scan(
        _ fed: FedBatch, _ rows: Range<Int>, _ partial: UnsafeMutableRawPointer?,
        _ output: ShardOutput, thread: Int = 0
    ) throws {
        let arrow = ArrowBatch(
            fed.stored, columns: request.columns, rows: rows, base: fed.segment.base)
        let guarded =
            world.isGuarded || world.areNull
            ? GuardedBatch(arrow, areNull: world.areNull) : nil
        let first = fed.stored.firstRow + rows.lowerBound
        let value = assay_batch(
            struct_size: 0, first_row: UInt64(first), schema: UnsafePointer(arrow.schema),
            array: guarded?.array ?? UnsafePointer(arrow.array))
        let memory = world.size.copy(value, shorter: MemoryLayout<assay_batch>.size)
        let batch = UnsafePointer(memory.start.assumingMemoryBound(to: assay_batch.self))
        let role = fed.stored.role.rawValue
        try output.withSink(role: role) { inner in
            try withSink(inner, .scan, thread: thread, role: role, rows: first..<first + rows.count)
            { functions.scan(partial, batch, $0, $1) }
        }
        withExtendedLifetime((arrow, guarded, memory)) {}
    }

    /// Makes a call that is given a sink.
    private func withSink(
        _ inner: UnsafePointer<assay_sink>, _ kind: AnalyzerCall, thread: Int = 0,
        role: Int32? = nil, rows: Range<Int> = 0..<0,
        _ body: (UnsafePointer<assay_sink>, UnsafeMutablePointer<assay_error>?) -> assay_status
    ) throws {
        let sink = CheckedSink(inner, sinkBudget, during: kind, role: role)
        defer { if let misuse = sink.misuse { breaks("\(kind.name) \(misuse)") } }
        try call(
            kind, thread: thread, role: role ?? 0, rows: rows,
            refusal: { sink.hasRefused ? CheckedWorld.refusal : nil },
            { error in sink.withSink(world.size) { body($0, error) } })
    }

    /// `end_pass`: the broadcast for another pass, or `nil`.
    func endPass(_ merged: UnsafeMutableRawPointer?) throws -> [UInt8]? {
        let writer = CheckedWriter(most: world.writerBytes)
        var another: UInt32 = 0
        try call(
            .endPass, refusal: { writer.hasRefused ? CheckedWorld.writeRefusal : nil },
            { error in
                writer.withWriter(world.size) {
                    functions.end_pass(late, merged, $0, &another, error)
                }
            })
        broadcastBytes = writer.bytes.count
        return another != 0 ? writer.bytes : nil
    }

    /// `finish`, with what it says as wire bytes.
    func finish(_ merged: UnsafeMutableRawPointer?) throws -> [UInt8] {
        let output = ShardOutput()
        try output.withSink { inner in
            try withSink(inner, .finish) { functions.finish(late, merged, $0, $1) }
        }
        return output.wire.bytes
    }

    // MARK: The whole

    /// A shard: pieces of batches of one role; without pieces an empty one.
    private struct Cut: Sendable {
        let role: Role
        var pieces: [(batch: FedBatch, rows: Range<Int>)] = []
    }

    private func cuts(_ course: LifeCourse) -> [Cut] {
        var draw = SeededGenerator(seed: course.drawnCuts ?? 0, stream: 0xC075)
        func length(_ most: Int?, of rest: Int) -> Int {
            guard let most else { return rest }
            let bound = min(most, rest)
            return course.drawnCuts == nil ? bound : 1 + Int(draw.below(UInt64(bound)))
        }
        var cuts: [Cut] = []
        if course.hasEmptyPartials { cuts.append(Cut(role: .data)) }
        for role in Role.allCases {
            var shard = Cut(role: role)
            var shardRest = 0
            func close() {
                if !shard.pieces.isEmpty {
                    cuts.append(shard)
                    if course.hasEmptyPartials { cuts.append(Cut(role: role)) }
                }
                shard = Cut(role: role)
            }
            let window = course.rows.map { $0[role] ?? 0..<0 }
            let total = window?.count ?? rows.counts[role, default: 0]
            var done = 0
            for batch in rows.batches where batch.stored.role == role {
                let first = batch.stored.firstRow
                let all = first..<first + batch.stored.rowCount
                let local = window.map { all.clamped(to: $0) } ?? all
                var position = local.lowerBound
                while position < local.upperBound {
                    if shardRest == 0 {
                        close()
                        shardRest = length(course.shardRows, of: max(1, total - done))
                    }
                    let most = min(shardRest, local.upperBound - position)
                    let count = length(course.batchRows, of: most)
                    let piece = position - first..<position - first + count
                    shard.pieces.append((batch, piece))
                    position += count
                    shardRest -= count
                    done += count
                }
            }
            close()
        }
        return cuts
    }

    private struct Part: @unchecked Sendable {
        var partial: UnsafeMutableRawPointer?
        let output: ShardOutput
    }

    /// Lives a whole life and returns what the analyzer said, as wire bytes.
    ///
    /// `interlude` is called once, when the rows of the first pass have been scanned.
    /// - Throws: `AnalyzerFailure` for the first call that fails.
    func run(
        _ course: LifeCourse = LifeCourse(), interlude: () throws -> Void = {}
    ) throws -> [UInt8] {
        defer { destroy() }
        try create()
        // A partial that was saved may be loaded by another process than the one that filled it.
        if course.reloads { late = try created(request.configuration) }
        let cuts = cuts(course)
        var wire = WireWriter()
        var broadcast: [UInt8] = []
        for pass in 0..<CheckedLife.mostPasses {
            let place = Place(
                pass: pass, count: pass == 0 ? 0 : cuts.count, broadcast: broadcast)
            guard
                let next = try runPass(
                    cuts, course, place, into: &wire, interlude: pass == 0 ? interlude : {})
            else {
                wire.append(CheckedLife.logged(table))
                return wire.bytes
            }
            broadcast = next
        }
        throw AnalyzerFailure(
            call: "end_pass", message: "asked for more than \(CheckedLife.mostPasses) passes")
    }

    private static func logged(_ table: HostTable) -> [UInt8] {
        var wire = WireWriter()
        for line in table.takeLog() {
            wire.integer(ShardOutput.Kind.log.rawValue)
            let bytes = Array(line.utf8)
            wire.data(bytes, UInt64(bytes.count))
        }
        return wire.bytes
    }

    private func runPass(
        _ cuts: [Cut], _ course: LifeCourse, _ place: Place, into wire: inout WireWriter,
        interlude: () throws -> Void
    ) throws -> [UInt8]? {
        var parts: [Part] = []
        defer { for part in parts { discard(part.partial) } }
        var outputs: [ShardOutput] = []
        if course.threads == 1, course.bracket == .left {
            // What has been merged is gone: no more than two partials are there at a time.
            for (index, cut) in cuts.enumerated() {
                parts.append(try scanned(cut, index, course, place))
                outputs.append(parts[parts.count - 1].output)
                if parts.count == 2 { try mergeNeighbours(0, &parts) }
            }
        } else {
            let board = PartBoard(cuts.count)
            ThreadTeam.forEach(cuts.count, threads: course.threads) { index in
                board.store(index) { try self.scanned(cuts[index], index, course, place) }
            }
            parts = board.parts
            try board.throwFirst()
            outputs = parts.map(\.output)
        }
        try interlude()
        var emitted = outputs.map { $0.takeEmitted() }
        if groupingTable() != nil, emitted.contains(where: { !$0.rows.isEmpty }) {
            // Small runs: the host's would hold all of these rows at once.
            let grouped = GroupedRows(taking: &emitted, runRows: CheckedLife.runRows)
            let board = PartBoard(grouped.runs.count)
            ThreadTeam.forEach(grouped.runs.count, threads: course.threads) { index in
                board.store(index) {
                    try self.grouped(
                        grouped, grouped.runs[index], cuts.count + index, course, place)
                }
            }
            parts += board.parts
            outputs += board.parts.map(\.output)
            try board.throwFirst()
        }
        for output in outputs { wire.append(output.wire.bytes) }
        if parts.isEmpty {
            parts.append(Part(partial: try begin(place, on: late), output: ShardOutput()))
        }
        try bringTogether(&parts, course)
        if let broadcast = try endPass(parts[0].partial) { return broadcast }
        wire.append(try finish(parts[0].partial))
        return nil
    }

    private static let runRows = 16

    private func scanned(
        _ cut: Cut, _ index: Int, _ course: LifeCourse, _ place: Place
    ) throws -> Part {
        let thread = index % ProgressPage.slotCount
        var place = place
        place.role = cut.role.rawValue
        place.shard = index
        var part = Part(partial: try begin(place, thread: thread), output: ShardOutput())
        do {
            for (batch, rows) in cut.pieces {
                if course.hasEmptyBatches {
                    let start = rows.lowerBound
                    try scan(batch, start..<start, part.partial, part.output, thread: thread)
                }
                try scan(batch, rows, part.partial, part.output, thread: thread)
            }
            if course.reloads { try reload(&part, place, thread: thread) }
        } catch {
            discard(part.partial)
            throw error
        }
        return part
    }

    private func reload(_ part: inout Part, _ place: Place, thread: Int) throws {
        let loaded = try load(save(part.partial, thread: thread), place, thread: thread)
        discard(part.partial)
        part.partial = loaded
    }

    private func grouped(
        _ grouped: GroupedRows, _ run: Range<Int>, _ index: Int, _ course: LifeCourse,
        _ place: Place
    ) throws -> Part {
        guard let grouping = groupingTable() else {
            throw AnalyzerFailure(call: "group", message: "the extension has gone")
        }
        let thread = index % ProgressPage.slotCount
        var place = place
        place.shard = index
        var part = Part(partial: try begin(place, thread: thread), output: ShardOutput())
        do {
            let partial = part.partial
            try grouped.forEachKey(in: run) { key, members in
                try part.output.withSink { inner in
                    try withSink(inner, .group, thread: thread, rows: 0..<members.count) {
                        grouping.pointee.group(
                            partial, key, members.baseAddress, UInt64(members.count), $0, $1)
                    }
                }
            }
            if course.reloads { try reload(&part, place, thread: thread) }
        } catch {
            discard(part.partial)
            throw error
        }
        return part
    }

    /// Merges a part with its neighbour, which is discarded at once: `from` is there for nothing else.
    private func mergeNeighbours(_ index: Int, _ parts: inout [Part]) throws {
        try merge(parts[index].partial, parts[index + 1].partial)
        discard(parts.remove(at: index + 1).partial)
    }

    /// Merges neighbours until one is left, in the order of the course.
    private func bringTogether(_ parts: inout [Part], _ course: LifeCourse) throws {
        var draw = SeededGenerator(seed: course.drawnCuts ?? request.seed, stream: 0x3E6E)
        while parts.count > 1 {
            let index =
                switch course.bracket {
                case .left: 0
                case .right: parts.count - 2
                case .drawn: Int(draw.below(UInt64(parts.count - 1)))
                }
            try mergeNeighbours(index, &parts)
        }
    }

    /// What the analyzer has for `assay.groups/1`.
    private func groupingTable() -> UnsafePointer<assay_grouping>? {
        AnalyzerRun.groupingTable(functions, analyzer)
    }

    /// What its `get_extension` returns for an id; `nil` as well where it has no such function.
    func hasExtension(_ id: StaticString) -> Bool {
        functions.get_extension.map { $0(analyzer, assay_str(id)) != nil } ?? false
    }
}

extension CheckedLife {
    /// Parts by index, and the first failure.
    private final class PartBoard: Sendable {
        private struct State: Sendable {
            var parts: [Part?]
            var failure: (index: Int, error: any Error)?
        }

        private let state: Guarded<State>

        init(_ count: Int) { state = Guarded(State(parts: Array(repeating: nil, count: count))) }

        func store(_ index: Int, _ body: () throws -> Part) {
            do {
                let part = try body()
                state.withLock { $0.parts[index] = part }
            } catch {
                state.withLock { state in
                    if let failure = state.failure, failure.index < index { return }
                    state.failure = (index, error)
                }
            }
        }

        var parts: [Part] { state.withLock { $0.parts.compactMap { $0 } } }

        func throwFirst() throws {
            if let failure = state.withLock({ $0.failure }) { throw failure.error }
        }
    }
}
