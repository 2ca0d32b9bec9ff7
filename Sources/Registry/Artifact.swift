import JSONText
import PluginHost

/// A manifest, or an index of manifests, with its exact bytes.
public struct Artifact: Sendable {
    /// Of a manifest of one artifact.
    public static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    /// Of a list of manifests.
    public static let indexType = "application/vnd.oci.image.index.v1+json"
    /// Of the empty config.
    public static let emptyType = "application/vnd.oci.empty.v1+json"
    /// The empty config's content.
    public static let emptyContent = Array("{}".utf8)

    /// As they were sent or received.
    public let bytes: [UInt8]
    /// Manifest or index.
    public let mediaType: String
    /// What kind of artifact it is.
    public let artifactType: String
    /// The config; `nil` in an index.
    public let config: Descriptor?
    /// The layers; empty in an index.
    public let layers: [Descriptor]
    /// The manifests of an index, those that cannot be read left out.
    public let manifests: [Descriptor]
    /// What it is about.
    public let subject: Descriptor?

    /// What it is called.
    public var descriptor: Descriptor {
        var descriptor = Descriptor(mediaType: mediaType, content: bytes)
        descriptor.artifactType = artifactType
        return descriptor
    }

    /// A manifest.
    public init(
        artifactType: String, config: Descriptor, layers: [Descriptor], subject: Descriptor? = nil,
        annotations: [String: String] = [:]
    ) {
        var members: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(Artifact.manifestType),
            "artifactType": .string(artifactType), "config": config.json,
            "layers": .array(layers.map(\.json)),
        ]
        if let subject { members["subject"] = subject.json }
        if !annotations.isEmpty { members["annotations"] = Descriptor.object(annotations) }
        bytes = JSONValue.object(members).bytes
        mediaType = Artifact.manifestType
        self.artifactType = artifactType
        self.config = config
        self.layers = layers
        self.subject = subject
        manifests = []
    }

    /// An index.
    public init(artifactType: String = "", manifests: [Descriptor]) {
        var members: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(Artifact.indexType),
        ]
        if !artifactType.isEmpty { members["artifactType"] = .string(artifactType) }
        members["manifests"] = .array(manifests.map(\.json))
        bytes = JSONValue.object(members).bytes
        mediaType = Artifact.indexType
        self.artifactType = artifactType
        self.manifests = manifests
        (config, layers, subject) = (nil, [], nil)
    }

    /// An index with one more entry, or another one in the place of those that `replaced` names; everything else
    /// that stands in it stays.
    func adding(
        _ descriptor: Descriptor, name: String, replacing replaced: (JSONValue) -> Bool
    ) throws -> Artifact {
        guard var members = (try? JSONValue(parsing: bytes))?.objectValue else { return self }
        let others = (members["manifests"]?.arrayValue ?? []).filter { !replaced($0) }
        members["manifests"] = .array(others + [descriptor.json])
        return try Artifact(JSONValue.object(members).bytes, name: name)
    }

    /// Reads a manifest or an index.
    ///
    /// - Throws: `PluginError` for anything else.
    public init(_ bytes: [UInt8], name: String) throws {
        guard let document = try? JSONValue(parsing: bytes),
            document["schemaVersion"]?.intValue == 2
        else {
            throw PluginError(
                "\(name): is no OCI manifest", help: "look whether the reference is right")
        }
        let list = document["manifests"]?.arrayValue
        mediaType =
            document["mediaType"]?.stringValue
            ?? (list == nil ? Artifact.manifestType : Artifact.indexType)
        guard mediaType == (list == nil ? Artifact.manifestType : Artifact.indexType) else {
            throw PluginError(
                "\(name): has the media type \(mediaType.prefix(80)), expected an OCI manifest or index",
                help: "plugins are published by assay plugin publish")
        }
        self.bytes = bytes
        artifactType = document["artifactType"]?.stringValue ?? ""
        config = document["config"].flatMap(Descriptor.init)
        layers = (document["layers"]?.arrayValue ?? []).compactMap(Descriptor.init)
        subject = document["subject"].flatMap(Descriptor.init)
        manifests = (list ?? []).compactMap(Descriptor.init)
        guard layers.count == document["layers"]?.arrayValue?.count ?? 0,
            list != nil || config != nil
        else {
            throw PluginError(
                "\(name): has a descriptor without type, SHA-256 digest or size",
                help: "ask whoever published it")
        }
    }
}
