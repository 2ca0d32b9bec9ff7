import Foundation
import JSONText
import Support
import Testing

/// Whether what stands in the repository can run here.
private enum ThisMachine {
    #if arch(x86_64)
        static let isX86 = true
    #else
        static let isX86 = false
    #endif
}

/// A plugin that was built against the headers of ABI 1.0 and is never built again.
///
/// What stands in the repository is for x86-64: elsewhere there is nothing to run.
@Suite(.enabled(if: ThisMachine.isX86, "the frozen plugin is for x86-64"))
struct FrozenTests {
    private static let bundle = Checkout.file("Tests/Frozen/abi-1.0").path

    @Test("it keeps every law, on hosts whose structs have grown and on ones that are shorter")
    func laws() throws {
        let result = try Program.assay([
            "plugin", "check", FrozenTests.bundle, "--format", "json", "--seed", "7",
        ])
        #expect(result.status == 0, "\(result.output)")
        let checks = try JSONValue(parsing: result.output)["checks"]?.arrayValue ?? []
        func verdict(_ name: String) -> String? {
            checks.first { $0["check"]?.stringValue == name }?["verdict"]?.stringValue
        }
        // The binary is the one that the manifest has the hash of.
        for name in ["files.hashes", "abi.host-larger", "abi.host-shorter", "algebra.save-load"] {
            #expect(verdict(name) == "passed", "\(name)")
        }
        // Titles of codes came after 1.0: their lack is a warning, and the only one.
        let others = checks.filter { $0["check"]?.stringValue != "manifest.words" }
        #expect(
            others.allSatisfy { ["passed", "skipped"].contains($0["verdict"]?.stringValue) },
            "\(result.output)")
        #expect(verdict("manifest.words") == "warning")
    }

    @Test("it runs, and says what it said in 1.0")
    func runs() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write(
            "data.jsonl",
            (0..<9).map { row in
                "{\"prompt\": \"\(row % 4 == 1 ? "once more" : "prompt \(row)")\", \"response\": \"\(row)\"}\n"
            }.joined())
        let result = try Program.assay([
            "run", data, "--plugin", FrozenTests.bundle, "--plugins", "frozen", "--out",
            folder.path("report"),
        ])
        #expect(result.status == 0, "\(result.errors)")
        let reader = ReportReader(folder.path("report"))
        let found = try reader.lines("findings.jsonl")
        #expect(found.map { $0["row_index"]?.intValue } == [1, 5])
        #expect(found.allSatisfy { $0["code"]?.stringValue == "FRZ001" })
        #expect(found.first?["evidence"]?["copies"]?.intValue == 2)
        let analyzers = try reader.report()["analyzers"]?.arrayValue ?? []
        let mean = analyzers.flatMap { $0["metrics"]?.arrayValue ?? [] }
            .first { $0["name"]?.stringValue == "frozen.mean_bytes" }
        // Seven prompts of 8 bytes and two of 9.
        #expect(abs((mean?["value"]?.doubleValue ?? 0) - 74.0 / 9) < 1e-9)
    }
}
