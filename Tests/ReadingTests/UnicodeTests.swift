import Foundation
import JSONText
import Reading
import Records
import Support
import Testing

/// Text goes through reading byte by byte as it came, or is rejected with its bytes kept.
@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not there"))
struct UnicodeTests {
    /// A JSON string literal of any bytes: what must be escaped is, everything else stands as it is.
    private func literal(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = [UInt8(ascii: "\"")]
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                text += Array("\\u00".utf8)
                text += Array((byte < 16 ? "0" : "").utf8) + Array(String(byte, radix: 16).utf8)
            default: text.append(byte)
            }
        }
        return text + [UInt8(ascii: "\"")]
    }

    private func record(_ bytes: [UInt8]) -> [UInt8] {
        Array("{\"text\":".utf8) + literal(bytes) + Array("}".utf8)
    }

    /// The bytes of pairs of hexadecimal digits; white space is passed over.
    private static func hex(_ text: Substring) -> [UInt8] {
        let digits = text.filter { $0.isHexDigit }
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { start in
            UInt8(digits.dropFirst(start).prefix(2), radix: 16)
        }
    }

    /// Cases of the UTF-8 test file: number, bytes, whether they are valid.
    private func cases() throws -> [(number: String, bytes: [UInt8], isValid: Bool)] {
        let text = try String(
            contentsOf: SharedData.file("utf8_tests/utf8tests.txt"), encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            guard line.first?.isNumber == true else { return nil }
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            let kind = parts[1].trimmingCharacters(in: .whitespaces)
            let isHex = kind.hasSuffix("hex")
            // Invalid bytes cannot stand in that file itself: such a line shows what they become.
            guard isHex || kind == "valid" else { return nil }
            let content =
                parts[2].split(separator: ":", omittingEmptySubsequences: false).first ?? ""
            let bytes = isHex ? UnicodeTests.hex(content) : Array(parts[2].utf8)
            return (String(parts[0]), bytes, kind.hasPrefix("valid"))
        }
    }

    @Test("every valid sequence is read byte by byte, every invalid one is rejected and kept")
    func sequences() throws {
        let cases = try cases()
        #expect(cases.count > 100)
        #expect(cases.contains { !$0.isValid })
        for (number, bytes, isValid) in cases {
            for line in [record(bytes)] {
                let read = try ReadRecords(line, name: "case.jsonl")
                if isValid {
                    #expect(read.rejected.isEmpty, "\(number)")
                    #expect(read.texts[.prompt]?.first == bytes, "\(number)")
                } else {
                    #expect(read.rejected.map(\.bytes) == [line], "\(number)")
                    #expect(read.rejected.first?.reason.contains("UTF-8") == true, "\(number)")
                }
            }
        }
    }

    @Test("naughty strings come through JSONL, CSV and text as they are")
    func naughtyStrings() throws {
        let list = try JSONValue(
            parsing: [UInt8](Data(contentsOf: SharedData.file("naughty_strings/blns.json"))))
        let strings = (list.arrayValue ?? []).compactMap(\.stringValue).map { Array($0.utf8) }
        #expect(strings.count > 500)
        let lines = Array(strings.map(record).joined(separator: [0x0A]))
        let read = try ReadRecords(lines, name: "naughty.jsonl")
        #expect(read.rejected.isEmpty)
        #expect(read.texts[.prompt] == strings)
        // The same as cells: quoted, quotes doubled.
        var table = Array("text,label\n".utf8)
        for string in strings {
            table.append(0x22)
            for byte in string { table += byte == 0x22 ? [0x22, 0x22] : [byte] }
            table += Array("\",x\n".utf8)
        }
        let delimited = try ReadRecords(table, name: "naughty.csv")
        #expect(delimited.rejected.isEmpty)
        #expect(delimited.texts[.prompt] == strings)
    }

    @Test("the list of naughty strings itself is read as a file of each kind")
    func naughtyFiles() throws {
        for name in ["blns.txt", "blns.base64.txt", "blns.json", "blns.base64.json"] {
            let bytes = [UInt8](try Data(contentsOf: SharedData.file("naughty_strings/\(name)")))
            let read = try ReadRecords(bytes, name: name)
            #expect(read.rejected.isEmpty, "\(name)")
            #expect(read.summary.recordCount > 400, "\(name)")
        }
    }

    @Test("findings about naughty strings are valid JSON with the strings in the right rows")
    func report() throws {
        let list = try JSONValue(
            parsing: [UInt8](Data(contentsOf: SharedData.file("naughty_strings/blns.json"))))
        let strings = (list.arrayValue ?? []).compactMap(\.stringValue).map { Array($0.utf8) }
        let folder = try TemporaryFolder()
        let data = try folder.write(
            "naughty.jsonl", Array(strings.map(record).joined(separator: [0x0A])))
        let result = try Program.assay(["run", data, "--out", folder.path("report")])
        #expect(result.status == 0, "\(result.errors)")
        let reader = ReportReader(folder.path("report"))
        #expect(try reader.statuses().values.allSatisfy { $0 == "ok" })
        #expect(try reader.lines("rows.jsonl").count == strings.count)
        _ = try reader.lines("findings.jsonl")
    }
}
