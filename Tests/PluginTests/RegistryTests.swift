import Foundation
import JSONText
import Support
import Testing

/// Plugins through a real registry, through a folder in the OCI layout, and through registries that lie.
@Suite struct RegistryTests {
    private static let name = "org.example.digits@1.0.0"

    /// A home that trusts another one's key and has nothing else.
    private static func reader(of publisher: PublisherHome) throws -> PublisherHome {
        let home = try PublisherHome()
        try home.trust(publisher.key + ".pub")
        return home
    }

    /// What a run of the installed plugin finds.
    private static func codes(_ home: PublisherHome) throws -> [String?] {
        let data = try home.folder.write(
            "data.jsonl",
            "{\"prompt\":\"p\",\"response\":\"\(String(repeating: "again ", count: 100))\"}\n")
        let out = home.folder.path("report")
        let ran = try home.assay(["run", data, "--plugins", "org.example.*", "--out", out])
        #expect(ran.status == 0, "\(ran.errors)")
        return try ReportReader(out).lines("findings.jsonl").map { $0["code"]?.stringValue }
    }

    private static func digest(_ output: String) -> String {
        output.split(separator: "\n").first { $0.hasPrefix("digest:") }
            .map { $0.split(separator: " ").last.map(String.init) ?? "" } ?? ""
    }

    private static func skopeo(_ arguments: [String]) throws -> Program.Ending {
        let ending = try Program.run("/usr/bin/skopeo", ["--insecure-policy"] + arguments)
        #expect(ending.status == 0, "\(ending.errors)")
        return ending
    }

    @Test(
        "pack, sign, publish to a real registry; in a fresh home info, install, run",
        .enabled(if: RegistryServer.isInstalled, "docker-registry is not installed"))
    func wholeWay() throws {
        let server = try RegistryServer()
        let publisher = try PublisherHome()
        let archive = publisher.folder.path("digits.tar.gz")
        #expect(
            try publisher.run(["pack", publisher.bundle("1.0.0"), "-o", archive]).status == 0)
        let registry = ["--registry", "\(server.host)/team/plugins"]
        let unsigned = try publisher.run(["publish", archive] + registry)
        #expect(unsigned.status == 2 && unsigned.errors.contains("is not signed"))
        #expect(try publisher.run(["sign", archive, "--key", publisher.key]).status == 0)
        let published = try publisher.run(["publish", archive] + registry)
        #expect(published.status == 0, "\(published.errors)")
        #expect(
            published.output.contains("assay plugin install \(RegistryTests.name)"),
            "\(published.output)")
        // A second time it is there already; another content of the version is refused.
        let again = try publisher.run(["publish", archive] + registry)
        #expect(again.status == 0 && again.output == published.output, "\(again.errors)")
        let changed = try publisher.bundle("1.0.0")
        try "other\n".write(toFile: changed + "/words.txt", atomically: true, encoding: .utf8)
        let other = publisher.folder.path("other.tar.gz")
        #expect(
            try publisher.run(["pack", changed, "-o", other, "--key", publisher.key]).status == 0)
        let replaced = try publisher.run(["publish", other] + registry)
        #expect(
            replaced.status == 2 && replaced.errors.contains("with another content"),
            "\(replaced.errors)")
        #expect(
            try publisher.run(["publish", publisher.archive("1.10.0-beta.1+x")] + registry).status
                == 0)

        let home = try RegistryTests.reader(of: publisher)
        let listed = try home.run(["info", "org.example.digits"] + registry)
        #expect(listed.output.contains("is not installed"))
        #expect(listed.output.contains("published:  1.10.0-beta.1+x, 1.0.0"), "\(listed.output)")
        let shown = try home.run(["info", RegistryTests.name] + registry)
        #expect(shown.status == 0, "\(shown.errors)")
        #expect(shown.output.contains("DIGITS001 repetition"))
        #expect(shown.output.contains("signed by:  ed25519:"), "\(shown.output)")
        #expect(RegistryTests.digest(shown.output) == RegistryTests.digest(published.output))
        #expect(try home.installed().isEmpty)
        let done = try home.run(
            ["install", RegistryTests.name], environment: ["ASSAY_REGISTRY": registry[1]])
        #expect(done.status == 0, "\(done.errors)")
        #expect(try RegistryTests.codes(home) == ["DIGITS001"])
        let known = try home.run(["info", "org.example.digits"])
        #expect(known.output.contains("@sha256:"), "\(known.output)")
        let newer = try home.run(["install", "org.example.digits@1.10.0-beta.1+x"] + registry)
        #expect(newer.status == 0, "\(newer.errors)")
        let older = try home.run(["install", RegistryTests.name] + registry)
        #expect(older.status == 2 && older.errors.contains("is older than"), "\(older.errors)")
        for missing in ["org.example.digits@3.0.0", "org.example.nobody@1.0.0"] {
            let ending = try home.run(["install", missing] + registry)
            #expect(ending.status == 2 && ending.errors.contains("has no "), "\(ending.errors)")
        }
        let stranger = try PublisherHome()
        let refused = try stranger.run(["install", RegistryTests.name] + registry)
        #expect(refused.status == 2 && refused.errors.contains("not trusted for this id"))
        #expect(try stranger.installed().isEmpty)
    }

    @Test("the same through a folder in the OCI layout, which is copied as it is")
    func layout() throws {
        let publisher = try PublisherHome()
        let place = publisher.folder.path("layout")
        for version in ["1.0.0", "1.1.0"] {
            let ending = try publisher.run([
                "publish", publisher.archive(version), "--registry", "oci:" + place,
            ])
            #expect(ending.status == 0, "\(ending.errors)")
        }
        let copy = publisher.folder.path("stick")
        try FileManager.default.copyItem(atPath: place, toPath: copy)
        try FileManager.default.removeItem(atPath: place)
        let home = try RegistryTests.reader(of: publisher)
        let listed = try home.run(["info", "org.example.digits", "--registry", "oci:" + copy])
        #expect(listed.output.contains("published:  1.1.0, 1.0.0"), "\(listed.output)")
        let done = try home.run(["install", RegistryTests.name, "--registry", "oci:" + copy])
        #expect(done.status == 0, "\(done.errors)")
        #expect(try RegistryTests.codes(home) == ["DIGITS001"])
        let marker = try String(contentsOfFile: copy + "/oci-layout", encoding: .utf8)
        #expect(try JSONValue(parsing: marker)["imageLayoutVersion"]?.stringValue == "1.0.0")
    }

    @Test(
        "skopeo reads the same bytes, and what it copies can be installed, both ways",
        .enabled(
            if: RegistryServer.isInstalled
                && FileManager.default.isExecutableFile(atPath: "/usr/bin/skopeo"),
            "docker-registry or skopeo is not installed"))
    func agreesWithSkopeo() throws {
        let server = try RegistryServer()
        let publisher = try PublisherHome()
        let archive = try publisher.archive()
        let place = publisher.folder.path("layout")
        var digests: Set<String> = []
        for registry in [server.host, "oci:" + place] {
            let ending = try publisher.run(["publish", archive, "--registry", registry])
            #expect(ending.status == 0, "\(ending.errors)")
            digests.insert(RegistryTests.digest(ending.output))
        }
        #expect(digests.count == 1, "both places have one digest")
        let digest = digests.first ?? ""
        let signatureTag = digest.replacing(":", with: "-")
        let remote = "docker://\(server.host)/org.example.digits"
        let insecure = ["--tls-verify=false"]
        let raw = try RegistryTests.skopeo(["inspect", "--raw"] + insecure + [remote + ":1.0.0"])
        let own = place + "/blobs/sha256/" + digest.dropFirst(7)
        #expect(try String(contentsOfFile: own, encoding: .utf8) == raw.output)

        // Out of the registry by skopeo, byte for byte what was put into the folder.
        let fetched = publisher.folder.path("fetched")
        let copies = [
            ("1.0.0", ["copy", "--preserve-digests", "--all"]),
            // It leaves out of an index what it does not know, which no digest names.
            (signatureTag, ["copy", "--all"]),
        ]
        for (tag, copy) in copies {
            _ = try RegistryTests.skopeo(
                copy + [
                    "--src-tls-verify=false", "\(remote):\(tag)",
                    "oci:\(fetched):org.example.digits:\(tag)",
                ])
        }
        let compared = try Program.run(
            "/usr/bin/env", ["diff", "-r", place + "/blobs", fetched + "/blobs"])
        let differing = compared.output.split(separator: "\n")
        // One index each, and no blob of another content.
        #expect(differing.count == 2, "\(compared.output)")
        #expect(differing.allSatisfy { $0.hasPrefix("Only in ") }, "\(compared.output)")
        let home = try RegistryTests.reader(of: publisher)
        let first = try home.run(["install", RegistryTests.name, "--registry", "oci:" + fetched])
        #expect(first.status == 0, "\(first.errors)")

        // Into another registry by skopeo.
        let second = try RegistryServer()
        for (tag, copy) in copies {
            _ = try RegistryTests.skopeo(
                copy + [
                    "--dest-tls-verify=false", "oci:\(place):org.example.digits:\(tag)",
                    "docker://\(second.host)/mirror/org.example.digits:\(tag)",
                ])
        }
        let mirrored = try RegistryTests.reader(of: publisher)
        let done = try mirrored.run([
            "install", RegistryTests.name, "--registry", second.host + "/mirror",
        ])
        #expect(done.status == 0, "\(done.errors)")
        #expect(try RegistryTests.codes(mirrored) == ["DIGITS001"])
    }

    @Test(
        "a registry that asks for a password gets it, and nobody else does",
        .enabled(if: RegistryServer.isInstalled, "docker-registry is not installed"))
    func password() throws {
        let server = try RegistryServer(asksForPassword: true)
        let publisher = try PublisherHome()
        let archive = try publisher.archive()
        let arguments = ["publish", archive, "--registry", server.host]
        let nameless = try publisher.run(arguments)
        #expect(
            nameless.status == 2 && nameless.errors.contains("asks for name and password"),
            "\(nameless.errors)")
        let login = RegistryServer.login
        let wrong = try publisher.run(
            arguments,
            environment: ["ASSAY_REGISTRY_USER": login.user, "ASSAY_REGISTRY_PASSWORD": "guess"])
        #expect(wrong.status == 2 && wrong.errors.contains("answered 401"), "\(wrong.errors)")
        let right = try publisher.run(
            arguments,
            environment: [
                "ASSAY_REGISTRY_USER": login.user, "ASSAY_REGISTRY_PASSWORD": login.password,
            ])
        #expect(right.status == 0, "\(right.errors)")
        // What container tools keep.
        let home = try RegistryTests.reader(of: publisher)
        let text = Data("\(login.user):\(login.password)".utf8).base64EncodedString()
        _ = try home.folder.write(
            "docker/config.json", "{\"auths\": {\"\(server.host)\": {\"auth\": \"\(text)\"}}}")
        let done = try home.run(
            ["install", RegistryTests.name, "--registry", server.host],
            environment: ["DOCKER_CONFIG": home.folder.path("docker")])
        #expect(done.status == 0, "\(done.errors)")
    }

    @Test(
        "a registry whose storage was changed is found out, and nothing is installed",
        .enabled(if: RegistryServer.isInstalled, "docker-registry is not installed"))
    func damaged() throws {
        let server = try RegistryServer()
        let publisher = try PublisherHome()
        let archive = try publisher.archive()
        let ending = try publisher.run(["publish", archive, "--registry", server.host])
        #expect(ending.status == 0)
        let place = publisher.folder.path("layout")
        _ = try publisher.run(["publish", archive, "--registry", "oci:" + place])
        let home = try RegistryTests.reader(of: publisher)
        let blobs = try FileManager.default.contentsOfDirectory(atPath: place + "/blobs/sha256")
        // Every blob but the index of the folder's own names.
        #expect(blobs.count == 7, "two manifests, an index, config, layer, empty config, envelope")
        for blob in blobs {
            let path = server.blob("sha256:" + blob)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            for change in ["flipped", "shorter"] {
                var changed = bytes
                if change == "flipped" {
                    changed[changed.count / 2] ^= 1
                } else {
                    changed.removeLast()
                }
                try changed.write(to: URL(fileURLWithPath: path))
                let refused = try home.run([
                    "install", RegistryTests.name, "--registry", server.host,
                ])
                // The empty config says nothing, and is not asked for.
                if bytes.count == 2 {
                    #expect(refused.status == 0)
                    #expect(try home.run(["remove", "org.example.digits"]).status == 0)
                } else {
                    #expect(refused.status == 2, "\(change) \(bytes.count) bytes")
                    let lines = refused.errors.split(separator: "\n")
                    #expect(lines.count == 2 && lines[0].hasPrefix("error: "), "\(refused.errors)")
                }
                #expect(try home.installed().isEmpty)
            }
            try bytes.write(to: URL(fileURLWithPath: path))
        }
        #expect(
            try home.run(["install", RegistryTests.name, "--registry", server.host]).status == 0)
    }
}
