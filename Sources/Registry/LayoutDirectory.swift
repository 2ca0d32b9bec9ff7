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

    private func read(_ file: String, most: Int) throws -> [UInt8]? {
        guard let bytes = FileBytes.read(file, most: most) else {
            guard errno == ENOENT || errno == ENOTDIR else {
                throw PluginError(
                    "\(file): cannot be read as a file of at most \(most) bytes: "
                        + String(cString: strerror(errno)),
                    help: "the folder is damaged, or was changed; copy it again")
            }
            return nil
        }
        return bytes
    }

    private func index() throws -> Artifact {
        let file = path + "/index.json"
        guard let bytes = try read(file, most: RegistryLimit.manifestBytes) else {
            return Artifact(manifests: [])
        }
        return try Artifact(bytes, name: file)
    }

    /// The bytes of a manifest by tag or digest; `nil` when there is none.
    public func manifest(_ reference: String) throws -> [UInt8]? {
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
    public func blob(_ descriptor: Descriptor) throws -> [UInt8] {
        guard let bytes = try read(blobPath(descriptor.digest), most: descriptor.size) else {
            throw PluginError(
                "\(name): lacks the blob \(descriptor.digest)", help: "copy the whole folder")
        }
        return try checked(bytes, descriptor)
    }

    /// Stores a blob.
    public func store(_ content: [UInt8], _ descriptor: Descriptor) throws {
        if FileBytes.read(blobPath(descriptor.digest), most: content.count) == content { return }
        try WholeFile.write(content, to: blobPath(descriptor.digest))
    }

    /// Stores a manifest or index and names it in the folder's index.
    public func store(_ artifact: Artifact, tag: String?) throws -> Bool {
        var descriptor = artifact.descriptor
        try WholeFile.write(artifact.bytes, to: blobPath(descriptor.digest))
        guard let tag else { return false }
        let wanted = "\(repository):\(tag)"
        descriptor.annotations = [LayoutDirectory.nameKey: wanted]
        let index = try index().adding(descriptor, name: path + "/index.json") { entry in
            entry["annotations"]?[LayoutDirectory.nameKey]?.stringValue == wanted
        }
        try WholeFile.write(
            Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8), to: path + "/oci-layout")
        try WholeFile.write(index.bytes, to: path + "/index.json")
        return false
    }

    /// A folder keeps no track: the fallback tag does.
    public func knownReferrers(
        of digest: String, artifactType: String
    ) throws -> [Descriptor]? { nil }

    /// Calls `body` while no other process changes the folder.
    public func exclusively(_ body: () throws -> Void) throws {
        try WholeFile.makeFolder(path)
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else {
            throw PluginError(
                "\(path): cannot be locked: \(String(cString: strerror(errno)))",
                help: "check the folder and the permissions")
        }
        defer { close(descriptor) }
        try body()
    }

    /// The tags of the repository.
    public func tags() throws -> [String] {
        try index().manifests.compactMap { descriptor in
            let name = descriptor.annotations[LayoutDirectory.nameKey] ?? ""
            return name.hasPrefix(repository + ":")
                ? String(name.dropFirst(repository.utf8.count + 1)) : nil
        }
    }
}
