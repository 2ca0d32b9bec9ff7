public import JSONText
public import Reading

/// The changes of a file that a plan comes to.
public struct PlanApplication {
    /// A record with some texts replaced; `nil` where it cannot hold one of them.
    public typealias Editor = (_ row: Int, _ replacements: [PlanLine.Replacement]) -> [UInt8]?

    /// A record with a mark under a key; `nil` where it has no place for it.
    public typealias Marker = (
        _ record: [UInt8], _ key: String, _ mark: JSONObject
    ) -> [UInt8]?

    /// What a plan comes to.
    public struct Outcome {
        /// In the order of the input.
        public var changes: [DatasetRewriter.Change] = []
        /// Rows whose records cannot hold what was planned.
        public var refused: [Int] = []
        /// Records that have no place for a mark, and stay without it.
        public var unmarked = 0
    }

    private let plan: Plan
    private let source: SourceBytes
    private let spans: [RecordSpan]
    private let format: SourceFormat

    /// Takes a plan and the records that it was made for.
    public init(_ plan: Plan, source: SourceBytes, spans: [RecordSpan], format: SourceFormat) {
        self.plan = plan
        self.source = source
        self.spans = spans
        self.format = format
    }

    private func record(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        let span = spans[row]
        return UnsafeBufferPointer(
            rebasing: source.bytes[span.offset..<span.offset + span.length])
    }

    /// Refuses data that changed since the plan was made.
    ///
    /// O(bytes).
    ///
    /// - Throws: `PlanningError` naming the first row that differs.
    public func check(sha256: String) throws {
        guard sha256 != plan.source.sha256 else { return }
        let help = "make the plan anew for this file"
        for row in 0..<min(spans.count, plan.contents.count)
        where Plan.content(record(row)) != plan.contents[row] {
            throw PlanningError(
                "\(source.name) line \(spans[row].line): row \(row + 1) is not as the plan was made for",
                help: help)
        }
        if spans.count != plan.contents.count {
            throw PlanningError(
                "\(source.name): has \(spans.count) rows, the plan is for \(plan.contents.count): row "
                    + "\(min(spans.count, plan.contents.count) + 1) is the first that differs",
                help: help)
        }
        throw PlanningError(
            "\(source.name): its records are as the plan was made for, but not what stands between them",
            help: help)
    }

    /// The changes of the records.
    ///
    /// O(bytes of the changed records).
    public func changes(_ edit: Editor, _ marker: Marker) -> Outcome {
        var outcome = Outcome()
        func marked(_ record: [UInt8], _ mark: JSONObject) -> [UInt8] {
            guard let key = plan.mark else { return record }
            guard let marked = marker(record, key, mark) else {
                outcome.unmarked += 1
                return record
            }
            return marked
        }
        let layout = RecordLayout(source, spans: spans, format: format)
        let dropped = plan.lines.filter { $0.action == .drop && format != .jsonDocument }
        var removals: [Int: Range<Int>] = [:]
        for (line, range) in zip(dropped, layout.removals(dropped.map(\.row))) {
            removals[line.row] = range
        }
        for line in plan.lines {
            var span = spans[line.row]
            var bytes: [UInt8] = []
            switch line.action {
            case .review: continue
            case .weight:
                let own = Array(record(line.row))
                bytes = marked(own, ["weight": .number(line.number)])
                if bytes == own { continue }
            case .drop:
                guard let range = removals[line.row] else {
                    outcome.refused.append(line.row)
                    continue
                }
                span = RecordSpan(offset: range.lowerBound, length: range.count, line: span.line)
            case .change, .duplicate:
                bytes = Array(record(line.row))
                if !line.replacements.isEmpty {
                    guard let edited = edit(line.row, line.replacements) else {
                        outcome.refused.append(line.row)
                        continue
                    }
                    bytes = edited
                }
                if line.action == .duplicate {
                    let (one, separator) = (bytes, layout.separator(line.row))
                    for copy in 0..<max(0, Int(line.number)) {
                        bytes += separator + marked(one, ["copy": JSONValue(copy + 1)])
                    }
                }
            }
            var account: JSONObject = [
                "explanation": .string(line.explanation),
                "because": .array(line.because.map { .object(PlanLine.account($0)) }),
            ]
            if let survivor = line.survivor { account["surviving_row_index"] = JSONValue(survivor) }
            if line.action == .duplicate { account["copies"] = JSONValue(Int(line.number)) }
            outcome.changes.append(
                DatasetRewriter.Change(
                    row: line.row, span: span, bytes: bytes, action: line.action.rawValue,
                    account: account))
        }
        let insertion = layout.insertion(
            plan.additions.map { marked($0.record, $0.mark) }, without: dropped.map(\.row))
        if let insertion, let line = spans.last?.line {
            for (index, (addition, bytes)) in zip(plan.additions, insertion.pieces).enumerated() {
                outcome.changes.append(
                    DatasetRewriter.Change(
                        row: spans.count + index,
                        span: RecordSpan(offset: insertion.offset, length: 0, line: line),
                        bytes: bytes, action: "add", account: addition.account))
            }
        }
        return outcome
    }
}
