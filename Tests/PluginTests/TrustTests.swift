import Foundation
import JSONText
import Support
import Testing

/// Packed, signed, installed, run; and everything that is refused, with nothing installed.
@Suite struct TrustTests {
    private typealias Home = PublisherHome

    private func refuse(_ home: Home, _ archive: String, _ words: String) throws {
        let ending = try home.run(["install", archive])
        #expect(ending.status == 2, "\(ending.output)")
        #expect(ending.errors.contains(words), "\(ending.errors)")
        let lines = ending.errors.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasPrefix("error: "), "\(ending.errors)")
        #expect(!ending.errors.contains(".unpacked-"), "\(ending.errors)")
        #expect(try home.installed().isEmpty, "something was left behind")
    }

    @Test("packed, signed, verified, installed, run, replaced by a newer one, removed")
    func whole() throws {
        let home = try Home()
        let archive = try home.archive()
        let other = try home.archive()
        #expect(
            FileManager.default.contentsEqual(atPath: archive, andPath: other),
            "the same bundle gives the same bytes")
        let shown = try home.run(["verify", archive])
        #expect(shown.status == 0 && shown.output.contains("DIGITS001 repetition"))
        #expect(try home.installed().isEmpty)
        #expect(try home.run(["install", archive]).status == 0)
        #expect(try home.installed() == ["org.example.digits"])
        let data = try home.folder.write(
            "data.jsonl",
            "{\"prompt\":\"p\",\"response\":\"\(String(repeating: "again ", count: 100))\"}\n")
        let out = home.folder.path("report")
        let ran = try home.assay(["run", data, "--plugins", "org.example.*", "--out", out])
        #expect(ran.status == 0, "\(ran.errors)")
        #expect(
            try ReportReader(out).lines("findings.jsonl").map { $0["code"]?.stringValue }
                == ["DIGITS001"])
        #expect(try home.run(["install", home.archive("1.1.0")]).status == 0)
        let listed = try home.assay(["plugins"])
        #expect(
            listed.output.contains("1.1.0") && !listed.output.contains("org.example.digits 1.0.0"))
        #expect(listed.output.contains("signed by ed25519:"), "\(listed.output)")
        let older = try home.run(["install", archive])
        #expect(
            older.status == 2 && older.errors.contains("older than the 1.1.0"), "\(older.errors)")
        #expect(try home.run(["install", archive, "--allow-older"]).status == 0)
        #expect(try home.run(["remove", "org.example.digits"]).output.contains("1.0.0"))
        #expect(try home.installed().isEmpty)
        #expect(try home.run(["remove", "org.example.digits"]).status == 2)
    }

    @Test("unsigned, a wrong key, a key of another namespace")
    func keys() throws {
        let home = try Home()
        let unsigned = home.folder.path("unsigned.tar.gz")
        #expect(try home.run(["pack", home.bundle("1.0.0"), "-o", unsigned]).status == 0)
        try refuse(home, unsigned, "is not signed")
        let wrong = home.folder.path("wrong")
        #expect(try home.run(["key", wrong]).status == 0)
        try refuse(home, try home.archive(key: wrong), "which is not trusted for this id")
        #expect(
            try home.run(["trust", wrong + ".pub", "--namespace", "org.other"]).status == 0)
        try refuse(home, try home.archive(key: wrong), "which is not trusted for this id")
        // A namespace is whole parts of an id.
        try refuse(
            home, try home.archive(id: "org.examples.digits"), "which is not trusted for this id")
    }

    @Test(
        "what was changed after it was signed: any file, the manifest, the signature, one bit anywhere"
    )
    func changes() throws {
        let home = try Home()
        let archive = try home.archive()
        try refuse(
            home, try home.altered(archive, "printf x >> words.txt"), "words.txt has 15 bytes")
        try refuse(
            home, try home.altered(archive, "sed -i s/one/One/ words.txt"), "words.txt has 14 bytes"
        )
        try refuse(home, try home.altered(archive, "rm words.txt"), "words.txt is missing")
        try refuse(home, try home.altered(archive, "echo > more.txt"), "more.txt is not named")
        try refuse(
            home, try home.altered(archive, "sed -i 's/0.92/0.12/' plugin.json"),
            "signs another manifest")
        try refuse(
            home, try home.altered(archive, "sed -i 's/\"sig\":\"./\"sig\":\"_/' plugin.sig.json"),
            "the signature is not that of key")
        try refuse(home, try home.altered(archive, "echo {} > plugin.sig.json"), "is no envelope")
        try refuse(home, try home.altered(archive, "rm plugin.json"), "has no plugin.json")
        // The manifest and signature of another version beside the files of this one.
        let newer = try home.archive("2.0.0")
        let swapped = try home.altered(
            archive, "printf y > words.txt; tar xzf '\(newer)' plugin.json plugin.sig.json")
        try refuse(home, swapped, "words.txt has 1 bytes")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: archive))
        for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40)) {
            var flipped = bytes
            flipped[place] ^= 0x10
            let path = home.folder.path("flipped.tar.gz")
            try flipped.write(to: URL(fileURLWithPath: path))
            let ending = try home.run(["install", path])
            if ending.status == 0 {
                // Some bits mean nothing to what is inside: that has to be what was signed, to the last byte.
                let compared = try Program.run(
                    "/usr/bin/env",
                    ["bash", "-c", "cmp <(gzip -dc '\(archive)') <(gzip -dc '\(path)')"])
                #expect(compared.status == 0, "byte \(place)")
                #expect(try home.run(["remove", "org.example.digits"]).status == 0)
            }
            #expect(try home.installed().isEmpty, "byte \(place)")
        }
    }

    @Test("archives that would write elsewhere, or too much, or end too early")
    func archives() throws {
        let home = try Home()
        let archive = try home.archive()
        try refuse(
            home, try home.altered(archive, "echo x > ../outside.txt", tar: "* ../outside.txt"),
            "leads out of the bundle")
        try refuse(
            home,
            try home.altered(archive, "true", tar: "* --transform 's,^words,/tmp/words,'"),
            "leads out of the bundle")
        try refuse(
            home, try home.altered(archive, "ln -sf /etc/passwd words.txt"),
            "words.txt is no plain file (type \"2\")")
        try refuse(
            home, try home.altered(archive, "ln plugin.json hard.json"),
            "is no plain file (type \"1\")")
        try refuse(
            home, try home.altered(archive, "true", tar: "--hard-dereference * words.txt"),
            "words.txt is there twice")
        try refuse(
            home, try home.altered(archive, "truncate -s 600M words.txt"),
            "larger than it may be")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: archive))
        for count in [0, 1, 20, bytes.count / 2, bytes.count - 1] {
            let path = home.folder.path("cut-\(count).tar.gz")
            try bytes.prefix(count).write(to: URL(fileURLWithPath: path))
            try refuse(home, path, "cut-\(count).tar.gz: ")
        }
        try refuse(
            home, try home.folder.write("none.tar.gz", "this is no archive"), "cannot be unpacked")
    }

    @Test("one version has one content, a plugin one key, a code one owner")
    func replacement() throws {
        let home = try Home()
        let archive = try home.archive()
        #expect(try home.run(["install", archive]).status == 0)
        let changed = try home.bundle("1.0.0")
        try "other words\n".write(toFile: changed + "/words.txt", atomically: true, encoding: .utf8)
        let other = home.folder.path("other.tar.gz")
        #expect(try home.run(["pack", changed, "-o", other, "--key", home.key]).status == 0)
        for command in ["install", "verify"] {
            let same = try home.run([command, other])
            #expect(
                same.status == 2 && same.errors.contains("is another one than the 1.0.0"),
                "\(same.errors)")
        }
        let second = home.folder.path("second")
        #expect(try home.run(["key", second]).status == 0)
        #expect(try home.run(["trust", second + ".pub", "--namespace", "org.example"]).status == 0)
        let newer = try home.run(["install", home.archive("2.0.0", key: second)])
        #expect(
            newer.status == 2 && newer.errors.contains("is signed by ed25519:"), "\(newer.errors)")
        // Its only rule would be NSE001.
        let taken = try home.run(["install", home.archive(id: "org.example.nse")])
        #expect(
            taken.status == 2
                && taken.errors.contains("its code NSE001 is that of org.assay.noise"),
            "\(taken.errors)")
        #expect(try home.installed() == ["org.example.digits"])
    }

    @Test("packing changes no number of the manifest, and packing again changes nothing")
    func exact() throws {
        let home = try Home()
        let bundle = try home.bundle("1.0.0")
        let manifest = try String(contentsOfFile: bundle + "/plugin.json", encoding: .utf8)
        let exact = manifest.replacing("\"score\": 0}", with: "\"score\": [0, 0.6666666666666666]}")
        #expect(exact != manifest)
        try exact.write(toFile: bundle + "/plugin.json", atomically: true, encoding: .utf8)
        let archive = home.folder.path("exact.tar.gz")
        #expect(try home.run(["pack", bundle, "-o", archive, "--key", home.key]).status == 0)
        let place = home.folder.path("unpacked")
        let ending = try Program.run(
            "/usr/bin/env", ["sh", "-c", "mkdir '\(place)' && tar xzf '\(archive)' -C '\(place)'"])
        #expect(ending.status == 0)
        let packed = try String(contentsOfFile: place + "/plugin.json", encoding: .utf8)
        #expect(packed.contains("0.6666666666666666") && packed.contains("\"files\""))
        let again = home.folder.path("again.tar.gz")
        #expect(try home.run(["pack", place, "-o", again, "--key", home.key]).status == 0)
        #expect(FileManager.default.contentsEqual(atPath: archive, andPath: again))
    }

    @Test("a library outside of what was signed is refused")
    func library() throws {
        let home = try Home()
        let bundle = try home.bundle("1.0.0")
        let manifest = try String(contentsOfFile: bundle + "/plugin.json", encoding: .utf8)
        for path in ["../other.so", "/tmp/other.so", "absent.so"] {
            try manifest.replacing("system:libz.so.1", with: path)
                .write(toFile: bundle + "/plugin.json", atomically: true, encoding: .utf8)
            let ending = try home.run([
                "pack", bundle, "-o", home.folder.path("x.tar.gz"), "--key", home.key,
            ])
            #expect(ending.status == 2, "\(path)")
        }
    }

    @Test("what is installed is looked at again at every run, and so is what the user points at")
    func installedChanges() throws {
        let home = try Home()
        #expect(try home.run(["install", home.archive()]).status == 0)
        let place = home.folder.path("data/assay/plugins/org.example.digits/1.0.0")
        let data = try home.folder.write("data.jsonl", "{\"prompt\":\"p\",\"response\":\"r\"}\n")
        func run(_ plugin: [String] = []) throws -> Program.Ending {
            try home.assay(
                ["run", data, "--plugins", "org.example.*", "--out", home.folder.path("report")]
                    + plugin)
        }
        #expect(try run().status == 0)
        #expect(try run(["--plugin", place]).status == 0)
        try "changed".write(toFile: place + "/words.txt", atomically: true, encoding: .utf8)
        for ending in [try run(), try run(["--plugin", place])] {
            #expect(
                ending.status == 2 && ending.errors.contains("words.txt has 7 bytes"),
                "\(ending.errors)")
        }
        let listed = try home.assay(["plugins"])
        #expect(listed.output.contains("refused: ") && listed.output.contains("words.txt has 7"))
        #expect(try home.run(["install", home.archive()]).status == 0, "installed again")
        #expect(try run().status == 0)
        let manifest = try String(contentsOfFile: place + "/plugin.json", encoding: .utf8)
        try manifest.replacing("0.92", with: "0.12")
            .write(toFile: place + "/plugin.json", atomically: true, encoding: .utf8)
        let swapped = try run()
        #expect(
            swapped.status == 2 && swapped.errors.contains("the lock file has"), "\(swapped.errors)"
        )
        #expect(try home.run(["install", home.archive()]).status == 0)
        let key = try home.run(["trust"]).output.split(separator: " ").first.map(String.init) ?? ""
        #expect(try home.run(["trust", "--remove", key]).output.contains("no key is trusted"))
        let distrusted = try run()
        #expect(
            distrusted.status == 2 && distrusted.errors.contains("not trusted"),
            "\(distrusted.errors)")
        // Put there by hand.
        let other = try home.bundle("1.0.0", id: "org.example.other")
        try FileManager.default.createDirectory(
            atPath: home.folder.path("data/assay/plugins/org.example.other"),
            withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: other, toPath: home.folder.path("data/assay/plugins/org.example.other/1.0.0"))
        let byHand = try home.assay([
            "run", data, "--plugins", "org.example.other", "--out", home.folder.path("report"),
        ])
        #expect(
            byHand.status == 2 && byHand.errors.contains("was not installed by"), "\(byHand.errors)"
        )
    }

    @Test("keys are kept and given in files that say what they are")
    func keyFiles() throws {
        let home = try Home()
        let mode = try FileManager.default.attributesOfItem(atPath: home.key)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let again = try home.run(["key", home.key])
        #expect(again.status == 2 && again.errors.contains("is there already"))
        let wide = try home.run(["trust", home.key + ".pub", "--namespace", "org"])
        #expect(wide.status == 2 && wide.errors.contains("two parts or more"))
        let secret = try home.run(["trust", home.key, "--namespace", "org.example"])
        #expect(secret.status == 2 && secret.errors.contains("assay-public-key/1"))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: home.key)
        let open = try home.run(["pack", home.bundle("1.0.0"), "--key", home.key])
        #expect(open.status == 2 && open.errors.contains("others may read"), "\(open.errors)")
    }

    @Test("every way to a plugin's code goes through the one function that verifies")
    func oneWay() throws {
        let host = Checkout.file("Sources").path
        let names = try #require(FileManager.default.enumerator(atPath: host))
        var loading: Set<String> = []
        var making: Set<String> = []
        for case let name as String in names where name.hasSuffix(".swift") {
            let text = try String(contentsOfFile: host + "/" + name, encoding: .utf8)
            if text.contains("LoadedLibrary(") { loading.insert(name) }
            if text.contains("OpenedBundle(") { making.insert(name) }
        }
        // The worker loads what a request names; requests are made by the runner, which takes an opened bundle.
        #expect(
            loading == [
                "PluginHost/PluginRunner.swift", "PluginHost/WorkerProgram.swift",
                "PluginHost/Check/CheckProgram.swift",
            ])
        #expect(making == ["PluginHost/Trust/OpenedBundle.swift"])
        let runner = try String(
            contentsOfFile: host + "/PluginHost/PluginRunner.swift", encoding: .utf8)
        #expect(runner.contains("_ bundle: OpenedBundle,"))
        #expect(runner.contains("bundle: OpenedBundle,") && !runner.contains("manifest: Manifest,"))
    }
}
