import Foundation
import JSONText
import Support
import Testing

/// Each gives one clear line with `help:`, or a correct report; never a trace.
@Suite struct BadInputTests {
    private static let data = "Examples/support-desk/data.jsonl"
    private static let record = #"{"instruction":"a question","input":"","output":"an answer"}"#

    private func expectRefusal(
        _ arguments: [String], naming fragments: [String], input: [UInt8]? = nil
    ) throws {
        let folder = try TemporaryFolder()
        let result = try Program.assay(
            arguments + ["--out", folder.path("report")], input: input)
        #expect(result.status == 2, "\(arguments): \(result.errors)")
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("error: ") } == 1, "\(result.errors)")
        #expect(lines.count { $0.hasPrefix("help: ") } == 1, "\(result.errors)")
        for fragment in fragments {
            #expect(result.errors.contains(fragment), "\(fragment) in \(result.errors)")
        }
        for trace in ["Fatal error", "Swift/", ".swift:", "0x"] {
            #expect(!result.errors.contains(trace), "\(result.errors)")
        }
    }

    @Test("a file that cannot be read is named with the reason")
    func unreadable() throws {
        try expectRefusal(["run", "no-such.jsonl"], naming: ["no-such.jsonl", "No such file"])
        let folder = try TemporaryFolder()
        try expectRefusal(["run", folder.root], naming: ["no data file"])
        let cut = try folder.write("cut.jsonl.gz", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2])
        try expectRefusal(["run", cut], naming: ["cut.jsonl.gz", "cannot be decompressed"])
    }

    @Test("wishes for noise that mean nothing are refused, and nothing is written")
    func injection() throws {
        let folder = try TemporaryFolder()
        let out = folder.path("out.jsonl")
        func refuse(_ arguments: [String], _ fragments: [String], data: String = BadInputTests.data)
            throws
        {
            let result = try Program.assay(["inject", data, "-o", out] + arguments)
            #expect(result.status == 2)
            for fragment in ["error: ", "help: "] + fragments {
                #expect(result.errors.contains(fragment), "\(fragment) in \(result.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: out))
        }
        try refuse([], ["no noise was named"])
        try refuse(["--noise", "tipo=0.1"], ["tipo", "did you mean typo"])
        try refuse(["--noise", "typo"], ["a rate after typo="])
        try refuse(["--noise", "typo=2"], ["2.0", "at most 1"])
        try refuse(["--noise", "typo=0.1", "--ledger", out], ["is read or written"])
        try refuse(["--noise", "typo=0.1"], ["is a folder"], data: "Examples/support-desk")
        try refuse(["--noise", "typo=0.1"], ["No such file"], data: "none.jsonl")
        try refuse(["--noise", "typo=0.1", "--ledger", out + ".gz"], ["not compressed"])
        let copy = try folder.write("copy.jsonl", BadInputTests.record)
        let onto = try Program.assay(["inject", copy, "-o", copy, "--noise", "typo=1"])
        #expect(onto.status == 2 && onto.errors.contains("is read or written"))
        let noLedger = try Program.assay(["revert", copy, "-o", out])
        #expect(noLedger.status == 2 && noLedger.errors.contains("copy.jsonl.ledger.jsonl"))
    }

    @Test("a review file's fault is named with its line")
    func review() throws {
        let folder = try TemporaryFolder()
        let good = #"{"row_index": 1, "code": "NSE041", "decision": "accept"}"#
        func refuse(_ line: String, _ fragments: [String]) throws {
            let path = try folder.write("review.jsonl", good + "\n\n" + line + "\n")
            try expectRefusal(
                ["run", BadInputTests.data, "--review", path],
                naming: ["review.jsonl line 3"] + fragments)
        }
        try refuse("not JSON", ["one JSON object a line"])
        try refuse(
            #"{"row_index": -1, "code": "NSE041", "decision": "accept"}"#, ["row_index", "-1"])
        try refuse(#"{"row_index": 1, "decision": "accept"}"#, ["code", "missing"])
        try refuse(
            #"{"row_index": 1, "code": "NSE041", "decision": "maybe"}"#,
            ["maybe", "accept, reject, relabel"])
        try refuse(
            #"{"row_index": 1, "code": "NSE050", "decision": "relabel"}"#, ["label", "missing"])
        try expectRefusal(
            ["run", BadInputTests.data, "--review", "none.jsonl"], naming: ["none.jsonl"])
    }

    @Test("unknown plugins and option values are named, with the nearest known one")
    func options() throws {
        let data = BadInputTests.data
        try expectRefusal(["run", data, "--plugins", "nose"], naming: ["\"nose\"", "\"noise\"?"])
        try expectRefusal(
            ["run", data, "--isolation", "some"], naming: ["some", "process or none"])
        try expectRefusal(["run", data, "--format", "xml"], naming: ["xml", "text or json"])
        try expectRefusal(["run", data, "--threads", "0"], naming: ["--threads is 0", "1 to 256"])
        try expectRefusal(["run", data, "--threads", "many"], naming: ["many", "threads"])
        try expectRefusal(["run", data, "--fields", "prmpt=a"], naming: ["prmpt", "prompt"])
        try expectRefusal(["run", data, "--treads", "2"], naming: ["--treads"])
        try expectRefusal(
            ["run", data, "--set", "noise.context_token=8"],
            naming: ["context_token", "context_tokens"])
        try expectRefusal(
            ["run", data, "--set", "noise.context_tokens=\"many\""],
            naming: ["\"many\"", "integer", "--set noise.context_tokens"])
        try expectRefusal(
            ["run", data, "--set", "noise.context_tokens=3"], naming: ["3", "at least 16"])
        try expectRefusal(
            ["run", data, "--fail-on", "noise.rte > 1", "--allow-rejects", "9"],
            naming: ["noise.rte", "noise.rate"])
        try expectRefusal(["run", data, "--fail-on", "noise.rate"], naming: ["noise.rate"])
        try expectRefusal(
            ["run", data, "--allow-rejects", "few"], naming: ["few", "number or a percentage"])
        let unknown = try Program.assay(["explain", "NSE01"])
        #expect(unknown.status == 2)
        #expect(unknown.errors.contains("\"NSE01\"") && unknown.errors.contains("NSE001"))
    }

    @Test("a taxonomy with a typo is refused with file, line and the known keys")
    func taxonomy() throws {
        let folder = try TemporaryFolder()
        let typo = try folder.write(
            "taxonomy.yaml",
            "dimensions:\n  - name: topic\n    feild: topic\n    categories: [a, b]\n")
        try expectRefusal(
            ["run", BadInputTests.data, "--taxonomy", typo],
            naming: ["taxonomy.yaml line 3", "feild", "field"])
        let broken = try folder.write("broken.yaml", "dimensions:\n  - name: [topic\n")
        try expectRefusal(
            ["run", BadInputTests.data, "--taxonomy", broken], naming: ["broken.yaml line"])
        let number = try folder.write(
            "number.yaml",
            "dimensions:\n- name: topic\n  field: topic\n  categories:\n  - name: a\n    target: many\n"
        )
        try expectRefusal(
            ["run", BadInputTests.data, "--taxonomy", number],
            naming: ["number.yaml line 6", "many", "whole number"])
    }

    @Test("what only the plugin can know of a taxonomy is bad input as well")
    func refusedTaxonomy() throws {
        let folder = try TemporaryFolder()
        let twice = try folder.write(
            "twice.yaml", "dimensions: [{name: topic, field: topic, categories: [a, b, a]}]\n")
        try expectRefusal(
            ["run", BadInputTests.data, "--taxonomy", twice],
            naming: ["org.assay.coverage 0.1.0", "category a twice"])
    }

    @Test("a configuration file holds the options, and its mistakes have a line")
    func configuration() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("data.jsonl", BadInputTests.record)
        let good = try folder.write(
            "run.yaml",
            "data: data.jsonl\nplugins: [noise, coverage]\nthreads: 1\nout: made\n"
                + "set:\n  noise:\n    context_tokens: 16\nfields: {prompt: input+instruction}\n")
        let result = try Program.assay(["run", "--config", good])
        #expect(result.status == 0, "\(result.errors)")
        let reader = ReportReader(folder.path("made"))
        #expect(try reader.statuses().keys.sorted() == ["org.assay.coverage", "org.assay.noise"])
        let mapping = try reader.report()["datasets"]?.arrayValue?[0]["files"]?.arrayValue?[0]
        #expect(mapping?["mapping"]?.stringValue?.contains("/input+/instruction") == true)
        for (line, fragments) in [
            ("treads: 1", ["bad.yaml line 2", "treads", "threads"]),
            ("threads: 0", ["bad.yaml line 2", "at least 1"]),
            ("set: {nose: {a: 1}}", ["bad.yaml line 2", "nose", "noise"]),
            ("set: {noise: {context_tokens: x}}", ["bad.yaml line 2", "\"x\""]),
        ] {
            let bad = try folder.write("bad.yaml", "data: data.jsonl\n\(line)\n")
            try expectRefusal(["run", "--config", bad], naming: fragments)
        }
        try expectRefusal(["run"], naming: ["no data"])
    }

    @Test("a manifest of a newer version, or of a newer ABI, is refused before loading")
    func newerManifest() throws {
        let folder = try TemporaryFolder()
        let manifest = try String(
            contentsOf: Checkout.file("Tests/Misbehaving/misbehaving.plugin.json"), encoding: .utf8)
        for (name, old, new, fragments) in [
            ("a", #""manifest_version": 1"#, #""manifest_version": 2"#, ["manifest_version is 2"]),
            ("b", #""min_minor": 0"#, #""min_minor": 9"#, ["needs ABI 1.9", "speaks 1.0"]),
            ("c", #""major": 1"#, #""major": 2"#, ["needs ABI 2.0"]),
            ("d", #""kind": "native""#, #""kind": "natve""#, ["natve", "native"]),
            ("e", #""columns": ["text.prompt"]"#, #""columns": ["text.promt"]"#, ["text.promt"]),
        ] {
            let text = manifest.replacingOccurrences(of: old, with: new)
            #expect(text != manifest)
            let path = try folder.write("\(name)/plugin.json", text)
            try expectRefusal(
                ["run", BadInputTests.data, "--plugin", path], naming: [path] + fragments)
        }
        let cut = try folder.write("f/plugin.json", "{\"manifest_version\": 1,")
        try expectRefusal(
            ["run", BadInputTests.data, "--plugin", cut], naming: [cut, "not valid JSON"])
        try expectRefusal(
            ["run", BadInputTests.data, "--plugin", folder.path("none")], naming: ["plugin.json"])
    }

    @Test(
        "an empty dataset is said to be empty", arguments: ["e.jsonl", "e.json", "e.csv", "e.txt"])
    func empty(_ name: String) throws {
        let folder = try TemporaryFolder()
        for content in ["", "\n\n"] + (name.hasSuffix("json") ? ["[]"] : []) {
            let path = try folder.write(name, content)
            try expectRefusal(["run", path], naming: [name, "no records"])
        }
        try expectRefusal(["run", "-"], naming: ["no records"], input: [])
    }

    @Test("a dataset with one record gives a report")
    func oneRecord() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write("one.jsonl", BadInputTests.record)
        let result = try Program.assay([
            "run", data, "--reference", data, "--out", folder.path("report"),
        ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try ReportReader(folder.path("report")).statuses().values.allSatisfy { $0 == "ok" })
    }

    @Test("a record of 50 MB is a record")
    func largeRecord() throws {
        let folder = try TemporaryFolder()
        let words = String(repeating: "seven words that are not the same ", count: 1_500_000)
        let data = try folder.write(
            "large.jsonl",
            BadInputTests.record + "\n"
                + #"{"instruction":"long","input":"","output":"\#(words)"}"# + "\n"
                + BadInputTests.record)
        let result = try Program.assay(["run", data, "--out", folder.path("report")])
        #expect(result.status == 0, "\(result.errors)")
        let reader = ReportReader(folder.path("report"))
        #expect(try reader.statuses().values.allSatisfy { $0 == "ok" })
        let codes = try reader.lines("rows.jsonl").map {
            $0["codes"]?.arrayValue?.compactMap(\.stringValue) ?? []
        }
        #expect(codes.count == 3)
        #expect(codes[1].contains("NSE004") && codes[1].contains("NSE023"))
        #expect(codes[2].contains("DIV001"))
    }

    @Test("records that cannot be read are kept, counted and fail the run unless allowed")
    func rejects() throws {
        let folder = try TemporaryFolder()
        let lines = [BadInputTests.record, "{\"instruction\":", BadInputTests.record, "\u{1}"]
        let data = try folder.write("data.jsonl", lines.joined(separator: "\n"))
        let out = folder.path("report")
        let strict = try Program.assay(["run", data, "--out", out])
        #expect(strict.status == 2)
        #expect(strict.errors.contains("data.jsonl line 2"))
        let rejected = try ReportReader(out).lines("rejected.jsonl")
        #expect(rejected.compactMap { $0["line"]?.intValue } == [2, 4])
        #expect(rejected.compactMap { $0["text"]?.stringValue } == [lines[1], lines[3]])
        #expect(try Program.assay(["run", data, "--out", out, "--allow-rejects", "2"]).status == 0)
        #expect(
            try Program.assay(["run", data, "--out", out, "--allow-rejects", "50%"]).status == 0)
        #expect(try Program.assay(["run", data, "--out", out, "--allow-rejects", "1"]).status == 2)
        #expect(
            try Program.assay(["run", data, "--out", out, "--allow-rejects", "49%"]).status == 2)
    }

    @Test("fields that no record has are named, with those that there are")
    func statedFields() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write(
            "data.jsonl",
            (0..<9).map {
                "{\"question\":\"What is \($0)?\",\"reply\":\"A number, \($0).\",\"topic\":\"a\"}\n"
            }.joined())
        func run(_ arguments: [String]) throws -> Program.Ending {
            try Program.assay(["run", data, "--out", folder.path("out"), "--quiet"] + arguments)
        }
        let wrong = try run(["--fields", "prompt=questoin,response=reply"])
        #expect(wrong.status == 2)
        #expect(
            wrong.errors.contains("no record has a value at /questoin")
                && wrong.errors.contains("did you mean question?")
                && wrong.errors.contains("question, reply, topic"))
        let label = try run(["--fields", "prompt=question,response=reply,label=topc"])
        #expect(label.status == 0)
        #expect(label.errors.contains("warning:") && label.errors.contains("did you mean topic?"))
        let taxonomy = try folder.write(
            "t.yaml",
            "taxonomy: 1\ndimensions:\n  - {name: t, field: /topi, categories: [a, b]}\n")
        let named = try run(["--taxonomy", taxonomy])
        #expect(named.status == 0)
        #expect(named.errors.contains("no record has a value at /topi"))
        #expect(try run(["--fields", "prompt=question,response=reply,label=topic"]).errors == "")
        // A reference has labels or not, but must have something to read.
        let other = try folder.write(
            "other.jsonl", "{\"question\":\"Why?\",\"reply\":\"So.\"}\n{\"q\":\"Why?\"}\n")
        let stated = ["--fields", "prompt=question,response=reply,label=topic", "--reference"]
        #expect(try run(stated + [other]).errors == "")
        let foreign = try folder.write("foreign.jsonl", "{\"q\":\"Why?\",\"a\":\"So.\"}\n")
        let refused = try run(stated + [foreign])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("foreign.jsonl: no record has a value at /question"))
    }
}
