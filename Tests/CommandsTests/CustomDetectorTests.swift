import Foundation
import JSONText
import Support
import Testing

@Suite struct CustomDetectorTests {
    private static let readme = "Examples/custom-noise-detector/README.md"

    @Test("the example compiles with the line of its README")
    func readmeLine() throws {
        let folder = try TemporaryFolder()
        let text = try String(
            contentsOf: Checkout.file(CustomDetectorTests.readme), encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.contains("-shared") }
        let words = (line ?? "").split(separator: " ").map(String.init)
        let output = words.firstIndex(of: "-o").map { words[$0 + 1] } ?? ""
        #expect(output.hasSuffix("shouting.so"))
        let library = folder.path("shouting.so")
        let ending = try Program.run(
            "/usr/bin/env", words.map { $0 == output ? library : $0 })
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.errors.isEmpty)
    }

    @Test("a custom detector's findings stand beside the built-in ones")
    func findings() throws {
        let folder = try TemporaryFolder()
        let library = try PluginCompiler.compile(
            "Examples/custom-noise-detector/shouting.c",
            manifest: "Examples/custom-noise-detector/shouting.plugin.json", as: "shouting",
            into: folder)
        let data = try folder.write(
            "data.jsonl", #"{"prompt":"WHY IS IT NOT HERE","response":""}"#)
        let result = try Program.assay([
            "run", data, "--plugin", library, "--out", folder.path("report"),
        ])
        #expect(result.status == 0, "\(result.errors)")
        let codes = try ReportReader(folder.path("report")).lines("findings.jsonl")
            .compactMap { $0["code"]?.stringValue }
        #expect(codes.contains("SHOUT001") && codes.contains("NSE001"))
    }

    @Test("a selection runs what it names and nothing else")
    func selection() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write("data.jsonl", #"{"prompt":"a","response":"b"}"#)
        for (selection, expected) in [
            ("noise", ["org.assay.noise"]),
            ("noise,org.assay.diversity", ["org.assay.diversity", "org.assay.noise"]),
            ("org.assay.d*", ["org.assay.distribution", "org.assay.diversity"]),
        ] {
            let out = folder.path("report-\(expected.count)-\(selection.count)")
            let result = try Program.assay(["run", data, "--plugins", selection, "--out", out])
            #expect(result.status == 0, "\(result.errors)")
            #expect(try ReportReader(out).statuses().keys.sorted() == expected)
        }
    }
}
