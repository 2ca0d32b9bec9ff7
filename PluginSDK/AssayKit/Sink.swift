import CAssay
public import JSONText

/// How much a finding matters.
public enum Severity: Int32, Sendable {
    case info = 0
    case low = 1
    case medium = 2
    case high = 3
}

/// A statement about a row, a group of rows, or the dataset.
public struct Finding: Sendable {
    /// A code that the manifest declares.
    public var code: String
    /// How much it matters.
    public var severity = Severity.medium
    /// The dataset.
    public var role = Role.data
    /// The row within the role; `nil` for the dataset.
    public var row: Int?
    /// Equal for rows that belong together; 0 for none.
    public var group: UInt64 = 0
    /// The column of the span.
    public var column = ""
    /// Bytes of the column's text; empty for no span.
    public var span = 0..<0
    /// 0 to 1, higher is worse.
    public var score = 1.0
    /// One line, lower case, no full stop.
    public var message: String
    /// What it rests on: an object, or `null`.
    public var evidence = JSONValue.null

    /// Makes a finding.
    public init(code: String, row: Int?, message: String) {
        self.code = code
        self.row = row
        self.message = message
    }
}

/// What a proposal suggests.
public enum Action: Int32, Sendable {
    case review = 0
    case drop = 1
    case repair = 2
    case relabel = 3
    case weight = 4
    case duplicate = 5
    case augment = 6
    case keep = 7
}

/// An action suggested for a row.
///
/// Data, never an effect.
public struct Proposal: Sendable {
    /// What to do.
    public var action: Action
    /// The dataset.
    public var role = Role.data
    /// The row within the role; `nil` for none.
    public var row: Int?
    /// As in the finding it follows from.
    public var group: UInt64 = 0
    /// The finding's code.
    public var code: String
    /// 0 to 1.
    public var confidence = 1.0
    /// Weight, copies or count.
    public var number = 0.0
    /// What a repair changes.
    public var column = ""
    /// The new text or label, or a description.
    public var text = ""

    /// Makes a proposal.
    public init(_ action: Action, row: Int?, code: String) {
        self.action = action
        self.row = row
        self.code = code
    }
}

/// Which way a metric is better.
public enum Direction: Int32, Sendable {
    case lowerIsBetter = -1
    case none = 0
    case higherIsBetter = 1
}

/// One number about the dataset.
public struct Metric: Sendable {
    /// `strategy.name`.
    public var name: String
    /// What it is counted in.
    public var unit: String
    /// The value.
    public var value: Double
    /// Records or draws it rests on.
    public var n: Int
    /// 95 % interval, when there is one.
    public var interval: ClosedRange<Double>?
    /// Which way is better.
    public var direction = Direction.none
    /// One sentence: what it is and how to read it.
    public var help: String

    /// Makes a metric.
    public init(
        _ name: String, _ value: Double, unit: String, n: Int, direction: Direction = .none,
        interval: ClosedRange<Double>? = nil, help: String
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.n = n
        self.direction = direction
        self.interval = interval
        self.help = help
    }
}

/// Where results go.
///
/// Valid during the call it was given to.
public struct Sink {
    private let sink: UnsafePointer<assay_sink>
    private let emitter: UnsafePointer<assay_group_emitter>?

    init?(_ sink: UnsafePointer<assay_sink>?, emitter: UnsafePointer<assay_group_emitter>?) {
        guard let sink else { return nil }
        self.sink = sink
        self.emitter = emitter
    }

    /// Reports a finding.
    public func report(_ finding: Finding) throws {
        let evidence = finding.evidence == .null ? "" : finding.evidence.text
        try withTexts([finding.code, finding.column, finding.message, evidence]) { texts in
            var value = assay_finding(
                struct_size: UInt64(MemoryLayout<assay_finding>.size),
                severity: finding.severity.rawValue, role: finding.role.rawValue,
                row: Int64(finding.row ?? -1), group: finding.group, code: texts[0],
                column: texts[1], span_begin: UInt64(finding.span.lowerBound),
                span_end: UInt64(finding.span.upperBound), score: finding.score, message: texts[2],
                evidence_json: texts[3])
            return sink.pointee.finding(sink.pointee.ctx, &value)
        }
    }

    /// Suggests an action.
    public func propose(_ proposal: Proposal) throws {
        try withTexts([proposal.code, proposal.column, proposal.text]) { texts in
            var value = assay_proposal(
                struct_size: UInt64(MemoryLayout<assay_proposal>.size),
                action: proposal.action.rawValue, role: proposal.role.rawValue,
                row: Int64(proposal.row ?? -1), group: proposal.group, code: texts[0],
                confidence: proposal.confidence, number: proposal.number, column: texts[1],
                text: texts[2])
            return sink.pointee.proposal(sink.pointee.ctx, &value)
        }
    }

    /// Gives one score a row for consecutive rows, 0 to 1, higher is worse; rows whose value is no number get none.
    public func score(_ name: String, role: Role, firstRow: Int, _ values: [Double]) throws {
        try values.withUnsafeBufferPointer { try score(name, role: role, firstRow: firstRow, $0) }
    }

    /// Gives one score a row for consecutive rows, 0 to 1, higher is worse; rows whose value is no number get none.
    public func score(
        _ name: String, role: Role, firstRow: Int, _ values: UnsafeBufferPointer<Double>
    ) throws {
        try withTexts([name]) { texts in
            func send(_ rows: Range<Int>) -> assay_status {
                guard !rows.isEmpty else { return ASSAY_OK }
                return sink.pointee.scores(
                    sink.pointee.ctx, texts[0], role.rawValue, UInt64(firstRow + rows.lowerBound),
                    values.baseAddress.map { $0 + rows.lowerBound }, UInt64(rows.count))
            }
            var start = 0
            for row in 0..<values.count where values[row] != values[row] {
                let status = send(start..<row)
                guard status == ASSAY_OK else { return status }
                start = row + 1
            }
            return send(start..<values.count)
        }
    }

    /// States a number about the dataset.
    public func state(_ metric: Metric) throws {
        try withTexts([metric.name, metric.unit, metric.help]) { texts in
            var value = assay_metric(
                struct_size: UInt64(MemoryLayout<assay_metric>.size), name: texts[0],
                unit: texts[1], value: metric.value, n: UInt64(metric.n),
                low: metric.interval?.lowerBound ?? 0, high: metric.interval?.upperBound ?? 0,
                direction: metric.direction.rawValue,
                flags: metric.interval == nil ? 0 : ASSAY_METRIC_HAS_INTERVAL, help: texts[2])
            return sink.pointee.metric(sink.pointee.ctx, &value)
        }
    }

    /// Adds a piece of report; the body's shape by kind is in `PluginSDK/ABI.md`.
    public func show(_ kind: String, _ title: String, _ body: JSONValue) throws {
        try withTexts([kind, title, body.text]) { texts in
            var value = assay_section(
                struct_size: UInt64(MemoryLayout<assay_section>.size), kind: texts[0],
                title: texts[1], body_json: texts[2])
            // A host whose struct ends before it draws no sections.
            guard sink.pointee.struct_size >= UInt64(MemoryLayout<assay_sink>.size) else {
                return ASSAY_OK
            }
            return sink.pointee.section(sink.pointee.ctx, &value)
        }
    }

    /// During `scan`: brings this row together with all rows of the same key.
    public func emit(key: [UInt8], row: Int, payload: [UInt8] = []) throws {
        guard let emitter else { throw AnalyzerError("the host has no assay.groups/1") }
        let status = key.withUnsafeBufferPointer { key in
            payload.withUnsafeBufferPointer { payload in
                emitter.pointee.emit(
                    sink, assay_bytes(ptr: key.baseAddress, len: UInt64(key.count)), UInt64(row),
                    assay_bytes(ptr: payload.baseAddress, len: UInt64(payload.count)))
            }
        }
        if status != ASSAY_OK {
            throw AnalyzerError("the host refused an emitted row", hostStatus: status)
        }
    }

    /// During `scan`: brings this row together with all rows of the same key.
    ///
    /// No allocation.
    public func emit(key: Span<UInt8>, row: Int, payload: Span<UInt8>? = nil) throws {
        guard let emitter else { throw AnalyzerError("the host has no assay.groups/1") }
        let status = key.withUnsafeBufferPointer { key in
            let key = assay_bytes(ptr: key.baseAddress, len: UInt64(key.count))
            guard let payload else {
                return emitter.pointee.emit(
                    sink, key, UInt64(row), assay_bytes(ptr: nil, len: 0))
            }
            return payload.withUnsafeBufferPointer { payload in
                emitter.pointee.emit(
                    sink, key, UInt64(row),
                    assay_bytes(ptr: payload.baseAddress, len: UInt64(payload.count)))
            }
        }
        if status != ASSAY_OK {
            throw AnalyzerError("the host refused an emitted row", hostStatus: status)
        }
    }

    private func withTexts(
        _ texts: [String], _ body: ([assay_str]) -> assay_status
    ) throws {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for text in texts {
            bytes.append(contentsOf: text.utf8)
            ends.append(bytes.count)
        }
        let status = bytes.withUnsafeBytes { buffer in
            var start = 0
            let views = ends.map { end in
                defer { start = end }
                let pointer = buffer.baseAddress.map {
                    ($0 + start).assumingMemoryBound(to: CChar.self)
                }
                return assay_str(ptr: pointer, len: UInt64(end - start))
            }
            return body(views)
        }
        if status != ASSAY_OK {
            throw AnalyzerError("the host refused a result", hostStatus: status)
        }
    }
}
