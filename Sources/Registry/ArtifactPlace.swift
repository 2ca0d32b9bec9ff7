import PluginHost

/// Where artifacts lie: a repository of a registry, or a part of a layout directory.
public protocol ArtifactPlace {
    /// What messages call it.
    var name: String { get }

    /// The bytes of a manifest by tag or digest; `nil` when there is none.
    func manifest(_ reference: String) throws -> [UInt8]?
    /// The bytes of a blob, whose digest and size have been checked.
    func blob(_ descriptor: Descriptor) throws -> [UInt8]
    /// Stores a blob; one that is there stays as it is.
    func store(_ content: [UInt8], _ descriptor: Descriptor) throws
    /// Stores a manifest or index, under a tag if one is given; true when the place keeps track of what is about what.
    func store(_ artifact: Artifact, tag: String?) throws -> Bool
    /// What the place itself knows to be about a digest, of a type or of any; `nil` when it keeps no track.
    func knownReferrers(
        of digest: String, artifactType: String
    ) throws -> [Descriptor]?
    /// The tags.
    func tags() throws -> [String]
    /// Calls `body` while nobody else changes the place, where that can be had.
    func exclusively(_ body: () throws -> Void) throws
}

/// Bounds on what a registry may have a client do.
enum RegistryLimit {
    /// Bytes of a manifest or an index.
    static let manifestBytes = 4 << 20
    /// Referrers that do not say what they are, and are looked at.
    static let lookups = 50
    /// Tags of a repository.
    static let tags = 20_000
    /// Pages of a list.
    static let pages = 100
}

extension ArtifactPlace {
    /// The tag under which a place without referrers lists what is about a digest (OCI distribution 1.1).
    static func fallbackTag(_ digest: String) -> String {
        String(digest.map { $0 == ":" ? "-" : $0 })
    }

    /// The artifact under a tag or a digest.
    ///
    /// - Throws: `PluginError` when it is not there, or is not what the digest says.
    public func artifact(_ reference: String) throws -> Artifact {
        guard let bytes = try manifest(reference) else {
            throw PluginError(
                "\(name): has no \(reference)",
                help: "assay plugin info ID lists the versions that are there")
        }
        if Descriptor.isDigest(reference), Descriptor.digest(of: bytes) != reference {
            throw mismatch("the manifest", reference, Descriptor.digest(of: bytes))
        }
        return try Artifact(bytes, name: "\(name):\(reference)")
    }

    /// The manifest that a descriptor names.
    ///
    /// - Throws: `PluginError` when it is not there, or has another size or digest.
    public func artifact(_ descriptor: Descriptor) throws -> Artifact {
        let artifact = try artifact(descriptor.digest)
        guard artifact.bytes.count == descriptor.size else {
            throw PluginError(
                "\(name): \(descriptor.digest) has \(artifact.bytes.count) bytes, expected \(descriptor.size)",
                help: "the registry is damaged, or lies; nothing was installed")
        }
        return artifact
    }

    func mismatch(_ what: String, _ expected: String, _ found: String) -> PluginError {
        PluginError(
            "\(name): \(what) has the digest \(found.prefix(19))…, expected \(expected.prefix(19))…",
            help: "the registry is damaged, or lies; nothing was installed")
    }

    /// Checks content against its descriptor.
    func checked(_ content: [UInt8], _ descriptor: Descriptor) throws -> [UInt8] {
        guard content.count == descriptor.size else {
            throw PluginError(
                "\(name): a blob has \(content.count) bytes, expected \(descriptor.size)",
                help: "the download was cut off, or the registry is damaged; try again")
        }
        let digest = Descriptor.digest(of: content)
        guard digest == descriptor.digest else {
            throw mismatch("a blob", descriptor.digest, digest)
        }
        return content
    }

    /// What is about a digest, by what the place knows and by the fallback tag.
    ///
    /// What cannot be read is left out: anybody may put something beside an artifact.
    public func referrers(
        of digest: String, artifactType: String
    ) throws -> [Descriptor] {
        let known = try knownReferrers(of: digest, artifactType: artifactType) ?? []
        let chosen = ofType(artifactType, among: known)
        guard chosen.isEmpty, let bytes = try manifest(Self.fallbackTag(digest)) else {
            return chosen
        }
        let list = try Artifact(bytes, name: "\(name):\(Self.fallbackTag(digest))").manifests
        return ofType(artifactType, among: list)
    }

    private func ofType(_ artifactType: String, among list: [Descriptor]) -> [Descriptor] {
        var lookups = 0
        return list.filter { descriptor in
            guard descriptor.artifactType.isEmpty else {
                return descriptor.artifactType == artifactType
            }
            // Tools that copy indexes leave out what they do not know: then the manifest itself says what it is.
            lookups += 1
            guard lookups <= RegistryLimit.lookups else { return false }
            return (try? artifact(descriptor))?.artifactType == artifactType
        }
    }

    /// Without a lock.
    public func exclusively(_ body: () throws -> Void) throws { try body() }

    /// Stores an artifact that is about another one, and sees to it that it is found there.
    public func storeReferrer(_ artifact: Artifact) throws {
        guard let subject = artifact.subject else { return }
        if try store(artifact, tag: nil) { return }
        let tag = Self.fallbackTag(subject.digest)
        let title = "\(name):\(tag)"
        var list = Artifact(manifests: [])
        if let bytes = try manifest(tag) { list = try Artifact(bytes, name: title) }
        let own = artifact.descriptor
        guard !list.manifests.contains(where: { $0.digest == own.digest }) else { return }
        _ = try store(list.adding(own, name: title, replacing: { _ in false }), tag: tag)
    }
}
