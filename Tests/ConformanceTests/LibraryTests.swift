import Foundation
import Support
import Testing

/// What leaves the build: the plugins' symbols, and that listing loads none of them.
@Suite struct LibraryTests {
    private static let strategies = ["Coverage", "Distribution", "Diversity", "Noise"]

    private static func library(_ strategy: String) -> String {
        Checkout.file(
            ".build/stage/lib/assay/plugins/org.assay.\(strategy.lowercased())/0.1.0/"
                + "lib\(strategy)Plugin.so"
        ).path
    }

    @Test("every plugin exports one symbol", arguments: strategies)
    func exports(_ strategy: String) throws {
        let ending = try Program.run(
            "/usr/bin/env", ["nm", "-D", "--defined-only", LibraryTests.library(strategy)])
        #expect(ending.status == 0, "\(ending.errors)")
        let names = ending.output.split(separator: "\n").map {
            $0.split(separator: " ").last.map(String.init) ?? ""
        }
        #expect(names == ["assay_library_v1"])
    }

    @Test(
        "listing and explaining open no plugin", arguments: [["plugins"], ["explain", "NSE001"]])
    func listing(_ arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let trace = folder.path("trace")
        let ending = try Program.run(
            "/usr/bin/env",
            ["strace", "-f", "-e", "trace=open,openat", "-o", trace, Checkout.assay.path]
                + arguments)
        #expect(ending.status == 0, "\(ending.errors)")
        let opened = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
        #expect(opened.contains { $0.contains("plugin.json") })
        #expect(!opened.contains { $0.contains("Plugin.so") })
    }

    @Test("assay plugins names the four built-in plugins")
    func names() throws {
        let ending = try Program.assay(["plugins"])
        for strategy in LibraryTests.strategies {
            #expect(ending.output.contains("org.assay.\(strategy.lowercased()) 0.1.0"))
        }
    }
}
