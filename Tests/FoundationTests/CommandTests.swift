import Foundation
import JSONText
import Testing

/// Runs the staged program as a user would.
@Suite(.serialized) struct CommandTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL

    private func assay(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = CommandTests.root.appendingPathComponent(".build/stage/bin/assay")
        process.arguments = arguments
        process.currentDirectoryURL = CommandTests.root
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private func report(_ options: [String]) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let result = try assay(
            [
                "run", "Examples/support-desk/data.jsonl", "--reference",
                "Examples/support-desk/reference.jsonl", "--taxonomy",
                "Examples/support-desk/taxonomy.yaml", "--out", folder.path,
            ] + options)
        #expect(result.status == 0, "\(result.output)")
        return try String(contentsOf: folder.appendingPathComponent("report.json"), encoding: .utf8)
    }

    @Test("all four analyzers end well on the example")
    func example() throws {
        let document = try JSONValue(parsing: report([]))
        let statuses = document["analyzers"]?.arrayValue?.compactMap { $0["status"]?.stringValue }
        #expect(statuses == ["ok", "ok", "ok", "ok"])
    }

    @Test("the report does not depend on threads, batches, isolation or reloaded partials")
    func determinism() throws {
        let base = try report(["--threads", "1"])
        for options in [
            ["--threads", "2"], ["--batch-rows", "7"], ["--isolation", "none"],
            ["--reload-partials"], ["--batch-rows", "3", "--reload-partials", "--threads", "2"],
        ] {
            #expect(try report(options) == base, "\(options)")
        }
    }

    @Test("bad input gives one clear line and help")
    func badInput() throws {
        for arguments in [
            ["run", "no-such-file.jsonl"],
            ["run", "Examples/support-desk/data.jsonl", "--plugins", "nose"],
            ["run", "Examples/support-desk/data.jsonl", "--isolation", "some"],
        ] {
            let result = try assay(arguments)
            #expect(result.status == 2, "\(arguments)")
            #expect(result.output.contains("error: ") && result.output.contains("help: "))
        }
    }
}
