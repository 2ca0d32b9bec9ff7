import JSONText

/// The signature of a manifest: a DSSE envelope (github.com/secure-systems-lab/dsse) of its exact bytes.
///
/// The manifest names every file of the bundle with its hash: one signature covers them all.
enum SignedManifest {
    /// What the envelope stands in.
    static let fileName = "plugin.sig.json"
    /// Bytes of an envelope at most.
    static let mostBytes = 8 << 20
    static let payloadType = "application/vnd.assay.plugin.v1+json"

    /// What is signed: the pre-authentication encoding of type and content.
    static func encoding(_ payload: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
    }

    /// The envelope of a manifest.
    static func envelope(_ manifest: [UInt8], key: SigningKey) throws -> JSONValue {
        [
            "payloadType": .string(payloadType), "payload": .string(Base64.text(manifest)),
            "signatures": [
                [
                    "keyid": .string(key.publicKey?.id ?? ""),
                    "sig": .string(Base64.text(try key.sign(encoding(manifest)))),
                ]
            ],
        ]
    }

    /// Whether an envelope is one, of exactly this manifest; who signed it is another question.
    static func covers(_ manifest: [UInt8], envelope bytes: [UInt8]) -> Bool {
        guard let envelope = try? JSONValue(parsing: bytes) else { return false }
        return envelope["payloadType"]?.stringValue == payloadType
            && envelope["payload"]?.stringValue.flatMap(Base64.bytes) == manifest
            && envelope["signatures"]?.arrayValue?.isEmpty == false
    }

    /// The key among some that signed a manifest.
    ///
    /// - Throws: `PluginError` when none did: the text says why.
    static func signer(
        of manifest: [UInt8], envelope bytes: [UInt8], path: String, among keys: [PublicKey]
    ) throws -> PublicKey {
        guard let envelope = try? JSONValue(parsing: bytes),
            envelope["payloadType"]?.stringValue == payloadType,
            let payload = envelope["payload"]?.stringValue.flatMap(Base64.bytes),
            let signatures = envelope["signatures"]?.arrayValue, !signatures.isEmpty
        else {
            throw PluginError(
                "\(path): is no envelope of a signed manifest", help: "get the bundle again")
        }
        guard payload == manifest else {
            throw PluginError(
                "\(path): signs another manifest than the plugin.json beside it",
                help: "the bundle was changed after it was signed; get it again")
        }
        let signed = encoding(manifest)
        for entry in signatures.prefix(8) {
            guard let signature = entry["sig"]?.stringValue.flatMap(Base64.bytes) else { continue }
            if let key = keys.first(where: { $0.accepts(signature, of: signed) }) { return key }
        }
        let names = signatures.prefix(8).map {
            PluginError.shown($0["keyid"]?.stringValue ?? "?")
        }
        let isKnown = keys.contains { names.contains($0.id) }
        throw PluginError(
            isKnown
                ? "\(path): the signature is not that of key \(names.joined(separator: ", ")) over this manifest"
                : "\(path): signed by \(names.joined(separator: ", ")), which is not trusted for this id",
            help: isKnown
                ? "the bundle was changed after it was signed; get it again"
                : "if you know the publisher: assay plugin trust KEY-FILE --namespace NAMESPACE")
    }
}
