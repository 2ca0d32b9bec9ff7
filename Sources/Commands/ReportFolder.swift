import Glibc
import JSONText
import Orchestrator
import Reading
import Records
import Reports

/// Writes the files of a report.
struct ReportFolder {
    let path: String

    func write(_ report: Report, input: Input, execution: JSONObject) throws {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw UsageError(
                "\(path): cannot be made: \(String(cString: strerror(errno)))",
                help: "choose another folder with --out")
        }
        let page = HTMLReport.page(report) { role, row in
            input.place(role, row).map { "\($0.file) line \($0.line)" }
        }
        let files = [
            ("report.json", report.json.bytes + [0x0A]),
            ("run.json", JSONValue.object(execution).bytes + [0x0A]),
            ("report.html", Array(page.utf8)), ("findings.jsonl", findings(report, input)),
            ("rows.jsonl", rows(report)), ("rejected.jsonl", rejected(input.rejected)),
        ]
        for (name, bytes) in files { try save(name, bytes) }
    }

    private func findings(_ report: Report, _ input: Input) -> [UInt8] {
        var writer = JSONWriter()
        for result in report.results {
            for finding in result.allFindings {
                let place = finding.row.flatMap { input.place(finding.role, $0) }
                writer.value(
                    .object([
                        "code": .string(finding.code),
                        "name": .string(Report.name(of: finding.code, result.identity)),
                        "analyzer": .string(result.identity.id),
                        "severity": .string(finding.severity.name),
                        "score": .number(finding.score), "role": .string(finding.role.name),
                        "row_index": finding.row.map { JSONValue($0) } ?? .null,
                        "source": place.map {
                            .object(["file": .string($0.file), "line": JSONValue($0.line)])
                        } ?? .null,
                        "group": .string(String(finding.group)),
                        "span": finding.span.isEmpty
                            ? .null
                            : .object([
                                "column": .string(finding.column),
                                "begin": JSONValue(finding.span.lowerBound),
                                "end": JSONValue(finding.span.upperBound),
                            ]),
                        "message": .string(finding.message), "evidence": finding.evidence,
                    ]))
                writer.newline()
            }
        }
        return writer.bytes
    }

    private func rows(_ report: Report) -> [UInt8] {
        var scores: [Int: [(String, Double)]] = [:]
        var codes: [Int: [String]] = [:]
        var actions: [Int: String] = [:]
        for result in report.results {
            for table in result.output.scores where table.role == .data {
                for (row, value) in table.values {
                    scores[row, default: []].append(
                        ("\(result.identity.strategy).\(table.name)", value))
                }
            }
            for finding in result.allFindings where finding.role == .data {
                if let row = finding.row { codes[row, default: []].append(finding.code) }
            }
            for proposal in result.output.proposals where proposal.role == .data {
                guard let row = proposal.row else { continue }
                if actions[row] != "drop" { actions[row] = proposal.action.name }
            }
        }
        var writer = JSONWriter()
        for row in 0..<(report.datasets.first { $0.role == .data }?.recordCount ?? 0) {
            writer.verbatim("{\"row_index\":")
            writer.value(JSONValue(row))
            let (found, rowCodes, action) = (scores[row], codes[row], actions[row])
            // Most rows have nothing.
            if found == nil, rowCodes == nil, action == nil {
                writer.verbatim(",\"scores\":{},\"codes\":[],\"proposed_action\":null}")
            } else {
                writer.key("scores")
                writer.beginObject()
                for (name, score) in (found ?? []).sorted(by: { $0.0 < $1.0 }) {
                    writer.member(name, .number(score))
                }
                writer.endObject()
                writer.member("codes", .array((rowCodes ?? []).map { .string($0) }))
                writer.member("proposed_action", action.map { .string($0) } ?? .null)
                writer.endObject()
            }
            writer.newline()
        }
        return writer.bytes
    }

    private func rejected(_ records: [RejectedRecord]) -> [UInt8] {
        var writer = JSONWriter()
        for record in records {
            var object: JSONObject = [
                "file": .string(record.file), "line": JSONValue(record.line),
                "byte_offset": JSONValue(record.byteOffset), "reason": .string(record.reason),
            ]
            if let text = String(validating: record.bytes, as: UTF8.self) {
                object["text"] = .string(text)
            } else {
                object["bytes_hex"] = .string(
                    record.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
                        .joined())
            }
            writer.value(.object(object))
            writer.newline()
        }
        return writer.bytes
    }

    /// Writes a file whole: a temporary one beside it takes its place at the end.
    ///
    /// Not waited for until it is on the disk: a report lost with the machine's power can be made again.
    private func save(_ name: String, _ bytes: [UInt8]) throws {
        let target = "\(path)/\(name)"
        let temporary = "\(path)/.\(name).part"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        var position = 0
        while file >= 0, position < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress.map { $0 + position }, bytes.count - position)
            }
            if count <= 0 { break }
            position += count
        }
        let isWritten = file >= 0 && position == bytes.count
        if file >= 0 { close(file) }
        guard isWritten, rename(temporary, target) == 0 else {
            throw UsageError(
                "\(target): cannot be written: \(String(cString: strerror(errno)))",
                help: "check the space and the permissions of \(path)")
        }
    }
}
