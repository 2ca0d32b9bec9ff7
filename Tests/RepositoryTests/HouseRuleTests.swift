import Foundation
import Support
import Testing

/// The rules of the house, held by tests.
@Suite struct HouseRuleTests {
    private static let files = (try? Checkout.trackedFiles()) ?? []

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: Checkout.file(path)), as: UTF8.self)
    }

    private func swiftFiles(under folder: String) -> [String] {
        HouseRuleTests.files.filter { $0.hasPrefix(folder) && $0.hasSuffix(".swift") }
    }

    private func imports(_ path: String) throws -> Set<String> {
        let words = try text(path).split(separator: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ")
            guard let position = words.firstIndex(of: "import"), position <= 1,
                words.count > position + 1
            else { return nil }
            return String(words[position + 1])
        }
        return Set(words)
    }

    @Test("git is asked and knows the files")
    func tracked() {
        #expect(HouseRuleTests.files.count > 100)
        #expect(HouseRuleTests.files.contains("Package.swift"))
    }

    @Test("algorithms know no C, no SDK, no file and no clock")
    func algorithms() throws {
        for path in HouseRuleTests.files
        where path.hasPrefix("Plugins/") && path.contains("/Algorithm/") {
            #expect(path.hasSuffix(".swift"), "\(path)")
            #expect(try imports(path).isSubset(of: ["Numerics"]), "\(path)")
        }
    }

    @Test("plugins know the host by the C headers and the leaves alone")
    func plugins() throws {
        for path in swiftFiles(under: "Plugins/") where path.contains("/Entry/") {
            let strategy = path.split(separator: "/")[1]
            // Synchronization is of the standard library.
            var allowed: Set<String> = [
                "AssayKit", "CAssay", "JSONText", "Numerics", "Patterns", "Synchronization",
                "\(strategy)Algorithm",
            ]
            // The adapter of foreign plugins is no strategy.
            if strategy == "Foreign" { allowed.formUnion(["Foreign", "ForeignCalls"]) }
            #expect(try imports(path).isSubset(of: allowed), "\(path)")
        }
    }

    @Test("the SDK knows nothing of the host")
    func sdk() throws {
        for path in swiftFiles(under: "PluginSDK/") where !path.hasSuffix("/Package.swift") {
            var allowed: Set<String> = ["CAssay", "JSONText", "Glibc", "Synchronization"]
            if path.contains("/Templates/") { allowed.insert("AssayKit") }
            #expect(try imports(path).isSubset(of: allowed), "\(path)")
        }
    }

    @Test("the host names no strategy's plugin and imports none")
    func host() throws {
        for path in swiftFiles(under: "Sources/") {
            let found = try imports(path)
            #expect(
                !found.contains { $0.hasSuffix("Algorithm") || $0.hasSuffix("Plugin") }, "\(path)")
            #expect(!found.contains("AssayKit"), "\(path)")
            #expect(!(try text(path).contains("org.assay.")), "\(path)")
        }
    }

    @Test("only PluginHost loads libraries, only Commands knows standard output, environment, exit")
    func borders() throws {
        for path in swiftFiles(under: "Sources/") {
            let source = try text(path)
            let room = path.split(separator: "/")[1]
            if room != "PluginHost" {
                #expect(!source.contains("dlopen(") && !source.contains("dlsym("), "\(path)")
            }
            if room != "Commands" {
                #expect(!source.contains(" getenv(") && !source.contains(" print("), "\(path)")
            }
            if room != "Commands", path != "Sources/assay-worker/main.swift" {
                #expect(!source.contains(" exit("), "\(path)")
            }
        }
        for path in ["Numerics", "JSONText", "Records", "Reports", "Orchestrator"].flatMap({
            swiftFiles(under: "Sources/\($0)/")
        }) {
            #expect(!(try imports(path).contains("Glibc")) || path.contains("Numerics"), "\(path)")
            #expect(!(try imports(path).contains("Foundation")), "\(path)")
        }
    }

    @Test("no result comes from Swift's own hash values")
    func noHasher() throws {
        for path in swiftFiles(under: "Sources/") + swiftFiles(under: "Plugins/") {
            let source = try text(path)
            #expect(!source.contains(".hashValue") && !source.contains("Hasher("), "\(path)")
        }
    }

    @Test("files are no longer than 600 lines and have names that say something")
    func shape() throws {
        let empty: Set<String> = ["Utils", "Helpers", "Common", "Misc", "Manager", "Base"]
        for path in HouseRuleTests.files {
            let name = String(path.split(separator: "/").last?.split(separator: ".").first ?? "")
            #expect(!empty.contains(name), "\(path)")
            guard [".swift", ".c", ".h", ".cpp"].contains(where: path.hasSuffix) else { continue }
            let lines = try text(path).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 600, "\(path) has \(lines.count) lines")
        }
    }

    @Test("every room has a README of at most fifteen lines")
    func rooms() throws {
        var rooms = Set(["PluginSDK", "Plugins", "Tests", "Examples", "Benchmarks", "docs"])
        for path in HouseRuleTests.files {
            let steps = path.split(separator: "/").map(String.init)
            if ["Sources", "Plugins", "PluginSDK"].contains(steps[0]), steps.count > 2 {
                rooms.insert(steps[0] + "/" + steps[1])
            }
        }
        for room in rooms.sorted() {
            let readme = try? text("\(room)/README.md")
            #expect(readme != nil, "\(room) has no README.md")
            let count = readme?.split(separator: "\n", omittingEmptySubsequences: false).count ?? 0
            #expect(count <= 16, "\(room)/README.md has \(count - 1) lines")
        }
    }

    @Test("nothing that a build or another place makes is committed")
    func foreign() throws {
        for path in HouseRuleTests.files {
            #expect(!path.hasPrefix(".build") && !path.hasSuffix("Package.resolved"), "\(path)")
            // The plugin that was built when the ABI was 1.0 is kept for ever.
            if path.hasPrefix("Tests/Frozen/abi-") { continue }
            #expect(
                ![".so", ".o", ".gz", ".zst", ".bin"].contains(where: path.hasSuffix), "\(path)")
        }
    }

    @Test("the repository speaks of the project alone")
    func machine() throws {
        // Written in two parts, so that this file does not hold what it looks for.
        let words = ["/wor" + "k/", "/ro" + "ot/", "/ho" + "me/", "far" + "m-", ".libr" + "ary/"]
        for path in HouseRuleTests.files {
            let source = try text(path)
            for word in words { #expect(!source.contains(word), "\(path): \(word)") }
        }
    }
}
