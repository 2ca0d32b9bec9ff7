import Crypto
public import JSONText

/// What one piece of content is: type, digest and size (OCI image specification 1.1).
public struct Descriptor: Sendable, Equatable {
    /// Of the content.
    public let mediaType: String
    /// `sha256:` and 64 digits.
    public let digest: String
    /// Bytes.
    public let size: Int
    /// What kind of artifact a manifest is; empty where it is not said.
    public var artifactType = ""
    /// Operating system and architecture; empty where any will do.
    public var platform: (os: String, architecture: String)?
    /// Notes by key.
    public var annotations: [String: String] = [:]

    /// Describes content.
    public init(mediaType: String, content: [UInt8]) {
        self.mediaType = mediaType
        digest = Descriptor.digest(of: content)
        size = content.count
    }

    /// Reads a descriptor; `nil` for anything else.
    public init?(json: JSONValue) {
        guard let mediaType = json["mediaType"]?.stringValue,
            let digest = json["digest"]?.stringValue, Descriptor.isDigest(digest),
            let size = json["size"]?.intValue, size >= 0
        else { return nil }
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        artifactType = json["artifactType"]?.stringValue ?? ""
        if let os = json["platform"]?["os"]?.stringValue,
            let architecture = json["platform"]?["architecture"]?.stringValue
        {
            platform = (os, architecture)
        }
        for member in json["annotations"]?.objectValue?.members ?? [] {
            annotations[member.key] = member.value.stringValue
        }
    }

    /// As manifests have it.
    public var json: JSONValue {
        var members: JSONObject = [
            "mediaType": .string(mediaType), "digest": .string(digest), "size": JSONValue(size),
        ]
        if let platform {
            members["platform"] = [
                "architecture": .string(platform.architecture), "os": .string(platform.os),
            ]
        }
        if !artifactType.isEmpty { members["artifactType"] = .string(artifactType) }
        if !annotations.isEmpty { members["annotations"] = Descriptor.object(annotations) }
        return .object(members)
    }

    /// Two descriptors of the same content for the same use.
    public static func == (left: Descriptor, right: Descriptor) -> Bool { left.json == right.json }

    static func object(_ texts: [String: String]) -> JSONValue {
        .object(
            JSONObject(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }

    /// The digest of bytes.
    public static func digest(of bytes: [UInt8]) -> String {
        "sha256:"
            + SHA256.hash(data: bytes).map {
                String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
            }.joined()
    }

    /// Whether a text is a digest by SHA-256.
    public static func isDigest(_ text: String) -> Bool {
        text.hasPrefix("sha256:") && text.utf8.count == 71
            && text.utf8.dropFirst(7).allSatisfy {
                $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66
            }
    }
}
