public import JSONText

/// Two reports side by side: metric by metric, finding by finding.
///
/// Findings about records are matched by the records' contents, so that rows may have moved; those about the
/// whole dataset by their messages.
public struct ReportComparison: Sendable {
    /// What is compared of a report.
    public struct Side: Sendable {
        /// The folder.
        public let name: String
        /// `report.json`.
        public let report: JSONValue
        /// Lines of `findings.jsonl`.
        public let findings: [JSONValue]
        /// The hash of every record of the data, by row.
        public let contents: [String]

        /// Makes a side.
        public init(name: String, report: JSONValue, findings: [JSONValue], contents: [String]) {
            self.name = name
            self.report = report
            self.findings = findings
            self.contents = contents
        }
    }

    /// Whether a metric went where it should.
    public enum Verdict: String, Sendable {
        case better, worse, same, changed
    }

    /// One metric of both.
    public struct MetricLine: Sendable {
        /// Its name.
        public let name: String
        /// Its values; `nil` where a report does not have it.
        public let old, new: Double?
        /// Whether it went where it should.
        public let verdict: Verdict
        /// Whether each value lies within the other's interval, where there is one.
        public let isWithinChance: Bool
        /// 95 % intervals; `nil` where a report has none.
        public let oldInterval, newInterval: ClosedRange<Double>?

        var change: Double? { old.flatMap { old in new.map { $0 - old } } }
    }

    /// One code in both.
    public struct CodeLine: Sendable {
        /// The code.
        public let code: String
        /// Its name.
        public let name: String
        /// Findings.
        public internal(set) var old = 0
        /// Findings.
        public internal(set) var new = 0
        /// Gone from records that are still there as they were.
        public internal(set) var resolved = 0
        /// Gone with their records, or with what the records were.
        public internal(set) var left = 0
        /// New on records that were there before.
        public internal(set) var appeared = 0
        /// New with new records.
        public internal(set) var arrived = 0
    }

    /// A finding that only one of the two has.
    public struct Single: Sendable {
        /// Whether it is in the new one.
        public let isNew: Bool
        /// As the report has it.
        public let finding: JSONValue
    }

    let old, new: Side
    /// All metrics, in the order of the new report.
    public let metrics: [MetricLine]
    /// All codes, sorted.
    public let codes: [CodeLine]
    /// What only one has: the old one's first, each in its report's order.
    public let singles: [Single]

    /// Compares two reports.
    ///
    /// O(n log n) in the findings and records.
    public init(old: Side, new: Side) {
        self.old = old
        self.new = new
        metrics = ReportComparison.metrics(old.report, new.report)
        (codes, singles) = ReportComparison.findings(old, new)
    }

    private static func metrics(_ old: JSONValue, _ new: JSONValue) -> [MetricLine] {
        func list(_ report: JSONValue) -> [(name: String, metric: JSONValue)] {
            (report["analyzers"]?.arrayValue ?? []).flatMap { analyzer in
                (analyzer["metrics"]?.arrayValue ?? []).compactMap { metric in
                    metric["name"]?.stringValue.map { ($0, metric) }
                }
            }
        }
        let (before, after) = (list(old), list(new))
        let known = Dictionary(before, uniquingKeysWith: { first, _ in first })
        let names = Set(after.map(\.name))
        let pairs =
            after.map { ($0.name, known[$0.name], Optional($0.metric)) }
            + before.filter { !names.contains($0.name) }.map { ($0.name, $0.metric, nil) }
        return pairs.map { name, old, new in
            let values = (old?["value"]?.doubleValue, new?["value"]?.doubleValue)
            return MetricLine(
                name: name, old: values.0, new: values.1,
                verdict: verdict(values.0, values.1, (new ?? old)?["direction"]?.stringValue),
                isWithinChance: isWithinChance(
                    isWithin(values.0, new), isWithin(values.1, old)),
                oldInterval: interval(old), newInterval: interval(new))
        }
    }

    private static func interval(_ metric: JSONValue?) -> ClosedRange<Double>? {
        guard let low = metric?["low"]?.doubleValue, let high = metric?["high"]?.doubleValue
        else { return nil }
        return low...max(low, high)
    }

    /// Whether a value lies in the interval of a metric; `nil` where there is no value or no interval.
    private static func isWithin(_ value: Double?, _ metric: JSONValue?) -> Bool? {
        value.flatMap { value in interval(metric)?.contains(value) }
    }

    /// A report of few records has no intervals: then the other one's tells.
    private static func isWithinChance(_ one: Bool?, _ other: Bool?) -> Bool {
        (one != nil || other != nil) && one ?? true && other ?? true
    }

    /// Metrics that went where they should not, further than chance alone would take them.
    public var worse: [MetricLine] { metrics.filter { $0.verdict == .worse && !$0.isWithinChance } }

    /// Findings of the new report that the old one does not have.
    public var appeared: Int { singles.count { $0.isNew } }

    private static func verdict(
        _ old: Double?, _ new: Double?, _ direction: String?
    ) -> Verdict {
        guard let old, let new else { return .changed }
        if old == new { return .same }
        switch direction {
        case "higher": return new > old ? .better : .worse
        case "lower": return new < old ? .better : .worse
        default: return .changed
        }
    }

    private struct Key: Hashable {
        let code: String
        /// The record's content, or the message of a finding without one.
        let about: String
        let column: String
    }

    private static func findings(_ old: Side, _ new: Side) -> ([CodeLine], [Single]) {
        func about(_ finding: JSONValue, _ side: Side) -> String? {
            guard finding["role"]?.stringValue == "data", let row = finding["row_index"]?.intValue,
                side.contents.indices.contains(row)
            else { return nil }
            return side.contents[row]
        }
        func key(_ finding: JSONValue, _ side: Side) -> Key {
            let place = finding["source"]?["line"]?.intValue.map { " line \($0)" } ?? ""
            return Key(
                code: finding["code"]?.stringValue ?? "",
                about: about(finding, side)
                    ?? (finding["message"]?.stringValue ?? "") + place,
                column: finding["span"]?["column"]?.stringValue ?? "")
        }
        // Of equal records as many as are no longer there take their findings with them.
        func surplus(_ one: [String], over other: [String]) -> [String: Int] {
            var counts: [String: Int] = [:]
            for content in one { counts[content, default: 0] += 1 }
            for content in other { counts[content, default: 0] -= 1 }
            return counts
        }
        let (fewer, more) = (
            surplus(old.contents, over: new.contents), surplus(new.contents, over: old.contents)
        )
        /// Findings of a code about equal records that went, or came, with a record.
        var moved: [Key: Int] = [:]
        func isMoved(_ key: Key, _ content: String?, _ counts: [String: Int]) -> Bool {
            guard let content, moved[key, default: 0] < counts[content] ?? 0 else { return false }
            moved[key, default: 0] += 1
            return true
        }
        var lines: [String: CodeLine] = [:]
        func count(_ finding: JSONValue, _ body: (inout CodeLine) -> Void) {
            let code = finding["code"]?.stringValue ?? ""
            body(
                &lines[
                    code,
                    default: CodeLine(code: code, name: finding["name"]?.stringValue ?? "")])
        }
        var unmatched: [Key: Int] = [:]
        for finding in new.findings {
            unmatched[key(finding, new), default: 0] += 1
            count(finding) { $0.new += 1 }
        }
        var singles: [Single] = []
        var matched: [Key: Int] = [:]
        for finding in old.findings {
            count(finding) { $0.old += 1 }
            let key = key(finding, old)
            if let left = unmatched[key], left > 0 {
                unmatched[key] = left - 1
                matched[key, default: 0] += 1
                continue
            }
            singles.append(Single(isNew: false, finding: finding))
            let isGone = isMoved(key, about(finding, old), fewer)
            count(finding) { line in
                if isGone { line.left += 1 } else { line.resolved += 1 }
            }
        }
        moved = [:]
        for finding in new.findings {
            let key = key(finding, new)
            if let left = matched[key], left > 0 {
                matched[key] = left - 1
                continue
            }
            singles.append(Single(isNew: true, finding: finding))
            let isNew = isMoved(key, about(finding, new), more)
            count(finding) { line in
                if isNew { line.arrived += 1 } else { line.appeared += 1 }
            }
        }
        return (lines.keys.sorted().compactMap { lines[$0] }, singles)
    }
}
