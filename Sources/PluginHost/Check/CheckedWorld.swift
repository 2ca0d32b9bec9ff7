import CAssay
import Glibc
import Parallel

/// What a host is like in a check: every way in which one may differ from another.
struct CheckedWorld: Sendable {
    var size = StructSize.exact
    var isCancelled = false
    /// Bytes for a message; `nil` when there is no `assay_error` at all.
    var errorBytes: Int? = 1024
    /// Bytes that a writer takes before it refuses; `nil` for any number.
    var writerBytes: Int?
    /// Calls of sinks that succeed before one refuses; `nil` for any number.
    var sinkCalls: Int?
    /// Whether batches lie in guarded memory.
    var isGuarded = false
    /// Threads that `assay.parallel/1` has.
    var parallelThreads = 2
    /// Whether every value is absent.
    var areNull = false

    static let refusal = ASSAY_E_RESOURCE
    static let writeRefusal = ASSAY_E_IO
}

/// Calls of sinks in one life, over all threads.
final class SinkBudget: Sendable {
    private let limit: Int?
    private let state = Guarded((calls: 0, refusals: 0))

    init(_ limit: Int?) { self.limit = limit }

    /// Counts a call; false when it is to be refused.
    func take() -> Bool {
        state.withLock { state in
            state.calls += 1
            guard let limit, state.calls > limit else { return true }
            state.refusals += 1
            return false
        }
    }

    var calls: Int { state.withLock { $0.calls } }
    var refusals: Int { state.withLock { $0.refusals } }
}

/// The host of a check: the real one behind a struct of any size.
final class CheckedHost: @unchecked Sendable {
    private let memory: GuardedMemory
    private let table: HostTable
    private let isCancelled: Bool

    /// Without `get_extension`.
    private static let shorterBytes = 80

    var pointer: UnsafePointer<assay_host> {
        UnsafePointer(memory.start.assumingMemoryBound(to: assay_host.self))
    }

    init(_ table: HostTable, _ world: CheckedWorld) {
        self.table = table
        isCancelled = world.isCancelled
        let value = assay_host(
            struct_size: 0, abi_minor: table.pointer.pointee.abi_minor, reserved: 0, ctx: nil,
            name: table.pointer.pointee.name, version: table.pointer.pointee.version,
            log: { context, level, message in
                guard let inner = CheckedHost.from(context)?.table.pointer else { return }
                inner.pointee.log(inner.pointee.ctx, level, message)
            },
            is_cancelled: { CheckedHost.from($0)?.isCancelled == true ? 1 : 0 },
            progress: { context, done, total in
                guard let inner = CheckedHost.from(context)?.table.pointer else { return }
                inner.pointee.progress(inner.pointee.ctx, done, total)
            },
            get_extension: { context, id in
                guard let inner = CheckedHost.from(context)?.table.pointer else { return nil }
                if id.text == HostTable.groupsID.description {
                    return UnsafeRawPointer(CheckedSink.emitter)
                }
                return inner.pointee.get_extension(inner.pointee.ctx, id)
            })
        memory = world.size.copy(value, shorter: CheckedHost.shorterBytes)
        memory.start.assumingMemoryBound(to: assay_host.self).pointee.ctx =
            Unmanaged.passUnretained(self).toOpaque()
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> CheckedHost? {
        context.map { Unmanaged<CheckedHost>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// A sink of a check: passes on what it is given, or refuses it.
final class CheckedSink {
    private let inner: UnsafePointer<assay_sink>
    private let budget: SinkBudget
    /// The dataset whose rows are scanned; `nil` outside of `scan`.
    private let role: Int32?
    private let call: AnalyzerCall
    private let thread = pthread_self()
    /// Whether it has refused something.
    private(set) var hasRefused = false
    /// What it was used for that it is not there for; `nil` for nothing.
    private(set) var misuse: String?

    /// Without `section`.
    private static let shorterBytes = 48

    init(
        _ inner: UnsafePointer<assay_sink>, _ budget: SinkBudget, during call: AnalyzerCall,
        role: Int32? = nil
    ) {
        self.inner = inner
        self.role = role
        self.call = call
        self.budget = budget
    }

    private func pass(_ body: (assay_sink) -> assay_status) -> assay_status {
        if pthread_equal(thread, pthread_self()) == 0 {
            misuse = "used its sink on another thread than its own"
        }
        guard budget.take() else {
            hasRefused = true
            return CheckedWorld.refusal
        }
        return body(inner.pointee)
    }

    func withSink<Result>(
        _ size: StructSize, _ body: (UnsafePointer<assay_sink>) -> Result
    ) -> Result {
        let value = assay_sink(
            struct_size: 0, ctx: Unmanaged.passUnretained(self).toOpaque(),
            finding: { context, finding in
                CheckedSink.from(
                    context, (finding?.pointee.row ?? -1) == -1 ? nil : finding?.pointee.role
                ) { $0.finding($0.ctx, finding) }
            },
            proposal: { context, proposal in
                CheckedSink.from(
                    context, (proposal?.pointee.row ?? -1) == -1 ? nil : proposal?.pointee.role
                ) { $0.proposal($0.ctx, proposal) }
            },
            scores: { context, name, role, firstRow, values, count in
                CheckedSink.from(context, role) {
                    $0.scores($0.ctx, name, role, firstRow, values, count)
                }
            },
            metric: { context, metric in
                CheckedSink.from(context, isSummary: true) { $0.metric($0.ctx, metric) }
            },
            section: { context, section in
                CheckedSink.from(context, isSummary: true) { $0.section($0.ctx, section) }
            })
        let memory = size.copy(value, shorter: CheckedSink.shorterBytes)
        return withExtendedLifetime((memory, self)) {
            body(UnsafePointer(memory.start.assumingMemoryBound(to: assay_sink.self)))
        }
    }

    /// `assay.groups/1` for these sinks.
    nonisolated(unsafe) static let emitter: UnsafePointer<assay_group_emitter> = {
        let table = UnsafeMutablePointer<assay_group_emitter>.allocate(capacity: 1)
        table.initialize(
            to: assay_group_emitter(
                struct_size: UInt64(MemoryLayout<assay_group_emitter>.size),
                emit: { sink, key, row, payload in
                    guard let context = sink?.pointee.ctx else { return ASSAY_E_BAD_INPUT }
                    let mine = Unmanaged<CheckedSink>.fromOpaque(context).takeUnretainedValue()
                    if mine.call != .scan { mine.misuse = "emitted a row, which is for scan" }
                    return mine.pass { _ in
                        ShardOutput.groupEmitter.pointee.emit(mine.inner, key, row, payload)
                    }
                }))
        return UnsafePointer(table)
    }()

    private static func from(
        _ context: UnsafeMutableRawPointer?, _ stated: Int32? = nil, isSummary: Bool = false,
        _ body: (assay_sink) -> assay_status
    ) -> assay_status {
        guard let context else { return ASSAY_E_BAD_INPUT }
        let sink = Unmanaged<CheckedSink>.fromOpaque(context).takeUnretainedValue()
        if let stated, let role = sink.role, stated != role {
            sink.misuse = "says something of a row of another dataset than the batch's"
        }
        if isSummary, sink.call != .finish {
            sink.misuse = "states a metric or shows a section, which is for finish"
        }
        return sink.pass(body)
    }
}

/// A writer of a check: keeps what it is given, up to a number of bytes.
final class CheckedWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether it has refused something.
    private(set) var hasRefused = false
    private let most: Int?

    init(most: Int?) { self.most = most }

    func withWriter<Result>(
        _ size: StructSize, _ body: (UnsafePointer<assay_writer>) -> Result
    ) -> Result {
        let value = assay_writer(
            struct_size: 0, ctx: Unmanaged.passUnretained(self).toOpaque(),
            write: { context, bytes in
                guard let context else { return ASSAY_E_BAD_INPUT }
                let writer = Unmanaged<CheckedWriter>.fromOpaque(context).takeUnretainedValue()
                if let most = writer.most, writer.bytes.count + Int(bytes.len) > most {
                    writer.hasRefused = true
                    return CheckedWorld.writeRefusal
                }
                if let pointer = bytes.ptr {
                    writer.bytes.append(
                        contentsOf: UnsafeBufferPointer(start: pointer, count: Int(bytes.len)))
                }
                return ASSAY_OK
            })
        let memory = size.copy(value, shorter: MemoryLayout<assay_writer>.size)
        return withExtendedLifetime((memory, self)) {
            body(UnsafePointer(memory.start.assumingMemoryBound(to: assay_writer.self)))
        }
    }
}

/// The `assay_error` of one call, in guarded memory.
final class CheckedError {
    private let world: CheckedWorld
    private let memory: GuardedMemory?
    private let message: GuardedMemory?

    private static let untouched: UInt8 = 0xEE
    private static let untouchedRow: Int64 = -7
    /// Without `row`.
    private static let shorterBytes = 24

    init(_ world: CheckedWorld) {
        self.world = world
        guard let room = world.errorBytes else {
            (memory, message) = (nil, nil)
            return
        }
        let message =
            room > 0
            ? GuardedMemory(room, alignment: 1, filling: CheckedError.untouched) : nil
        let value = assay_error(
            struct_size: 0, message_capacity: UInt64(room),
            message: message?.start.assumingMemoryBound(to: CChar.self),
            row: CheckedError.untouchedRow)
        self.message = message
        memory = world.size.copy(value, shorter: CheckedError.shorterBytes)
    }

    var pointer: UnsafeMutablePointer<assay_error>? {
        memory?.start.assumingMemoryBound(to: assay_error.self)
    }

    private var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: message?.start, count: world.errorBytes ?? 0)
    }

    /// The words; empty where there is no room for any, or none were written.
    var text: String {
        guard bytes.first != CheckedError.untouched else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// What is wrong with what a call left here; `nil` for nothing.
    func fault(status: assay_status) -> String? {
        if status == ASSAY_OK {
            let isRowTouched =
                world.size != .shorter
                && pointer.map { $0.pointee.row } ?? CheckedError.untouchedRow
                    != CheckedError.untouchedRow
            if isRowTouched || bytes.contains(where: { $0 != CheckedError.untouched }) {
                return "wrote an error, and returned success"
            }
            return nil
        }
        guard (1...8).contains(status) else {
            return "returned the status \(status), expected 0 or one of ASSAY_E, 1 to 8"
        }
        guard !bytes.isEmpty, bytes.first != CheckedError.untouched else { return nil }
        guard bytes.contains(0) else { return "wrote a message that is not terminated" }
        guard String(validating: Array(bytes.prefix { $0 != 0 }), as: UTF8.self) != nil else {
            return "wrote a message that is not UTF-8"
        }
        return nil
    }
}
