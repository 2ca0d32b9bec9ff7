import Crypto

/// Wraps a saved partial with all that must match before `load` may see it.
///
/// Magic, analyzer id and version, state format, pass, SHA-256 of the configuration, seed, shard,
/// payload length and SHA-256 of everything before.
struct StateEnvelope {
    static let magic: [UInt8] = Array("ASSAYST1".utf8)

    /// What the state belongs to.
    struct Header: Equatable {
        var analyzer: String
        var version: String
        var stateFormat: UInt32
        var pass: UInt32
        var configurationDigest: [UInt8]
        var seed: UInt64
        var shard: UInt32
    }

    static func wrap(_ payload: [UInt8], _ header: Header) -> [UInt8] {
        var wire = WireWriter()
        wire.append(magic)
        let (id, version) = (Array(header.analyzer.utf8), Array(header.version.utf8))
        wire.data(id, UInt64(id.count))
        wire.data(version, UInt64(version.count))
        wire.integer(header.stateFormat)
        wire.integer(header.pass)
        wire.data(header.configurationDigest, UInt64(header.configurationDigest.count))
        wire.integer(header.seed)
        wire.integer(header.shard)
        wire.data(payload, UInt64(payload.count))
        return wire.bytes + Array(SHA256.hash(data: wire.bytes))
    }

    /// The payload, when the envelope is whole and belongs to `header`.
    ///
    /// - Throws: `PluginError` that says what does not match.
    static func unwrap(_ bytes: [UInt8], expecting header: Header) throws -> [UInt8] {
        func refuse(_ reason: String) -> PluginError {
            PluginError("saved state refused: \(reason)", help: "run the pass again")
        }
        guard bytes.starts(with: magic), bytes.count > 40 else { throw refuse("it is not one") }
        let body = Array(bytes.dropLast(32))
        guard Array(SHA256.hash(data: body)) == Array(bytes.suffix(32)) else {
            throw refuse("its checksum does not match")
        }
        do {
            var wire = WireReader(Array(body.dropFirst(magic.count)))
            let found = Header(
                analyzer: String(decoding: try wire.data(), as: UTF8.self),
                version: String(decoding: try wire.data(), as: UTF8.self),
                stateFormat: try wire.integer(), pass: try wire.integer(),
                configurationDigest: Array(try wire.data()), seed: try wire.integer(),
                shard: try wire.integer())
            guard found == header else { throw refuse("it belongs to another run") }
            return Array(try wire.data())
        } catch is WireReader.Truncated {
            throw refuse("it is cut off")
        }
    }
}
