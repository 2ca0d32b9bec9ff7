public import JSONText

/// What an analyzer will say, kept from one pass to the next.
public struct ReportDraft: Sendable {
    /// Findings, in order.
    public private(set) var findings: [Finding] = []
    /// Proposals, in order.
    public private(set) var proposals: [Proposal] = []
    /// Metrics, in order.
    public private(set) var metrics: [Metric] = []
    private var sections: [(kind: String, title: String, body: JSONValue)] = []

    /// Nothing to say.
    public init() {}

    /// Reports a finding.
    public mutating func report(_ finding: Finding) { findings.append(finding) }

    /// Suggests an action.
    public mutating func propose(_ proposal: Proposal) { proposals.append(proposal) }

    /// States a number about the dataset.
    public mutating func state(_ metric: Metric) { metrics.append(metric) }

    /// Adds a piece of report.
    public mutating func show(_ kind: String, _ title: String, _ body: JSONValue) {
        sections.append((kind, title, body))
    }

    /// Says everything.
    public func send(to sink: Sink) throws {
        for metric in metrics { try sink.state(metric) }
        for section in sections { try sink.show(section.kind, section.title, section.body) }
        for finding in findings { try sink.report(finding) }
        for proposal in proposals { try sink.propose(proposal) }
    }

    /// Writes everything.
    public func save(to writer: inout StateWriter) {
        writer.write(findings) { writer, finding in
            for text in [
                finding.code, finding.message, finding.column, finding.evidence.text,
            ] { writer.write(text) }
            writer.write(Int(finding.severity.rawValue))
            writer.write(Int(finding.role.rawValue))
            writer.write(finding.row ?? -1)
            writer.write(finding.group)
            writer.write(finding.span.lowerBound)
            writer.write(finding.span.upperBound)
            writer.write(finding.score.bitPattern)
        }
        writer.write(proposals) { writer, proposal in
            for text in [proposal.code, proposal.column, proposal.text] { writer.write(text) }
            writer.write(Int(proposal.action.rawValue))
            writer.write(Int(proposal.role.rawValue))
            writer.write(proposal.row ?? -1)
            writer.write(proposal.group)
            writer.write(proposal.confidence.bitPattern)
            writer.write(proposal.number.bitPattern)
        }
        writer.write(metrics) { writer, metric in
            for text in [metric.name, metric.unit, metric.help] { writer.write(text) }
            writer.write(metric.value.bitPattern)
            writer.write(metric.n)
            writer.write(Int(metric.direction.rawValue))
            writer.write(metric.interval == nil ? 0 : 1)
            writer.write((metric.interval?.lowerBound ?? 0).bitPattern)
            writer.write((metric.interval?.upperBound ?? 0).bitPattern)
        }
        writer.write(sections) { writer, section in
            writer.write(section.kind)
            writer.write(section.title)
            writer.write(section.body.text)
        }
    }

    /// Reads what `save` wrote.
    public init(from reader: inout StateReader) throws {
        func number(_ reader: inout StateReader) throws -> Double {
            Double(bitPattern: try reader.unsigned())
        }
        func known<Value>(_ value: Value?) throws -> Value {
            guard let value else { throw AnalyzerError("the saved report does not fit itself") }
            return value
        }
        findings = try reader.list { reader in
            var finding = Finding(code: try reader.text(), row: nil, message: try reader.text())
            finding.column = try reader.text()
            finding.evidence = try JSONValue(parsing: try reader.text())
            finding.severity = try known(
                Severity(rawValue: Int32(truncatingIfNeeded: try reader.integer())))
            finding.role = try known(
                Role(rawValue: Int32(truncatingIfNeeded: try reader.integer())))
            let row = try reader.integer()
            finding.row = row < 0 ? nil : row
            finding.group = try reader.unsigned()
            let (low, high) = (try reader.integer(), try reader.integer())
            finding.span = try known(low >= 0 && low <= high ? low..<high : nil)
            finding.score = try number(&reader)
            return finding
        }
        proposals = try reader.list { reader in
            let (code, column) = (try reader.text(), try reader.text())
            let text = try reader.text()
            let action = try known(
                Action(rawValue: Int32(truncatingIfNeeded: try reader.integer())))
            let role = try known(Role(rawValue: Int32(truncatingIfNeeded: try reader.integer())))
            let row = try reader.integer()
            var proposal = Proposal(action, row: row < 0 ? nil : row, code: code)
            proposal.role = role
            proposal.column = column
            proposal.text = text
            proposal.group = try reader.unsigned()
            proposal.confidence = try number(&reader)
            proposal.number = try number(&reader)
            return proposal
        }
        metrics = try reader.list { reader in
            let (name, unit) = (try reader.text(), try reader.text())
            let help = try reader.text()
            let value = try number(&reader)
            let n = try reader.integer()
            guard n >= 0 else { throw AnalyzerError("the saved report does not fit itself") }
            let direction = try known(
                Direction(rawValue: Int32(truncatingIfNeeded: try reader.integer())))
            let hasInterval = try reader.integer() == 1
            let (low, high) = (try number(&reader), try number(&reader))
            return Metric(
                name, value, unit: unit, n: n, direction: direction,
                interval: try hasInterval ? known(low <= high ? low...high : nil) : nil, help: help)
        }
        sections = try reader.list { reader in
            (try reader.text(), try reader.text(), try JSONValue(parsing: try reader.text()))
        }
    }
}
