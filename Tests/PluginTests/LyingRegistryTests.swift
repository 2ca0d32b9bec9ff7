import Foundation
import JSONText
import Support
import Synchronization
import Testing

/// Registries that ask for tokens, send elsewhere, keep track of referrers, or do not do what they should.
@Suite struct LyingRegistryTests {
    private static let id = "org.example.digits"

    /// What a folder in the OCI layout has, served over HTTP.
    private struct Content: Sendable {
        var blobs: [String: [UInt8]] = [:]
        var tags: [String: String] = [:]

        init(_ layout: String) throws {
            let index = try JSONValue(
                parsing: String(contentsOfFile: layout + "/index.json", encoding: .utf8))
            for entry in index["manifests"]?.arrayValue ?? [] {
                let name =
                    entry["annotations"]?["org.opencontainers.image.ref.name"]?.stringValue ?? ""
                let tag = String(name.drop { $0 != ":" }.dropFirst())
                tags[tag] = entry["digest"]?.stringValue ?? ""
            }
            let folder = layout + "/blobs/sha256"
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
                blobs["sha256:" + file] = Array(
                    try Data(contentsOf: URL(fileURLWithPath: folder + "/" + file)))
            }
        }

        /// A `GET` as any registry would answer it.
        func answer(_ path: String) -> LoopbackServer.Answer {
            let parts = path.split(separator: "?")[0].split(separator: "/").map(String.init)
            guard let last = parts.last, parts.count >= 2 else { return .init(status: 404) }
            switch parts[parts.count - 2] {
            case "manifests", "blobs":
                guard let bytes = blobs[tags[last] ?? last] else { return .init(status: 404) }
                return .init(body: bytes)
            case "tags":
                let list = tags.keys.sorted().map { "\"\($0)\"" }.joined(separator: ",")
                return .init(body: Array("{\"name\":\"x\",\"tags\":[\(list)]}".utf8))
            default: return .init(status: 404)
            }
        }
    }

    private struct Setting {
        let publisher: PublisherHome
        let home: PublisherHome
        let content: Content

        init(_ archives: [[String]]? = nil) throws {
            publisher = try PublisherHome()
            let place = publisher.folder.path("layout")
            for archive in try archives ?? [[publisher.archive()]] {
                let ending = try publisher.run(
                    ["publish"] + archive + ["--registry", "oci:" + place])
                #expect(ending.status == 0, "\(ending.errors)")
            }
            content = try Content(place)
            home = try PublisherHome()
            try home.trust(publisher.key + ".pub")
        }

        func install(
            _ server: LoopbackServer, _ version: String = "1.0.0",
            environment: [String: String] = [:]
        ) throws -> Program.Ending {
            try home.run(
                [
                    "install", "\(LyingRegistryTests.id)@\(version)", "--registry",
                    "127.0.0.1:\(server.port)",
                ], environment: environment)
        }

        func refuse(_ server: LoopbackServer, _ words: String) throws {
            let ending = try install(server)
            #expect(ending.status == 2 && ending.errors.contains(words), "\(ending.errors)")
            #expect(ending.errors.split(separator: "\n").count == 2, "\(ending.errors)")
            #expect(try home.installed().isEmpty)
        }
    }

    private static func path(_ request: LoopbackServer.Request) -> String {
        request.line.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    }

    @Test("a token is fetched for the scope that is asked for, and is sent to nobody else")
    func tokens() throws {
        let setting = try Setting()
        let content = setting.content
        let seen = Mutex<[String]>([])
        // Blobs lie on another server, which must see no token.
        let storage = LoopbackServer { _, request in
            if request.headers["authorization"] != nil { seen.withLock { $0.append("leak") } }
            return content.answer(LyingRegistryTests.path(request))
        }
        defer { storage.stop() }
        let issuer = LoopbackServer { _, request in
            seen.withLock {
                $0.append(request.line)
                $0.append(request.headers["authorization"] ?? "no name")
            }
            return .init(body: Array("{\"token\": \"open\"}".utf8))
        }
        defer { issuer.stop() }
        let server = LoopbackServer { _, request in
            let path = LyingRegistryTests.path(request)
            guard request.headers["authorization"] == "Bearer open" else {
                return .init(
                    status: 401,
                    headers: [
                        "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:\(issuer.port)/token\","
                            + "service=\"plugins\",scope=\"repository:org.example.digits:pull\""
                    ])
            }
            guard path.contains("/blobs/") else { return content.answer(path) }
            return .init(
                status: 307, headers: ["Location: http://127.0.0.1:\(storage.port)\(path)"])
        }
        defer { server.stop() }
        let ending = try setting.install(
            server,
            environment: ["ASSAY_REGISTRY_USER": "ada", "ASSAY_REGISTRY_PASSWORD": "open sesame"])
        #expect(ending.status == 0, "\(ending.errors)")
        let login = Data("ada:open sesame".utf8).base64EncodedString()
        seen.withLock { seen in
            #expect(seen.count == 2, "\(seen)")
            #expect(seen.first?.contains("service=plugins") == true)
            #expect(seen.first?.contains("scope=repository%3aorg.example.digits%3apull") == true)
            #expect(seen.last == "Basic \(login)")
        }
    }

    @Test("referrers are found where the registry keeps track of them")
    func referrers() throws {
        let setting = try Setting()
        var content = setting.content
        let fallback = try #require(content.tags.keys.first { $0.hasPrefix("sha256-") })
        let list = try #require(content.tags[fallback].flatMap { content.blobs[$0] })
        content.tags[fallback] = nil
        let known = content
        let server = LoopbackServer { _, request in
            let path = LyingRegistryTests.path(request)
            return path.contains("/referrers/") ? .init(body: list) : known.answer(path)
        }
        defer { server.stop() }
        #expect(try setting.install(server).status == 0)
    }

    @Test("what is not what was asked for is refused")
    func lies() throws {
        let setting = try Setting()
        let content = setting.content
        func serve(
            _ change: @escaping @Sendable (String, inout Content) -> LoopbackServer.Answer?
        ) -> LoopbackServer {
            LoopbackServer { _, request in
                let path = LyingRegistryTests.path(request)
                var content = content
                return change(path, &content) ?? content.answer(path)
            }
        }
        let tag = try #require(content.tags["1.0.0"])
        let manifest = try JSONValue(parsing: content.blobs[tag] ?? [])
        let layer = try #require(manifest["layers"]?.arrayValue?.first?["digest"]?.stringValue)
        let cases: [(String, @Sendable (String, inout Content) -> LoopbackServer.Answer?)] = [
            // The download ends early, goes on for ever, or is something else.
            (
                "bytes, expected",
                { path, content in
                    path.hasSuffix(layer)
                        ? .init(body: content.blobs[layer]?.dropLast(10).map { $0 } ?? []) : nil
                }
            ),
            (
                "more bytes than expected",
                { path, content in
                    path.hasSuffix(layer)
                        ? .init(body: (content.blobs[layer] ?? []) + Array(repeating: 0, count: 99))
                        : nil
                }
            ),
            (
                "a blob has the digest",
                { path, content in
                    path.hasSuffix(layer)
                        ? .init(body: Array(repeating: 7, count: content.blobs[layer]?.count ?? 0))
                        : nil
                }
            ),
            // No signature beside it.
            (
                "no signature stands beside it",
                { path, content in path.contains("sha256-") ? .init(status: 404) : nil }
            ),
            ("answered 500", { _, _ in .init(status: 500) }),
            ("is no OCI manifest", { path, _ in .init(body: Array("<html>".utf8)) }),
            (
                "leads from one place to the next",
                { path, _ in .init(status: 302, headers: ["Location: \(path)"]) }
            ),
            (
                "to no place that can be trusted",
                { _, _ in
                    .init(
                        status: 401, headers: ["WWW-Authenticate: Bearer realm=\"ftp://x\""])
                }
            ),
        ]
        for (words, change) in cases {
            let server = serve(change)
            defer { server.stop() }
            try setting.refuse(server, words)
        }
        // Another plugin, rightly signed, in its place.
        let other = try Setting([
            [setting.publisher.archive("1.0.0", id: "org.example.other")]
        ])
        let swapped = other.content
        let server = LoopbackServer { _, request in
            swapped.answer(LyingRegistryTests.path(request))
        }
        defer { server.stop() }
        try setting.refuse(server, "in the place of another")
    }

    @Test("several platforms are one index, of which each machine takes its own")
    func platforms() throws {
        let publisher = try PublisherHome()
        let own = try publisher.archive()
        #if arch(x86_64)
            let (here, there) = ("linux_amd64", "linux_arm64")
        #else
            let (here, there) = ("linux_arm64", "linux_amd64")
        #endif
        func only(_ platform: String) throws -> String {
            let path = try publisher.altered(
                own,
                "sed -i 's/\"library\": {[^}]*}/\"library\": {\"\(platform)\": \"system:libz.so.1\"}/' plugin.json"
            )
            let ending = try publisher.run(["sign", path, "--key", publisher.key])
            #expect(ending.status == 0, "\(ending.errors)")
            return path
        }
        let archives = try [only(here), only(there)]
        let setting = try Setting([archives])
        try setting.home.trust(publisher.key + ".pub")
        let content = setting.content
        let server = LoopbackServer { _, request in
            content.answer(LyingRegistryTests.path(request))
        }
        defer { server.stop() }
        let ending = try setting.install(server)
        #expect(ending.status == 0, "\(ending.errors)")
        let twice = try publisher.run(
            [
                "publish", archives[0], archives[0], "--registry",
                "oci:" + publisher.folder.path("x"),
            ])
        #expect(
            twice.status == 2 && twice.errors.contains("two of the archives"), "\(twice.errors)")
        // One that is for other machines alone.
        let strange = try Setting([[archives[1]]])
        try strange.home.trust(publisher.key + ".pub")
        let other = strange.content
        let second = LoopbackServer { _, request in
            other.answer(LyingRegistryTests.path(request))
        }
        defer { second.stop() }
        try strange.refuse(second, "has no library for \(here)")
    }

    @Test(
        "addresses and names that cannot be are refused with what is expected",
        arguments: [
            (["install", "org.example.digits@latest"], "there is no latest one"),
            (["install", "org.example.digits@1.0.0"], "no registry was named"),
            (["install", "org.example.digits@1.0.0", "--registry", "a b"], "HOST[:PORT][/PREFIX]"),
            (["install", "org.example.digits@1.0.0", "--registry", "host/Upper"], "HOST[:PORT]"),
            (["install", "org.example.digits-@1.0.0", "--registry", "oci:/x"], "no registry has"),
            (["install", "org.example.digits@1.0.0", "--registry", "127.0.0.1:1"], "no answer"),
            (["info", "digits"], "expected an id"),
        ])
    func names(_ arguments: [String], _ words: String) throws {
        let home = try PublisherHome()
        let ending = try home.run(arguments)
        #expect(ending.status == 2, "\(ending.output)")
        #expect((ending.errors + ending.output).contains(words), "\(ending.errors)")
    }
}
