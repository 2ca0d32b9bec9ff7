import Glibc
import JSONText

/// A bundle that may be loaded: the only way to one is `open`.
///
/// What runs plugins takes this and nothing else, so that every way to a plugin's code goes through
/// one function.
public struct OpenedBundle: Sendable {
    /// How much a bundle has to show.
    public enum Origin: Sendable {
        /// The user points at it: what it says of its files has to be true.
        case named
        /// Installed by the user: signed by a key that is trusted for its id, and as the lock file has it.
        case installed(TrustStore, PluginLock)
        /// A part of the program's own installation: trusted like the program.
        case builtIn
    }

    /// What it says of itself.
    public let manifest: Manifest
    /// The key that signed it; `nil` where none was asked for.
    public let signer: PublicKey?

    private init(_ manifest: Manifest, signer: PublicKey?) {
        self.manifest = manifest
        self.signer = signer
    }

    /// Verifies a bundle.
    ///
    /// O(bytes of the bundle) but for built-in ones.
    ///
    /// - Throws: `PluginError` that says what is wrong with it; nothing of it has been loaded.
    public static func open(_ manifest: Manifest, origin: Origin) throws -> OpenedBundle {
        switch origin {
        case .builtIn: return OpenedBundle(manifest, signer: nil)
        case .named:
            let bytes = try content(manifest.path)
            // A bundle that was packed has to be whole; one that is being written has no hashes yet.
            if let files = try BundleFiles(JSONValue(parsing: bytes), path: manifest.path) {
                try files.check(manifest.folder)
            }
            return OpenedBundle(manifest, signer: nil)
        case .installed(let trust, let lock):
            let bytes = try content(manifest.path)
            let digest = FileBytes.hexDigest(bytes)
            guard let locked = lock.entries.first(where: { $0.id == manifest.id }) else {
                throw PluginError(
                    "\(manifest.folder): \(manifest.id) was not installed by assay plugin install",
                    help: "remove the folder, or name it with --plugin")
            }
            guard locked.version == manifest.version, locked.manifestDigest == digest else {
                throw PluginError(
                    "\(manifest.path): is \(manifest.id) \(manifest.version) with SHA-256 \(digest.prefix(12))…, "
                        + "the lock file has \(locked.version) with \(locked.manifestDigest.prefix(12))…",
                    help: "the bundle was changed after it was installed; install it again")
            }
            let signer = try verify(bytes, folder: manifest.folder, trust: trust)
            try checkLibraries(of: manifest, bytes)
            guard signer.id == locked.key else {
                throw PluginError(
                    "\(manifest.folder): is signed by \(signer.id), the lock file has \(locked.key)",
                    help: "the bundle was changed after it was installed; install it again")
            }
            return OpenedBundle(manifest, signer: signer)
        }
    }

    /// Verifies signature and files of a folder.
    ///
    /// - Throws: `PluginError`.
    static func verify(
        _ bytes: [UInt8], folder: String, trust: TrustStore
    ) throws -> PublicKey {
        guard let document = try? JSONValue(parsing: bytes), let id = document["id"]?.stringValue
        else {
            throw PluginError(
                "\(folder)/plugin.json: is no manifest", help: "get the bundle again")
        }
        let path = folder + "/" + SignedManifest.fileName
        guard let envelope = FileBytes.read(path, most: SignedManifest.mostBytes) else {
            throw PluginError(
                "\(folder): \(PluginError.shown(id)) is not signed: \(SignedManifest.fileName) is missing",
                help: "ask its publisher to sign it; what you wrote yourself is run with --plugin")
        }
        let signer = try SignedManifest.signer(
            of: bytes, envelope: envelope, path: path, among: trust.keys(for: id))
        guard
            let files = try BundleFiles(document, path: folder + "/plugin.json")
        else {
            throw PluginError(
                "\(folder)/plugin.json: has no \"files\"", help: "assay plugin pack writes it")
        }
        try files.check(folder)
        return signer
    }

    /// Refuses a manifest that names code outside of what was signed.
    ///
    /// - Throws: `PluginError`.
    static func checkLibraries(of manifest: Manifest, _ bytes: [UInt8]) throws {
        let files = try BundleFiles(JSONValue(parsing: bytes), path: manifest.path)
        for library in manifest.ownLibraries
        where files?.entries.contains(where: { $0.path == library }) != true {
            throw PluginError(
                "\(manifest.path): the library \(library) is not among its \"files\"",
                help: "the bundle would load code that nobody signed; get it from somewhere else")
        }
    }

    private static func content(_ path: String) throws -> [UInt8] {
        guard let bytes = FileBytes.read(path) else {
            throw PluginError(
                "\(path): cannot be read: \(String(cString: strerror(errno)))",
                help: "check the path and the permissions")
        }
        return bytes
    }
}
