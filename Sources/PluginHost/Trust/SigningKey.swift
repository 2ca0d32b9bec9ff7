import Crypto
import Glibc
public import JSONText

/// The public half of a key, and how it is called.
public struct PublicKey: Sendable, Equatable {
    /// The 32 bytes of an Ed25519 key.
    public let bytes: [UInt8]

    /// Makes a key of its 32 bytes; `nil` for anything else.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32,
            (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil
        else { return nil }
        self.bytes = bytes
    }

    /// Its name: `ed25519:` and the first 32 digits of the SHA-256 of its bytes.
    public var id: String { "ed25519:" + FileBytes.hexDigest(bytes).prefix(32) }

    /// Whether a signature is this key's.
    func accepts(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
            return false
        }
        return key.isValidSignature(signature, for: message)
    }

    /// As a file that is given to others.
    public var json: JSONValue {
        ["type": "assay-public-key/1", "id": .string(id), "public": .string(Base64.text(bytes))]
    }

    /// Reads a file of a public key.
    ///
    /// - Throws: `PluginError` that names the file.
    public init(path: String) throws {
        let document = try KeyFile.read(path, type: "assay-public-key/1")
        guard
            let key = document["public"]?.stringValue.flatMap(Base64.bytes)
                .flatMap(PublicKey.init(bytes:))
        else {
            throw PluginError(
                "\(path): \"public\" is no Ed25519 key", help: "ask for the file again")
        }
        guard document["id"]?.stringValue == key.id else {
            throw PluginError(
                "\(path): \"id\" is \(document["id"]?.text ?? "missing"), the key's is \(key.id)",
                help: "the file was changed; ask for it again")
        }
        self = key
    }
}

/// A key that signs.
public struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// A new key.
    public init() { key = Curve25519.Signing.PrivateKey() }

    /// The half that others need.
    public var publicKey: PublicKey? { PublicKey(bytes: Array(key.publicKey.rawRepresentation)) }

    func sign(_ message: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: message)) }

    /// As a file that is kept.
    public var json: JSONValue {
        [
            "type": "assay-private-key/1", "id": .string(publicKey?.id ?? ""),
            "private": .string(Base64.text(Array(key.rawRepresentation))),
        ]
    }

    /// Reads a file that only its owner may read.
    ///
    /// - Throws: `PluginError` that names the file.
    public init(path: String) throws {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & 0o077 != 0 {
            throw PluginError(
                "\(path): others may read this private key, refused", help: "chmod 600 \(path)")
        }
        let document = try KeyFile.read(path, type: "assay-private-key/1")
        guard let bytes = document["private"]?.stringValue.flatMap(Base64.bytes),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else {
            throw PluginError("\(path): \"private\" is no Ed25519 key", help: "name another file")
        }
        self.key = key
    }
}

/// What both kinds of key files have in common.
private enum KeyFile {
    static func read(_ path: String, type: String) throws -> JSONValue {
        guard let bytes = FileBytes.read(path) else {
            throw PluginError(
                "\(path): cannot be read: \(String(cString: strerror(errno)))",
                help: "assay plugin key makes a key")
        }
        guard let document = try? JSONValue(parsing: bytes) else {
            throw PluginError("\(path): not valid JSON", help: "assay plugin key makes a key")
        }
        guard document["type"]?.stringValue == type else {
            throw PluginError(
                "\(path): \"type\" is \(document["type"]?.text ?? "missing"), expected \"\(type)\"",
                help: "a private key signs, a public key is trusted")
        }
        return document
    }
}
