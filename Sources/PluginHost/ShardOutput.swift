import CAssay

/// What the calls of one shard attempt sent to the sink, as wire bytes, and what they emitted for
/// grouping.
///
/// Belongs to one thread at a time.
final class ShardOutput {
    enum Kind: UInt8 {
        case finding = 1
        case proposal, scores, metric, section, log
    }

    private(set) var wire = WireWriter()
    private(set) var emitted = EmittedRows()
    private var role: Int32 = 0

    /// Gives back the memory kept for rows that did not come.
    func shrink() { emitted.shrink() }

    /// What was emitted; nothing is left here.
    func takeEmitted() -> EmittedRows {
        defer { emitted = EmittedRows() }
        return emitted
    }

    /// Calls `body` with a sink that writes here; emitted rows belong to `role`.
    func withSink<Result>(
        role: Int32 = 0, _ body: (UnsafePointer<assay_sink>) throws -> Result
    ) rethrows -> Result {
        self.role = role
        var sink = assay_sink(
            struct_size: UInt64(MemoryLayout<assay_sink>.size),
            ctx: Unmanaged.passUnretained(self).toOpaque(),
            finding: { context, finding in
                guard let output = ShardOutput.from(context), let finding else {
                    return ASSAY_E_BAD_INPUT
                }
                output.write(GrowableStruct.copy(finding))
                return ASSAY_OK
            },
            proposal: { context, proposal in
                guard let output = ShardOutput.from(context), let proposal else {
                    return ASSAY_E_BAD_INPUT
                }
                output.write(GrowableStruct.copy(proposal))
                return ASSAY_OK
            },
            scores: { context, name, role, firstRow, values, count in
                guard let output = ShardOutput.from(context) else { return ASSAY_E_BAD_INPUT }
                output.wire.integer(Kind.scores.rawValue)
                output.wire.data(name.ptr, name.len)
                output.wire.integer(role)
                output.wire.integer(firstRow)
                output.wire.data(values, count * 8)
                return ASSAY_OK
            },
            metric: { context, metric in
                guard let output = ShardOutput.from(context), let metric else {
                    return ASSAY_E_BAD_INPUT
                }
                output.write(GrowableStruct.copy(metric))
                return ASSAY_OK
            },
            section: { context, section in
                guard let output = ShardOutput.from(context), let section else {
                    return ASSAY_E_BAD_INPUT
                }
                output.wire.integer(Kind.section.rawValue)
                let known = GrowableStruct.copy(section)
                for text in [known.kind, known.title, known.body_json] {
                    output.wire.data(text.ptr, text.len)
                }
                return ASSAY_OK
            })
        return try withUnsafePointer(to: &sink) { try body($0) }
    }

    /// The host's side of `assay.groups/1`.
    nonisolated(unsafe) static let groupEmitter: UnsafePointer<assay_group_emitter> = {
        let emitter = UnsafeMutablePointer<assay_group_emitter>.allocate(capacity: 1)
        emitter.initialize(
            to: assay_group_emitter(
                struct_size: UInt64(MemoryLayout<assay_group_emitter>.size),
                emit: { sink, key, row, payload in
                    guard let sink, let output = ShardOutput.from(sink.pointee.ctx) else {
                        return ASSAY_E_BAD_INPUT
                    }
                    let isKept = output.emitted.append(
                        key: key, role: output.role, row: row, payload: payload)
                    return isKept ? ASSAY_OK : ASSAY_E_BAD_INPUT
                }))
        return UnsafePointer(emitter)
    }()

    private static func from(_ context: UnsafeMutableRawPointer?) -> ShardOutput? {
        context.map { Unmanaged<ShardOutput>.fromOpaque($0).takeUnretainedValue() }
    }

    private func write(_ finding: assay_finding) {
        wire.integer(Kind.finding.rawValue)
        wire.integer(finding.severity)
        wire.integer(finding.role)
        wire.integer(finding.row)
        wire.integer(finding.group)
        wire.integer(finding.span_begin)
        wire.integer(finding.span_end)
        wire.number(finding.score)
        for text in [finding.code, finding.column, finding.message, finding.evidence_json] {
            wire.data(text.ptr, text.len)
        }
    }

    private func write(_ proposal: assay_proposal) {
        wire.integer(Kind.proposal.rawValue)
        wire.integer(proposal.action)
        wire.integer(proposal.role)
        wire.integer(proposal.row)
        wire.integer(proposal.group)
        wire.number(proposal.confidence)
        wire.number(proposal.number)
        for text in [proposal.code, proposal.column, proposal.text] {
            wire.data(text.ptr, text.len)
        }
    }

    private func write(_ metric: assay_metric) {
        wire.integer(Kind.metric.rawValue)
        wire.number(metric.value)
        wire.integer(metric.n)
        wire.number(metric.low)
        wire.number(metric.high)
        wire.integer(metric.direction)
        wire.integer(metric.flags)
        for text in [metric.name, metric.unit, metric.help] { wire.data(text.ptr, text.len) }
    }
}
