public import JSONText

extension ReportComparison {
    /// Findings that the text shows of each side when it is not asked for all.
    private static let shown = 10

    /// For the terminal: metrics that changed, codes, and some of the findings that only one has.
    public func text(isWhole: Bool) -> String {
        var lines = [head("old", old), head("new", new), ""]
        let changed = metrics.filter { isWhole || $0.verdict != .same }
        if changed.isEmpty {
            lines.append("no metric changed")
        } else {
            let width = max(6, changed.map(\.name.count).max() ?? 0)
            lines.append(
                ReportComparison.row("metric", "old", "new", "change", width: width) + "  ")
            for line in changed {
                lines.append(
                    ReportComparison.row(
                        line.name, number(line.old), number(line.new),
                        line.change.map { ($0 > 0 ? "+" : "") + ReportComparison.short($0) } ?? "",
                        width: width) + "  " + word(line))
            }
        }
        let same = metrics.count - changed.count
        if same > 0, !changed.isEmpty { lines.append("and \(same) that did not change") }
        lines.append("")
        let told = codes.filter {
            isWhole || $0.old != $0.new || $0.resolved + $0.left + $0.appeared + $0.arrived > 0
        }
        if told.isEmpty {
            lines.append("no finding changed")
        } else {
            lines.append(
                "code     name                        old     new  resolved  gone with record  appeared  on new records"
            )
            for code in told { lines.append(ReportComparison.row(code)) }
        }
        for isNew in [false, true] {
            let own = singles.filter { $0.isNew == isNew }
            guard !own.isEmpty else { continue }
            lines.append("")
            for single in isWhole ? own[...] : own.prefix(ReportComparison.shown) {
                lines.append((isNew ? "+ " : "- ") + ReportComparison.account(single.finding))
            }
            let rest = own.count - ReportComparison.shown
            if !isWhole, rest > 0 {
                lines.append(
                    "\(isNew ? "+" : "-") and \(rest) more; --all lists them, --format json has them"
                )
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func head(_ which: String, _ side: Side) -> String {
        let data = (side.report["datasets"]?.arrayValue ?? []).first {
            $0["role"]?.stringValue == "data"
        }
        let files = (data?["files"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        return "\(which): \(side.name)  \(files.joined(separator: ", ")), "
            + "\(data?["records"]?.intValue ?? 0) records"
    }

    static func short(_ value: Double) -> String {
        abs(value) < 1e9
            ? JSONWriter.text(of: (value * 10_000).rounded() / 10_000) : JSONWriter.text(of: value)
    }

    private func number(_ value: Double?) -> String {
        value.map(ReportComparison.short) ?? "-"
    }

    func word(_ line: MetricLine) -> String {
        guard line.old != nil else { return "new" }
        guard line.new != nil else { return "gone" }
        switch line.verdict {
        case .same: return ""
        case .changed: return line.isWithinChance ? "within chance" : ""
        case .better, .worse:
            return line.verdict.rawValue + (line.isWithinChance ? ", within chance" : "")
        }
    }

    private static func row(
        _ name: String, _ old: String, _ new: String, _ change: String, width: Int
    ) -> String {
        func right(_ text: String) -> String {
            String(repeating: " ", count: max(0, 10 - text.count)) + text
        }
        return name + String(repeating: " ", count: width - name.count) + right(old) + right(new)
            + right(change)
    }

    private static func row(_ code: CodeLine) -> String {
        func pad(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        var row = pad(code.code, 9) + pad(code.name, 24)
        for (count, width) in [
            (code.old, 7), (code.new, 8), (code.resolved, 10), (code.left, 18),
            (code.appeared, 10), (code.arrived, 16),
        ] {
            let text = String(count)
            row += String(repeating: " ", count: max(1, width - text.count)) + text
        }
        return row
    }

    static func account(_ finding: JSONValue) -> String {
        let place = finding["source"]?["file"]?.stringValue.map { file in
            "\(file) line \(finding["source"]?["line"]?.intValue ?? 0): "
        }
        return "\(finding["code"]?.stringValue ?? "") \(place ?? "")"
            + (finding["message"]?.stringValue ?? "")
    }

    /// Everything, `assay.diff/1`.
    public var json: JSONValue {
        func side(_ side: Side) -> JSONValue {
            let data = (side.report["datasets"]?.arrayValue ?? []).first {
                $0["role"]?.stringValue == "data"
            }
            return .object([
                "report": .string(side.name), "records": data?["records"] ?? .null,
                "sha256": data?["sha256"] ?? .null,
            ])
        }
        func value(_ number: Double?) -> JSONValue { number.map { .number($0) } ?? .null }
        func interval(_ range: ClosedRange<Double>?) -> JSONValue {
            range.map { .array([.number($0.lowerBound), .number($0.upperBound)]) } ?? .null
        }
        return .object([
            "schema": "assay.diff/1", "old": side(old), "new": side(new),
            "metrics": .array(
                metrics.map { line in
                    .object([
                        "name": .string(line.name), "old": value(line.old), "new": value(line.new),
                        "old_interval": interval(line.oldInterval),
                        "new_interval": interval(line.newInterval),
                        "change": value(line.change), "verdict": .string(line.verdict.rawValue),
                        "within_chance": .bool(line.isWithinChance),
                    ])
                }),
            "codes": .array(
                codes.map { code in
                    .object([
                        "code": .string(code.code), "name": .string(code.name),
                        "old": JSONValue(code.old), "new": JSONValue(code.new),
                        "resolved": JSONValue(code.resolved),
                        "gone_with_record": JSONValue(code.left),
                        "appeared": JSONValue(code.appeared),
                        "on_new_records": JSONValue(code.arrived),
                    ])
                }),
            "findings": .array(
                singles.map { single in
                    .object(["in": single.isNew ? "new" : "old", "finding": single.finding])
                }),
        ])
    }
}
