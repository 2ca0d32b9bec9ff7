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

    init(path: String, fields: [(part: String, pointer: String)]) throws {
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
            }, lines: history.plan, additions: history.additions, mark: mark)
    }

    /// Writes a plan, whole or not at all.
    func write(_ plan: Plan, to path: String) throws {
        let file = try AtomicFile(path: path)
        try file.append(plan.bytes)
        _ = try file.complete()
        try file.publish()
    }

    /// Records of pool files as they can stand in this one; `nil` for one that is laid out otherwise.
    ///
    /// `rows` are numbers over all files together.
    func taken(
        _ rows: [Int], from paths: [String], fields: [(part: String, pointer: String)]
    ) throws -> [Int: (record: [UInt8], file: String, line: Int)] {
        var found: [Int: (record: [UInt8], file: String, line: Int)] = [:]
        let wanted = Set(rows)
        var first = 0
        for path in try DatasetReader.files(of: paths) {
            var options = ReadingOptions()
            options.fields = fields
            let pool = try RecordTexts(SourceBytes(path: path), options: options)
            defer { first += pool.count }
            guard records.isLaidOut(as: pool) else { continue }
            for row in 0..<pool.count where wanted.contains(first + row) {
                if let record = records.fitting(pool.record(row)) {
                    found[first + row] = (record, path, pool.spans[row].line)
                }
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
        _ = try DatasetRewriter.write(
            records.source, sha256: records.summary.sha256, changes: changes(plan).changes,
            to: path, ledger: ledger)
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
        warn(of: outcome.refused, plan)
        let ledger = try DatasetRewriter.write(
            records.source, sha256: records.summary.sha256, changes: outcome.changes,
            to: paths.output,
            ledger: paths.ledger)
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
