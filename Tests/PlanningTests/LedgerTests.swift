import Foundation
import JSONText
import Planning
import Reading
import Support
import Testing

/// What is changed can be put back byte for byte, and only from the right files.
@Suite struct LedgerTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Changes the second record of a file to `bytes`.
    private func rewrite(_ content: String, _ name: String, to bytes: String) throws -> Ledger {
        let path = try folder.write(name, content)
        let source = try SourceBytes(path: path)
        var spans: [RecordSpan] = []
        let summary = try DatasetReader.read(
            source, file: 0, options: ReadingOptions(), onBatch: { spans += $0.spans },
            onReject: { _ in })
        return try DatasetRewriter.write(
            source, sha256: summary.sha256,
            changes: [
                DatasetRewriter.Change(
                    row: 1, span: spans[1], bytes: Array(bytes.utf8), action: "test",
                    account: ["why": "a test"])
            ], to: folder.path("out-\(name)"), ledger: folder.path("ledger"))
    }

    private func ledger() throws -> Ledger {
        try Ledger(
            Array(Data(contentsOf: URL(fileURLWithPath: folder.path("ledger")))), name: "ledger")
    }

    private func text(_ name: String) throws -> String {
        String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: folder.path(name))), as: UTF8.self)
    }

    private func revert(_ name: String, _ account: Ledger) throws {
        try DatasetRewriter.revert(
            SourceBytes(path: folder.path("out-\(name)")), ledger: account, ledgerName: "ledger",
            to: folder.path("back-\(name)"))
    }

    @Test(
        "every format comes back as it was",
        arguments: [
            (
                "a.jsonl", "\u{FEFF}{\"text\":\"a\"}\r\n\n{\"text\": \"b\"} \r\n{\"text\":\"c\"}",
                "{\"text\":\"long\"}"
            ),
            ("a.json", "[ {\"text\":\"a\"} ,\n{\"text\":\"b\"},{\"text\":\"c\"}]\n", "{}"),
            ("a.csv", "text,label\n\"a\nx\",1\nb,2\nc,3\n", "d,4"),
            ("a.txt", "one\ntwo\nthree", ""),
        ])
    func formats(_ name: String, _ content: String, _ bytes: String) throws {
        let written = try rewrite(content, name, to: bytes)
        #expect(written.entries.count == 1)
        #expect(try text("out-\(name)") != content)
        let account = try ledger()
        #expect(account.entries.first?.row == 1)
        #expect(account.entries.first?.account["why"] == "a test")
        try revert(name, account)
        #expect(try text("back-\(name)") == content)
    }

    @Test("an output that was changed since is refused and nothing is written")
    func changedOutput() throws {
        _ = try rewrite("one\ntwo\nthree\n", "a.txt", to: "2")
        _ = try folder.write("out-a.txt", "one\n2\nthree!\n")
        let error = #expect(throws: PlanningError.self) { try revert("a.txt", try ledger()) }
        #expect(error?.description.contains("SHA-256") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.path("back-a.txt")))
        #expect(!FileManager.default.fileExists(atPath: folder.path(".back-a.txt.part")))
    }

    @Test("a ledger that was tampered with does not lead back and is refused")
    func changedLedger() throws {
        _ = try rewrite("one\ntwo\nthree\n", "a.txt", to: "2")
        let changed = try text("ledger").replacingOccurrences(of: "\"two\"", with: "\"too\"")
        #expect(throws: PlanningError.self) {
            try revert("a.txt", Ledger(Array(changed.utf8), name: "ledger"))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path("back-a.txt")))
    }

    @Test("a ledger that is cut off, of another schema or no ledger is refused by line")
    func brokenLedgers() throws {
        _ = try rewrite("one\ntwo\nthree\n", "a.txt", to: "2")
        let lines = try text("ledger").split(separator: "\n").map(String.init)
        for (bad, words) in [
            (lines[0], "has 0 changes, its head says 1"),
            (lines[1], "expected the head of a ledger"),
            (lines[0] + "\n{\"row_index\":1}", "line 2"),
            (lines[0] + "\n{", "line 2"), ("", "expected the head of a ledger"),
            (
                lines[0].replacingOccurrences(of: "ledger/1", with: "ledger/9") + "\n" + lines[1],
                "head of a ledger"
            ),
        ] {
            let error = #expect(throws: PlanningError.self) {
                try Ledger(Array(bad.utf8), name: "ledger")
            }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    @Test("bytes that are no UTF-8 come back too")
    func notText() throws {
        let source = SourceBytes(name: "a", content: [0x61, 0xFF, 0x0A, 0x62])
        let account = try DatasetRewriter.write(
            source, sha256: "0",
            changes: [
                .init(
                    row: 0, span: RecordSpan(offset: 0, length: 2, line: 1), bytes: [0x63],
                    action: "test", account: [:])
            ], to: folder.path("out"), ledger: folder.path("ledger"))
        #expect(account.entries[0].original == [0x61, 0xFF])
        #expect(try ledger().entries[0].original == [0x61, 0xFF])
    }
}
