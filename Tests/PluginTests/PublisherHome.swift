import Foundation
import Support
import Testing

/// A user's home with a key, its trust for `org.example`, and a foreign plugin that needs no compiler.
struct PublisherHome {
    let folder: TemporaryFolder
    var key: String { folder.path("key") }

    init() throws {
        folder = try TemporaryFolder()
        #expect(try run(["key", key]).status == 0)
        try trust(key + ".pub")
    }

    func trust(_ key: String) throws {
        #expect(try run(["trust", key, "--namespace", "org.example"]).status == 0)
    }

    func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> Program.Ending {
        try assay(["plugin"] + arguments, environment: environment)
    }

    func assay(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> Program.Ending {
        try Program.assay(
            arguments,
            environment: [
                "XDG_DATA_HOME": folder.path("data"), "XDG_CONFIG_HOME": folder.path("config"),
                "HOME": folder.root,
            ].merging(environment) { $1 })
    }

    /// Writes the bundle of a version and gives its folder.
    func bundle(_ version: String, id: String = "org.example.digits") throws -> String {
        let text = try String(
            contentsOf: Checkout.file("Examples/foreign-zlib/plugin.json"), encoding: .utf8
        ).replacing("org.example.zlib-ratio", with: id)
            .replacing("\"version\": \"1.0.0\"", with: "\"version\": \"\(version)\"")
        let name = "bundle-\(id)-\(version)"
        _ = try folder.write("\(name)/plugin.json", text)
        _ = try folder.write("\(name)/words.txt", "one two three\n")
        return folder.path(name)
    }

    /// A signed archive of a version.
    func archive(
        _ version: String = "1.0.0", id: String = "org.example.digits", key: String? = nil
    ) throws -> String {
        let path = folder.path("\(id)-\(version)-\(UUID().uuidString).tar.gz")
        let ending = try run([
            "pack", bundle(version, id: id), "-o", path, "--key", key ?? self.key,
        ])
        #expect(ending.status == 0, "\(ending.errors)")
        return path
    }

    /// The archive unpacked, changed by a line of shell inside it, and packed again by tar.
    func altered(_ archive: String, _ change: String, tar: String = "*") throws -> String {
        let path = folder.path("altered-\(UUID().uuidString)")
        let script = """
            mkdir '\(path)' && cd '\(path)' && tar xzf '\(archive)' && \(change) \
            && tar --format=ustar -P -czf '\(path).tar.gz' \(tar)
            """
        let ending = try Program.run("/usr/bin/env", ["bash", "-c", script])
        #expect(ending.status == 0, "\(ending.errors)")
        return path + ".tar.gz"
    }

    /// What is in the store: nothing but the lock file when nothing is installed.
    func installed() throws -> [String] {
        let root = folder.path("data/assay/plugins")
        return ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
            .filter { $0 != "plugins.lock.json" && $0 != ".lock" }.sorted()
    }
}
