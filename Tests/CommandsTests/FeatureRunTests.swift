import Foundation
import JSONText
import Support
import Testing

@Suite struct FeatureRunTests {
    private let folder: TemporaryFolder
    private let plugin: String

    init() throws {
        folder = try TemporaryFolder()
        plugin = try PluginCompiler.compile(
            "Tests/FeatureProbe/probe.c", manifest: "Tests/FeatureProbe/probe.plugin.json",
            as: "probe", into: folder)
    }

    private func messages(_ arguments: [String]) throws -> [String] {
        let out = folder.path("report-\(UInt32.random(in: .min ... .max))")
        let result = try Program.assay(
            ["run", "--plugin", plugin, "--plugins", "probe", "--out", out] + arguments)
        #expect(result.status == 0, "\(result.errors)")
        return try ReportReader(out).lines("findings.jsonl").compactMap {
            $0["message"]?.stringValue
        }
    }

    private func refusal(_ arguments: [String]) throws -> String {
        let result = try Program.assay(
            ["run", "--plugin", plugin, "--plugins", "probe", "--out", folder.path("no")]
                + arguments)
        #expect(result.status == 2 && result.errors.contains("help: "))
        return result.errors
    }

    private static let records = """
        {"prompt": "How do I get my money back for this broken phone?", "response": "Send it in.", "v": [3, 4]}
        {"prompt": "这个手机坏了，我怎么退货？", "response": "请寄回来。", "v": [0, -2]}
        {"prompt": "", "response": "", "v": [0, 0]}

        """

    @Test("a plugin that asks for them gets languages and vectors, aligned and of length 1")
    func builtIn() throws {
        let data = try folder.write("data.jsonl", FeatureRunTests.records)
        let found = try messages([data])
        #expect(found.map { $0.split(separator: " ").first } == ["en", "zh", "und"])
        // The probe fails unless `assay.embed/1` gives the very vector of the column.
        #expect(found.allSatisfy { $0.contains(" embeds 256 ") })
        #expect(found.map { $0.contains(" 256 1.0000 ") } == [true, true, false])
        // However the batches are cut, the vectors begin at multiples of 64 bytes.
        #expect(try messages([data, "--batch-rows", "2"]) == found)
        #expect(try messages([data, "--isolation", "none", "--memory", "0"]) == found)
    }

    @Test("vectors of the records themselves, and of a file beside them")
    func given() throws {
        let data = try folder.write("data.jsonl", FeatureRunTests.records)
        let expected = [
            "- 2 1.0000 0.6000 0.8000", "- 2 1.0000 0.0000 -1.0000", "- 2 0.0000 0.0000 0.0000",
        ]
        for found in try messages([data, "--embedding", "field:v"]).enumerated() {
            #expect(found.element.hasSuffix(expected[found.offset]))
        }
        let header = Array(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }\n".utf8)
        let values: [Float] = [3, 4, 0, -2, 0, 0]
        let matrix = try folder.write(
            "v.npy",
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header
                + values.withUnsafeBytes { Array($0) })
        for found in try messages([data, "--embedding", matrix, "--batch-rows", "2"]).enumerated() {
            #expect(found.element.hasSuffix(expected[found.offset]))
        }
        let more = try folder.write("more.jsonl", FeatureRunTests.records + #"{"prompt": "a"}"#)
        #expect(
            try refusal([more, "--embedding", matrix]).contains("has 3 rows, the data has 4"))
        let fewer = try folder.write("fewer.jsonl", #"{"prompt": "a", "response": "b"}"#)
        #expect(
            try refusal([fewer, "--embedding", matrix]).contains("has 3 rows, the data has 1"))
        #expect(
            try refusal([fewer, "--embedding", "field:v"]).contains("no list of numbers at /v"))
        #expect(try refusal([data, "--embedding", "/nowhere"]).contains("cannot be opened"))
        let uneven = try folder.write(
            "uneven.jsonl", #"{"prompt": "a", "v": [1, 2]}"# + "\n" + #"{"prompt": "b", "v": [1]}"#)
        #expect(
            try refusal([uneven, "--embedding", "field:v"]).contains("1 numbers, expected 2"))
    }

    @Test("the report says how many vectors came from where")
    func counts() throws {
        let data = try folder.write("data.jsonl", FeatureRunTests.records)
        let out = folder.path("counted")
        let result = try Program.assay([
            "run", data, "--plugin", plugin, "--plugins", "probe", "--out", out,
        ])
        #expect(
            result.output.contains(
                "data: embeddings by minilm-l6-256 of 256 dimensions, 1 of words it does not know, by "
                    + "their characters, 1 without text")
        )
        let dataset = try ReportReader(out).report()["datasets"]?.arrayValue?.first
        #expect(dataset?["embeddings"]?["by_characters"]?.intValue == 1)
    }

    @Test("a size of memory that is none is refused")
    func memorySize() throws {
        let data = try folder.write("data.jsonl", FeatureRunTests.records)
        #expect(try refusal([data, "--memory", "lots"]).contains("expected a size"))
    }
}
