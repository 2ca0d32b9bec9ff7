import JSONText

/// The files that a manifest names: path, SHA-256 and size of each.
struct BundleFiles {
    /// A file.
    struct Entry: Equatable {
        let path: String
        let sha256: String
        let size: Int
    }

    /// Most files of a bundle.
    static let mostFiles = 1000
    /// Most bytes of a bundle.
    static let mostBytes = 512 << 20

    /// By path, sorted.
    let entries: [Entry]

    /// What a manifest says; `nil` when it says nothing.
    ///
    /// - Throws: `PluginError` for what cannot be.
    init?(_ manifest: JSONValue, path: String) throws {
        guard let files = manifest["files"] else { return nil }
        guard let members = files.objectValue?.members, members.count <= BundleFiles.mostFiles
        else {
            throw PluginError(
                "\(path): \"files\" is no object of at most \(BundleFiles.mostFiles) files",
                help: "assay plugin pack writes it")
        }
        entries = try members.map { member in
            guard BundleFiles.isInside(member.key),
                let digest = member.value["sha256"]?.stringValue, digest.utf8.count == 64,
                let size = member.value["size"]?.intValue, size >= 0,
                size <= BundleFiles.mostBytes
            else {
                throw PluginError(
                    "\(path): \"files\" has \"\(member.key)\", expected a path inside the bundle with sha256 and size",
                    help: "assay plugin pack writes it")
            }
            return Entry(path: member.key, sha256: digest, size: size)
        }.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        guard Set(entries.map(\.path)).count == entries.count else {
            throw PluginError("\(path): \"files\" has a path twice", help: "pack it again")
        }
    }

    /// Whether a path stays inside a bundle.
    static func isInside(_ path: String) -> Bool {
        let steps = path.split(separator: "/", omittingEmptySubsequences: false)
        return !path.isEmpty && path.utf8.count <= 100
            && steps.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && path.utf8.allSatisfy { $0 > 0x20 && $0 != 0x5C && $0 < 0x7F }
    }

    /// Compares a bundle's folder with what its manifest says.
    ///
    /// - Throws: `PluginError` for a file that is missing, is another one, is no plain file, or is not named.
    func check(_ folder: String) throws {
        let found = try FolderWalk.entries(below: folder)
        let own: Set<String> = ["plugin.json", SignedManifest.fileName]
        for entry in found where !own.contains(entry.path) {
            guard entry.isFile else {
                throw BundleFiles.refused(folder, "\(entry.path) is no plain file")
            }
            guard entries.contains(where: { $0.path == entry.path }) else {
                throw BundleFiles.refused(folder, "\(entry.path) is not named by its manifest")
            }
        }
        for name in own {
            if let entry = found.first(where: { $0.path == name }), !entry.isFile {
                throw BundleFiles.refused(folder, "\(name) is no plain file")
            }
        }
        for entry in entries {
            guard let bytes = FileBytes.read(folder + "/" + entry.path) else {
                throw BundleFiles.refused(folder, "\(entry.path) is missing")
            }
            let digest = FileBytes.hexDigest(bytes)
            guard bytes.count == entry.size, digest == entry.sha256 else {
                throw BundleFiles.refused(
                    folder,
                    "\(entry.path) has \(bytes.count) bytes with SHA-256 \(digest.prefix(12))…, its manifest says "
                        + "\(entry.size) with \(entry.sha256.prefix(12))…")
            }
        }
    }

    private static func refused(_ folder: String, _ reason: String) -> PluginError {
        PluginError(
            "\(folder): \(reason)", help: "the bundle was changed after it was packed; get it again"
        )
    }
}
