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

    private static let mostPasses: UInt32 = 16
    private static nonisolated(unsafe) let unset = UnsafeMutableRawPointer(bitPattern: 0x5A5A_5A50)

    init(
        _ request: AnalyzerRequest, _ analyzer: UnsafePointer<assay_analyzer>, _ rows: CheckedRows,
        _ progress: ProgressPage, world: CheckedWorld = CheckedWorld()
    ) {
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
        var created = CheckedLife.unset
        try call(.create) { error in
            (configuration ?? request.configuration).withUnsafeBufferPointer { bytes in
                functions.create(
                    analyzer, host.pointer,
                    assay_bytes(ptr: bytes.baseAddress, len: UInt64(bytes.count)), &created, error)
            }
        }
        instance = try made(.create, created)
    }

    func destroy() {
        if let instance { functions.destroy(instance) }
        instance = nil
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
        try place.broadcast.withUnsafeBufferPointer { bytes in
            let value = assay_pass(
                struct_size: 0, pass: place.pass, role: place.role, shard: UInt32(place.shard),
                shard_count: UInt32(place.count), seed: request.seed,
                broadcast: assay_bytes(ptr: bytes.baseAddress, len: UInt64(bytes.count)),
                host: host.pointer, schema: schema.map { UnsafePointer($0.schema) })
            // Without `schema`.
            let memory = world.size.copy(value, shorter: MemoryLayout<assay_pass>.size - 8)
            defer { withExtendedLifetime(memory) {} }
            return try body(UnsafePointer(memory.start.assumingMemoryBound(to: assay_pass.self)))
        }
    }

    func begin(_ place: Place, thread: Int = 0) throws -> UnsafeMutableRawPointer? {
        var partial = CheckedLife.unset
        try withPass(place) { pass in
            try call(.begin, thread: thread, role: place.role) {
                functions.begin(instance, pass, &partial, $0)
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
        // At the end of guarded memory: what reads on behind it is noticed.
        let memory = GuardedMemory(state.count, alignment: 1)
        state.withUnsafeBytes {
            memory.start.copyMemory(
                from: $0.baseAddress ?? UnsafeRawPointer(memory.start), byteCount: $0.count)
        }
        let bytes = assay_bytes(
            ptr: UnsafePointer(memory.start.assumingMemoryBound(to: UInt8.self)),
            len: UInt64(state.count))
        try withPass(place) { pass in
            try call(.loadState, thread: thread, role: place.role) {
                functions.load(instance, pass, bytes, &partial, $0)
            }
        }
        withExtendedLifetime(memory) {}
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
            let sink = CheckedSink(inner, sinkBudget, scanning: role)
            defer {
                if sink.hasStrayed {
                    breaks("scan says something of a row of another dataset than the batch's")
                }
            }
            try call(
                .scan, thread: thread, role: role, rows: first..<first + rows.count,
                refusal: { sink.hasRefused ? CheckedWorld.refusal : nil },
                { error in sink.withSink(world.size) { functions.scan(partial, batch, $0, error) } }
            )
        }
        withExtendedLifetime((arrow, guarded, memory)) {}
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
        let scanned = PartBoard(cuts.count)
        ThreadTeam.forEach(cuts.count, threads: course.threads) { index in
            scanned.store(index) { try self.scanned(cuts[index], index, course, place) }
        }
        parts = scanned.parts
        try scanned.throwFirst()
        try interlude()
        var emitted = parts.map { $0.output.takeEmitted() }
        if let grouping = groupingTable(), emitted.contains(where: { !$0.rows.isEmpty }) {
            let grouped = GroupedRows(taking: &emitted)
            for (index, run) in grouped.runs.enumerated() {
                parts.append(
                    try self.grouped(grouped, run, grouping, parts.count + index, place))
            }
        }
        for part in parts { wire.append(part.output.wire.bytes) }
        if parts.isEmpty {
            parts.append(Part(partial: try begin(place), output: ShardOutput()))
        }
        let merged = try bring(together: parts.map(\.partial), course)
        let writer = CheckedWriter(most: world.writerBytes)
        var another: UInt32 = 0
        try call(
            .endPass, refusal: { writer.hasRefused ? CheckedWorld.writeRefusal : nil },
            { error in
                writer.withWriter(world.size) {
                    functions.end_pass(instance, merged, $0, &another, error)
                }
            })
        if another != 0 { return writer.bytes }
        let output = ShardOutput()
        try output.withSink { inner in
            let sink = CheckedSink(inner, sinkBudget)
            try call(
                .finish, refusal: { sink.hasRefused ? CheckedWorld.refusal : nil },
                { error in
                    sink.withSink(world.size) { functions.finish(instance, merged, $0, error) }
                })
        }
        wire.append(output.wire.bytes)
        return nil
    }

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
            if course.reloads {
                let loaded = try load(save(part.partial, thread: thread), place, thread: thread)
                discard(part.partial)
                part.partial = loaded
            }
        } catch {
            discard(part.partial)
            throw error
        }
        return part
    }

    private func grouped(
        _ grouped: GroupedRows, _ run: Range<Int>, _ grouping: UnsafePointer<assay_grouping>,
        _ index: Int, _ place: Place
    ) throws -> Part {
        var place = place
        place.shard = index
        let part = Part(partial: try begin(place), output: ShardOutput())
        do {
            try grouped.forEachKey(in: run) { key, members in
                try part.output.withSink { inner in
                    let sink = CheckedSink(inner, sinkBudget)
                    try call(
                        .group, rows: 0..<members.count,
                        refusal: { sink.hasRefused ? CheckedWorld.refusal : nil },
                        { error in
                            sink.withSink(world.size) {
                                grouping.pointee.group(
                                    part.partial, key, members.baseAddress, UInt64(members.count),
                                    $0, error)
                            }
                        })
                }
            }
        } catch {
            discard(part.partial)
            throw error
        }
        return part
    }

    /// Merges neighbours until one is left, in the order of the course.
    private func bring(
        together partials: [UnsafeMutableRawPointer?], _ course: LifeCourse
    ) throws -> UnsafeMutableRawPointer? {
        var rest = partials
        var draw = SeededGenerator(seed: course.drawnCuts ?? request.seed, stream: 0x3E6E)
        while rest.count > 1 {
            let index =
                switch course.bracket {
                case .left: 0
                case .right: rest.count - 2
                case .drawn: Int(draw.below(UInt64(rest.count - 1)))
                }
            try merge(rest[index], rest[index + 1])
            rest.remove(at: index + 1)
        }
        return rest[0]
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
