import Foundation
import Support
import Testing

@Suite struct AllocationTests {
    /// Records without anything to be found in them.
    private static func records(_ count: Int) -> String {
        var text = ""
        for row in 0..<count {
            text += #"{"instruction": "Name a use of item \#(row) in the kitchen, please.", "#
            text += #""input": "", "output": "Item \#(row) is good for soup number \#(row * 7)."}"#
            text += "\n"
        }
        return text
    }

    /// A batch of 4,096 rows costs some hundreds of allocations, a finding some; a row must cost none.
    private static let most = 0.2

    @Test(
        "a row costs no heap allocation in reading, features, scanning, sampling and grouping",
        // Coverage and diversity look at every batch twice, and a batch has its price: 0.22 and 0.32 measured.
        arguments: [
            ("coverage", 0.3), ("distribution", most), ("noise", most), ("diversity", 0.4),
        ])
    func rows(_ limit: (selection: String, most: Double)) throws {
        let folder = try TemporaryFolder()
        let counter = folder.path("counter.so")
        let compiled = try Program.run(
            "/usr/bin/env",
            [
                "clang", "-O2", "-shared", "-fPIC", "-o", counter,
                "Tests/AllocationCounter/counter.c",
            ])
        #expect(compiled.status == 0, "\(compiled.errors)")
        func count(_ rows: Int) throws -> Int {
            let data = try folder.write("\(rows).jsonl", AllocationTests.records(rows))
            let result = try Program.assay(
                [
                    "run", data, "--plugins", limit.selection, "--isolation", "none", "--threads",
                    "1",
                    "--quiet", "--out", folder.path("report"),
                ], environment: ["LD_PRELOAD": counter])
            let line = result.errors.split(separator: "\n").first { $0.hasPrefix("allocations ") }
            return Int(line?.split(separator: " ").last ?? "") ?? .max
        }
        let (small, large) = (try count(20_000), try count(40_000))
        #expect(Double(large - small) / 20_000 < limit.most, "\(small), \(large)")
    }
}
