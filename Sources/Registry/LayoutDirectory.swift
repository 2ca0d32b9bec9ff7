import Glibc
import JSONText
import PluginHost

/// A folder in the OCI image layout: blobs by digest, and an index whose names are `REPOSITORY:TAG`.
public struct LayoutDirectory: ArtifactPlace {
    /// The folder.
    public let path: String
    /// The part of names before the tag.
    public let repository: String

    private static let nameKey = "org.opencontainers.image.ref.name"

    /// A part of a layout directory, which need not be there yet.
    public init(path: String, repository: String) {
        self.path = path
        self.repository = repository
    }

    /// What messages call it.
    public var name: String { "\(path) (\(repository))" }

    private func blobPath(_ digest: String) -> String {
        "\(path)/blobs/sha256/\(digest.dropFirst(7))"
    }

    private func read(_ file: String, most: Int) throws(RegistryError) -> [UInt8]? {
        guard let bytes = FileBytes.read(file, most: most) else {
            guard errno == ENOENT || errno == ENOTDIR else {
                throw RegistryError(
                    "\(file): cannot be read as a file of at most \(most) bytes: "
                        + String(cString: strerror(errno)),
                    help: "the folder is damaged, or was changed; copy it again")
            }
            return nil
        }
        return bytes
    }

    private func write(_ bytes: [UInt8], _ file: String) throws(RegistryError) {
        do {
            try WholeFile.write(bytes, to: file)
        } catch let error as PluginError {
            throw RegistryError(error.reason, help: error.help)
        } catch {
            throw RegistryError("\(file): \(error)", help: "check the folder")
        }
    }

    private func index() throws(RegistryError) -> Artifact {
        let file = path + "/index.json"
        guard let bytes = try read(file, most: RegistryLimit.manifestBytes) else {
            return Artifact(manifests: [])
        }
        return try Artifact(bytes, name: file)
    }

    /// The bytes of a manifest by tag or digest; `nil` when there is none.
    public func manifest(_ reference: String) throws(RegistryError) -> [UInt8]? {
        if Descriptor.isDigest(reference) {
            return try read(blobPath(reference), most: RegistryLimit.manifestBytes)
        }
        let wanted = "\(repository):\(reference)"
        guard
            let descriptor = try index().manifests.first(where: {
                $0.annotations[LayoutDirectory.nameKey] == wanted
            })
        else { return nil }
        let most = min(descriptor.size, RegistryLimit.manifestBytes)
        guard let bytes = try read(blobPath(descriptor.digest), most: most) else { return nil }
        return try checked(bytes, descriptor)
    }

    /// The bytes of a blob, whose digest and size have been checked.
    public func blob(_ descriptor: Descriptor) throws(RegistryError) -> [UInt8] {
        guard let bytes = try read(blobPath(descriptor.digest), most: descriptor.size) else {
            throw RegistryError(
                "\(name): lacks the blob \(descriptor.digest)", help: "copy the whole folder")
        }
        return try checked(bytes, descriptor)
    }

    /// Stores a blob.
    public func store(_ content: [UInt8], _ descriptor: Descriptor) throws(RegistryError) {
        if FileBytes.read(blobPath(descriptor.digest), most: content.count) == content { return }
        try write(content, blobPath(descriptor.digest))
    }

    /// Stores a manifest or index and names it in the folder's index.
    public func store(_ artifact: Artifact, tag: String?) throws(RegistryError) -> Bool {
        var descriptor = artifact.descriptor
        try write(artifact.bytes, blobPath(descriptor.digest))
        guard let tag else { return false }
        let wanted = "\(repository):\(tag)"
        descriptor.annotations = [LayoutDirectory.nameKey: wanted]
        let index = try index().adding(descriptor, name: path + "/index.json") { entry in
            entry["annotations"]?[LayoutDirectory.nameKey]?.stringValue == wanted
        }
        try write(Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8), path + "/oci-layout")
        try write(index.bytes, path + "/index.json")
        return false
    }

    /// A folder keeps no track: the fallback tag does.
    public func knownReferrers(
        of digest: String, artifactType: String
    ) throws(RegistryError) -> [Descriptor]? { nil }

    /// Calls `body` while no other process changes the folder.
    public func exclusively(_ body: () throws -> Void) throws {
        do {
            try WholeFile.makeFolder(path)
        } catch let error as PluginError {
            throw RegistryError(error.reason, help: error.help)
        }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else {
            throw RegistryError(
                "\(path): cannot be locked: \(String(cString: strerror(errno)))",
                help: "check the folder and the permissions")
        }
        defer { close(descriptor) }
        try body()
    }

    /// The tags of the repository.
    public func tags() throws(RegistryError) -> [String] {
        try index().manifests.compactMap { descriptor in
            let name = descriptor.annotations[LayoutDirectory.nameKey] ?? ""
            return name.hasPrefix(repository + ":")
                ? String(name.dropFirst(repository.utf8.count + 1)) : nil
        }
    }
}
