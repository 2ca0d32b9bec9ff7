import AssayKit
import Foreign
import ForeignCalls
import JSONText
import Synchronization

/// Scores records with functions of a plain C library, as the manifest of the bundle says.
struct ForeignAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.foreign"
    static let version: StaticString = "1.0.0"
    static let stateFormat: UInt32 = 1

    let description: ForeignDescription
    let names: ForeignNames
    let callers: CallerPool

    init(configuration: JSONValue, host: HostServices) throws {
        let manifest = try JSONValue(parsing: host.resource("plugin.json"))
        do {
            description = try ForeignDescription(manifest: manifest)
        } catch let fault as ForeignDescription.Fault {
            throw AnalyzerError("\(fault.place) \(fault.message)")
        }
        names = ForeignNames(id: manifest["id"]?.stringValue ?? "", rules: description.rules)
        var settings: [String: FixedValues.Setting] = [:]
        for member in configuration.objectValue?.members ?? [] {
            if let number = member.value.doubleValue {
                settings[member.key] = .number(number)
            } else if let text = member.value.stringValue {
                settings[member.key] = .text(text)
            }
        }
        do {
            let library = try ForeignLibrary(
                description, platform: ForeignDescription.platform,
                fixed: FixedValues(folder: host.bundleFolder() ?? ".", parameters: settings))
            try VectorTrial.run(library)
            callers = CallerPool(library)
        } catch let fault as CallFault {
            throw AnalyzerError(fault.description)
        }
    }

    func begin(_ pass: Pass) throws -> ForeignPartial { ForeignPartial(self) }

    func finish(_ partial: ForeignPartial, to sink: Sink) throws {
        for (place, rule) in description.rules.enumerated() {
            let flagged = partial.flagged[place]
            let scored = partial.tally.scored
            try sink.state(
                Metric(
                    "\(names.name).\(rule.name.split(separator: "-").joined(separator: "_"))",
                    scored == 0 ? 0 : Double(flagged) / Double(scored), unit: "share", n: scored,
                    direction: .lowerIsBetter, help: "share of records where \(rule.when.text)"))
        }
        try partial.tally.report(as: names.name, to: sink)
    }

    func load(_ reader: inout StateReader, pass: Pass) throws -> ForeignPartial {
        var partial = ForeignPartial(self)
        partial.flagged = try reader.list(size: 8) { try $0.integer() }
        partial.tally = try ScoreTally(from: &reader)
        guard partial.flagged.count == description.rules.count,
            partial.flagged.allSatisfy({ (0...partial.tally.scored).contains($0) })
        else { throw AnalyzerError("the saved counts do not fit themselves") }
        return partial
    }
}

/// Callers that no thread is using: each has a state of its own, which may be large.
final class CallerPool: Sendable {
    private struct Idle: @unchecked Sendable {
        var callers: [RecordCaller] = []
    }

    private let library: ForeignLibrary
    private let idle = Mutex(Idle())

    init(_ library: ForeignLibrary) { self.library = library }

    /// Calls `body` with a caller that no other thread uses meanwhile.
    func withCaller(_ body: (RecordCaller) throws -> Void) throws {
        let found = idle.withLock { Taken(caller: $0.callers.popLast()) }
        let caller = try found.caller ?? RecordCaller(library)
        let taken = Taken(caller: caller)
        defer { idle.withLock { if let caller = taken.caller { $0.callers.append(caller) } } }
        try body(caller)
    }

    private struct Taken: @unchecked Sendable {
        let caller: RecordCaller?
    }
}

/// What has been seen of some rows.
struct ForeignPartial: AnalyzerPartial {
    private let analyzer: ForeignAnalyzer
    var tally = ScoreTally()
    /// Records by rule.
    var flagged: [Int]

    init(_ analyzer: ForeignAnalyzer) {
        self.analyzer = analyzer
        flagged = [Int](repeating: 0, count: analyzer.description.rules.count)
    }

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard batch.role == .data else { return }
        guard let column = batch.text(analyzer.description.column) else {
            throw AnalyzerError("the host did not pass \(analyzer.description.column)")
        }
        do {
            try analyzer.callers.withCaller { caller in
                try column.withBuffers { bytes, offsets, validity in
                    try caller.score(
                        RecordCaller.Texts(
                            bytes: bytes, offsets: offsets, validity: validity,
                            count: batch.rowCount)
                    ) { first, scores, block in
                        try report(block, scores, firstRow: batch.firstRow + first, to: sink)
                    }
                }
            }
        } catch let fault as CallFault {
            throw AnalyzerError(fault.description)
        }
    }

    private mutating func report(
        _ block: RecordCaller.BlockView, _ scores: UnsafeMutableBufferPointer<Double>,
        firstRow: Int, to sink: Sink
    ) throws {
        for (place, rule) in analyzer.description.rules.enumerated() {
            try block.forEach(of: rule) { row, confidence in
                flagged[place] += 1
                var finding = Finding(
                    code: analyzer.names.code(of: rule), row: firstRow + row, message: rule.message)
                finding.severity = Severity(rawValue: Int32(rule.severity)) ?? .low
                finding.column = analyzer.description.column
                finding.score = scores[row]
                try sink.report(finding)
                guard let action = rule.action else { return }
                var proposal = Proposal(
                    action == "drop" ? .drop : .review, row: firstRow + row, code: finding.code)
                proposal.confidence = confidence
                try sink.propose(proposal)
            }
        }
        var span = scores.mutableSpan
        tally.add(&span, firstRow: firstRow)
        try sink.score(
            analyzer.names.name, role: .data, firstRow: firstRow, UnsafeBufferPointer(scores))
    }

    mutating func merge(_ other: ForeignPartial) throws {
        tally.merge(other.tally)
        for place in flagged.indices { flagged[place] += other.flagged[place] }
    }

    func save(to writer: inout StateWriter) {
        writer.write(flagged) { $0.write($1) }
        tally.save(to: &writer)
    }
}
