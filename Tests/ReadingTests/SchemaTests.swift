import JSONText
import Reading
import Records
import Testing

@Suite struct ReadingTests {
    private func read(
        _ text: String, name: String
    ) throws -> (summary: SourceSummary, rejected: [RejectedRecord], rows: Int) {
        let source = SourceBytes(name: name, content: Array(text.utf8))
        var options = ReadingOptions()
        options.columns = [.prompt, .response, .label]
        var rejected: [RejectedRecord] = []
        var rows = 0
        let summary = try DatasetReader.read(
            source, file: 0, options: options, onBatch: { rows += $0.batch.rowCount },
            onReject: { rejected.append($0) })
        return (summary, rejected, rows)
    }

    @Test("tells schemas from the first records")
    func schemas() throws {
        #expect(
            try read(#"{"instruction":"a","input":"","output":"b"}"#, name: "a.jsonl").summary
                .mapping.kind == .alpaca)
        #expect(
            try read(#"[{"conversations":[{"from":"human","value":"a"}]}]"#, name: "a.json").summary
                .mapping.kind == .sharegpt)
        #expect(
            try read(#"{"messages":[{"role":"user","content":"a"}]}"#, name: "a.jsonl").summary
                .mapping.kind == .chat)
        #expect(
            try read(#"{"question":"a","answer":"b"}"#, name: "a.jsonl").summary.mapping.kind
                == .promptCompletion)
        #expect(
            try read(#"{"prompt":"a","chosen":"b","rejected":"c"}"#, name: "a.jsonl").summary
                .mapping.kind == .preference)
        #expect(
            try read("text,category\nhello,greeting\n", name: "a.csv").summary.mapping.kind
                == .textLabel)
        #expect(try read("hello\nworld\n", name: "a.txt").summary.mapping.kind == .text)
    }

    @Test(
        "preference pairs have a rejected answer, whatever its name",
        arguments: [
            (#"{"prompt":"a","chosen":"b","rejected":"c"}"#, "/chosen", "/rejected"),
            (
                #"{"instruction":"a","chosen_response":"b","rejected_response":"c"}"#,
                "/chosen_response", "/rejected_response"
            ),
            (
                #"{"input":{"messages":[{"role":"user","content":"a"}]},"#
                    + #""preferred_output":[{"role":"assistant","content":"b"}],"#
                    + #""non_preferred_output":[{"role":"assistant","content":"c"}]}"#,
                "/preferred_output", "/non_preferred_output"
            ),
            (
                #"{"prompt":[{"role":"user","content":"a"}],"#
                    + #""chosen":[{"role":"assistant","content":"b"}],"#
                    + #""rejected":[{"role":"assistant","content":"c"}]}"#, "/chosen", "/rejected"
            ),
        ])
    func preferences(_ record: String, _ chosen: String, _ rejected: String) throws {
        let found = try read(record, name: "a.jsonl")
        let mapping = found.summary.mapping
        #expect(mapping.kind == .preference)
        #expect(mapping.response == chosen)
        #expect(mapping.rejected == rejected)
    }

    @Test("keeps malformed records with line and reason")
    func malformed() throws {
        let result = try read("{\"text\":\"a\"}\n{\"text\":\n\n{\"text\":\"b\"}\n", name: "a.jsonl")
        #expect(result.rows == 2)
        #expect(result.rejected.map(\.line) == [2])
        #expect(
            result.rejected.first.map { String(decoding: $0.bytes, as: UTF8.self) } == "{\"text\":")
        let array = try read(#"[{"a":"x"},,{"a":"y"}]"#, name: "a.json")
        #expect(array.rows == 2)
        #expect(array.rejected.count == 1)
    }

    @Test("rejects a CSV record with another number of cells")
    func cells() throws {
        let result = try read("text,label\n\"a, \"\"b\"\"\",x\nonly\n", name: "a.csv")
        #expect(result.rows == 1)
        #expect(result.rejected.first?.line == 3)
    }
}
