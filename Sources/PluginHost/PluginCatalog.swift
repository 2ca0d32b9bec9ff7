import Glibc

/// The plugins that were found, by reading manifests only.
public struct PluginCatalog: Sendable {
    /// One installed plugin.
    public struct Entry: Sendable {
        /// Its manifest.
        public let manifest: Manifest
        /// Where it came from: `--plugin`, `ASSAY_PLUGIN_PATH`, or a folder.
        public let origin: String
    }

    /// The entries by id; the first root that has an id wins.
    public private(set) var entries: [Entry] = []
    /// Plugins that were found and are left out, whole, with the reason.
    public private(set) var refused: [(entry: Entry, reason: String)] = []

    /// Manifests in the roots that cannot be read: these plugins are left out.
    public private(set) var damaged: [PluginError] = []

    /// Finds plugins: the ones named first, then every `<root>/<id>/<version>/plugin.json`, newest
    /// version first, no deeper.
    ///
    /// A plugin with an analyzer's id or a code that another one has is refused as a whole: of two installed ones the
    /// later, and always the one that was named, with an error.
    ///
    /// - Throws: `PluginError` for a broken manifest of a named plugin, a folder that everybody may write, the same
    ///   id and version twice in one root, and a named plugin that is refused.
    public init(named paths: [String], roots: [(path: String, origin: String)]) throws {
        var found: [Entry] = []
        for path in paths {
            found.append(
                Entry(
                    manifest: try Manifest(path: PluginCatalog.manifestPath(for: path)),
                    origin: "--plugin \(path)"))
        }
        for root in roots {
            found += try PluginCatalog.entries(
                in: root.path, origin: root.origin, damaged: &damaged)
        }
        var seen: Set<String> = []
        found = found.filter { seen.insert($0.manifest.id).inserted }
        // The last root, the program's own, before the others, and the named ones at the end: it is they that are
        // at fault.
        let named = found.filter { $0.origin.hasPrefix("--plugin ") }
        let installed = roots.reversed().flatMap { root in
            found.filter { $0.origin == root.origin }
        }
        try admit(installed + named)
        entries.sort {
            $0.manifest.id.utf8.lexicographicallyPrecedes($1.manifest.id.utf8)
        }
    }

    private mutating func admit(_ found: [Entry]) throws {
        var owners: [String: String] = [:]
        for entry in found {
            let manifest = entry.manifest
            let names = PluginCatalog.names(of: manifest)
            if let taken = names.first(where: { owners[$0] != nil }), let owner = owners[taken] {
                let reason = "its \(taken) is that of \(owner)"
                guard !entry.origin.hasPrefix("--plugin ") else {
                    throw PluginError(
                        "\(manifest.path): \(manifest.id) \(manifest.version) is refused: \(reason)",
                        help: "give it ids and codes of its own")
                }
                refused.append((entry, reason))
                continue
            }
            for name in names { owners[name] = "\(manifest.id) \(manifest.version)" }
            entries.append(entry)
        }
    }

    private static func names(of manifest: Manifest) -> [String] {
        manifest.analyzers.flatMap { analyzer in
            ["analyzer \(analyzer.id)"] + analyzer.codes.map { "code \($0.code)" }
        }
    }

    /// What a plugin that is not here yet would have in common with another one; `nil` for nothing.
    public func conflict(of manifest: Manifest) -> String? {
        let names = Set(PluginCatalog.names(of: manifest))
        for entry in entries where entry.manifest.id != manifest.id {
            if let taken = PluginCatalog.names(of: entry.manifest).first(where: names.contains) {
                return "its \(taken) is that of \(entry.manifest.id) \(entry.manifest.version)"
            }
        }
        return nil
    }

    /// The analyzers that a selection names, in the catalog's order.
    ///
    /// A part of the selection is a strategy, an id of a plugin or analyzer, or a glob over ids.
    ///
    /// - Throws: `PluginError` when a part names nothing.
    public func select(_ selection: [String]) throws -> [(
        entry: Entry, analyzer: Manifest.Analyzer
    )] {
        let all = entries.flatMap { entry in entry.manifest.analyzers.map { (entry, $0) } }
        guard !selection.isEmpty else { return all }
        for part in selection
        where !all.contains(where: { PluginCatalog.matches(part, $0.0, $0.1) }) {
            let names = all.flatMap { [$0.1.strategy, $0.0.manifest.id, $0.1.id] }
            throw PluginError(
                "--plugins: nothing is called \"\(part)\"",
                help: Suggestion.nearest(to: part, among: names).map { "did you mean \"\($0)\"?" }
                    ?? "known: " + Array(Set(names)).sorted().joined(separator: ", "))
        }
        return all.filter { entry, analyzer in
            selection.contains { PluginCatalog.matches($0, entry, analyzer) }
        }
    }

    private static func matches(
        _ part: String, _ entry: Entry, _ analyzer: Manifest.Analyzer
    ) -> Bool {
        part == analyzer.strategy || fnmatch(part, entry.manifest.id, 0) == 0
            || fnmatch(part, analyzer.id, 0) == 0
    }

    /// The manifest of a bundle folder, of a manifest path, or beside a loose library.
    ///
    /// - Throws: `PluginError` when there is none.
    public static func manifestPath(for path: String) throws -> String {
        func exists(_ candidate: String) -> Bool { access(candidate, R_OK) == 0 }
        if path.hasSuffix(".json") { return path }
        if path.hasSuffix(".so") {
            let folder = Manifest.folder(of: path)
            let name = path.split(separator: "/").last.map(String.init) ?? path
            var stem = String(name.dropLast(3))
            var candidates = ["\(folder)/\(stem).plugin.json"]
            if stem.hasPrefix("lib") {
                stem.removeFirst(3)
                candidates.append("\(folder)/\(stem).plugin.json")
            }
            candidates.append("\(folder)/plugin.json")
            if let found = candidates.first(where: exists) { return found }
            throw PluginError(
                "--plugin \(path): no manifest beside the library",
                help: "expected one of: \(candidates.joined(separator: ", "))")
        }
        guard exists(path + "/plugin.json") else {
            throw PluginError(
                "--plugin \(path): no plugin.json there",
                help: "name a bundle folder, a plugin.json, or a .so with a manifest beside it")
        }
        return path + "/plugin.json"
    }

    private static func entries(
        in root: String, origin: String, damaged: inout [PluginError]
    ) throws -> [Entry] {
        var status = stat()
        guard stat(root, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [] }
        if status.st_mode & S_IWOTH != 0, status.st_mode & S_ISVTX == 0 {
            throw PluginError(
                "\(root): everybody may write to this plugin folder, refused",
                help: "chmod o-w \(root)")
        }
        var found: [Entry] = []
        for id in names(in: root) {
            var versions: Set<String> = []
            for version in names(in: "\(root)/\(id)").sorted(by: isNewer) {
                let path = "\(root)/\(id)/\(version)/plugin.json"
                guard access(path, F_OK) == 0 else { continue }
                let manifest: Manifest
                do {
                    manifest = try Manifest(path: path)
                } catch let error as PluginError {
                    // One plugin that cannot be read leaves the others as they are.
                    damaged.append(error)
                    continue
                }
                guard versions.insert("\(manifest.id) \(manifest.version)").inserted else {
                    throw PluginError(
                        "\(root): \(manifest.id) \(manifest.version) is there twice",
                        help: "remove one of the folders in \(root)/\(id)")
                }
                found.append(Entry(manifest: manifest, origin: origin))
            }
        }
        return found
    }

    private static func names(in folder: String) -> [String] {
        let found = ((try? FolderWalk.names(in: folder)) ?? []).filter { !$0.hasPrefix(".") }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Order of versions, newest first; names that are no versions come last.
    static func isNewer(_ left: String, _ right: String) -> Bool {
        switch (SemanticVersion(left), SemanticVersion(right)) {
        case (let one?, let other?) where one != other: other < one
        case (_?, nil): true
        case (nil, _?): false
        default: left.utf8.lexicographicallyPrecedes(right.utf8)
        }
    }
}
