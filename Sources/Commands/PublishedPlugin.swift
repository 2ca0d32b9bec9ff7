import Glibc
import JSONText
import PluginHost
import Registry

/// `ID@VERSION`.
struct PublishedName {
    let id: String
    let version: String

    /// Semantic versions as tags: a tag has no `+`.
    var tag: String { version.replacing("+", with: "_") }

    /// Reads a name; `nil` for what is no such name but a file.
    ///
    /// - Throws: `UsageError` for a name whose parts cannot be.
    init?(_ text: String) throws {
        guard !text.contains("/"), let at = text.firstIndex(of: "@"), access(text, F_OK) != 0 else {
            return nil
        }
        id = String(text[..<at])
        version = String(text[text.index(after: at)...])
        guard Manifest.isReverseName(id), SemanticVersion(version) != nil,
            version.utf8.count <= 100
        else {
            throw UsageError(
                "\(text): expected an id, @ and a version",
                help: "such as org.example.shouting@1.0.0; there is no latest one")
        }
    }

    init(id: String, version: String) {
        self.id = id
        self.version = version
    }
}

/// How plugins stand in a registry: the config is `plugin.json`, the layer the archive, the signature a referrer.
enum PluginMedia {
    static let artifact = "application/vnd.assay.plugin.v1"
    static let config = "application/vnd.assay.plugin.v1+json"
    static let layer = "application/vnd.assay.plugin.layer.v1.tar+gzip"
    static let signature = "application/vnd.assay.plugin.signature.v1"
    static let envelope = "application/vnd.dsse.envelope.v1+json"

    /// The platforms of a manifest in the words of registries.
    static func platforms(_ manifest: JSONValue) -> [(os: String, architecture: String)] {
        let library = manifest["library"] ?? manifest["foreign"]?["library"]
        return (library?.objectValue?.keys ?? []).compactMap { key in
            let parts = key.split(separator: "_")
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
    }

    /// This machine's.
    static var here: (os: String, architecture: String) {
        let parts = Manifest.platform.split(separator: "_").map(String.init)
        return (parts.first ?? "", parts.last ?? "")
    }
}

/// One version of a plugin in a registry.
struct PublishedPlugin {
    let name: PublishedName
    private let place: any ArtifactPlace

    init(name: PublishedName, in address: RegistryAddress) throws {
        self.name = name
        place = try address.place(of: name.id, variable: Installation.variable)
    }

    private func refused(_ reason: String, _ help: String) -> UsageError {
        UsageError("\(place.name):\(name.tag): \(reason)", help: help)
    }

    /// The artifact for this machine.
    private func artifact() throws -> Artifact {
        var found = try place.artifact(name.tag)
        if !found.manifests.isEmpty {
            let here = PluginMedia.here
            guard
                let own = found.manifests.first(where: {
                    $0.platform?.os == here.os && $0.platform?.architecture == here.architecture
                })
            else {
                let there = found.manifests.compactMap { $0.platform }
                    .map { "\($0.os)/\($0.architecture)" }.joined(separator: ", ")
                throw refused(
                    "is for \(PluginError.shown(there)), not for \(here.os)/\(here.architecture)",
                    "ask its publisher to build it for this machine")
            }
            found = try place.artifact(own)
        }
        guard found.artifactType == PluginMedia.artifact, found.layers.count == 1,
            found.layers[0].mediaType == PluginMedia.layer,
            found.config?.mediaType == PluginMedia.config
        else { throw refused("is no plugin", "plugins are published by assay plugin publish") }
        return found
    }

    /// The manifest, read before anything else of the plugin, and the envelopes that stand beside it.
    func metadata() throws -> (digest: String, manifest: [UInt8], envelopes: [[UInt8]]) {
        let artifact = try artifact()
        guard let config = artifact.config, config.size <= 4 << 20 else {
            throw refused("has no manifest, or one that is too large", "ask its publisher")
        }
        let manifest = try place.blob(config)
        let document = try? JSONValue(parsing: manifest)
        guard document?["id"]?.stringValue == name.id,
            document?["version"]?.stringValue == name.version
        else {
            throw refused(
                "its plugin.json is of \(PluginError.shown(document?["id"]?.text ?? "nothing")) "
                    + PluginError.shown(document?["version"]?.text ?? ""),
                "the registry has put one plugin in the place of another")
        }
        let digest = artifact.descriptor.digest
        var envelopes: [[UInt8]] = []
        for referrer in try place.referrers(of: digest, artifactType: PluginMedia.signature) {
            // What somebody put beside it and took away, or what is none, hides no other.
            guard envelopes.count < 8, let signature = try? place.artifact(referrer),
                signature.subject?.digest == digest, let layer = signature.layers.first,
                layer.size <= 8 << 20, let envelope = try? place.blob(layer)
            else { continue }
            envelopes.append(envelope)
        }
        return (digest, manifest, envelopes)
    }

    /// The archive, fetched when a trusted key is known to have signed the manifest.
    ///
    /// What is fetched is verified again as a whole when it is installed.
    /// - Throws: `PluginError` or `UsageError`; nothing has been installed.
    func archive(trustedBy store: PluginStore) throws -> PluginStore.Archive {
        let (digest, manifest, envelopes) = try metadata()
        let title = "\(place.name):\(name.tag)"
        guard !envelopes.isEmpty else {
            throw refused(
                "is not signed: no signature stands beside it",
                "ask its publisher to sign it, and to publish it again")
        }
        var problem: (any Error)?
        for envelope in envelopes {
            do {
                _ = try store.signer(ofManifest: manifest, envelope: envelope, name: title)
                problem = nil
                break
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
        let artifact = try place.artifact(digest)
        guard artifact.layers[0].size <= PluginStore.Archive.mostBytes else {
            throw refused(
                "has \(artifact.layers[0].size) bytes, expected at most \(PluginStore.Archive.mostBytes)",
                "ask its publisher")
        }
        let archive = PluginStore.Archive(
            name: "\(place.name)@\(digest)", bytes: try place.blob(artifact.layers[0]))
        guard try archive.metadata().manifest == manifest else {
            throw refused(
                "its archive holds another plugin.json than the one that was shown",
                "ask its publisher; nothing was installed")
        }
        return archive
    }

    /// The versions that are there, newest first.
    static func versions(of id: String, in address: RegistryAddress) throws -> [String] {
        try address.place(of: id, variable: Installation.variable).tags().map {
            $0.replacing("_", with: "+")
        }
        .compactMap { tag in SemanticVersion(tag).map { (tag, $0) } }
        .sorted { $1.1 < $0.1 }.map(\.0)
    }

    /// Publishes archives of one version, one a platform, with their signatures.
    ///
    /// Returns the digest under the tag.
    ///
    /// - Throws: when an archive is not signed, or the version is there with another content.
    static func publish(
        _ archives: [PluginStore.Archive], to address: RegistryAddress
    ) throws -> (name: PublishedName, place: String, digest: String) {
        var name: PublishedName?
        var parts:
            [(artifact: Artifact, signature: Artifact, store: (any ArtifactPlace) throws -> Void)] =
                []
        var listed: [Descriptor] = []
        for archive in archives {
            let (id, version, manifest, envelope) = try archive.publishable()
            let document = try JSONValue(parsing: manifest)
            guard name == nil || name?.id == id && name?.version == version else {
                throw UsageError(
                    "\(archive.name): is \(id) \(version), the others are \(name?.id ?? "") \(name?.version ?? "")",
                    help: "publish one version at a time")
            }
            name = PublishedName(id: id, version: version)
            let (artifact, signature) = artifacts(
                archive, manifest, envelope, document, title: id, version: version)
            let content = archive.content
            parts.append(
                (
                    artifact, signature,
                    { place in
                        if let config = artifact.config { try place.store(manifest, config) }
                        try place.store(content, artifact.layers[0])
                        try place.store(Artifact.emptyContent, emptyConfig)
                        try place.store(envelope, signature.layers[0])
                    }
                ))
            let platforms = PluginMedia.platforms(document)
            guard archives.count == 1 || !platforms.isEmpty else {
                throw UsageError(
                    "\(archive.name): names no platform such as linux_amd64",
                    help: "several archives are told apart by their platforms")
            }
            for platform in platforms {
                var descriptor = Descriptor(
                    mediaType: artifact.mediaType, content: artifact.bytes)
                descriptor.platform = platform
                listed.append(descriptor)
            }
        }
        guard let name, let first = parts.first else {
            throw UsageError("no archive was named", help: "assay plugin publish ARCHIVE...")
        }
        let named = listed.compactMap { $0.platform.map { "\($0.os)_\($0.architecture)" } }
        if let twice = named.first(where: { platform in named.count { $0 == platform } > 1 }) {
            throw UsageError(
                "two of the archives are for \(twice)", help: "publish one archive a platform")
        }
        // In whatever order they are named, it is one index.
        listed.sort {
            ($0.platform?.os ?? "", $0.platform?.architecture ?? "")
                < ($1.platform?.os ?? "", $1.platform?.architecture ?? "")
        }
        let top =
            parts.count == 1
            ? first.artifact : Artifact(artifactType: PluginMedia.artifact, manifests: listed)
        let place = try address.place(
            of: name.id, forPublishing: true, variable: Installation.variable)
        try place.exclusively {
            if let bytes = try place.manifest(name.tag), bytes != top.bytes {
                throw UsageError(
                    "\(place.name):\(name.tag): is there already, with another content",
                    help: "a version has one content: raise the version")
            }
            for part in parts {
                try part.store(place)
                // Whoever sees the version sees its signature.
                _ = try place.store(part.artifact, tag: nil)
                try place.storeReferrer(part.signature)
            }
            _ = try place.store(top, tag: name.tag)
        }
        return (name, place.name, top.descriptor.digest)
    }

    private static var emptyConfig: Descriptor {
        Descriptor(mediaType: Artifact.emptyType, content: Artifact.emptyContent)
    }

    private static func artifacts(
        _ archive: PluginStore.Archive, _ manifest: [UInt8], _ envelope: [UInt8],
        _ document: JSONValue, title: String, version: String
    ) -> (artifact: Artifact, signature: Artifact) {
        var layer = Descriptor(mediaType: PluginMedia.layer, content: archive.content)
        layer.annotations = ["org.opencontainers.image.title": "\(title)-\(version).tar.gz"]
        var notes = [
            "org.opencontainers.image.title": document["name"]?.stringValue ?? title,
            "org.opencontainers.image.version": version,
        ]
        notes["org.opencontainers.image.description"] = document["summary"]?.stringValue
        notes["org.opencontainers.image.licenses"] = document["license"]?.stringValue
        let artifact = Artifact(
            artifactType: PluginMedia.artifact,
            config: Descriptor(mediaType: PluginMedia.config, content: manifest), layers: [layer],
            annotations: notes)
        // What a subject is told by: type, digest and size alone.
        let subject = Descriptor(mediaType: artifact.mediaType, content: artifact.bytes)
        let signature = Artifact(
            artifactType: PluginMedia.signature, config: emptyConfig,
            layers: [Descriptor(mediaType: PluginMedia.envelope, content: envelope)],
            subject: subject)
        return (artifact, signature)
    }
}
