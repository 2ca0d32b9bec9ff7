import Foundation
import JSONText
import Support
import Testing

/// Plain C libraries as plugins, run by the program.
@Suite struct ForeignRunTests {
    private struct Outcome {
        let status: Int32
        let errors: String
        let report: JSONValue
        let findings: [JSONValue]
        let scores: [Double]
        let error: String

        /// What is found, without the place of the file.
        var keys: [String] {
            findings.map { finding in
                ["code", "row_index", "score"].map { finding[$0]?.text ?? "" }.joined(
                    separator: " ")
            }
        }

        func metric(_ name: String) -> Double? {
            report["analyzers"]?.arrayValue?.flatMap { $0["metrics"]?.arrayValue ?? [] }
                .first { $0["name"]?.stringValue == name }?["value"]?.doubleValue
        }
    }

    private func run(
        _ plugin: String, _ texts: [String?], _ options: [String] = [], score: String? = nil
    ) throws -> Outcome {
        let folder = try TemporaryFolder()
        let lines = texts.map {
            JSONValue.object(["prompt": "p", "response": $0.map { .string($0) } ?? .null]).text
                + "\n"
        }
        let data = try folder.write("data.jsonl", lines.joined())
        let out = folder.path("report")
        let ending = try Program.assay(
            ["run", data, "--plugin", plugin, "--plugins", "org.example.*", "--out", out] + options)
        let reader = ReportReader(out)
        let exists = FileManager.default.fileExists(atPath: out + "/report.json")
        let report = exists ? try reader.report() : .null
        return Outcome(
            status: ending.status, errors: ending.errors, report: report,
            findings: exists ? try reader.lines("findings.jsonl") : [],
            scores: exists
                ? try reader.lines("rows.jsonl").compactMap { row in
                    row["scores"]?.objectValue?.members.first?.value.doubleValue
                } : [],
            error: report["analyzers"]?.arrayValue?.first?["error"]?.stringValue ?? "")
    }

    private static let zlib = Checkout.file("Examples/foreign-zlib/plugin.json").path

    /// A manifest of zlib with a part changed, in a folder of its own.
    private func changed(
        _ folder: TemporaryFolder, _ part: String, _ other: String
    ) throws -> String {
        let text = try String(contentsOfFile: ForeignRunTests.zlib, encoding: .utf8)
        let altered = text.replacing(part, with: other)
        #expect(altered != text, "the change changes nothing")
        return try folder.write("plugin.json", altered)
    }

    @Test("the compression ratio by zlib, without code: scores, findings, proposals, metrics")
    func zlib() throws {
        let repeated = String(repeating: "again and again ", count: 60)
        let texts: [String?] = [repeated, "Your parcel is on its way to you.", "", nil]
        let found = try run(ForeignRunTests.zlib, texts)
        #expect(found.status == 0, "\(found.errors)")
        #expect(found.findings.map { $0["row_index"]?.intValue } == [0])
        #expect(found.findings.first?["code"]?.stringValue == "ZLIBRATIO001")
        #expect(found.metric("zlib_ratio.unscored") == 0, "text.all is there for every record")
        #expect(found.metric("zlib_ratio.repetition") == 0.25)
        let mean = try #require(found.metric("zlib_ratio.mean"))
        #expect(mean > 0.2 && mean < 0.3, "\(mean)")
    }

    @Test("a setting reaches the function, and one out of range is refused with its place")
    func setting() throws {
        let text = String(repeating: "abcdefghij klmnop qrstuv wxyz ", count: 40)
        let low = try run(
            ForeignRunTests.zlib, [text], ["--set", "org.example.zlib-ratio.level=1"])
        #expect(low.status == 0, "\(low.errors)")
        let wrong = try run(
            ForeignRunTests.zlib, [text], ["--set", "org.example.zlib-ratio.level=12"])
        #expect(wrong.status == 2 && wrong.errors.contains("level"), "\(wrong.errors)")
    }

    @Test("a state by init and free: hunspell, word by word, the same on every thread")
    func hunspell() throws {
        let plugin = Checkout.file("Examples/foreign-hunspell").path
        let texts = (0..<200).map { row in
            row % 10 == 3
                ? "Teh invioce was nto payed adn teh parcell iss losst somwhere"
                : "The invoice was not paid and the parcel is lost somewhere in the house"
        }
        let found = try run(plugin, texts, ["--threads", "3"])
        #expect(found.status == 0, "\(found.errors)")
        #expect(found.findings.count == 20, "\(found.error)")
        #expect(found.findings.allSatisfy { ($0["row_index"]?.intValue ?? 0) % 10 == 3 })
        let single = try run(
            plugin, texts, ["--threads", "1", "--batch-rows", "7", "--reload-partials"])
        #expect(single.keys == found.keys)
        #expect(single.metric("spelling.mean") == found.metric("spelling.mean"))
        // What --isolation none asks for is not done for foreign libraries.
        let inside = try run(plugin, texts, ["--isolation", "none"])
        #expect(inside.keys == found.keys)
    }

    @Test("a function of one's own, for many records at once")
    func batch() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(
            "plugin.json",
            String(
                contentsOf: Checkout.file("Examples/foreign-batch/plugin.json"), encoding: .utf8))
        let ending = try Program.run(
            "/usr/bin/env",
            [
                "clang", "-O2", "-shared", "-fPIC", "-o", folder.path("libdigits.so"),
                Checkout.file("Examples/foreign-batch/digits.c").path,
            ])
        #expect(ending.status == 0, "\(ending.errors)")
        let manifest = folder.path("plugin.json")
        let texts = (0..<700).map {
            $0 % 100 == 0 ? String(repeating: "12345 ", count: 10 + $0) : "no digit"
        }
        let found = try run(manifest, texts, ["--threads", "2"])
        #expect(found.status == 0, "\(found.errors)")
        #expect(
            found.findings.map { $0["row_index"]?.intValue } == [0, 100, 200, 300, 400, 500, 600],
            "\(found.error)")
        let cut = try run(manifest, texts, ["--batch-rows", "13", "--threads", "1"])
        #expect(cut.keys == found.keys)
    }

    @Test(
        "a wrong signature is caught by the test vectors before any record",
        arguments: [
            // The level as a floating-point number: it arrives in another register.
            (#"{"param": "level", "type": "i32"}"#, #"{"const": 6, "type": "f64"}"#),
            // Source and length the other way round.
            (
                #"{"bind": "text.ptr", "type": "ptr"}, {"bind": "text.len", "type": "u64"}"#,
                #"{"bind": "text.len", "type": "u64"}, {"bind": "text.ptr", "type": "ptr"}"#
            ),
            // A place of one byte for a number of eight.
            (
                #"{"bind": "inout", "type": "u64", "init": "bound", "as": "out_len"}"#,
                #"{"bind": "inout", "type": "u8", "init": "bound", "as": "out_len"}"#
            ),
            // An argument is missing.
            (#"{"bind": "scratch", "type": "ptr", "bytes": "bound"},"#, ""),
            // The result is taken for something else.
            (
                #""returns": {"type": "u64", "as": "bound"}"#,
                #""returns": {"type": "f64", "as": "bound"}"#
            ),
            // Less room than is said.
            (
                #""bytes": "bound"}"#, #""bytes": "4"}"#
            ),
        ])
    func wrongSignature(_ part: String, _ other: String) throws {
        let folder = try TemporaryFolder()
        let found = try run(try changed(folder, part, other), ["a text", "another text"])
        #expect(found.status != 0)
        #expect(
            found.scores.isEmpty && found.findings.allSatisfy { $0["row_index"]?.intValue == nil })
        let isNamed =
            found.error.contains("test 1") || found.error.contains("SIG")
            || found.error.contains("beyond the bytes")
        #expect(isNamed, "\(found.error)")
    }

    @Test("libraries and functions that are not there are named")
    func absent() throws {
        let folder = try TemporaryFolder()
        let library = try run(
            try changed(folder, "system:libz.so.1", "system:libzz.so.9"), ["a"])
        #expect(library.error.contains("libzz.so.9 cannot be loaded"), "\(library.error)")
        let other = try TemporaryFolder()
        let function = try run(
            try changed(other, "\"compressBound\"", "\"compressBond\""), ["a"])
        #expect(function.error.contains("has no function compressBond"), "\(function.error)")
    }

    @Test("a call that fails leaves its record unscored, and that is counted")
    func failure() throws {
        let folder = try TemporaryFolder()
        // zlib refuses to compress into less room than it needs; short texts fit.
        let manifest = try changed(
            folder, #""init": "bound", "as": "out_len""#,
            #""init": "min(bound, 60)", "as": "out_len""#)
        let long = (0..<400).map { String($0 * $0 * 7919 % 10007, radix: 36) }.joined()
        let found = try run(manifest, [long, "short"])
        #expect(found.status == 0, "\(found.errors) \(found.error)")
        #expect(found.metric("zlib_ratio.unscored") == 1)
    }

    @Test("where no record has a text the function still gets a pointer")
    func nothing() throws {
        let folder = try TemporaryFolder()
        let found = try run(
            try changed(folder, "\"text.all\"", "\"text.response\""), ["", "", ""])
        #expect(found.status == 0, "\(found.errors) \(found.error)")
        #expect(found.metric("zlib_ratio.mean") == 0 && found.metric("zlib_ratio.unscored") == 0)
    }

    @Test(
        "of many records one that makes the function fail has no score, the others do, however they are cut"
    )
    func batchFailure() throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(
            "f.c",
            """
            #include <stdint.h>
            int32_t f(const char *data, const int64_t *offsets, int64_t rows, double *out) {
                int32_t result = 0;
                for (int64_t i = 0; i < rows; i++) {
                    out[i] = 0.25;
                    if (offsets[i + 1] > offsets[i] && data[offsets[i]] == '!') result = 1;
                }
                return result;
            }
            """)
        let built = try Program.run(
            "/usr/bin/env", ["clang", "-shared", "-fPIC", "-o", folder.path("libf.so"), source])
        #expect(built.status == 0, "\(built.errors)")
        let manifest = try folder.write(
            "plugin.json",
            """
            {"manifest_version": 1, "id": "org.example.f", "version": "1.0.0", "kind": "foreign", "strategy": "noise",
             "foreign": {"library": {"linux_amd64": "libf.so", "linux_arm64": "libf.so"}, "column": "text.response",
              "functions": [{"symbol": "f", "returns": {"type": "i32", "ok": 0}, "args": [
                {"bind": "data", "type": "ptr"}, {"bind": "offsets", "type": "ptr"}, {"bind": "rows", "type": "i64"},
                {"bind": "out", "type": "f64", "as": "x"}]}],
              "score": "x", "tests": [{"text": "a", "expect": {"score": 0.25}}]}}
            """)
        let texts = (0..<300).map { $0 % 100 == 50 ? "!no" : "yes" }
        let whole = try run(manifest, texts, ["--threads", "1"])
        #expect(whole.status == 0, "\(whole.errors) \(whole.error)")
        #expect(whole.metric("f.unscored") == 3 && whole.metric("f.mean") == 0.25)
        #expect(whole.scores.count == 297, "no score is not a score of 0")
        let cut = try run(manifest, texts, ["--batch-rows", "7"])
        #expect(cut.scores == whole.scores && cut.metric("f.unscored") == 3)
    }

    @Test("assay explain knows the rules of a foreign plugin, assay plugins lists it")
    func listing() throws {
        let explained = try Program.assay([
            "explain", "ZLIBRATIO001", "--plugin", ForeignRunTests.zlib,
        ])
        #expect(explained.output.contains("ZLIBRATIO001 repetition"))
        #expect(explained.output.contains("clamp(1 - out_len / max(text.len, 1), 0, 1)"))
        let listed = try Program.assay(["plugins", "--plugin", ForeignRunTests.zlib])
        #expect(listed.output.contains("org.example.zlib-ratio"))
    }

    @Test("a manifest that asks to read private files is refused")
    func reading() throws {
        let folder = try TemporaryFolder()
        let found = try run(
            try changed(
                folder, #""kind": "foreign","#,
                #""kind": "foreign", "isolation": {"read": ["/etc"]},"#), ["a"])
        #expect(found.status == 2 && found.errors.contains("/usr/share/"), "\(found.errors)")
    }
}
