import Foundation
import JSONText
import Support
import Testing

/// The example as `make demo` runs it, and the defects that were planted in it.
@Suite struct ExampleTests {
    static let arguments = [
        "run", "Examples/support-desk/data.jsonl", "--reference",
        "Examples/support-desk/reference.jsonl", "--taxonomy",
        "Examples/support-desk/taxonomy.yaml", "--allow-rejects", "1%",
    ]

    private func file(_ name: String) throws -> [Substring] {
        let text = try String(
            contentsOf: Checkout.file("Examples/support-desk/\(name)"), encoding: .utf8)
        return text.split(separator: "\n")
    }

    /// Ids of the records by the kind of defect.
    private func truth() throws -> [String: [(id: String, detail: String)]] {
        var found: [String: [(id: String, detail: String)]] = [:]
        for line in try file("truth.tsv").dropFirst() {
            let cells = line.split(separator: "\t").map(String.init)
            found[cells[1], default: []].append((cells[0], cells[2]))
        }
        return found
    }

    /// What the report of the example says.
    private struct Outcome {
        /// Ids of the records by the name of the finding.
        var ids: [String: Set<String>] = [:]
        var messages: [String] = []
        var statuses: [String: String] = [:]
        var rejectedLines: [Int] = []
    }

    private func outcome() throws -> Outcome {
        let folder = try TemporaryFolder()
        let result = try Program.assay(ExampleTests.arguments + ["--out", folder.root])
        #expect(result.status == 0, "\(result.errors)")
        let ids = try file("data.jsonl").compactMap {
            (try? JSONValue(parsing: String($0)))?["id"]?.stringValue
        }
        let reader = ReportReader(folder.root)
        var outcome = Outcome()
        for finding in try reader.lines("findings.jsonl") {
            outcome.messages.append(finding["message"]?.stringValue ?? "")
            guard let name = finding["name"]?.stringValue, let row = finding["row_index"]?.intValue
            else { continue }
            outcome.ids[name, default: []].insert(ids[row])
        }
        outcome.statuses = try reader.statuses()
        outcome.rejectedLines = try reader.lines("rejected.jsonl").compactMap {
            $0["line"]?.intValue
        }
        return outcome
    }

    @Test("all four analyzers end well, and the two broken lines are kept")
    func statuses() throws {
        let outcome = try outcome()
        #expect(outcome.statuses.count == 4)
        #expect(outcome.statuses.values.allSatisfy { $0 == "ok" })
        #expect(outcome.rejectedLines == [97, 214])
    }

    @Test("planted defects are found and none is invented")
    func planted() throws {
        let found = try outcome().ids
        let truth = try truth()
        for kind in [
            "empty-response", "mojibake", "html-residue", "repetition", "prompt-echo", "refusal",
            "contradiction",
        ] {
            #expect(found[kind, default: []] == Set(truth[kind, default: []].map(\.id)), "\(kind)")
        }
        // Of each pair of copies one is named, the other survives.
        let copies = found["exact-duplicate", default: []]
        let pairs = truth["exact-duplicate", default: []].map { Set([$0.id, $0.detail]) }
        #expect(copies.count == Set(pairs).count)
        #expect(pairs.allSatisfy { $0.intersection(copies).count == 1 })
        // A sentence that ends in a full word is not seen as cut; nothing else is taken for cut.
        let cut = found["truncated-response", default: []]
        #expect(cut.count >= 2)
        #expect(cut.isSubset(of: truth["truncated-response", default: []].map(\.id)))
        #expect(
            found["personal-data", default: []].isSubset(
                of: truth["personal-data", default: []].map(\.id)))
    }

    @Test("the gap and the shift towards other topics are named")
    func dataset() throws {
        let messages = try outcome().messages
        #expect(messages.contains("topic accessibility has no record, 20 are wanted"))
        #expect(messages.contains { $0.hasPrefix("topic privacy has 3 of 20") })
        #expect(messages.contains { $0.hasPrefix("label differs most in \"") })
    }
}
