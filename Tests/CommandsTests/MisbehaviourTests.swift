import Foundation
import JSONText
import Support
import Testing

/// Plugins that crash, hang, leak, print and lie.
@Suite(.serialized) struct MisbehaviourTests {
    private static let source = "Tests/Misbehaving/misbehaving.cpp"
    private static let manifest = "Tests/Misbehaving/misbehaving.plugin.json"
    private static let title = "org.assay.test.misbehaving 1.0.0"
    /// The row on which the plugin misbehaves.
    private static let boomRow = 33

    private static func compile(into folder: TemporaryFolder) throws -> String {
        try PluginCompiler.compile(source, manifest: manifest, as: "misbehaving", into: folder)
    }

    /// Fifty records, one of which sets the plugin off.
    private static func writeData(into folder: TemporaryFolder) throws -> String {
        let lines = (0..<50).map {
            #"{"prompt":"\#($0 == boomRow ? "boom" : "prompt \($0)")","response":"an answer"}"#
        }
        return try folder.write("data.jsonl", lines.joined(separator: "\n"))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let how: String
        let code: String
        let cause: String
        var namesRow = true
        var testDescription: String { how }
    }

    @Test(
        "a misbehaving plugin costs its own part alone, and the report says who did what",
        arguments: [
            Case(how: "segfault", code: "HST001", cause: "SIGSEGV"),
            Case(how: "trap", code: "HST001", cause: "SIGILL"),
            Case(how: "throw", code: "HST001", cause: "SIGABRT"),
            Case(how: "exit", code: "HST001", cause: "exit code 0"),
            Case(how: "hog", code: "HST001", cause: "SIGABRT"),
            Case(how: "loop", code: "HST002", cause: "no answer"),
            Case(how: "gibberish", code: "HST002", cause: "no answer"),
            Case(how: "hangup", code: "HST001", cause: "nonsense on its channel"),
            Case(how: "print", code: "HST003", cause: "standard output", namesRow: false),
            Case(how: "rows", code: "HST003", cause: "names row 1000000", namesRow: false),
            Case(how: "manyrows", code: "HST003", cause: "(1000 times)", namesRow: false),
            Case(how: "group", code: "HST003", cause: "names row 999999", namesRow: false),
            Case(
                how: "twice", code: "HST003", cause: "\"noise.rate\" is stated twice",
                namesRow: false),
            Case(how: "utf8", code: "HST003", cause: "not valid UTF-8", namesRow: false),
            Case(how: "nan", code: "HST003", cause: "not a number", namesRow: false),
            Case(how: "undeclared", code: "HST003", cause: "not in its manifest", namesRow: false),
        ])
    func misbehaves(_ expected: Case) throws {
        let folder = try TemporaryFolder()
        let library = try MisbehaviourTests.compile(into: folder)
        // Where time is not the matter, a busy machine must not make it one.
        let seconds = expected.code == "HST002" ? "2" : "60"
        let result = try Program.assay([
            "run", try MisbehaviourTests.writeData(into: folder), "--plugin", library, "--set",
            "test.behaviour=\(expected.how)", "--out", folder.path("report"), "--call-seconds",
            seconds,
        ])
        #expect(result.status == 3, "\(result.errors)")
        let reader = ReportReader(folder.path("report"))
        let statuses = try reader.statuses()
        #expect(statuses.count == 5)
        #expect(statuses.values.count { $0 == "ok" } == 4)
        let found = try reader.lines("findings.jsonl").first {
            $0["code"]?.stringValue == expected.code
        }
        let message = found?["message"]?.stringValue ?? ""
        #expect(message.contains(MisbehaviourTests.title), "\(message)")
        #expect(message.contains(expected.cause), "\(message)")
        #expect(
            try reader.lines("findings.jsonl").count { $0["code"]?.stringValue == expected.code }
                == 1)
        if expected.namesRow {
            #expect(found?["row_index"]?.intValue == MisbehaviourTests.boomRow)
        }
    }

    private func run(
        _ how: String, _ data: String, _ more: [String], in folder: TemporaryFolder
    ) throws -> (status: Int32, output: String, errors: String) {
        let result = try Program.assay(
            [
                "run", data, "--plugin", try MisbehaviourTests.compile(into: folder), "--plugins",
                "noise,org.assay.test.misbehaving", "--set", "test.behaviour=\(how)", "--out",
                folder.path("report"),
            ] + more)
        return (result.status, result.output, result.errors)
    }

    @Test("no plugin stands in for another strategy's metric at a gate")
    func claims() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write(
            "data.jsonl",
            #"{"prompt":"boom","response":"an answer"}"# + "\n"
                + #"{"prompt":"a question","response":""}"#)
        let result = try run("claim", data, ["--fail-on", "noise.rate > 0.1"], in: folder)
        #expect(result.status == 1, "\(result.errors)")
        let gate = try ReportReader(folder.path("report")).report()["gates"]?.arrayValue?.first
        #expect(gate?["value"]?["noise.rate"]?.doubleValue == 0.5)
    }

    @Test("a gate on what a failed plugin did not state costs nothing of the report")
    func undecided() throws {
        let folder = try TemporaryFolder()
        let data = try MisbehaviourTests.writeData(into: folder)
        let failed = try run("none", data, ["--fail-on", "test.number > 1"], in: folder)
        #expect(failed.status == 2)
        #expect(failed.errors.contains("no metric is called \"test.number\""), "\(failed.errors)")
        let gates = try ReportReader(folder.path("report")).report()["gates"]
        #expect(gates?.arrayValue?.first?["passed"]?.boolValue == false)
        let crashed = try run(
            "loop", data, ["--fail-on", "test.number > 1", "--call-seconds", "0.5"], in: folder)
        #expect(crashed.status == 3)
        #expect(
            try ReportReader(folder.path("report")).report()["gates"]?.arrayValue?.first?["passed"]?
                .boolValue == false)
    }

    @Test("what a plugin logs stands in run.json")
    func logs() throws {
        let folder = try TemporaryFolder()
        let result = try run("log", try MisbehaviourTests.writeData(into: folder), [], in: folder)
        #expect(result.status == 0, "\(result.errors)")
        let facts = try JSONValue(parsing: ReportReader(folder.path("report")).text("run.json"))
        let lines = facts["logs"]?["org.assay.test.misbehaving"]?.arrayValue ?? []
        #expect(lines.count == 1)
        #expect(lines.first?.stringValue?.contains("what it has to say") == true)
    }

    @Test("records that are slow together are not blamed one by one")
    func slow() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write(
            "data.jsonl",
            Array(repeating: #"{"prompt":"boom","response":"an answer"}"#, count: 2)
                .joined(separator: "\n"))
        let result = try run("nap", data, ["--call-seconds", "2", "--threads", "1"], in: folder)
        #expect(result.status == 3)
        let found = try ReportReader(folder.path("report")).lines("findings.jsonl").filter {
            $0["code"]?.stringValue == "HST002"
        }
        #expect(found.count == 1)
        #expect(found.first?["row_index"] == .null)
        #expect(found.first?["message"]?.stringValue?.contains("no answer for 2 s") == true)
    }

    @Test("a plugin that ends the host's process does not end it as done")
    func exits() throws {
        let folder = try TemporaryFolder()
        let data = try MisbehaviourTests.writeData(into: folder)
        let result = try run("exit", data, ["--isolation", "none"], in: folder)
        #expect(result.status == 3)
        #expect(result.errors.contains("a plugin ended the process"), "\(result.errors)")
    }

    @Test("optimize says why it wrote nothing")
    func nothingWritten() throws {
        let folder = try TemporaryFolder()
        let result = try Program.assay([
            "optimize", try MisbehaviourTests.writeData(into: folder), "-o",
            folder.path("out.jsonl"),
            "--plugin", try MisbehaviourTests.compile(into: folder), "--set",
            "test.behaviour=segfault", "--out", folder.path("report"),
        ])
        #expect(result.status == 3)
        #expect(result.errors.contains("nothing was written"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("out.jsonl")))
    }

    @Test("the host explains its own codes", arguments: ["HST001", "hst002", "plugin-fault"])
    func explains(_ code: String) throws {
        let result = try Program.assay(["explain", code])
        #expect(result.status == 0)
        #expect(result.output.hasPrefix("HST00"))
        #expect(result.output.contains("What to do"))
    }

    @Test("a plugin can neither reach the network, files, other processes nor start one")
    func sandbox() throws {
        let folder = try TemporaryFolder()
        let library = try MisbehaviourTests.compile(into: folder)
        let result = try Program.assay([
            "run", try MisbehaviourTests.writeData(into: folder), "--plugin", library, "--set",
            "test.behaviour=escape", "--out", folder.path("report"),
        ])
        let reader = ReportReader(folder.path("report"))
        let held = try JSONValue(parsing: reader.text("run.json"))["protections"]
        // A kernel without one of them says so in the report; then there is nothing to test.
        guard held?["landlock"]?.boolValue == true, held?["seccomp"]?.boolValue == true else {
            return
        }
        #expect(result.status == 0, "\(result.errors)")
        let found = try reader.lines("findings.jsonl").first {
            $0["code"]?.stringValue == "BAD001"
        }
        #expect(found?["message"]?.stringValue == "confined")
    }

    @Test("of a struct that says it is shorter no more than that is read")
    func olderStructs() throws {
        let folder = try TemporaryFolder()
        let result = try Program.assay([
            "run", try MisbehaviourTests.writeData(into: folder), "--plugin",
            try MisbehaviourTests.compile(into: folder), "--set", "test.behaviour=older", "--out",
            folder.path("report"),
        ])
        #expect(result.status == 0, "\(result.errors)")
        let found = try ReportReader(folder.path("report")).lines("findings.jsonl").first {
            $0["code"]?.stringValue == "BAD001"
        }
        #expect(found?["message"]?.stringValue == "an older plugin")
        #expect(found?["evidence"] == .null)
    }

    struct Lie: Sendable, CustomTestStringConvertible {
        let truth: String
        let lie: String
        let complaint: String
        var testDescription: String { lie }
    }

    @Test(
        "a manifest that does not match its library is refused after loading, by the worker",
        arguments: [
            Lie(
                truth: #""version": "1.0.0""#, lie: #""version": "1.0.1""#,
                complaint: "says it is version 1.0.0, its manifest says 1.0.1"),
            Lie(
                truth: #""state_format": 1"#, lie: #""state_format": 2"#,
                complaint: "has state_format 1, its manifest says 2"),
            Lie(
                truth: #""id": "org.assay.test.misbehaving", "strategy""#,
                lie: #""id": "org.assay.test.misbehaving.other", "strategy""#,
                complaint:
                    "has no analyzer org.assay.test.misbehaving.other, which its manifest names"),
            Lie(
                truth: #""linux_amd64": "misbehaving.so""#, lie: #""linux_amd64": "data.jsonl""#,
                complaint: "cannot be loaded"),
        ])
    func lies(_ lie: Lie) throws {
        let folder = try TemporaryFolder()
        let library = try MisbehaviourTests.compile(into: folder)
        let data = try MisbehaviourTests.writeData(into: folder)
        let honest = try String(
            contentsOfFile: folder.path("misbehaving.plugin.json"), encoding: .utf8)
        let lying = honest.replacingOccurrences(of: lie.truth, with: lie.lie)
        #expect(lying != honest)
        _ = try folder.write("misbehaving.plugin.json", lying)
        let result = try Program.assay([
            "run", data, "--plugin", library, "--out", folder.path("report"),
        ])
        #expect(result.status == 3, "\(result.errors)")
        let report = try ReportReader(folder.path("report")).report()
        let analyzers = report["analyzers"]?.arrayValue ?? []
        #expect(analyzers.count { $0["status"]?.stringValue == "ok" } == 4)
        let failed = analyzers.first { $0["status"]?.stringValue == "failed" }
        let error = failed?["error"]?.stringValue ?? ""
        #expect(error.contains(lie.complaint), "\(error)")
        #expect(error.hasPrefix("org.assay.test.misbehaving 1.0."), "\(error)")
    }

    @Test("records that crash a plugin one after the other make it fail, not the run")
    func manyCrashes() throws {
        let folder = try TemporaryFolder()
        let library = try MisbehaviourTests.compile(into: folder)
        let data = try folder.write(
            "data.jsonl",
            (0..<200).map {
                #"{"prompt":"\#($0 % 20 == 0 ? "boom" : "prompt \($0)")","response":"r"}"#
            }.joined(separator: "\n"))
        let result = try Program.assay([
            "run", data, "--plugin", library, "--set", "test.behaviour=segfault", "--out",
            folder.path("report"),
        ])
        #expect(result.status == 3)
        let reader = ReportReader(folder.path("report"))
        #expect(try reader.statuses()["org.assay.test.misbehaving"] == "failed")
        let crashes = try reader.lines("findings.jsonl").filter {
            $0["code"]?.stringValue == "HST001"
        }
        #expect(crashes.compactMap { $0["row_index"]?.intValue } == [0, 20, 40, 60])
    }
}
