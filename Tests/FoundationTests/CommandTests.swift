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
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            UUID().uuidString)
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

    /// Compiles a plugin beside its manifest in a folder of its own and returns the library's path.
    private func compile(_ source: String, manifest: String, as name: String) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: CommandTests.root.appendingPathComponent(manifest),
            to: folder.appendingPathComponent("\(name).plugin.json"))
        let library = folder.appendingPathComponent("\(name).so")
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = [
            source.hasSuffix(".c") ? "cc" : "c++", "-O1", "-shared", "-fPIC", "-fvisibility=hidden",
            "-IPluginSDK/CAssay/include", "-o", library.path, source,
        ]
        compiler.currentDirectoryURL = CommandTests.root
        try compiler.run()
        compiler.waitUntilExit()
        #expect(compiler.terminationStatus == 0)
        return library
    }

    private func findings(in folder: URL) throws -> [JSONValue] {
        try String(contentsOf: folder.appendingPathComponent("findings.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    private static let misbehaviours: [(how: String, code: String, cause: String, names: Bool)] = [
        ("segfault", "HST001", "SIGSEGV", true), ("trap", "HST001", "SIGILL", true),
        ("throw", "HST001", "SIGABRT", true), ("exit", "HST001", "exit code 0", true),
        ("hog", "HST001", "SIGABRT", true), ("loop", "HST002", "no answer", true),
        ("print", "HST003", "standard output", false),
        ("rows", "HST003", "names row 1000000", false),
        ("utf8", "HST003", "not valid UTF-8", false), ("nan", "HST003", "not a number", false),
    ]

    @Test("a misbehaving plugin costs its own part alone, and the report says who did what")
    func misbehaving() throws {
        let library = try compile(
            "Tests/Misbehaving/misbehaving.cpp",
            manifest: "Tests/Misbehaving/misbehaving.plugin.json", as: "misbehaving")
        let folder = library.deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appendingPathComponent("data.jsonl")
        let lines = (0..<50).map {
            #"{"prompt":"\#($0 == 33 ? "boom" : "prompt \($0)")","response":"an answer"}"#
        }
        try lines.joined(separator: "\n").write(to: data, atomically: true, encoding: .utf8)
        for (how, code, cause, names) in CommandTests.misbehaviours {
            let out = folder.appendingPathComponent("report-\(how)")
            let result = try assay([
                "run", data.path, "--plugin", library.path, "--set", "test.behaviour=\(how)",
                "--out", out.path, "--call-seconds", "2",
            ])
            #expect(result.status == 3, "\(how): \(result.output)")
            let report = try JSONValue(
                parsing: String(
                    contentsOf: out.appendingPathComponent("report.json"), encoding: .utf8))
            let analyzers = report["analyzers"]?.arrayValue ?? []
            #expect(analyzers.count { $0["status"]?.stringValue == "ok" } == 4, "\(how)")
            let found = try findings(in: out).first { $0["code"]?.stringValue == code }
            let message = found?["message"]?.stringValue ?? ""
            #expect(message.contains("org.assay.test.misbehaving 1.0.0"), "\(how): \(message)")
            #expect(message.contains(cause), "\(how): \(message)")
            if names { #expect(found?["row_index"]?.intValue == 33, "\(how)") }
        }
    }

    @Test("a custom detector's findings stand beside the built-in ones")
    func customDetector() throws {
        let library = try compile(
            "Examples/custom-noise-detector/shouting.c",
            manifest: "Examples/custom-noise-detector/shouting.plugin.json", as: "shouting")
        let folder = library.deletingLastPathComponent()
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appendingPathComponent("data.jsonl")
        try #"{"prompt":"WHY IS IT NOT HERE","response":""}"#.write(
            to: data, atomically: true, encoding: .utf8)
        let result = try assay(["run", data.path, "--plugin", library.path, "--out", folder.path])
        #expect(result.status == 0, "\(result.output)")
        let codes = try findings(in: folder).compactMap { $0["code"]?.stringValue }
        #expect(codes.contains("SHOUT001") && codes.contains("NSE001"))
    }
}
