import JSONText
import Orchestrator
import Records

/// Turns the wire bytes of an analyzer into checked values.
///
/// Nothing in them is trusted: row ranges, text, numbers and codes are checked, and what does not
/// hold is left out and counted as a fault.
struct OutputDecoder {
    /// Findings of one code that are kept; more are counted.
    static let mostFindingsPerCode = 100_000
    /// Further copies of a record that may be asked for.
    private static let mostCopies = 1e6

    /// Kinds of faults that are told apart.
    private static let mostFaults = 20

    private let identity: AnalyzerIdentity
    private let rowCounts: [Role: Int]
    private var output = AnalyzerOutput()
    private var faultCounts: [String: Int] = [:]
    private var scores: [String: RowScores] = [:]
    /// The first row that does not exist, by what names it.
    private var firstRows: [String: Int64] = [:]
    private var metricNames: Set<String> = []

    init(identity: AnalyzerIdentity, rowCounts: [Role: Int]) {
        self.identity = identity
        self.rowCounts = rowCounts
    }

    /// The output, in reporting order, and the lines the analyzer logged.
    mutating func decode(_ bytes: [UInt8]) -> (output: AnalyzerOutput, log: [String]) {
        var wire = WireReader(bytes)
        var log: [String] = []
        do {
            while !wire.isAtEnd {
                let kind: UInt8 = try wire.integer()
                switch ShardOutput.Kind(rawValue: kind) {
                case .finding: try finding(&wire)
                case .proposal: try proposal(&wire)
                case .scores: try scores(&wire)
                case .metric: try metric(&wire)
                case .section: try section(&wire)
                case .log: log.append(String(decoding: try wire.data(), as: UTF8.self))
                case nil: throw WireReader.Truncated()
                }
            }
        } catch {
            fault("its output ends in the middle of a record")
        }
        finishUp()
        return (output, log)
    }

    private mutating func finishUp() {
        output.findings.sort(by: Finding.precedes)
        var counts: [String: Int] = [:]
        var kept: [Finding] = []
        for finding in output.findings {
            counts[finding.code, default: 0] += 1
            if counts[finding.code, default: 0] <= OutputDecoder.mostFindingsPerCode {
                kept.append(finding)
            }
        }
        output.findings = kept
        for (code, count) in counts where count > OutputDecoder.mostFindingsPerCode {
            output.truncated[code] = count - OutputDecoder.mostFindingsPerCode
        }
        output.proposals.sort {
            ($0.role.rawValue, $0.row ?? -1, $0.code, $0.action.rawValue, $0.text)
                < ($1.role.rawValue, $1.row ?? -1, $1.code, $1.action.rawValue, $1.text)
        }
        output.scores = scores.values.sorted { ($0.role, $0.name) < ($1.role, $1.name) }
        output.faults = faultCounts.sorted { $0.key < $1.key }.map {
            $0.value == 1 ? $0.key : "\($0.key) (\($0.value) times)"
        }
    }

    private mutating func fault(_ reason: String) {
        let isNew = faultCounts[reason] == nil
        let isKept = !isNew || faultCounts.count < OutputDecoder.mostFaults
        faultCounts[isKept ? reason : "more faults of other kinds", default: 0] += 1
    }

    private mutating func text(_ wire: inout WireReader, _ what: String) throws -> String {
        let bytes = try wire.data()
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        fault("\(what) is not valid UTF-8")
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func place(
        _ roleNumber: Int32, _ row: Int64, _ what: String
    ) -> (role: Role, row: Int?)? {
        guard let role = Role(rawValue: roleNumber) else {
            fault("\(what) has role \(roleNumber), expected 0 to 4")
            return nil
        }
        if row == -1 { return (role, nil) }
        let count = rowCounts[role, default: 0]
        guard row >= 0, row < Int64(count) else {
            // One line for all such rows, with the first of them.
            let kind = "\(what) of \(role.name)"
            let shown = firstRows[kind] ?? row
            firstRows[kind] = shown
            fault("\(what) names row \(shown) of \(role.name), which has \(count) rows")
            return nil
        }
        return (role, Int(row))
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 100
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
                    || $0 == 0x2D
            }
    }

    private mutating func share(_ value: Double, _ what: String) -> Double? {
        guard value.isFinite else {
            fault("\(what) is not a number")
            return nil
        }
        guard (0...1).contains(value) else {
            fault("\(what) is \(JSONWriter.text(of: value)), expected 0 to 1")
            return min(max(value, 0), 1)
        }
        return value
    }

    private mutating func isDeclared(_ code: String) -> Bool {
        if identity.codeNames[code] != nil { return true }
        fault("code \"\(code.prefix(40))\" is not in its manifest")
        return false
    }

    private mutating func finding(_ wire: inout WireReader) throws {
        let severityNumber: Int32 = try wire.integer()
        let roleNumber: Int32 = try wire.integer()
        let row: Int64 = try wire.integer()
        let group: UInt64 = try wire.integer()
        let spanBegin: UInt64 = try wire.integer()
        let spanEnd: UInt64 = try wire.integer()
        let score = try wire.number()
        let code = try text(&wire, "a finding's code")
        let column = try text(&wire, "a finding's column")
        let message = try text(&wire, "a finding's message")
        let evidence = try text(&wire, "a finding's evidence")
        guard let place = place(roleNumber, row, "a finding"), isDeclared(code),
            let score = share(score, "a finding's score")
        else { return }
        guard let severity = Severity(rawValue: severityNumber) else {
            return fault("a finding has severity \(severityNumber), expected 0 to 3")
        }
        var value = JSONValue.null
        if !evidence.isEmpty {
            if let parsed = try? JSONValue(parsing: evidence), parsed.objectValue != nil {
                value = parsed
            } else {
                fault("a finding's evidence is not a JSON object")
            }
        }
        var span = 0..<0
        if spanBegin < spanEnd, spanEnd <= UInt64(Int32.max) {
            span = Int(spanBegin)..<Int(spanEnd)
        } else if spanBegin > spanEnd {
            fault("a finding's span ends before it begins")
        }
        output.findings.append(
            Finding(
                code: code, severity: severity, role: place.role, row: place.row, group: group,
                column: column, span: span, score: score, message: message, evidence: value))
    }

    private mutating func proposal(_ wire: inout WireReader) throws {
        let actionNumber: Int32 = try wire.integer()
        let roleNumber: Int32 = try wire.integer()
        let row: Int64 = try wire.integer()
        let group: UInt64 = try wire.integer()
        let confidence = try wire.number()
        let number = try wire.number()
        let code = try text(&wire, "a proposal's code")
        let column = try text(&wire, "a proposal's column")
        let text = try text(&wire, "a proposal's text")
        guard let place = place(roleNumber, row, "a proposal"), isDeclared(code),
            let confidence = share(confidence, "a proposal's confidence")
        else { return }
        guard let action = Action(rawValue: actionNumber) else {
            return fault("a proposal has action \(actionNumber), expected 0 to 7")
        }
        guard number.isFinite else { return fault("a proposal's number is not a number") }
        guard action != .duplicate || (0...OutputDecoder.mostCopies).contains(number) else {
            return fault(
                "a proposal asks for \(JSONWriter.text(of: number)) copies, expected 0 to "
                    + JSONWriter.text(of: OutputDecoder.mostCopies))
        }
        guard action != .weight || number > 0 else {
            return fault(
                "a proposal's weight is \(JSONWriter.text(of: number)), expected above 0")
        }
        // The group of a copy names the row that stays.
        let stays = Int64(clamping: group) - 1
        guard
            action != .drop || group == 0 || place.row == nil
                || self.place(roleNumber, stays, "the group of a dropped copy") != nil
        else { return }
        output.proposals.append(
            Proposal(
                action: action, role: place.role, row: place.row, group: group, code: code,
                confidence: confidence, number: number, column: column, text: text))
    }

    private mutating func scores(_ wire: inout WireReader) throws {
        let name = try text(&wire, "a score's name")
        let roleNumber: Int32 = try wire.integer()
        let firstRow: UInt64 = try wire.integer()
        let bytes = try wire.data()
        let count = bytes.count / 8
        guard count > 0 else { return }
        guard OutputDecoder.isName(name) else {
            return fault(
                "a score is called \"\(PluginError.shown(name, most: 40))\", expected small letters, "
                    + "digits and underscores")
        }
        guard firstRow < UInt64(Int32.max) * 64,
            let place = place(roleNumber, Int64(firstRow), "a run of scores"),
            self.place(roleNumber, Int64(firstRow) + Int64(count) - 1, "a run of scores") != nil,
            let first = place.row
        else { return }
        // Taken out, so that it is not copied while it grows.
        let key = "\(roleNumber)/\(name)"
        var table = scores.removeValue(forKey: key) ?? RowScores(name: name, role: place.role)
        for index in 0..<count {
            var bits: UInt64 = 0
            for offset in 0..<8 {
                bits |= UInt64(bytes[bytes.startIndex + index * 8 + offset]) << UInt64(8 * offset)
            }
            let given = Double(bitPattern: bits)
            // The words are only made for what is wrong.
            let checked =
                (0...1).contains(given) ? given : share(given, "a row's score \"\(name)\"")
            guard let value = checked else { continue }
            table.values[first + index] = value
        }
        scores[key] = table
    }

    private mutating func metric(_ wire: inout WireReader) throws {
        let value = try wire.number()
        let n: UInt64 = try wire.integer()
        let low = try wire.number()
        let high = try wire.number()
        let directionNumber: Int32 = try wire.integer()
        let flags: Int32 = try wire.integer()
        let name = try text(&wire, "a metric's name")
        let unit = try text(&wire, "a metric's unit")
        let help = try text(&wire, "a metric's help")
        guard
            name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({
                OutputDecoder.isName(String($0))
            })
        else {
            return fault(
                "a metric is called \"\(PluginError.shown(name, most: 40))\", expected small letters, "
                    + "digits and underscores, with dots between")
        }
        guard value.isFinite else { return fault("metric \"\(name)\" is not a number") }
        guard metricNames.insert(name).inserted else {
            return fault("metric \"\(name)\" is stated twice")
        }
        guard let direction = Direction(rawValue: directionNumber) else {
            return fault("metric \"\(name)\" has direction \(directionNumber), expected -1 to 1")
        }
        let hasInterval = flags & 1 != 0 && low.isFinite && high.isFinite && low <= high
        if flags & 1 != 0, !hasInterval {
            fault("the interval of metric \"\(name)\" is none")
        }
        output.metrics.append(
            Metric(
                name: name, unit: unit, value: value, n: Int(clamping: n),
                interval: hasInterval ? low...high : nil, direction: direction, help: help))
    }

    private mutating func section(_ wire: inout WireReader) throws {
        let kind = try text(&wire, "a section's kind")
        let title = try text(&wire, "a section's title")
        let body = try text(&wire, "a section's body")
        guard let value = try? JSONValue(parsing: body) else {
            return fault("section \"\(title)\" is not valid JSON")
        }
        output.sections.append(Section(kind: kind, title: title, body: value))
    }
}
