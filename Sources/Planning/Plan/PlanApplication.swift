import JSONText
public import Reading

/// The changes of a file that a plan comes to.
public struct PlanApplication {
    /// A record with some texts replaced; `nil` where it cannot hold one of them.
    public typealias Editor = (_ row: Int, _ replacements: [PlanLine.Replacement]) -> [UInt8]?

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

    /// The changes, in the order of the input, and the rows whose records cannot hold what was planned.
    ///
    /// O(bytes of the changed records).
    public func changes(_ edit: Editor) -> (changes: [DatasetRewriter.Change], refused: [Int]) {
        let layout = RecordLayout(source, spans: spans, format: format)
        let dropped = plan.lines.filter { $0.action == .drop && format != .jsonDocument }
        var removals: [Int: Range<Int>] = [:]
        for (line, range) in zip(dropped, layout.removals(dropped.map(\.row))) {
            removals[line.row] = range
        }
        var changes: [DatasetRewriter.Change] = []
        var refused: [Int] = []
        for line in plan.lines {
            var span = spans[line.row]
            var bytes: [UInt8] = []
            switch line.action {
            case .review, .weight: continue
            case .drop:
                guard let range = removals[line.row] else {
                    refused.append(line.row)
                    continue
                }
                span = RecordSpan(offset: range.lowerBound, length: range.count, line: span.line)
            case .change, .duplicate:
                bytes = Array(record(line.row))
                if !line.replacements.isEmpty {
                    guard let edited = edit(line.row, line.replacements) else {
                        refused.append(line.row)
                        continue
                    }
                    bytes = edited
                }
                if line.action == .duplicate {
                    let (one, separator) = (bytes, layout.separator(line.row))
                    for _ in 0..<max(0, Int(line.number)) { bytes += separator + one }
                }
            }
            var account: JSONObject = [
                "explanation": .string(line.explanation),
                "because": .array(line.because.map { .object(PlanLine.account($0)) }),
            ]
            if let survivor = line.survivor { account["surviving_row_index"] = JSONValue(survivor) }
            if line.action == .duplicate { account["copies"] = JSONValue(Int(line.number)) }
            changes.append(
                DatasetRewriter.Change(
                    row: line.row, span: span, bytes: bytes, action: line.action.rawValue,
                    account: account))
        }
        let insertion = layout.insertion(
            plan.additions.map(\.record), without: dropped.map(\.row))
        if let insertion, let line = spans.last?.line {
            for (index, (addition, bytes)) in zip(plan.additions, insertion.pieces).enumerated() {
                changes.append(
                    DatasetRewriter.Change(
                        row: spans.count + index,
                        span: RecordSpan(offset: insertion.offset, length: 0, line: line),
                        bytes: bytes, action: "add", account: addition.account))
            }
        }
        return (changes, refused)
    }
}
