import Glibc
import JSONText

/// The keys that a user trusts, each for some namespaces only.
public struct TrustStore: Sendable {
    /// A key and what it may sign.
    public struct Entry: Sendable {
        /// The key.
        public let key: PublicKey
        /// Beginnings of ids, whole parts: `org.example` is for `org.example.shouting`.
        public let namespaces: [String]
    }

    /// In the order they were added.
    public private(set) var entries: [Entry] = []
    private let path: String

    /// Reads the store; a file that is not there is an empty one.
    ///
    /// - Throws: `PluginError` that names the file.
    public init(path: String) throws {
        self.path = path
        guard let bytes = FileBytes.read(path) else {
            guard errno == ENOENT else {
                throw PluginError(
                    "\(path): cannot be read: \(String(cString: strerror(errno)))",
                    help: "check the permissions")
            }
            return
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IWOTH != 0 {
            throw PluginError(
                "\(path): everybody may write to the list of trusted keys, refused",
                help: "chmod 644 \(path)")
        }
        guard let list = (try? JSONValue(parsing: bytes))?["keys"]?.arrayValue else {
            throw PluginError(
                "\(path): not valid JSON, or without \"keys\"", help: "correct it, or remove it")
        }
        for (index, value) in list.enumerated() {
            guard
                let key = value["public"]?.stringValue.flatMap(Base64.bytes)
                    .flatMap(PublicKey.init(bytes:)),
                let namespaces = value["namespaces"]?.arrayValue?.compactMap(\.stringValue),
                namespaces.allSatisfy(Manifest.isReverseName)
            else {
                throw PluginError(
                    "\(path): \"keys[\(index)]\" has no key or no namespaces", help: "correct it")
            }
            entries.append(Entry(key: key, namespaces: namespaces))
        }
    }

    /// The keys that may sign a plugin.
    public func keys(for id: String) -> [PublicKey] {
        entries.filter { entry in
            entry.namespaces.contains { id == $0 || id.hasPrefix($0 + ".") }
        }.map(\.key)
    }

    /// Adds a key for a namespace, and writes the store.
    ///
    /// - Throws: `PluginError` when it cannot be written.
    public mutating func add(_ key: PublicKey, namespace: String) throws {
        if let index = entries.firstIndex(where: { $0.key == key }) {
            guard !entries[index].namespaces.contains(namespace) else { return }
            entries[index] = Entry(key: key, namespaces: entries[index].namespaces + [namespace])
        } else {
            entries.append(Entry(key: key, namespaces: [namespace]))
        }
        try write()
    }

    /// Removes a key by its id; whether it was there.
    ///
    /// - Throws: `PluginError` when the store cannot be written.
    public mutating func remove(id: String) throws -> Bool {
        let count = entries.count
        entries.removeAll { $0.key.id == id }
        guard entries.count < count else { return false }
        try write()
        return true
    }

    private func write() throws {
        let keys = entries.map { entry in
            JSONValue.object([
                "id": .string(entry.key.id), "public": .string(Base64.text(entry.key.bytes)),
                "namespaces": .array(entry.namespaces.map { .string($0) }),
            ])
        }
        try WholeFile.write(JSONValue.object(["keys": .array(keys)]).text + "\n", to: path)
    }
}
