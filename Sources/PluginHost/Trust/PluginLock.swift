import Glibc
import JSONText

/// What is installed, pinned: id, version, digest of the manifest, and the key that signed it.
public struct PluginLock: Sendable {
    /// One plugin.
    public struct Entry: Sendable, Equatable {
        /// Reverse-DNS name.
        public let id: String
        /// Semantic version.
        public let version: String
        /// SHA-256 of the manifest's bytes, which name every other file's.
        public let manifestDigest: String
        /// The id of the key.
        public let key: String
        /// Where it came from.
        public let source: String
    }

    /// By id.
    public private(set) var entries: [Entry] = []
    private let path: String

    /// Reads a lock file; one that is not there is empty.
    ///
    /// - Throws: `PluginError` that names the file.
    public init(path: String) throws {
        self.path = path
        guard let bytes = FileBytes.read(path) else {
            guard errno == ENOENT || errno == ENOTDIR else {
                throw PluginError(
                    "\(path): cannot be read: \(String(cString: strerror(errno)))",
                    help: "check the permissions")
            }
            return
        }
        guard let list = (try? JSONValue(parsing: bytes))?["plugins"]?.arrayValue else {
            throw PluginError(
                "\(path): is no lock file",
                help: "move it away, and install the plugins again")
        }
        entries = try list.map { value in
            guard let id = value["id"]?.stringValue, let version = value["version"]?.stringValue,
                let digest = value["manifest_sha256"]?.stringValue,
                let key = value["key"]?.stringValue
            else {
                throw PluginError(
                    "\(path): an entry lacks id, version, manifest_sha256 or key",
                    help: "move the file away, and install the plugins again")
            }
            return Entry(
                id: id, version: version, manifestDigest: digest, key: key,
                source: value["source"]?.stringValue ?? "")
        }
    }

    /// Sets or removes the entry of an id, and writes the file.
    ///
    /// - Throws: `PluginError` when it cannot be written.
    mutating func set(_ id: String, _ entry: Entry?) throws {
        entries.removeAll { $0.id == id }
        if let entry { entries.append(entry) }
        entries.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        let list = entries.map { entry in
            JSONValue.object([
                "id": .string(entry.id), "version": .string(entry.version),
                "manifest_sha256": .string(entry.manifestDigest), "key": .string(entry.key),
                "source": .string(entry.source),
            ])
        }
        try WholeFile.write(JSONValue.object(["plugins": .array(list)]).text + "\n", to: path)
    }
}
