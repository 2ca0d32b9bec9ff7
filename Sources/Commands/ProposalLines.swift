import JSONText
import Orchestrator
import Records
import Reports

/// What analyzers propose, one proposal a line, before anything is resolved.
struct ProposalLines {
    let report: Report
    let input: Input

    /// The lines, analyzer by analyzer, in the order in which each proposed.
    var bytes: [UInt8] {
        var writer = JSONWriter()
        for result in report.results {
            for proposal in result.output.proposals {
                writer.value(
                    .object([
                        "analyzer": .string(result.identity.id), "code": .string(proposal.code),
                        "action": .string(proposal.action.name),
                        "role": .string(proposal.role.name),
                        "row_index": proposal.row.map { JSONValue($0) } ?? .null,
                        "source": source(proposal.role, proposal.row),
                        "group": .string(String(proposal.group)),
                        "confidence": .number(proposal.confidence),
                        "number": .number(proposal.number), "column": .string(proposal.column),
                        "text": .string(proposal.text),
                    ]))
                writer.newline()
            }
        }
        return writer.bytes
    }

    /// File and line of a row; null for none.
    func source(_ role: Role, _ row: Int?) -> JSONValue {
        row.flatMap { input.place(role, $0) }.map {
            .object(["file": .string($0.file), "line": JSONValue($0.line)])
        } ?? .null
    }

    /// Rows that a strategy other than noise asks to be looked at, in its order.
    ///
    /// Noise orders its own by the chance of an error.
    var reviewed: [Int] {
        report.results.filter { $0.identity.strategy != "noise" }.flatMap { result in
            result.output.proposals.filter { $0.action == .review && $0.role == .data }
                .compactMap(\.row)
        }
    }
}
