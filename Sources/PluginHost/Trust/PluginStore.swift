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
        try WholeFile.write(Array((key.json.text + "\n").utf8), to: path, mode: 0o600)
        try WholeFile.write(publicKey.json.text + "\n", to: path + ".pub")
        return publicKey
    }

    /// An archive, wherever it came from.
    public struct Archive: Sendable {
        /// What messages and the lock file call it.
        public let name: String
        let bytes: [UInt8]

        /// Names bytes.
        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }

        /// Reads a file.
        ///
        /// - Throws: `PluginError` when it cannot be read, or is larger than archives may be.
        public init(path: String) throws {
            guard let bytes = FileBytes.read(path, most: BundleArchive.mostCompressed) else {
                throw PluginError(
                    "\(path): cannot be read: \(String(cString: strerror(errno)))",
                    help: "name the archive that assay plugin pack wrote")
            }
            self.init(name: path, bytes: bytes)
        }

        /// Bytes of an archive at most.
        public static var mostBytes: Int { BundleArchive.mostCompressed }

        /// The manifest and its envelope, as they stand in it; nothing is verified.
        ///
        /// - Throws: `PluginError` for what is no archive of a plugin.
        public func metadata() throws -> (manifest: [UInt8], envelope: [UInt8]?) {
            let files = try BundleArchive.read(bytes, name: name)
            guard let manifest = files.first(where: { $0.path == "plugin.json" }) else {
                throw PluginStore.noManifest(name)
            }
            return (
                manifest.bytes, files.first { $0.path == SignedManifest.fileName }?.bytes
            )
        }

        /// The manifest and its envelope of an archive that may be published: its files are what the manifest says,
        /// the envelope is of exactly this manifest, id and version are such.
        ///
        /// - Throws: `PluginError` that says what is wrong.
        public func publishable() throws -> (
            id: String, version: String, manifest: [UInt8], envelope: [UInt8]
        ) {
            func refused(_ reason: String, _ help: String) -> PluginError {
                PluginError("\(name): \(reason)", help: help)
            }
            let files = try BundleArchive.read(bytes, name: name)
            let (manifest, envelope) = try metadata()
            let document = try? JSONValue(parsing: manifest)
            guard let document, let id = document["id"]?.stringValue,
                let version = document["version"]?.stringValue, Manifest.isReverseName(id),
                SemanticVersion(version) != nil, version.utf8.count <= 100
            else {
                throw refused(
                    "\"id\" and \"version\" are \(PluginError.shown(document?["id"]?.text ?? "missing")) and "
                        + "\(PluginError.shown(document?["version"]?.text ?? "missing")), expected reverse DNS "
                        + "and a semantic version", "correct plugin.json, and pack it again")
            }
            guard let listed = try BundleFiles(document, path: name) else {
                throw refused("its manifest has no \"files\"", "assay plugin pack writes it")
            }
            let own = files.filter {
                $0.path != "plugin.json" && $0.path != SignedManifest.fileName
            }
            let isWhole =
                own.count == listed.entries.count
                && listed.entries.allSatisfy { entry in
                    own.contains {
                        $0.path == entry.path && $0.bytes.count == entry.size
                            && FileBytes.hexDigest($0.bytes) == entry.sha256
                    }
                }
            guard isWhole else {
                throw refused("its files are not those that its manifest names", "pack it again")
            }
            guard let envelope else {
                throw refused(
                    "is not signed; nobody could install it",
                    "assay plugin sign \(name) --key FILE")
            }
            guard SignedManifest.covers(manifest, envelope: envelope) else {
                throw refused(
                    "\(SignedManifest.fileName) is no signature of its plugin.json",
                    "assay plugin sign \(name) --key FILE")
            }
            return (id, version, manifest, envelope)
        }

        /// The same with another signature.
        ///
        /// - Throws: `PluginError` for what is no packed plugin.
        public func signed(by key: SigningKey) throws -> Archive {
            var files = try BundleArchive.read(bytes, name: name)
            guard let manifest = files.first(where: { $0.path == "plugin.json" }) else {
                throw PluginStore.noManifest(name)
            }
            guard try BundleFiles(JSONValue(parsing: manifest.bytes), path: name) != nil else {
                throw PluginError(
                    "\(name): its manifest has no \"files\"", help: "assay plugin pack writes it")
            }
            files.removeAll { $0.path == SignedManifest.fileName }
            let envelope = try SignedManifest.envelope(manifest.bytes, key: key)
            files.append(
                BundleArchive.File(
                    path: SignedManifest.fileName, bytes: Array((envelope.text + "\n").utf8),
                    isExecutable: false))
            return Archive(name: name, bytes: try BundleArchive.write(files))
        }

        /// Writes it to a file.
        ///
        /// - Throws: `PluginError` when it cannot be written.
        public func write(to path: String) throws { try WholeFile.write(bytes, to: path) }

        /// Its bytes.
        public var content: [UInt8] { bytes }
    }

    private static func noManifest(_ name: String) -> PluginError {
        PluginError("\(name): has no plugin.json", help: "name the archive of a plugin")
    }

    /// Who signed a manifest, by its envelope alone: said before anything else of the plugin is fetched.
    ///
    /// - Throws: `PluginError` when no key did that is trusted for its id.
    public func signer(
        ofManifest bytes: [UInt8], envelope: [UInt8], name: String
    ) throws -> PublicKey {
        guard let id = (try? JSONValue(parsing: bytes))?["id"]?.stringValue else {
            throw PluginError("\(name): its plugin.json is no manifest", help: "get it again")
        }
        return try SignedManifest.signer(
            of: bytes, envelope: envelope, path: name, among: trust().keys(for: id))
    }

    /// What an archive holds, verified: manifest and signer, without installing it.
    ///
    /// - Throws: `PluginError` that says what is wrong.
    public func verify(
        archive: Archive, allowsOlder: Bool, conflict: (Manifest) -> String?
    ) throws -> (manifest: Manifest, signer: PublicKey) {
        let path = archive.name
        return try withUnpacked(archive) { folder, manifest, signer in
            try admit(manifest, signer, path, allowsOlder, conflict(manifest))
            return (manifest, signer)
        }
    }

    /// Refuses what may not take the place of what is there.
    private func admit(
        _ manifest: Manifest, _ signer: PublicKey, _ path: String, _ allowsOlder: Bool,
        _ conflict: String?
    ) throws {
        let title = "\(path): \(manifest.id) \(manifest.version)"
        if let conflict {
            throw PluginError(
                "\(title) is refused: \(conflict)", help: "ask its publisher for another code")
        }
        guard let installed = try lock().entries.first(where: { $0.id == manifest.id }) else {
            return
        }
        guard installed.key == signer.id else {
            throw PluginError(
                "\(title) is signed by \(signer.id), the \(installed.version) that is installed by \(installed.key)",
                help: "if its publisher has a new key: assay plugin remove \(manifest.id) first")
        }
        guard !allowsOlder, let new = SemanticVersion(manifest.version),
            let old = SemanticVersion(installed.version)
        else { return }
        if new < old {
            throw PluginError(
                "\(title) is older than the \(installed.version) that is installed",
                help: "--allow-older installs it all the same")
        }
        guard old < new || FileBytes.sha256(manifest.path) == installed.manifestDigest else {
            throw PluginError(
                "\(title) is another one than the \(installed.version) that is installed",
                help: "a version has one content; --allow-older installs it all the same")
        }
    }

    /// Installs an archive; nothing is there when it is refused.
    ///
    /// An older version than the one installed is refused unless `allowsOlder`.
    ///
    /// - Throws: `PluginError`.
    public func install(
        archive: Archive, allowsOlder: Bool, conflict: (Manifest) -> String?
    ) throws -> Manifest {
        let path = archive.name
        return try withUnpacked(archive) { folder, manifest, signer in
            try admit(manifest, signer, path, allowsOlder, conflict(manifest))
            var lock = try lock()
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
            do {
                try lock.set(
                    manifest.id,
                    PluginLock.Entry(
                        id: manifest.id, version: manifest.version,
                        manifestDigest: FileBytes.hexDigest(bytes), key: signer.id, source: path))
            } catch {
                // As it was before.
                _ = rename(target, folder)
                _ = rename(old, target)
                throw error
            }
            WholeFile.removeFolder(old)
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
        let held = try StoreLock(root: root)
        defer { held.release() }
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
        _ archive: Archive,
        _ body: (_ folder: String, _ manifest: Manifest, _ signer: PublicKey) throws -> Result
    ) throws -> Result {
        let path = archive.name
        let files = try BundleArchive.read(archive.bytes, name: path)
        guard let manifestFile = files.first(where: { $0.path == "plugin.json" }) else {
            throw PluginStore.noManifest(path)
        }
        let lock = try StoreLock(root: root)
        defer { lock.release() }
        // What a run that was killed left behind: nobody else is at it now.
        for name in try FolderWalk.names(in: root) where name.hasPrefix(".unpacked-") {
            WholeFile.removeFolder(root + "/" + name)
        }
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
            // Nothing more of it is looked at before it is known whose it is.
            let signer = try OpenedBundle.verify(
                manifestFile.bytes, folder: folder, trust: trust())
            let manifest = try Manifest(path: folder + "/plugin.json")
            try OpenedBundle.checkLibraries(of: manifest, manifestFile.bytes)
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

/// Lets one process at a time change a store.
private struct StoreLock {
    private let descriptor: Int32

    init(root: String) throws {
        try WholeFile.makeFolder(root)
        let path = root + "/.lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else {
            throw PluginError(
                "\(path): cannot be locked: \(String(cString: strerror(errno)))",
                help: "check the folder and the permissions")
        }
    }

    func release() { close(descriptor) }
}
