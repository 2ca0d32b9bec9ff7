import Glibc
import JSONText
import Planning
import PluginHost
import Reading
import Records

/// Files that a plan leads to.
struct PlanPaths {
    let output: String
    let plan: String
    let ledger: String

    /// Records that were made and not let in.
    var refused: String { output + ".refused.jsonl" }
    /// What generators gave.
    var generated: String { output + ".generated.jsonl" }

    init(output: String, plan: String?, ledger: String?) {
        self.output = output
        self.plan = plan ?? output + ".plan.jsonl"
        self.ledger = ledger ?? output + ".ledger.jsonl"
    }
}

/// The records of a file, for which plans are made and to which they are applied.
struct PlannedRecords {
    /// The records.
    let records: RecordTexts
    /// Where its texts are, as far as that was stated.
    private let fields: [(part: String, pointer: String)]

    init(path: String, fields: [(part: String, pointer: String)]) throws {
        self.fields = fields
        var options = ReadingOptions()
        options.fields = fields
        records = try RecordTexts(SourceBytes(path: path), options: options)
    }

    /// Whether a key can be added to a record.
    var hasKeys: Bool {
        switch records.summary.format {
        case .jsonLines, .jsonArray, .jsonObjectOfArrays: true
        case .jsonDocument, .delimited, .plainText: false
        }
    }

    /// What others may do with files that hold these records.
    private var permissions: mode_t { FileBytes.permissions(of: [records.source.name]) }

    /// Number of records.
    var count: Int { records.count }

    /// A plan for these records.
    func plan(_ history: PlanHistory, limit: PlanLimit, mark: String? = nil) -> Plan {
        Plan(
            source: Ledger.File(
                name: records.source.name, byteCount: records.source.bytes.count,
                sha256: records.summary.sha256),
            limit: limit.text,
            contents: records.spans.map { span in
                Plan.content(
                    UnsafeBufferPointer(
                        rebasing: records.source.bytes[span.offset..<span.offset + span.length]))
            }, lines: history.plan, additions: history.additions, mark: mark, fields: fields)
    }

    /// Writes a plan, whole or not at all.
    func write(_ plan: Plan, to path: String) throws {
        let file = try AtomicFile(path: path, permissions: permissions)
        try file.append(plan.bytes)
        _ = try file.complete()
        try file.publish()
    }

    /// Records of the pool as they can stand in this file; none for one that is laid out otherwise.
    ///
    /// `rows` are numbers over all its files together, as the analyzers see them.
    func taken(
        _ rows: [Int], at places: RecordPlaces?, fields: [(part: String, pointer: String)]
    ) throws -> [Int: (record: [UInt8], file: String, line: Int)] {
        var byFile: [String: [(row: Int, offset: Int)]] = [:]
        for row in Set(rows) {
            guard let place = places?[.pool, row] else { continue }
            byFile[place.file, default: []].append((row, place.span.offset))
        }
        var found: [Int: (record: [UInt8], file: String, line: Int)] = [:]
        for path in byFile.keys.sorted() {
            var options = ReadingOptions()
            options.fields = fields
            let pool = try RecordTexts(SourceBytes(path: path), options: options)
            guard records.isLaidOut(as: pool) else { continue }
            for (row, offset) in byFile[path] ?? [] {
                guard let own = pool.row(at: offset) else { continue }
                found[row] = (
                    records.fitting(pool.record(own)), path, pool.spans[own].line
                )
            }
        }
        return found
    }

    /// The file as the user named it.
    var name: String { records.source.name }

    /// Rows whose records cannot hold what a plan wants of them.
    func refused(_ plan: Plan) -> [Int] { changes(plan).refused }

    /// Writes the output of a plan to be looked at, without a ledger.
    func writeTrial(_ plan: Plan, to path: String) throws {
        let ledger = path + ".ledger"
        defer { unlink(ledger) }
        let changes = changes(plan).changes
        try checkHeader(plan, changes)
        _ = try DatasetRewriter.write(
            records.source, sha256: records.summary.sha256, changes: changes,
            to: path, ledger: ledger, permissions: permissions)
    }

    /// Refuses an output whose first record would be read as the names of its columns.
    private func checkHeader(_ plan: Plan, _ changes: [DatasetRewriter.Change]) throws {
        guard case .delimited(_, hasHeader: false) = records.summary.format else { return }
        var first = Dictionary(
            changes.filter { $0.action != PlanLine.Action.drop.rawValue }.map {
                ($0.row, $0.bytes)
            },
            uniquingKeysWith: { one, _ in one })
        let dropped = Set(plan.lines.filter { $0.action == .drop }.map(\.row))
        guard let row = (0..<count).first(where: { !dropped.contains($0) }) else { return }
        let record = first.removeValue(forKey: row) ?? records.record(row)
        guard
            case .delimited(_, hasHeader: true) = SourceFormat.detect(
                SourceBytes(name: records.source.name, content: record))
        else { return }
        throw UsageError(
            "\(name): has no line with the names of its columns, and what is to stand first, row \(row + 1), "
                + "\(String(decoding: record.prefix(60), as: UTF8.self)), would be read as one",
            help: "write a first line such as text,label into the file, and optimize that")
    }

    private func changes(_ plan: Plan) -> PlanApplication.Outcome {
        PlanApplication(
            plan, source: records.source, spans: records.spans, format: records.summary.format
        ).changes(
            { try? records.replacing($0, $1) },
            { record, key, mark in
                record.withUnsafeBufferPointer {
                    records.editor.adding(.object(mark), under: key, to: $0)
                }
            })
    }

    /// Says which records stay as they are because they cannot hold what was planned.
    func warn(of refused: [Int], _ plan: Plan) {
        let mostNamed = 5
        for row in refused.prefix(mostNamed) {
            Diagnostics.line("warning: row \(row + 1) stays as it is: \(refusal(row, plan))")
        }
        if refused.count > mostNamed {
            Diagnostics.line(
                "warning: \(refused.count - mostNamed) more rows stay as they are for such a reason"
            )
        }
    }

    /// Why a record cannot hold what was planned.
    private func refusal(_ row: Int, _ plan: Plan) -> String {
        do {
            for line in plan.lines where line.row == row {
                _ = try records.replacing(row, line.replacements)
            }
        } catch { return "\(error)" }
        return "its record cannot hold what was planned"
    }

    /// Writes the output of a plan and its ledger, and says so.
    func apply(_ plan: Plan, _ paths: PlanPaths, _ account: OptimizeAccount) throws {
        let application = PlanApplication(
            plan, source: records.source, spans: records.spans, format: records.summary.format)
        try application.check(sha256: records.summary.sha256)
        let outcome = changes(plan)
        try checkHeader(plan, outcome.changes)
        warn(of: outcome.refused, plan)
        let ledger = try DatasetRewriter.write(
            records.source, sha256: records.summary.sha256, changes: outcome.changes,
            to: paths.output, ledger: paths.ledger, permissions: permissions)
        if outcome.unmarked > 0, let mark = plan.mark {
            Diagnostics.line(
                "warning: \(outcome.unmarked) records stay without a mark: they have no place for it, or have "
                    + "\"\(mark)\" already")
        }
        let dropped = ledger.entries.count { $0.action == PlanLine.Action.drop.rawValue }
        let copies = ledger.entries.reduce(0) { $0 + ($1.account["copies"]?.intValue ?? 0) }
        let added = ledger.entries.count { $0.action == "add" }
        account.tell(
            "records: \(records.count) - \(dropped) left out + \(copies) repeated"
                + (added > 0 ? " + \(added) added" : "")
                + " = \(records.count - dropped + copies + added)", "records",
            [
                "before": JSONValue(records.count), "left_out": JSONValue(dropped),
                "repeated": JSONValue(copies), "added": JSONValue(added),
                "after": JSONValue(records.count - dropped + copies + added),
            ])
        if records.rejectedCount > 0 {
            account.tell(
                "copied as they are: \(records.rejectedCount) records that cannot be read",
                "unreadable", JSONValue(records.rejectedCount))
        }
        account.tell(
            "written: \(paths.output), \(paths.ledger)\n"
                + "undo: assay revert \(paths.output) --ledger \(paths.ledger) -o FILE", "written",
            ["output": .string(paths.output), "ledger": .string(paths.ledger)])
    }
}
