import Foundation
import JSONText
import PluginHost
import Support
import Testing

@Suite struct CatalogTests {
    private func manifest(_ id: String, version: String) -> String {
        """
        {"manifest_version": 1, "id": "\(id)", "version": "\(version)", "kind": "native",
         "abi": {"major": 1, "min_minor": 0},
         "library": {"linux_amd64": "a.so", "linux_arm64": "a.so"},
         "analyzers": [{"id": "\(id)", "strategy": "noise", "state_format": 1, "columns": []}]}
        """
    }

    private func write(
        _ id: String, _ version: String, as folderName: String? = nil, in folder: TemporaryFolder,
        root: String
    ) throws {
        _ = try folder.write(
            "\(root)/\(id)/\(folderName ?? version)/plugin.json", manifest(id, version: version))
    }

    @Test("the newest version of the first root that has an id wins")
    func precedence() throws {
        let folder = try TemporaryFolder()
        try write("org.a", "1.2.0", in: folder, root: "one")
        try write("org.a", "1.10.0", in: folder, root: "one")
        try write("org.a", "1.10.0-rc.1", in: folder, root: "one")
        try write("org.a", "9.0.0", in: folder, root: "two")
        try write("org.b", "0.1.0", in: folder, root: "two")
        let catalog = try PluginCatalog(
            named: [], roots: [(folder.path("one"), "one"), (folder.path("two"), "two")])
        #expect(catalog.entries.map(\.manifest.id) == ["org.a", "org.b"])
        #expect(catalog.entries.map(\.manifest.version) == ["1.10.0", "0.1.0"])
        #expect(catalog.entries.map(\.origin) == ["one", "two"])
    }

    @Test("a title is one short line: a manifest with another is refused with what is expected")
    func titles() throws {
        func title(_ stated: String) throws -> String? {
            let folder = try TemporaryFolder()
            let code = "\"codes\": [{\"code\": \"A1\", \"name\": \"a\", \"title\": \(stated)}], "
            let path = try folder.write(
                "plugin.json",
                manifest("org.a", version: "1.0.0")
                    .replacingOccurrences(of: "\"columns\"", with: code + "\"columns\""))
            return try PluginCatalog(named: [path], roots: []).entries[0].manifest.analyzers[0]
                .codes[0].title
        }
        #expect(try title("\"texts in capitals\"") == "texts in capitals")
        for stated in ["7", "\"\"", "\"two\\nlines\"", "\"\(String(repeating: "a", count: 41))\""] {
            let error = try #require(throws: PluginError.self) { try title(stated) }
            #expect(
                error.reason.contains(
                    "\"codes[].title\" is \(stated), expected a line of at most 40"))
        }
    }

    @Test(
        "keys that are misspelt and values of another kind are refused by place",
        arguments: [
            (#""columns": []"#, #""colums": []"#, #""analyzers[0].colums" is a key"#, "columns"),
            (
                #""columns": []"#, #""columns": "text.prompt""#, "expected a list of texts",
                "correct it"
            ),
            (
                #""columns": []"#, #""columns": [], "passes": "two""#, "\"two\", expected a whole",
                "correct it"
            ),
            (
                #""columns": []"#, #""columns": [], "resources": {"call_secs": 3}"#,
                "resources.call_secs", "call_seconds"
            ),
            (
                #""columns": []"#,
                #""columns": [], "config": {"properties": {"a": {"type": "integr"}}}"#,
                "config.properties.a.type", "integer"
            ),
            (
                #""columns": []"#,
                #""columns": [], "config": {"properties": {"a": {"type": "integer", "minimum": "5"}}}"#,
                "expected a number", "correct it"
            ),
            (
                #""columns": []"#,
                #""columns": [], "codes": [{"code": "HST001", "name": "a"}]"#, "the host's own",
                "other letters"
            ),
        ])
    func keys(_ truth: String, _ change: String, _ reason: String, _ help: String) throws {
        let folder = try TemporaryFolder()
        let whole = manifest("org.a", version: "1.0.0")
        let changed = whole.replacingOccurrences(of: truth, with: change)
        #expect(changed != whole)
        let path = try folder.write("plugin.json", changed)
        let error = try #require(throws: PluginError.self) {
            try PluginCatalog(named: [path], roots: [])
        }
        #expect(error.reason.contains(reason), "\(error.reason)")
        #expect(error.help.contains(help), "\(error.help)")
    }

    @Test("a key of a later version is passed over, a required setting is asked for")
    func laterKeys() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "plugin.json",
            manifest("org.a", version: "1.0.0").replacingOccurrences(
                of: #""columns": []"#,
                with: #""columns": [], "telemetry": {}, "config": {"properties": "#
                    + #"{"a": {"type": "integer", "description": "A number."}, "b": {"type": "array", "maxItems": 2}}, "required": ["a"]}"#
            ))
        let found = try PluginCatalog(named: [path], roots: []).entries[0].manifest.analyzers[0]
        let error = try #require(throws: PluginError.self) {
            try found.configuration.resolve([:]) { $0.joined() }
        }
        #expect(error.reason.contains("setting \"a\" is missing"))
        #expect(error.help.contains("A number."))
        let long = try #require(throws: PluginError.self) {
            try found.configuration.resolve(["a": 1, "b": [1, 2, 3]]) { $0.joined() }
        }
        #expect(long.reason.contains("expected at most 2 elements"))
        #expect(try found.configuration.resolve(["a": 3]) { $0.joined() }["a"]?.intValue == 3)
    }

    @Test("versions are in the order of semver.org, the newest is taken")
    func versions() throws {
        let order = [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
            "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0-0", "2.0.0",
        ]
        for (index, version) in order.enumerated() {
            let folder = try TemporaryFolder()
            for other in order[...index].shuffled() {
                try write("org.a", other, in: folder, root: "one")
            }
            let catalog = try PluginCatalog(named: [], roots: [(folder.path("one"), "one")])
            #expect(catalog.entries.map(\.manifest.version) == [version])
        }
    }

    @Test(
        "an id that is no reverse DNS and a version that is none are refused",
        arguments: [
            ("org", "1.0.0"), ("org..a", "1.0.0"), ("Org.a", "1.0.0"), ("org.a/../b", "1.0.0"),
            ("org.a", "1.0"), ("org.a", "01.0.0"), ("org.a", "1.0.0-"), ("org.a", "1.0.0/../../x"),
            ("org.a", "1.0.0-01"), ("org.a", "99999999999999999999.0.0"),
        ])
    func names(_ id: String, _ version: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("plugin.json", manifest(id, version: version))
        #expect(throws: PluginError.self) { try PluginCatalog(named: [path], roots: []) }
    }

    @Test("a named plugin goes before an installed one of the same id")
    func named() throws {
        let folder = try TemporaryFolder()
        try write("org.a", "2.0.0", in: folder, root: "one")
        let path = try folder.write("own/plugin.json", manifest("org.a", version: "0.0.1"))
        let catalog = try PluginCatalog(named: [path], roots: [(folder.path("one"), "one")])
        #expect(catalog.entries.map(\.manifest.version) == ["0.0.1"])
    }

    @Test("an id or a code that another plugin has refuses the whole plugin, by name")
    func conflicts() throws {
        let folder = try TemporaryFolder()
        func text(_ id: String, analyzers: [(id: String, code: String)]) -> String {
            let list = analyzers.map {
                """
                {"id": "\($0.id)", "strategy": "noise", "state_format": 1, "columns": [],
                 "codes": [{"code": "\($0.code)", "name": "x"}]}
                """
            }
            return """
                {"manifest_version": 1, "id": "\(id)", "version": "1.0.0", "kind": "native",
                 "abi": {"major": 1, "min_minor": 0}, "library": {"linux_amd64": "a.so", "linux_arm64": "a.so"},
                 "analyzers": [\(list.joined(separator: ","))]}
                """
        }
        _ = try folder.write(
            "one/org.a/1.0.0/plugin.json", text("org.a", analyzers: [("org.a", "A001")]))
        _ = try folder.write(
            "one/org.b/1.0.0/plugin.json",
            text("org.b", analyzers: [("org.b", "B001"), ("org.b.second", "A001")]))
        let root = (folder.path("one"), "one")
        let catalog = try PluginCatalog(named: [], roots: [root])
        #expect(
            catalog.entries.map(\.manifest.id) == ["org.a"], "none of org.b's analyzers is there")
        #expect(catalog.refused.map(\.entry.manifest.id) == ["org.b"])
        #expect(catalog.refused.first?.reason == "its code A001 is that of org.a 1.0.0")
        for analyzers in [[("org.c", "A001")], [("org.c.x", "A001")]] {
            let path = try folder.write("own/plugin.json", text("org.c", analyzers: analyzers))
            let error = #expect(throws: PluginError.self) {
                try PluginCatalog(named: [path], roots: [root])
            }
            #expect("\(String(describing: error))".contains("org.c 1.0.0 is refused"))
        }
        let alien = try folder.write(
            "own/plugin.json", text("org.c", analyzers: [("org.a", "C001")]))
        let refused = #expect(throws: PluginError.self) {
            try PluginCatalog(named: [alien], roots: [root])
        }
        #expect("\(String(describing: refused))".contains("org.a is not of the plugin org.c"))
        // Of two roots the last one, the program's own, has the right of way.
        _ = try folder.write(
            "own/org.c/1.0.0/plugin.json", text("org.c", analyzers: [("org.c", "A001")]))
        let both = try PluginCatalog(named: [], roots: [(folder.path("own"), "own"), root])
        #expect(both.refused.map(\.entry.manifest.id).sorted() == ["org.b", "org.c"])
        let twice = try folder.write(
            "own/plugin.json", text("org.c", analyzers: [("org.c", "C001"), ("org.c.d", "C001")]))
        let error = #expect(throws: PluginError.self) {
            try PluginCatalog(named: [twice], roots: [])
        }
        #expect("\(String(describing: error))".contains("C001 is there twice"))
    }

    @Test("the same id and version twice, and a folder that everybody may write, are refused")
    func refused() throws {
        let folder = try TemporaryFolder()
        try write("org.a", "1.0.0", in: folder, root: "one")
        try write("org.a", "1.0.0", as: "copy", in: folder, root: "one")
        #expect(throws: PluginError.self) {
            try PluginCatalog(named: [], roots: [(folder.path("one"), "one")])
        }
        try write("org.b", "1.0.0", in: folder, root: "two")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o777], ofItemAtPath: folder.path("two"))
        #expect(throws: PluginError.self) {
            try PluginCatalog(named: [], roots: [(folder.path("two"), "two")])
        }
    }

    @Test("a root that is not there is no error, and nothing below a version is looked at")
    func shape() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(
            "one/org.a/1.0.0/deeper/plugin.json", manifest("org.a", version: "1.0.0"))
        _ = try folder.write("one/plugin.json", "not JSON")
        let catalog = try PluginCatalog(
            named: [], roots: [(folder.path("one"), "one"), (folder.path("none"), "none")])
        #expect(catalog.entries.isEmpty)
    }

    @Test("the nearest name is suggested, and none when nothing is near")
    func suggestions() {
        #expect(Suggestion.nearest(to: "nose", among: ["noise", "coverage"]) == "noise")
        #expect(Suggestion.nearest(to: "zzz", among: ["noise", "coverage"]) == nil)
        #expect(Suggestion.nearest(to: "a", among: []) == nil)
    }
}
