import JSONText
import Orchestrator
import Planning
import Records
import Reports

/// The records to review, one a line, with all that a person needs to decide.
struct ReviewQueueLines {
    let report: Report
    let input: Input
    let texts: StoredTexts

    /// Records of the queue at most.
    private static let mostQueued = 1000
    /// A chance that is not worth a look.
    private static let leastChance = 0.05
    /// Bytes of each text of a record, and of a record that belongs to it.
    private static let textBytes = 64 << 10
    private static let relatedBytes = 2 << 10
    /// Other records shown beside one.
    private static let mostRelated = 4

    /// The lines, those most likely in error first: the chance that any of a record's noise scores is right,
    /// taken as independent.
    ///
    /// After them those that other strategies ask to be looked at.
    var bytes: [UInt8] {
        var sound: [Int: Double] = [:]
        for result in report.results where result.identity.strategy == "noise" {
            for table in result.output.scores where table.role == .data {
                for (row, value) in table.values { sound[row, default: 1] *= 1 - value }
            }
        }
        let likely = sound.filter { 1 - $0.value >= ReviewQueueLines.leastChance }
            .sorted { ($0.value, $0.key) < ($1.value, $1.key) }.prefix(ReviewQueueLines.mostQueued)
        var queued = Set(likely.map(\.key))
        let lines = ProposalLines(report: report, input: input)
        let ordered =
            likely.map { (row: $0.key, chance: JSONValue.number(1 - $0.value)) }
            + lines.reviewed.filter { queued.insert($0).inserted }
            .prefix(ReviewQueueLines.mostQueued).map { ($0, .null) }
        queued = Set(ordered.map(\.row))
        let findings = findings(queued)
        var writer = JSONWriter()
        for (row, chance) in ordered {
            let found = findings[row] ?? []
            var related: [Int] = []
            for finding in found {
                for other in finding.related where !related.contains(other) {
                    related.append(other)
                }
            }
            writer.value(
                .object([
                    "row_index": JSONValue(row),
                    "content": input.contents.indices.contains(row)
                        ? .string(Plan.digits(input.contents[row])) : .null,
                    "source": lines.source(.data, row), "chance": chance,
                    "findings": .array(found.map(\.json)),
                    "record": record(row, ReviewQueueLines.textBytes),
                    "related": .array(
                        related.prefix(ReviewQueueLines.mostRelated).map { other in
                            [
                                "row_index": JSONValue(other), "source": lines.source(.data, other),
                                "record": record(other, ReviewQueueLines.relatedBytes),
                            ]
                        }),
                ]))
            writer.newline()
        }
        return writer.bytes
    }

    private struct Found {
        let json: JSONValue
        let related: [Int]
    }

    /// What was found in the queued rows, with what is proposed about it.
    private func findings(_ queued: Set<Int>) -> [Int: [Found]] {
        var found: [Int: [Found]] = [:]
        for result in report.results {
            var suggestions: [Int: [Proposal]] = [:]
            for proposal in result.output.proposals where proposal.role == .data {
                if let row = proposal.row, queued.contains(row), proposal.changesItsRow {
                    suggestions[row, default: []].append(proposal)
                }
            }
            var told: [Int: Set<String>] = [:]
            for finding in result.allFindings where finding.role == .data {
                guard let row = finding.row, queued.contains(row) else { continue }
                told[row, default: []].insert(finding.code)
                let own = suggestions[row]?.first {
                    $0.code == finding.code && ($0.column == finding.column || $0.column.isEmpty)
                }
                found[row, default: []].append(
                    Found(
                        json: json(finding, own, result.identity),
                        related: finding.relatedRows))
            }
            // What is proposed without a finding is to be decided as well.
            for (row, proposals) in suggestions.sorted(by: { $0.key < $1.key }) {
                for proposal in proposals where proposal.action == .review {
                    guard told[row, default: []].insert(proposal.code).inserted else { continue }
                    let finding = Finding(
                        code: proposal.code, severity: .low, role: .data, row: row,
                        column: proposal.column, score: proposal.confidence,
                        message: proposal.text.isEmpty
                            ? Report.title(of: proposal.code, result.identity) : proposal.text)
                    found[row, default: []].append(
                        Found(json: json(finding, proposal, result.identity), related: []))
                }
            }
        }
        return found
    }

    private func json(
        _ finding: Finding, _ proposal: Proposal?, _ identity: AnalyzerIdentity
    ) -> JSONValue {
        var object: JSONObject = [
            "code": .string(finding.code), "name": .string(Report.name(of: finding.code, identity)),
            "title": .string(Report.title(of: finding.code, identity)),
            "severity": .string(finding.severity.name), "score": .number(finding.score),
            "message": .string(finding.message), "column": .string(finding.column),
        ]
        if !finding.span.isEmpty {
            object["span"] = [
                "begin": JSONValue(finding.span.lowerBound),
                "end": JSONValue(finding.span.upperBound),
            ]
        }
        if let about = identity.codeNotes[finding.code]?.todo { object["about"] = .string(about) }
        if let proposal {
            object["suggestion"] = [
                "action": .string(proposal.action.name), "column": .string(proposal.column),
                "text": .string(proposal.action == .review ? "" : proposal.text),
            ]
        }
        return .object(object)
    }

    private func record(_ row: Int, _ limit: Int) -> JSONValue {
        .array(
            texts.fields(.data, row, limit: limit).map { field in
                var object: JSONObject = [
                    "column": .string(field.column), "text": .string(field.text),
                ]
                if field.byteCount > field.text.utf8.count { object["is_cut"] = true }
                return .object(object)
            })
    }
}
