import JSONText
import Orchestrator
import Records

/// What an analyzer said in one life, in a form that can be compared.
struct CheckedOutput {
    /// One line for everything that was said, sorted; the order within a shard is the plugin's own affair.
    let lines: [String]
    /// What was wrong with it.
    let faults: [String]
    /// As it stands.
    let sections: [Section]

    /// Decodes the wire bytes of a life as the host would.
    init(_ wire: [UInt8], _ identity: AnalyzerIdentity, _ counts: [Role: Int]) {
        var decoder = OutputDecoder(identity: identity, rowCounts: counts)
        let (output, _) = decoder.decode(wire)
        faults = output.faults
        sections = output.sections
        var lines: [String] = []
        for finding in output.findings {
            lines.append(
                "finding \(finding.code) \(finding.severity.name) of "
                    + "\(CheckedOutput.place(finding.role, finding.row)), group \(finding.group), "
                    + "\(finding.column) \(finding.span), score \(finding.score): "
                    + "\(finding.message) \(finding.evidence.text)")
        }
        for proposal in output.proposals {
            lines.append(
                "proposal \(proposal.action.name) for \(proposal.code) of "
                    + "\(CheckedOutput.place(proposal.role, proposal.row)), group \(proposal.group), confidence "
                    + "\(proposal.confidence), number \(proposal.number), \(proposal.column): \(proposal.text)"
            )
        }
        for table in output.scores {
            for (row, value) in table.values {
                lines.append(
                    "score \(table.name) of \(CheckedOutput.place(table.role, row)): \(value)")
            }
        }
        lines.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for metric in output.metrics {
            lines.append(
                "metric \(metric.name): \(metric.value) \(metric.unit), n \(metric.n), "
                    + "\(metric.interval.map { "\($0)" } ?? "no interval")")
        }
        for section in output.sections {
            lines.append("section \(section.kind) \"\(section.title)\": \(section.body.text)")
        }
        self.lines = lines
    }

    private static func place(_ role: Role, _ row: Int?) -> String {
        row.map { "row \($0 + 1) of \(role.name)" } ?? role.name
    }

    /// The first thing that two outputs do not have in common; `nil` when there is none.
    static func difference(_ one: [String], _ other: [String]) -> String? {
        guard one != other else { return nil }
        let common = zip(one, other).prefix { $0 == $1 }.count
        func shown(_ lines: [String]) -> String {
            common < lines.count ? "\"\(PluginError.shown(lines[common]))\"" : "nothing more"
        }
        // Where only the end of a long line differs, the beginning says nothing.
        if common < one.count, common < other.count {
            let same = zip(one[common], other[common]).prefix { $0 == $1 }.count
            if same > 60 {
                let name = one[common].prefix(40)
                return
                    "\"\(name)…\": \"…\(PluginError.shown(String(one[common].dropFirst(same - 20))))\" and "
                    + "\"…\(PluginError.shown(String(other[common].dropFirst(same - 20))))\""
            }
        }
        return "\(shown(one)) and \(shown(other))"
    }
}

/// The shapes of sections' bodies, as `PluginSDK/ABI.md` lists them.
enum SectionShape {
    /// What is wrong with a section; `nil` for nothing, and for a kind that nobody knows.
    static func fault(_ section: Section) -> String? {
        let body = section.body
        let wrong: String? =
            switch section.kind {
            case "table": table(body)
            case "bars":
                list(body, "bars") { $0["label"]?.stringValue != nil && number($0["value"]) }
            case "histogram":
                list(body, "bins") {
                    number($0["low"]) && number($0["high"]) && number($0["value"])
                }
            case "matrix": matrix(body)
            case "scatter": list(body, "points") { number($0["x"]) && number($0["y"]) }
            case "treemap":
                list(body, "tiles") { $0["label"]?.stringValue != nil && number($0["value"]) }
            case "groups":
                list(body, "groups") {
                    $0["rows"]?.arrayValue?.allSatisfy { ($0.intValue ?? -1) >= 0 } == true
                }
            case "examples": list(body, "examples") { $0["text"]?.stringValue != nil }
            case "text":
                body["text"]?.stringValue == nil ? "\"text\" is missing, or no text" : nil
            default: nil
            }
        return wrong.map {
            "section \(section.kind) \"\(PluginError.shown(section.title))\": \($0)"
        }
    }

    private static func number(_ value: JSONValue?) -> Bool { value?.doubleValue != nil }

    private static func list(
        _ body: JSONValue, _ key: String, _ isGood: (JSONValue) -> Bool
    ) -> String? {
        guard let elements = body[key]?.arrayValue else {
            return "\"\(key)\" is missing, or no list"
        }
        guard let wrong = elements.firstIndex(where: { !isGood($0) }) else { return nil }
        return "\"\(key)\" has \(PluginError.shown(elements[wrong].text)) at \(wrong)"
    }

    private static func table(_ body: JSONValue) -> String? {
        guard let columns = body["columns"]?.arrayValue, let rows = body["rows"]?.arrayValue else {
            return "\"columns\" or \"rows\" is missing, or no list"
        }
        let wrong = rows.firstIndex { row in
            row.arrayValue?.count != columns.count
                || row.arrayValue?.contains {
                    $0.stringValue == nil && !number($0) && $0 != .null && $0.boolValue == nil
                        && $0["code"]?.stringValue == nil
                } == true
        }
        return wrong.map {
            "row \($0) is \(PluginError.shown(rows[$0].text)), expected \(columns.count) texts, numbers or codes"
        }
    }

    private static func matrix(_ body: JSONValue) -> String? {
        guard let rows = body["rows"]?.arrayValue, let columns = body["columns"]?.arrayValue,
            let values = body["values"]?.arrayValue
        else { return "\"rows\", \"columns\" or \"values\" is missing, or no list" }
        let isWhole =
            values.count == rows.count
            && values.allSatisfy { $0.arrayValue?.count == columns.count }
        return isWhole
            ? nil : "\"values\" is not \(rows.count) rows of \(columns.count) numbers"
    }
}
