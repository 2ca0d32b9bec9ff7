import Glibc
import JSONText

/// The plugins that a user has installed: a folder with a lock file, and the list of trusted keys.
public struct PluginStore: Sendable {
    /// `<root>/<id>/<version>/plugin.json`.
    public let root: String
    private let trustPath: String

    /// A store in a folder, with the keys of a file.
    public init(root: String, trustPath: String) {
        self.root = root
        self.trustPath = trustPath
    }

    /// The keys that are trusted.
    public func trust() throws -> TrustStore { try TrustStore(path: trustPath) }

    /// What is installed.
    public func lock() throws -> PluginLock { try PluginLock(path: root + "/plugins.lock.json") }

    /// Writes a bundle's folder as an archive with the hashes of its files; signed if a key is given.
    ///
    /// Returns the digest of the manifest in it.
    ///
    /// - Throws: `PluginError`.
    public static func pack(_ folder: String, to path: String, key: SigningKey?) throws -> String {
        let packed = try BundleArchive.pack(folder, key: key)
        try WholeFile.write(packed.archive, to: path)
        return FileBytes.hexDigest(packed.manifest)
    }

    /// Writes a new pair of keys: `path` for its owner alone, `path` with `.pub` for the others.
    ///
    /// - Throws: `PluginError` when one of the files is there already.
    public static func makeKey(_ path: String) throws -> PublicKey {
        for file in [path, path + ".pub"] where access(file, F_OK) == 0 {
            throw PluginError("\(file): is there already", help: "name another file")
        }
        let key = SigningKey()
        guard let publicKey = key.publicKey else {
            throw PluginError("no key could be made", help: "this is a fault of assay")
        }
        try WholeFile.write(key.json.text + "\n", to: path, mode: 0o600)
        try WholeFile.write(publicKey.json.text + "\n", to: path + ".pub")
        return publicKey
    }

    /// What an archive holds, verified: manifest and signer, without installing it.
    ///
    /// - Throws: `PluginError` that says what is wrong.
    public func verify(archive path: String) throws -> (manifest: Manifest, signer: PublicKey) {
        try withUnpacked(path) { folder, manifest, signer in (manifest, signer) }
    }

    /// Installs an archive; nothing is there when it is refused.
    ///
    /// An older version than the one installed is refused unless `allowsOlder`.
    ///
    /// - Throws: `PluginError`.
    public func install(archive path: String, allowsOlder: Bool) throws -> Manifest {
        try withUnpacked(path) { folder, manifest, signer in
            var lock = try lock()
            let installed = lock.entries.first { $0.id == manifest.id }
            if let installed, !allowsOlder,
                PluginCatalog.isNewer(installed.version, manifest.version)
            {
                throw PluginError(
                    "\(path): \(manifest.id) \(manifest.version) is older than the \(installed.version) that is installed",
                    help: "--allow-older installs it all the same")
            }
            guard let bytes = FileBytes.read(manifest.path) else {
                throw PluginError("\(manifest.path): cannot be read", help: "try again")
            }
            let place = root + "/" + manifest.id
            let target = place + "/" + manifest.version
            try WholeFile.makeFolder(place)
            // The new one takes the old one's place by renaming; a moment without either is none of it half there.
            let old = place + "/.old"
            WholeFile.removeFolder(old)
            if rename(target, old) != 0, errno != ENOENT { throw fault(target) }
            guard rename(folder, target) == 0 else {
                let error = fault(target)
                _ = rename(old, target)
                throw error
            }
            WholeFile.removeFolder(old)
            try lock.set(
                manifest.id,
                PluginLock.Entry(
                    id: manifest.id, version: manifest.version,
                    manifestDigest: FileBytes.hexDigest(bytes), key: signer.id, source: path))
            for version in (try? FolderWalk.names(in: place)) ?? []
            where version != manifest.version {
                WholeFile.removeFolder(place + "/" + version)
            }
            return try Manifest(path: target + "/plugin.json")
        }
    }

    /// Removes a plugin; the version that was there.
    ///
    /// - Throws: `PluginError` when there is none.
    public func remove(id: String) throws -> String {
        var lock = try lock()
        guard let entry = lock.entries.first(where: { $0.id == id }) else {
            let known = lock.entries.map(\.id)
            throw PluginError(
                "\(id): is not installed",
                help: Suggestion.nearest(to: id, among: known).map { "did you mean \($0)?" }
                    ?? "assay plugins lists what is")
        }
        try lock.set(id, nil)
        WholeFile.removeFolder(root + "/" + id)
        return entry.version
    }

    private func fault(_ path: String) -> PluginError {
        PluginError(
            "\(path): cannot be written: \(String(cString: strerror(errno)))",
            help: "check the folder, the space and the permissions")
    }

    /// Unpacks an archive into a folder beside the store and verifies it there; the folder goes afterwards.
    private func withUnpacked<Result>(
        _ path: String,
        _ body: (_ folder: String, _ manifest: Manifest, _ signer: PublicKey) throws -> Result
    ) throws -> Result {
        guard let bytes = FileBytes.read(path) else {
            throw PluginError(
                "\(path): cannot be read: \(String(cString: strerror(errno)))",
                help: "name the archive that assay plugin pack wrote")
        }
        let files = try BundleArchive.read(bytes, name: path)
        guard let manifestFile = files.first(where: { $0.path == "plugin.json" }) else {
            throw PluginError("\(path): has no plugin.json", help: "name the archive of a plugin")
        }
        try WholeFile.makeFolder(root)
        var template = Array((root + "/.unpacked-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw fault(root) }
        let folder = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { WholeFile.removeFolder(folder) }
        for file in files {
            try WholeFile.write(
                file.bytes, to: folder + "/" + file.path, mode: file.isExecutable ? 0o755 : 0o644)
        }
        guard chmod(folder, 0o755) == 0 else { throw fault(folder) }
        do {
            let manifest = try Manifest(path: folder + "/plugin.json")
            guard BundleFiles.isInside(manifest.id), !manifest.id.contains("/"),
                BundleFiles.isInside(manifest.version), !manifest.version.contains("/")
            else {
                throw PluginError(
                    "\(path): id \"\(manifest.id)\" and version \"\(manifest.version)\" are no names of folders",
                    help: "get the archive from somewhere else")
            }
            let signer = try OpenedBundle.verify(manifestFile.bytes, manifest, trust: trust())
            return try body(folder, manifest, signer)
        } catch let error as PluginError {
            // The user knows the archive, not the folder.
            throw PluginError(
                error.reason.replacing(folder + "/", with: path + ": ").replacing(
                    folder, with: path),
                help: error.help)
        }
    }
}
