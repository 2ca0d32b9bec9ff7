import Foundation
import JSONText
import Support
import Testing

/// What `assay plugin new` writes builds with the commands of its README, runs, and stays small.
@Suite struct TemplateTests {
    private static let stage = Checkout.file(".build/stage/bin").path

    /// The lines of a README that are commands.
    private static func commands(_ readme: String) throws -> [String] {
        try String(contentsOfFile: readme, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("    ") }.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func shell(_ line: String, in folder: String) throws -> Program.Ending {
        try Program.run(
            "/usr/bin/env", ["sh", "-c", "cd '\(folder)' && PATH='\(stage)':\"$PATH\" && \(line)"])
    }

    /// What is found, without the place of the file.
    private static func key(_ finding: JSONValue) -> String {
        ["code", "row_index", "score", "message"].map { finding[$0]?.text ?? "" }
            .joined(separator: " ")
    }

    private static let data =
        (0..<40).map { row in
            let text = row % 8 == 3 ? "WHERE IS MY ORDER NUMBER" : "where is my order number"
            return
                "{\"prompt\": \"\(text)\", \"response\": \"\(row % 8 == 3 ? "IT IS" : "it is") \(row)\"}\n"
        }.joined()

    @Test(
        "a new plugin builds as its README says, finds what it looks for, the same however it is cut",
        arguments: ["c", "foreign", "swift"])
    func builds(_ language: String) throws {
        let folder = try TemporaryFolder()
        let home = folder.path("loud-\(language)")
        let made = try Program.assay([
            "plugin", "new", "--language", language, "org.example.loud-\(language)", "-o", home,
        ])
        #expect(made.status == 0, "\(made.errors)")
        _ = try folder.write("loud-\(language)/data.jsonl", TemplateTests.data)
        let code = "LOUD\(language.uppercased())001"
        let lines = try TemplateTests.commands(home + "/README.md")
        #expect(
            lines == [
                "make", "assay plugin check bundle", "assay run data.jsonl --plugin bundle",
            ])
        for line in lines {
            let ending = try TemplateTests.shell(line, in: home)
            #expect(ending.status == 0, "\(line): \(ending.errors) \(ending.output)")
            #expect(!ending.errors.contains("warning: "), "\(ending.errors)")
        }
        let found = try ReportReader(home + "/assay-report").lines("findings.jsonl")
            .filter { $0["code"]?.stringValue == code }
        #expect(found.map { $0["row_index"]?.intValue } == [3, 11, 19, 27, 35])
        let other = try Program.assay([
            "run", home + "/data.jsonl", "--plugin", home + "/bundle", "--plugins",
            "org.example.*", "--out", folder.path("other"), "--threads", "3", "--batch-rows", "7",
            "--reload-partials",
        ])
        #expect(other.status == 0, "\(other.errors)")
        let again = try ReportReader(folder.path("other")).lines("findings.jsonl")
        #expect(again.map(TemplateTests.key) == found.map(TemplateTests.key))
        let explained = try TemplateTests.shell("assay explain \(code) --plugin bundle", in: home)
        #expect(explained.output.contains("capital letters"))
    }

    @Test("the author's code is small: eight lines of C, twenty of Swift")
    func size() throws {
        for (path, most) in [
            ("PluginSDK/Templates/c/template.c", 8),
            ("PluginSDK/Templates/swift/Sources/Template/Template.swift", 20),
        ] {
            let text = try String(contentsOf: Checkout.file(path), encoding: .utf8)
            let code = text.split(separator: "\n").filter {
                !$0.hasPrefix("/*") && !$0.hasPrefix("//") && !$0.allSatisfy(\.isWhitespace)
            }
            #expect(code.count <= most, "\(path) has \(code.count) lines")
        }
    }

    @Test(
        "a Swift plugin needs no toolchain: one symbol, no Swift library, none of its files opened")
    func standalone() throws {
        let folder = try TemporaryFolder()
        let home = folder.path("alone")
        #expect(
            try Program.assay([
                "plugin", "new", "--language", "swift", "org.example.alone", "-o", home,
            ]).status == 0)
        #expect(try TemplateTests.shell("make", in: home).status == 0)
        let library = home + "/bundle/libAlone.so"
        let symbols = try Program.run("/usr/bin/env", ["nm", "-D", "--defined-only", library])
        #expect(symbols.output.split(separator: "\n").count == 1, "\(symbols.output)")
        #expect(symbols.output.hasSuffix(" T assay_library_v1\n"))
        let needed = try Program.run("/usr/bin/env", ["readelf", "-d", library])
        #expect(!needed.output.lowercased().contains("libswift"), "\(needed.output)")
        let data = try folder.write("data.jsonl", TemplateTests.data)
        let trace = folder.path("trace")
        // With the toolchain's libraries out of sight.
        let ending = try Program.run(
            "/usr/bin/env",
            [
                "-u", "LD_LIBRARY_PATH", "strace", "-f", "-e", "trace=openat,execve", "-o", trace,
                TemplateTests.stage + "/assay", "run", data, "--plugin", home + "/bundle",
                "--plugins", "org.example.*", "--out", folder.path("report"),
            ])
        #expect(ending.status == 0, "\(ending.errors)")
        let compiler = try Program.run(
            "/usr/bin/env", ["sh", "-c", "readlink -f $(command -v swiftc)"])
        let toolchain = compiler.output.trimmingCharacters(in: .whitespacesAndNewlines)
            .split(separator: "/").dropLast(2).joined(separator: "/")
        #expect(!toolchain.isEmpty)
        let opened = try String(contentsOfFile: trace, encoding: .utf8)
        #expect(opened.contains("libAlone.so"))
        #expect(!opened.contains("/\(toolchain)/lib"), "a file of the toolchain was opened")
        // And with its folder hidden, where a user may do that.
        guard try Program.run("/usr/bin/env", ["unshare", "-rm", "true"]).status == 0 else {
            return
        }
        let hidden = try Program.run(
            "/usr/bin/env",
            [
                "unshare", "-rm", "sh", "-c",
                "mount -t tmpfs none '/\(toolchain)' && test -z \"$(ls '/\(toolchain)')\" && "
                    + "exec '\(TemplateTests.stage)/assay' run '\(data)' --plugin '\(home)/bundle' "
                    + "--plugins 'org.example.*' --out '\(folder.path("hidden"))'",
            ])
        #expect(hidden.status == 0, "\(hidden.errors)")
        let found = try ReportReader(folder.path("hidden")).lines("findings.jsonl")
        #expect(found.count == 5)
    }

    @Test(
        "what is no id, no language and no free place is refused",
        arguments: [
            (["--language", "c", "shouting"], "reverse DNS"),
            (["--language", "c", "org.Example.x"], "reverse DNS"),
            (["--language", "c", "org.example.x/../y"], "reverse DNS"),
            (["--language", "rust", "org.example.x"], "expected c, swift, foreign"),
            (["--language", "c", "org.example.x", "--strategy", "No\"ise"], "--strategy is"),
            (
                ["--language", "c", "org.example.x", "-o", "Examples/support-desk"],
                "is there already"
            ),
        ])
    func refused(_ options: [String], _ words: String) throws {
        let ending = try Program.assay(["plugin", "new"] + options)
        #expect(ending.status == 2 && ending.errors.contains(words), "\(ending.errors)")
    }
}
