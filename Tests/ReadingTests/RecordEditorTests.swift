import Foundation
import JSONText
import Reading
import Records
import Support
import Testing

/// Parts of records are found and replaced, and every other byte stays.
@Suite struct RecordEditorTests {
    private static let columns: [ColumnName] = [
        .prompt, .response, .rejected, .system, .label, .other,
    ]

    /// The records of a file, and what the reader says each column holds.
    private struct Records {
        let editor: RecordEditor
        var records: [[UInt8]] = []
        var texts: [ColumnName: [[UInt8]?]] = [:]

        init(_ source: SourceBytes) throws {
            var options = ReadingOptions()
            options.columns = RecordEditorTests.columns
            var records: [[UInt8]] = []
            var texts: [ColumnName: [[UInt8]?]] = [:]
            let summary = try DatasetReader.read(
                source, file: 0, options: options,
                onBatch: { sourced in
                    records += sourced.spans.map {
                        Array(source.bytes[$0.offset..<$0.offset + $0.length])
                    }
                    for (column, data) in sourced.batch.columns {
                        guard case .text(let buffer) = data else { continue }
                        texts[column, default: []] += (0..<buffer.count).map { row in
                            let range = Int(buffer.offsets[row])..<Int(buffer.offsets[row + 1])
                            return buffer.isPresent[row] ? Array(buffer.bytes[range]) : nil
                        }
                    }
                }, onReject: { _ in })
            editor = RecordEditor(summary)
            self.records = records
            self.texts = texts
        }

        func joined(_ column: ColumnName, _ row: Int) -> [UInt8] {
            records[row].withUnsafeBufferPointer { record in
                let pieces = editor.pieces(of: column, in: record).map(\.text)
                return Array(pieces.filter { !$0.isEmpty }.joined(separator: [0x0A]))
            }
        }

        /// The record with a new text for a column; `nil` where it cannot be shared out.
        func written(_ column: ColumnName, _ row: Int, _ text: String) throws -> String? {
            try records[row].withUnsafeBufferPointer { record in
                let pieces = editor.pieces(of: column, in: record)
                return try RecordPiece.shares(of: Array(text.utf8), among: pieces).map {
                    String(decoding: try editor.replace($0, in: record), as: UTF8.self)
                }
            }
        }

        func replaced(_ column: ColumnName, _ piece: Int, _ row: Int, with text: String) throws
            -> String
        {
            try records[row].withUnsafeBufferPointer { record in
                let pieces = editor.pieces(of: column, in: record)
                return String(
                    decoding: try editor.replace([(pieces[piece], Array(text.utf8))], in: record),
                    as: UTF8.self)
            }
        }
    }

    private func records(_ text: String, _ name: String) throws -> Records {
        try Records(SourceBytes(name: name, content: Array(text.utf8)))
    }

    @Test("a call of a tool is a piece of what the assistant says, and stays where it is")
    func toolCalls() throws {
        let record =
            #"{"messages":[{"role":"user","content":"When?"},{"role":"assistant","content":null,"#
            + #""tool_calls":[{"id":"c1","type":"function","function":{"name":"now","arguments":"{}"}}]},"#
            + #"{"role":"tool","content":"12"},{"role":"assistant","content":"At noon."}]}"#
        let own = try records(record + "\n", "a.jsonl")
        let text = try #require(own.texts[.response]?[0])
        #expect(own.joined(.response, 0) == text)
        let new = String(decoding: text, as: UTF8.self).replacingOccurrences(
            of: "At noon.", with: "At 12.")
        #expect(
            try own.written(.response, 0, new)
                == record.replacingOccurrences(of: "At noon.", with: "At 12."))
    }

    @Test("keeps unknown keys, the order of keys, big numbers, spaces and escapes elsewhere")
    func json() throws {
        let line =
            #"{ "id":123456789012345678901234567890, "output" : "a\u00e9b\/c", "x":[1, {"y":"\ud83d\ude00"}],"instruction":"say","input":""}"#
        let found = try records(line + "\n" + line + "\n", "a.jsonl")
        #expect(
            try found.replaced(.response, 0, 1, with: "new \"text\"\n\u{1}")
                == line.replacingOccurrences(
                    of: #""a\u00e9b\/c""#, with: #""new \"text\"\n\u0001""#))
        // ASCII by escapes stays ASCII by escapes, beyond the basic plane by two.
        #expect(
            try found.replaced(.response, 0, 0, with: "é😀")
                == line.replacingOccurrences(of: #"a\u00e9b\/c"#, with: #"\u00e9\ud83d\ude00"#))
        // Where it was written as it is, it stays so.
        #expect(
            try found.replaced(.prompt, 0, 0, with: "é")
                == line.replacingOccurrences(of: #""say""#, with: #""é""#))
    }

    @Test("replaces one turn of a conversation")
    func turns() throws {
        let line =
            #"{"conversations":[{"from":"system","value":"s"},{"from":"human","value":"q1"},{"from":"gpt","value":"a1"},{"from":"human","value":"q2"},{"value":"a2","from":"gpt"}]}"#
        let found = try records(line + "\n", "a.jsonl")
        #expect(found.joined(.response, 0) == Array("a1\na2".utf8))
        #expect(found.joined(.system, 0) == Array("s".utf8))
        #expect(
            try found.replaced(.response, 1, 0, with: "b")
                == line.replacingOccurrences(of: "\"a2\"", with: "\"b\""))
    }

    /// A new text for a prompt of instruction and input, and what stands in the record then.
    @Test(
        "a column's new text falls on the values that it is made of",
        arguments: [
            // Only the first, only the last, both; with lines of their own.
            ("one\ntwo", "ONE\ntwo", "ONE", "two"), ("one\ntwo", "one\nTWO", "one", "TWO"),
            ("one\ntwo", "ONE\nTWO", "ONE", "TWO"),
            ("one\ntwo", "one\ntwo\nthree", "one", "two\nthree"),
            ("one\ntwo", "zero\none\ntwo", "zero\none", "two"), ("one\ntwo", "one\n", "one", ""),
            // What is empty takes nothing and does not stand in the way.
            ("one\n", "ONE", "ONE", ""), ("\ntwo", "TWO\nmore", "", "TWO\nmore"),
            ("\n", "new", "new", ""),
        ])
    func shares(_ old: String, _ new: String, instruction: String, input: String) throws {
        func line(_ instruction: String, _ input: String) -> String {
            let parts: JSONValue = [
                "instruction": .string(instruction), "input": .string(input), "output": "x",
            ]
            return String(decoding: parts.bytes, as: UTF8.self)
        }
        let parts = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let found = try records(line(parts[0], parts[1]) + "\n", "a.jsonl")
        #expect(try found.written(.prompt, 0, new) == line(instruction, input))
    }

    @Test("a new text that could be shared out in more than one way is refused")
    func sharedInSeveralWays() throws {
        let found = try records(
            #"{"instruction":"one","input":"two\nthree","output":"x"}"# + "\n", "a.jsonl")
        #expect(try found.written(.prompt, 0, "ONE\nTWO") == nil)
        #expect(try found.written(.prompt, 0, "ONE\nTWO\nTHREE\nFOUR") == nil)
        #expect(try found.written(.system, 0, "new") == nil)
    }

    @Test("a text that stays as it is changes nothing")
    func sharedAsItIs() throws {
        let line = #"{"instruction":"one","input":"one","output":"x"}"#
        #expect(try records(line + "\n", "a.jsonl").written(.prompt, 0, "one\none") == line)
    }

    @Test("a number is replaced by a number alone")
    func bare() throws {
        let found = try records(
            "{\"text\":\"a b\",\"label\": 3 }\n{\"text\":\"c\",\"label\":4}\n", "a.jsonl")
        #expect(try found.replaced(.label, 0, 0, with: "12") == "{\"text\":\"a b\",\"label\": 12 }")
        #expect(throws: RecordEditFault.self) { try found.replaced(.label, 0, 0, with: "two") }
    }

    @Test("quotes a cell where it must and where it was")
    func cells() throws {
        let text = "text,label\r\n\"a, \"\"b\"\"\",x\r\nc d,\"y\"\r\n"
        let found = try records(text, "a.csv")
        #expect(found.joined(.prompt, 0) == Array("a, \"b\"".utf8))
        #expect(try found.replaced(.prompt, 0, 0, with: "e") == "\"e\",x")
        #expect(try found.replaced(.prompt, 0, 1, with: "e,\"f\n") == "\"e,\"\"f\n\",\"y\"")
        #expect(try found.replaced(.label, 0, 1, with: "z") == "c d,\"z\"")
    }

    @Test("a line of text holds no line break")
    func plain() throws {
        let found = try records("one\ntwo\n", "a.txt")
        #expect(try found.replaced(.prompt, 0, 1, with: "three") == "three")
        #expect(throws: RecordEditFault.self) { try found.replaced(.prompt, 0, 1, with: "a\nb") }
    }

    @Test(
        "the pieces of every record are what the reader joins",
        .enabled(if: SharedData.isPresent, "../shared/data is not there"),
        arguments: [
            "gsm8k/train.jsonl", "huatuo_med_zh/data/llama_data.json", "banking77/train.csv",
            "clinc150/data_full.json",
        ])
    func realData(_ path: String) throws {
        let found = try Records(SourceBytes(path: SharedData.file(path).path))
        #expect(found.records.count > 5000)
        for column in RecordEditorTests.columns {
            for row in found.records.indices {
                let expected = found.texts[column]?[row] ?? []
                guard found.joined(column, row) != expected else { continue }
                Issue.record("\(path) row \(row) \(column.rawValue)")
                return
            }
        }
    }

    @Test(
        "the pieces of conversations and preferences are what the reader joins",
        .enabled(if: SharedData.isPresent, "../shared/data is not there"))
    func everySet() throws {
        let files = try DatasetReader.files(of: [SharedData.folder.path])
        var compared = 0
        for file in files {
            guard let found = try? Records(SourceBytes(path: file)) else { continue }
            for column in RecordEditorTests.columns {
                for row in found.records.indices.prefix(500) {
                    compared += 1
                    let expected = found.texts[column]?[row] ?? []
                    guard found.joined(column, row) != expected else { continue }
                    Issue.record("\(file) row \(row) \(column.rawValue)")
                    break
                }
            }
        }
        #expect(compared > 10_000)
    }
}
