import JSONText
import Orchestrator
import Planning
import PluginHost
import Records
import Review

/// Decisions of a review: one JSON object a line.
struct ReviewFile {
    private let path: String
    /// In the order of the file, with the line each stands in.
    private let entries: [(decision: Decision, line: Int)]

    /// Reads and checks a file.
    ///
    /// - Throws: `UsageError` naming the line, what was found and what is expected.
    init(path: String) throws {
        guard let bytes = FileBytes.read(path) else {
            throw UsageError("\(path): cannot be read", help: "check the path of --review")
        }
        var entries: [(Decision, Int)] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated() where line.contains(where: { $0 > 0x20 })
        {
            do {
                entries.append((try Decision(JSONValue(parsing: Array(line))), index + 1))
            } catch {
                throw UsageError(
                    "\(path) line \(index + 1): \(error)",
                    help: (error as? ReviewError)?.help
                        ?? "a review file has one JSON object a line")
            }
        }
        self.init(path: path, entries: entries)
    }

    private init(path: String, entries: [(decision: Decision, line: Int)]) {
        self.path = path
        self.entries = entries
        latest = entries.reduce(into: [:]) {
            $0[Place(row: $1.decision.row, code: $1.decision.code)] = $1.decision
        }
    }

    /// The decisions, as the setting `review` of every analyzer that has it.
    var setting: StatedSetting {
        let (path, lines) = (path, entries.map(\.line))
        return StatedSetting(
            owner: nil, key: "review", value: .array(entries.map(\.decision.setting))
        ) { steps in
            let number = steps.dropFirst().first.flatMap { Int($0) }
            return number.flatMap { lines.indices.contains($0) ? "\(path) line \(lines[$0])" : nil }
                ?? path
        }
    }

    private struct Place: Hashable {
        let row: Int
        let code: String
    }

    /// The last decision about each finding.
    private let latest: [Place: Decision]

    /// How many findings were decided, and how.
    var counts: JSONObject {
        let latest = latest
        var counts: JSONObject = ["decisions": JSONValue(latest.count)]
        for kind in Decision.Kind.allCases {
            counts[kind.rawValue] = JSONValue(latest.values.count { $0.kind == kind })
        }
        return counts
    }

    /// Refuses decisions that were made on other records than those of the data.
    ///
    /// - Throws: `UsageError` naming the line of the first one.
    func check(_ contents: [UInt32], _ input: Input) throws {
        for (decision, line) in entries where isLatest(decision) {
            guard decision.row < contents.count else {
                throw UsageError(
                    "\(path) line \(line): decides about row \(decision.row + 1), the data has "
                        + "\(contents.count) records",
                    help: "give the data that was reviewed, or review the report of this one")
            }
            guard let known = decision.content, known != Plan.digits(contents[decision.row]) else {
                continue
            }
            let place = input.place(.data, decision.row).map { "\($0.file) line \($0.line)" }
            throw UsageError(
                "\(path) line \(line): was decided about another record than the one that is now row "
                    + "\(decision.row + 1)\(place.map { " (\($0))" } ?? ""): \"content\" is \(known), expected "
                    + Plan.digits(contents[decision.row]),
                help: "give the data that was reviewed, or review the report of this one")
        }
    }

    private func isLatest(_ decision: Decision) -> Bool {
        latest[Place(row: decision.row, code: decision.code)] == decision
    }

    /// The same about data of which row `origins[i]` is now row i; what is done is left out.
    func moved(to origins: [Int], without isDone: (Int) -> Bool) -> ReviewFile {
        var byRow: [Int: [(Decision, Int)]] = [:]
        for entry in entries { byRow[entry.decision.row, default: []].append(entry) }
        var moved: [(Decision, Int)] = []
        for (row, origin) in origins.enumerated() {
            // What was found wrong stays wrong; the rest a change has answered.
            for (decision, line) in byRow[origin] ?? []
            where decision.kind == .reject || !isDone(origin) {
                moved.append((decision.about(row), line))
            }
        }
        return ReviewFile(path: path, entries: moved)
    }

    /// What follows from the decisions whatever an analyzer makes of them: nothing that was rejected is
    /// proposed, a record whose fault of weight a person has confirmed and nothing repairs is to be left out, a label that a person gave is the one, and a text that a person wrote stands in place of every
    /// other repair of it; a record that was written anew is no copy any more.
    func applied(to results: [AnalyzerResult]) -> [AnalyzerResult] {
        guard !latest.isEmpty, !results.isEmpty else { return results }
        // Of two texts for one column the later.
        var edits: [Place: Decision] = [:]
        for (decision, _) in entries where decision.kind == .edit && isLatest(decision) {
            edits[Place(row: decision.row, code: decision.column)] = decision
        }
        let dropped = latest.values.filter { $0.kind == .drop }.sorted {
            ($0.row, $0.code) < ($1.row, $1.code)
        }
        let written = Set(edits.keys.map(\.row))
        var results = results
        for index in results.indices {
            confirm(&results[index])
            results[index].output.proposals = results[index].output.proposals.compactMap {
                follow($0, edits: edits, written: written)
            }
        }
        for (place, decision) in edits.sorted(by: {
            ($0.key.row, $0.key.code) < ($1.key.row, $1.key.code)
        }) {
            add(.repair, place.row, decision, to: &results)
        }
        for decision in dropped { add(.drop, decision.row, decision, to: &results) }
        return results
    }

    /// How sure a fault is that a person has seen: not what is worthless for certain, which goes unasked.
    private static let confirmed = 0.99

    /// Proposes to leave out what was for review and was accepted, where nothing else is proposed for it.
    private func confirm(_ result: inout AnalyzerResult) {
        let accepted = latest.filter { $0.value.kind == .accept }
        guard !accepted.isEmpty else { return }
        let ofWeight = result.allFindings.reduce(into: Set<Place>()) { places, finding in
            guard finding.role == .data, finding.severity.rawValue >= Severity.medium.rawValue,
                let row = finding.row
            else {
                return
            }
            places.insert(Place(row: row, code: finding.code))
        }
        let mended = result.output.proposals.reduce(into: Set<Place>()) { places, proposal in
            guard [.repair, .relabel, .drop].contains(proposal.action), let row = proposal.row
            else { return }
            places.insert(Place(row: row, code: proposal.code))
        }
        result.output.proposals = result.output.proposals.map { proposal in
            guard proposal.action == .review, proposal.role == .data, let row = proposal.row else {
                return proposal
            }
            let place = Place(row: row, code: proposal.code)
            guard accepted[place] != nil, ofWeight.contains(place), !mended.contains(place) else {
                return proposal
            }
            return Proposal(
                action: .drop, role: .data, row: row, group: 0, code: proposal.code,
                confidence: ReviewFile.confirmed, number: proposal.number, column: proposal.column,
                text: proposal.text)
        }
    }

    /// Proposes what was decided in the name of whom the code belongs to.
    private func add(
        _ action: Action, _ row: Int, _ decision: Decision, to results: inout [AnalyzerResult]
    ) {
        let owner =
            results.firstIndex { $0.identity.codeNames[decision.code] != nil } ?? results.startIndex
        results[owner].output.proposals.append(
            Proposal(
                action: action, role: .data, row: row, group: 0, code: decision.code, confidence: 1,
                number: 0, column: decision.column, text: decision.text))
    }

    /// A proposal as the decisions leave it; `nil` for none.
    private func follow(_ proposal: Proposal, edits: [Place: Decision], written: Set<Int>)
        -> Proposal?
    {
        guard proposal.role == .data, let row = proposal.row, proposal.changesItsRow else {
            return proposal
        }
        let decision = latest[Place(row: row, code: proposal.code)]
        if let kind = decision?.kind, [.reject, .edit, .drop].contains(kind) { return nil }
        if proposal.action == .repair, edits[Place(row: row, code: proposal.column)] != nil {
            return nil
        }
        // A record that was written anew is another one: the next round judges it.
        if proposal.action == .drop, written.contains(row) { return nil }
        guard let decision, decision.kind == .relabel, proposal.action == .relabel else {
            return proposal
        }
        return Proposal(
            action: .relabel, role: .data, row: row, group: proposal.group, code: proposal.code,
            confidence: 1, number: proposal.number, column: proposal.column, text: decision.text)
    }
}
