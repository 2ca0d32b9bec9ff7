/// SentencePiece's compiled normalisation: a double-array trie from characters to their replacements.
///
/// The format is Darts-clone's: 32-bit units with label, leaf mark and offset to the children.
struct CharacterMap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]

    /// Reads the blob: size of the trie in bytes, trie, replacements ended by zeros.
    ///
    /// `nil` for anything else.
    init?(_ blob: [UInt8]) {
        func word(_ position: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(blob[position + $1]) << UInt32(8 * $1) }
        }
        guard blob.count >= 4 else { return nil }
        let size = Int(word(0))
        guard size % 4 == 0, size > 0, 4 + size <= blob.count else { return nil }
        units = (0..<size / 4).map { word(4 + 4 * $0) }
        replacements = Array(blob[(4 + size)...])
    }

    /// Appends `text` with its characters replaced.
    ///
    /// A short grapheme is replaced as a whole by the replacement of its shortest known beginning, as
    /// the `tokenizers` library does; other text scalar by scalar.
    func map(_ text: [UInt8], into output: inout [UInt8]) {
        for character in String(decoding: text, as: UTF8.self) {
            let bytes = character.utf8
            if bytes.count < 6, let range = replacement(of: bytes) {
                output += replacements[range]
                continue
            }
            for scalar in character.unicodeScalars {
                let own = UTF8.encode(scalar).map(Array.init) ?? []
                if let range = replacement(of: own) {
                    output += replacements[range]
                } else {
                    output += own
                }
            }
        }
    }

    private func replacement(of bytes: some Sequence<UInt8>) -> Range<Int>? {
        var position = 0
        guard let first = unit(position) else { return nil }
        position ^= CharacterMap.offset(first)
        for byte in bytes {
            if byte == 0 { return nil }
            position ^= Int(byte)
            guard let current = unit(position), current & (0x8000_0000 | 0xFF) == UInt32(byte)
            else { return nil }
            position ^= CharacterMap.offset(current)
            guard current >> 8 & 1 == 1 else { continue }
            guard let leaf = unit(position) else { return nil }
            let start = Int(leaf & 0x7FFF_FFFF)
            guard start <= replacements.count else { return nil }
            let end = replacements[start...].firstIndex(of: 0) ?? replacements.count
            return start..<end
        }
        return nil
    }

    private func unit(_ position: Int) -> UInt32? {
        units.indices.contains(position) ? units[position] : nil
    }

    private static func offset(_ unit: UInt32) -> Int {
        Int((unit >> 10) << ((unit & (1 << 9)) >> 6))
    }
}
