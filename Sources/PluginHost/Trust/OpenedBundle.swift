import Glibc
import JSONText

/// A bundle that may be loaded: the only way to one is `open`.
///
/// What runs plugins takes this and nothing else, so that every way to a plugin's code goes through
/// one function.
public struct OpenedBundle: Sendable {
    /// How much a bundle has to show.
    public enum Origin: Sendable {
        /// The user points at it: what it says of its files has to be true, a signature it has has to be good.
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
            let signer = try verify(bytes, manifest, trust: trust)
            return OpenedBundle(manifest, signer: signer)
        }
    }

    /// Verifies signature and files of a folder.
    ///
    /// - Throws: `PluginError`.
    static func verify(
        _ bytes: [UInt8], _ manifest: Manifest, trust: TrustStore
    ) throws -> PublicKey {
        let (folder, id) = (manifest.folder, manifest.id)
        let path = folder + "/" + SignedManifest.fileName
        guard let envelope = FileBytes.read(path) else {
            throw PluginError(
                "\(folder): \(id) is not signed: \(SignedManifest.fileName) is missing",
                help: "ask its publisher to sign it; what you wrote yourself is run with --plugin")
        }
        let signer = try SignedManifest.signer(
            of: bytes, envelope: envelope, path: path, among: trust.keys(for: id))
        guard
            let files = try BundleFiles(
                JSONValue(parsing: bytes), path: folder + "/plugin.json")
        else {
            throw PluginError(
                "\(folder)/plugin.json: has no \"files\"", help: "assay plugin pack writes it")
        }
        try files.check(folder)
        for library in manifest.ownLibraries
        where !files.entries.contains(where: { $0.path == library }) {
            throw PluginError(
                "\(folder)/plugin.json: the library \(library) is not among its \"files\"",
                help: "the bundle would load code that nobody signed; get it from somewhere else")
        }
        return signer
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
