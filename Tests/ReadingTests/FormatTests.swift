import Foundation
import Reading
import Records
import Support
import Testing

/// The same two records in every format that is read.
@Suite struct FormatTests {
    private static let expected: [String?] = ["one, \"two\"", "drei\nvier"]

    private static let forms: [(name: String, text: String)] = [
        ("a.jsonl", #"{"text":"one, \"two\""}"# + "\n" + #"{"text":"drei\nvier"}"#),
        ("a.ndjson", #"{"text":"one, \"two\""}"# + "\r\n\r\n" + #"{"text":"drei\nvier"}"# + "\r\n"),
        ("a.json", #"[{"text":"one, \"two\""}, {"text":"drei\nvier"}]"#),
        ("b.json", #"{"text":"one, \"two\""}"# + "\n" + #"{"text":"drei\nvier"}"#),
        ("c.json", #"{"train":[["one, \"two\"","x"]],"test":[["drei\nvier","y"]]}"#),
        ("a.csv", "text,label\n\"one, \"\"two\"\"\",x\n\"drei\nvier\",y\n"),
        ("b.csv", "text;label\r\n\"one, \"\"two\"\"\";x\r\n\"drei\nvier\";y"),
        ("a.tsv", "text\tlabel\n\"one, \"\"two\"\"\"\tx\n\"drei\nvier\"\ty\n"),
        ("-", #"{"text":"one, \"two\""}"# + "\n" + #"{"text":"drei\nvier"}"#),
    ]

    @Test("every format gives the same texts, with and without a byte-order mark")
    func formats() throws {
        for (name, text) in FormatTests.forms {
            for mark in [[], [0xEF, 0xBB, 0xBF]] as [[UInt8]] {
                let read = try ReadRecords(mark + Array(text.utf8), name: name)
                #expect(read.strings(.prompt) == FormatTests.expected, "\(name)")
                #expect(read.rejected.isEmpty, "\(name)")
            }
        }
    }

    @Test("compressed files, standard input and folders give what the plain file gives")
    func packed() throws {
        let folder = try TemporaryFolder()
        let (_, text) = FormatTests.forms[0]
        let plain = try folder.write("set/a.jsonl", text)
        _ = try Program.run("/usr/bin/env", ["gzip", "-k", plain])
        let schema = try Program.assay(["schema", plain]).output
        let digest = schema.replacingOccurrences(of: plain, with: "")
        let gzip = try Program.assay(["schema", plain + ".gz"]).output
        #expect(gzip.replacingOccurrences(of: plain + ".gz", with: "") == digest)
        let piped = try Program.assay(["schema", "-"], input: Array(text.utf8))
        #expect(piped.status == 0)
        #expect(piped.output.contains("records  2, 0 rejected"))
        let both = try Program.assay([
            "run", folder.path("set"), "--out", folder.path("report"), "--quiet",
        ])
        #expect(both.status == 0, "\(both.errors)")
        let rows = try ReportReader(folder.path("report")).lines("rows.jsonl")
        #expect(rows.count == 4)
    }

    @Test("line separators of Unicode are text, not line ends")
    func separators() throws {
        let text = "a\u{85}b\u{2028}c\u{2029}d"
        let read = try ReadRecords("{\"text\":\"\(text)\"}\n", name: "a.jsonl")
        #expect(read.strings(.prompt) == [text])
        #expect(try ReadRecords(text + "\n", name: "a.txt").strings(.prompt) == [text])
    }

    @Test("big numbers, duplicate keys and deep nesting lose nothing")
    func extremes() throws {
        let number = "123456789012345678901234567890.5e400"
        let deep = String(repeating: "[", count: 2000) + String(repeating: "]", count: 2000)
        let line = #"{"text":"first","text":"last","label":\#(number),"extra":\#(deep)}"#
        let read = try ReadRecords(line, name: "a.jsonl")
        #expect(read.rejected.isEmpty, "\(read.rejected.map(\.reason))")
        #expect(read.strings(.prompt) == ["last"])
        #expect(read.strings(.label) == [number])
    }

    @Test("batches do not depend on threads")
    func threads() throws {
        let text = (0..<500).map { #"{"text":"row \#($0)"}"# }.joined(separator: "\n")
        var base: [String?] = []
        for threads in [1, 2, 5] {
            var options = ReadingOptions()
            options.threads = threads
            options.batchRows = 7
            let read = try ReadRecords(Array(text.utf8), name: "a.jsonl", options: options)
            if base.isEmpty { base = read.strings(.prompt) }
            #expect(read.strings(.prompt) == base)
            #expect(read.lines == Array(1...500))
        }
    }

    @Test("a line break in a quoted name of a column does not end the header")
    func brokenHeader() throws {
        let text = "id;\"the text\nof it\";label\n1;\"so, so\";a\n2;b;c\n"
        let summary = DatasetReader.inspect(
            SourceBytes(name: "a.csv", content: Array(text.utf8)))
        #expect(summary.format == .delimited(UInt8(ascii: ";"), hasHeader: true))
        #expect(summary.keys == ["id", "the text\nof it", "label"])
        // A quote within a cell opens nothing.
        let inches = "size 5\",text,label\n1,one,a\n2,two,b\n"
        #expect(
            DatasetReader.inspect(SourceBytes(name: "a.csv", content: Array(inches.utf8))).keys
                .count
                == 3)
    }

    @Test("a folder that holds itself is read once")
    func ownFolder() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("a.jsonl", "{\"text\":\"one\"}\n")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("self"), withDestinationPath: ".")
        #expect(try DatasetReader.files(of: [folder.root]).count == 1)
    }

    @Test("files of other formats and encodings are named for what they are")
    func otherFormats() throws {
        let folder = try TemporaryFolder()
        let text = "{\"text\":\"one\"}\n"
        let little = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        for (bytes, word) in [
            (Array("PAR1".utf8) + [0, 1, 2, 3] + Array("PAR1".utf8), "Parquet"),
            ([0x50, 0x4B, 3, 4, 0], "spreadsheet"),
            ([0xFF, 0xFE] + little, "UTF-16"), ([0xFE, 0xFF] + big, "UTF-16"), (little, "UTF-16"),
            (big, "UTF-16"),
        ] {
            let path = try folder.write("a.jsonl", bytes)
            let error = #expect(throws: ReadingError.self) { try SourceBytes(path: path) }
            #expect(error?.reason.contains(word) == true, "\(word)")
        }
        for text in ["PARrot\n", "PAR1,label\n", "BZh is no word\n", "a\n", "", "P\u{0}"] {
            _ = try SourceBytes(path: folder.write("a.txt", text))
        }
    }
}
