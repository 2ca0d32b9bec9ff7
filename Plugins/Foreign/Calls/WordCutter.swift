/// Cuts a text into words: runs of letters, digits and marks, with apostrophes between them.
///
/// Punctuation of the general block, of Latin-1, of CJK and full-width forms separates. Scripts without spaces
/// give one word a run.
enum WordCutter {
    /// Calls `body` with each word.
    ///
    /// O(n), no allocation.
    static func forEach(
        _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) rethrows {
        var start: Int?
        var place = 0
        while place < text.count {
            let (isLetter, width) = scalar(text, place)
            // An apostrophe belongs to the word when letters are on both of its sides.
            let joins =
                !isLetter && text[place] == UInt8(ascii: "'") && start != nil
                && place + 1 < text.count && scalar(text, place + 1).isLetter
            if isLetter || joins {
                if start == nil { start = place }
            } else if let first = start {
                try body(UnsafeBufferPointer(rebasing: text[first..<place]))
                start = nil
            }
            place += width
        }
        if let first = start { try body(UnsafeBufferPointer(rebasing: text[first...])) }
    }

    private static func scalar(
        _ text: UnsafeBufferPointer<UInt8>, _ place: Int
    ) -> (isLetter: Bool, width: Int) {
        let byte = text[place]
        if byte < 0x80 {
            let isLetter =
                (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 0x30 && byte <= 0x39
            return (isLetter, 1)
        }
        let width = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
        guard place + width <= text.count else { return (false, text.count - place) }
        var value = UInt32(byte) & (0x7F >> UInt32(width))
        for offset in 1..<width { value = value << 6 | UInt32(text[place + offset] & 0x3F) }
        let separates: Bool =
            switch value {
            case 0xAA, 0xB5, 0xBA: false
            case 0x80...0xBF, 0xD7, 0xF7, 0x2000...0x206F, 0x3000...0x303F, 0xFF00...0xFF0F,
                0xFF1A...0xFF20, 0xFF3B...0xFF40, 0xFF5B...0xFF65, 0xFE10...0xFE6F:
                true
            default: false
            }
        return (!separates, width)
    }
}
