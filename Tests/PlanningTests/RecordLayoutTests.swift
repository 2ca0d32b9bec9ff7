import Planning
import Reading
import Testing

/// Records that are left out and added at once, at the end of every layout.
@Suite struct RecordLayoutTests {
    struct Example: CustomTestStringConvertible, Sendable {
        let text: String
        let format: SourceFormat
        let records: [String]
        let removed: [Int]
        let result: String

        var testDescription: String { "\(text) without \(removed)" }
    }

    static let examples = [
        Example(
            text: "a\nb\n", format: .plainText, records: ["a", "b"], removed: [],
            result: "a\nb\nX\nY\n"),
        Example(
            text: "a\nb", format: .plainText, records: ["a", "b"], removed: [], result: "a\nb\nX\nY"
        ),
        Example(
            text: "a\nb", format: .plainText, records: ["a", "b"], removed: [1], result: "a\nX\nY"),
        Example(
            text: "a\nb", format: .plainText, records: ["a", "b"], removed: [0, 1], result: "X\nY"),
        Example(
            text: "[1, 2]", format: .jsonArray, records: ["1", "2"], removed: [],
            result: "[1, 2, X, Y]"),
        Example(
            text: "[1, 2]", format: .jsonArray, records: ["1", "2"], removed: [1],
            result: "[1, X, Y]"),
        Example(
            text: "[1, 2]", format: .jsonArray, records: ["1", "2"], removed: [0],
            result: "[2, X, Y]"),
        Example(
            text: "[1, 2]", format: .jsonArray, records: ["1", "2"], removed: [0, 1],
            result: "[X, Y]"),
        // What stands before or behind the records cannot be read, and stays.
        Example(
            text: "[?, 1, 2]", format: .jsonArray, records: ["1", "2"], removed: [0, 1],
            result: "[?, X, Y]"),
        Example(
            text: "[1, 2, ?]", format: .jsonArray, records: ["1", "2"], removed: [0, 1],
            result: "[X, Y, ?]"),
        Example(
            text: "[1, 2, ?]", format: .jsonArray, records: ["1", "2"], removed: [1],
            result: "[1, X, Y, ?]"),
        Example(
            text: "{\"p\":[1, 2],\"q\":[3]}", format: .jsonObjectOfArrays,
            records: ["1", "2", "3"],
            removed: [2], result: "{\"p\":[1, 2],\"q\":[X,\nY]}"),
    ]

    @Test("what remains is what would have been written", arguments: examples)
    func removesAndAdds(_ example: Example) throws {
        let bytes = Array(example.text.utf8)
        var spans: [RecordSpan] = []
        for record in example.records {
            let mark = Array(record.utf8)
            let from = spans.last.map { $0.offset + $0.length } ?? 0
            let offset = try #require((from..<bytes.count).first { bytes[$0] == mark[0] })
            spans.append(RecordSpan(offset: offset, length: mark.count, line: 1))
        }
        let layout = RecordLayout(
            SourceBytes(name: "x", content: bytes), spans: spans, format: example.format)
        let removals = layout.removals(example.removed)
        let insertion = try #require(
            layout.insertion(["X", "Y"].map { Array($0.utf8) }, without: example.removed))
        var output: [UInt8] = []
        var place = 0
        for range in removals {
            #expect(range.lowerBound >= place)
            output += bytes[place..<range.lowerBound]
            place = range.upperBound
        }
        try #require(insertion.offset >= place)
        output +=
            bytes[place..<insertion.offset] + insertion.pieces.joined() + bytes[insertion.offset...]
        #expect(String(decoding: output, as: UTF8.self) == example.result)
    }
}
