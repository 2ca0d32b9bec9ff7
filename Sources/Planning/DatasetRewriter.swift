public import Glibc
public import JSONText
public import Reading

/// Writes a dataset with some records changed; all other bytes are copied as they are.
public struct DatasetRewriter {
    /// One changed record.
    public struct Change {
        /// Row of the input, from 0.
        public let row: Int
        /// Where the record lies in the input.
        public let span: RecordSpan
        /// What stands there afterwards.
        public let bytes: [UInt8]
        /// What was done.
        public let action: String
        /// Why and how.
        public let account: JSONObject

        /// Describes a change.
        public init(
            row: Int, span: RecordSpan, bytes: [UInt8], action: String, account: JSONObject
        ) {
            self.row = row
            self.span = span
            self.bytes = bytes
            self.action = action
            self.account = account
        }
    }

    /// Writes the output and its ledger, both whole or neither: the ledger comes first, so that no output
    /// is without one.
    ///
    /// `changes` are in the order of the input. O(bytes).
    ///
    /// - Throws: `PlanningError` when a file cannot be written.
    public static func write(
        _ source: SourceBytes, sha256: String, changes: [Change], to path: String,
        ledger ledgerPath: String, permissions: mode_t = 0o644
    ) throws -> Ledger {
        let output = try AtomicFile(path: path, permissions: permissions)
        var entries: [Ledger.Entry] = []
        var position = 0
        for change in changes {
            let end = change.span.offset + change.span.length
            try output.append(
                UnsafeBufferPointer(rebasing: source.bytes[position..<change.span.offset]))
            let start = output.byteCount
            try output.append(change.bytes)
            entries.append(
                Ledger.Entry(
                    row: change.row, line: change.span.line, action: change.action,
                    account: change.account, output: start..<output.byteCount,
                    original: Array(source.bytes[change.span.offset..<end])))
            position = end
        }
        try output.append(UnsafeBufferPointer(rebasing: source.bytes[position...]))
        let ledger = Ledger(
            source: .init(name: source.name, byteCount: source.bytes.count, sha256: sha256),
            output: .init(name: path, byteCount: output.byteCount, sha256: try output.complete()),
            entries: entries)
        let account = try AtomicFile(path: ledgerPath, permissions: permissions)
        try account.append(ledger.bytes)
        _ = try account.complete()
        // An output that cannot be put in its place leaves the older one with its own ledger.
        try account.publish { try output.publish() }
        return ledger
    }

    /// Writes the input of a ledger again, from its output.
    ///
    /// O(bytes).
    ///
    /// - Throws: `PlanningError` when the output is not the one that the ledger describes, and when what
    ///   comes out is not the input.
    public static func revert(
        _ output: SourceBytes, ledger: Ledger, ledgerName: String, to path: String
    ) throws {
        let file = try AtomicFile(path: path)
        var position = 0
        for entry in ledger.entries {
            guard entry.output.upperBound <= output.bytes.count else { break }
            try file.append(
                UnsafeBufferPointer(rebasing: output.bytes[position..<entry.output.lowerBound]))
            try file.append(entry.original)
            position = entry.output.upperBound
        }
        try file.append(UnsafeBufferPointer(rebasing: output.bytes[position...]))
        let (found, expected) = (SourceDigest.sha256(output.bytes), ledger.output.sha256)
        guard found == expected else {
            throw PlanningError(
                "\(output.name): has SHA-256 \(found.prefix(16))…, \(ledgerName) is of a file with "
                    + "\(expected.prefix(16))…",
                help:
                    "revert the file as it was written; it was changed since, or the ledger is another's"
            )
        }
        guard try file.complete() == ledger.source.sha256 else {
            throw PlanningError(
                "\(ledgerName): its changes do not lead back to \(ledger.source.name)",
                help: "use the ledger as it was written; nothing was changed")
        }
        try file.publish()
    }
}
