import Glibc
import JSONText
import Orchestrator
import Planning
import PluginHost
import Reading
import Records
import Reports

/// Writes the files of a report.
struct ReportFolder {
    let path: String
    /// How to go on.
    var commands = PageCommands()

    /// What others may do with its files, which hold texts of the records.
    var permissions: mode_t = 0o644

    /// What it is made of.
    private static let names = [
        "report.json", "run.json", "report.html", "findings.jsonl", "rows.jsonl", "proposals.jsonl",
        "queue.jsonl", "rejected.jsonl",
    ]

    /// Makes the folder.
    ///
    /// - Throws: `UsageError` when it cannot be made or written, and when one of its files is one of the `inputs`.
    func prepare(inputs: [String]) throws {
        var status = stat()
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw UsageError(
                "\(path): cannot be made: \(String(cString: strerror(errno)))",
                help: "choose another folder with --out")
        }
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            access(path, W_OK | X_OK) == 0
        else {
            throw UsageError(
                "\(path): no report can be written there: "
                    + (status.st_mode & S_IFMT == S_IFDIR
                        ? "it is not yours to write" : "it is no folder"),
                help: "choose another folder with --out")
        }
        for name in ReportFolder.names {
            let file = "\(path)/\(name)"
            guard !inputs.contains(where: { FileBytes.isSameFile($0, file) }) else {
                throw UsageError(
                    "\(file): is read by this command, and its report would take its place",
                    help: "choose another folder with --out")
            }
        }
    }

    func write(_ report: Report, input: Input, execution: JSONObject) throws {
        let texts = StoredTexts(input)
        let page = HTMLReport.page(
            report, records: texts, commands: commands)
        let files = [
            ("report.json", report.json.bytes + [0x0A]),
            ("run.json", JSONValue.object(execution).bytes + [0x0A]),
            ("report.html", Array(page.utf8)), ("findings.jsonl", findings(report, input)),
            ("rows.jsonl", rows(report, input)),
            ("proposals.jsonl", ProposalLines(report: report, input: input).bytes),
            (
                "queue.jsonl",
                ReviewQueueLines(report: report, input: input, texts: texts).bytes
            ), ("rejected.jsonl", rejected(input.rejected)),
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

    private func rows(_ report: Report, _ input: Input) -> [UInt8] {
        var tables: [RowTable<Double>] = []
        var names: Set<String> = []
        var codes: [(row: Int, value: String)] = []
        var actions: [Int: String] = [:]
        for result in report.results {
            for table in result.output.scores where table.role == .data {
                // Two analyzers of a strategy may call their scores the same.
                let name = "\(result.identity.strategy).\(table.name)"
                tables.append(
                    RowTable(
                        name: names.insert(name).inserted
                            ? name : "\(name)@\(result.identity.id)",
                        table.values.map { (row: $0.key, value: $0.value) }))
            }
            for finding in result.allFindings where finding.role == .data {
                if let row = finding.row { codes.append((row, finding.code)) }
            }
            for proposal in result.output.proposals where proposal.role == .data {
                guard let row = proposal.row, proposal.changesItsRow else { continue }
                if actions[row] != "drop" { actions[row] = proposal.action.name }
            }
        }
        tables.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var found = RowTable(name: "", codes)
        var writer = JSONWriter()
        // One step through every table: a row costs nothing of its own.
        for row in 0..<(report.datasets.first { $0.role == .data }?.recordCount ?? 0) {
            writer.verbatim("{\"row_index\":")
            writer.value(JSONValue(row))
            if input.contents.indices.contains(row) {
                writer.member("content", .string(Plan.digits(input.contents[row])))
            }
            writer.key("scores")
            writer.beginObject()
            for index in tables.indices {
                while let value = tables[index].next(row) {
                    writer.member(tables[index].name, .number(value))
                }
            }
            writer.endObject()
            writer.key("codes")
            writer.beginArray()
            while let code = found.next(row) { writer.value(.string(code)) }
            writer.endArray()
            writer.member("proposed_action", actions[row].map { .string($0) } ?? .null)
            writer.endObject()
            writer.newline()
        }
        return writer.bytes
    }

    /// Values of rows in the order of the rows, read off once from the first to the last.
    private struct RowTable<Value> {
        let name: String
        private let entries: [(row: Int, value: Value)]
        private var position = 0

        /// Values of one row keep their order.
        init(name: String, _ values: [(row: Int, value: Value)]) {
            self.name = name
            entries = values.enumerated().sorted {
                $0.element.row != $1.element.row
                    ? $0.element.row < $1.element.row : $0.offset < $1.offset
            }.map(\.element)
        }

        /// The next value of a row; `nil` when there is none left.
        mutating func next(_ row: Int) -> Value? {
            guard position < entries.count, entries[position].row == row else { return nil }
            defer { position += 1 }
            return entries[position].value
        }
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
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, permissions)
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
