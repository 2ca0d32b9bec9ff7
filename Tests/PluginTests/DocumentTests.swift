import Foundation
import Support
import Testing

/// *A plugin in ten minutes*, typed in as it stands there.
@Suite(.enabled(if: RegistryServer.isInstalled, "docker-registry is not installed"))
struct DocumentTests {
    /// The blocks of commands under a heading; the first part of a page has none.
    private static func commands(_ heading: String?) throws -> [String] {
        let text = try String(contentsOf: Checkout.file("docs/plugins.md"), encoding: .utf8)
        var current: String?
        var found: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("## ") { current = String(line.dropFirst(3)) }
            if line.hasPrefix("    "), current == heading {
                found.append(String(line.dropFirst(4)))
            }
        }
        return found
    }

    @Test("every command of the page does what the page says")
    func commands() throws {
        let server = try RegistryServer()
        let folder = try TemporaryFolder()
        _ = try folder.write(
            "shouting/data.jsonl",
            "{\"prompt\": \"WHERE IS MY ORDER\", \"response\": \"IT IS ON ITS WAY\"}\n")
        let first = try DocumentTests.commands(nil)
        let given = try DocumentTests.commands("Giving it away")
        #expect(first.count == 5 && given.count == 8)
        // The folder is there for the data; a plugin is not written over it.
        let lines =
            first.map {
                $0.hasPrefix("assay plugin new") ? $0 + " -o new && cp -r new/. shouting" : $0
            } + given
        let script =
            (["set -e", "cd '\(folder.root)'"] + lines).joined(separator: "\n")
            .replacing("registry.example.org/plugins", with: "\(server.host)/plugins")
        let stage = Checkout.file(".build/stage/bin").path
        let ending = try Program.run(
            "/usr/bin/env", ["bash", "-c", script],
            environment: [
                "PATH": stage + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""),
                "XDG_DATA_HOME": folder.path("data"), "XDG_CONFIG_HOME": folder.path("config"),
                "HOME": folder.root,
            ])
        #expect(ending.status == 0, "\(ending.errors)\n\(ending.output)")
        for words in [
            "published:  1.0.0", "installed: org.example.shouting 1.0.0", "SHOUTING001",
        ] {
            #expect(ending.output.contains(words), "\(words): \(ending.output)")
        }
    }
}
