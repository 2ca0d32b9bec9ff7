import CLayout
import Foundation
import Support
import Testing

/// The headers are the specification: they compile alone, in C and in C++, and their layout is frozen.
@Suite struct HeaderTests {
    private static let folder = Checkout.file("PluginSDK/CAssay/include/assay")

    private static var headers: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(".h") }.sorted()
        }
    }

    @Test("the layout of every struct is the golden one")
    func layout() throws {
        var text = [CChar](repeating: 0, count: 1 << 16)
        let length = assay_layout(&text, UInt64(text.count))
        #expect(length < text.count)
        let layout = String(decoding: text.prefix(Int(length)).map(UInt8.init), as: UTF8.self)
        let golden = Checkout.file("PluginSDK/CAssay/layout.golden")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try layout.write(to: golden, atomically: true, encoding: .utf8)
            Issue.record("the golden layout was written anew")
        }
        #expect(try String(contentsOf: golden, encoding: .utf8) == layout)
        // No tail padding: every size is a multiple of eight.
        let sizes = layout.split(separator: "\n").filter { !$0.hasPrefix(" ") }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
        #expect(sizes.count == 21)
        #expect(sizes.allSatisfy { $0 % 8 == 0 })
    }

    @Test(
        "every header compiles alone without a warning",
        arguments: [["clang", "-std=c11", "-xc"], ["clang++", "-std=c++17", "-xc++"]])
    func compiles(_ compiler: [String]) throws {
        for header in try HeaderTests.headers {
            let folder = try TemporaryFolder()
            let source = try folder.write("alone.c", "#include <assay/\(header)>\n")
            let ending = try Program.run(
                "/usr/bin/env",
                compiler + [
                    "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                    "-IPluginSDK/CAssay/include", source,
                ])
            #expect(ending.status == 0, "\(header): \(ending.errors)")
        }
    }

    @Test("every function of a table says its thread or its ownership")
    func functionsAreDocumented() throws {
        // The structs of the Arrow C Data Interface are the Arrow project's.
        for header in try HeaderTests.headers where header != "arrow.h" {
            let text = try String(
                contentsOf: HeaderTests.folder.appendingPathComponent(header), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for (number, line) in lines.enumerated() where line.contains(" (*") {
                let before = lines[max(0, number - 6)..<number].joined(separator: "\n")
                let comment = before.range(of: "/** [", options: .backwards)
                #expect(comment != nil, "\(header) line \(number + 1): \(line)")
            }
        }
    }
}
