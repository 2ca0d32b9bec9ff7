/// Where the words of a text stand.
///
/// The host's tokens have no places; this finds them again from the bytes: runs of letters and digits, each
/// ideograph and kana a word of its own. Signs beyond ASCII are told by their blocks, which is right for
/// all but rare ones.
public struct WordScan {
    /// What a character is: none of a word, a part of one, or a word of its own.
    public enum Kind: Sendable { case separator, word, single }

    /// Kind and length in bytes of the character at `index`.
    @inlinable
    public static func kind(_ text: Span<UInt8>, _ index: Int) -> (kind: Kind, length: Int) {
        let first = text[index]
        if first < 0x80 {
            return (ByteSearch.isLetterOrDigit(first) ? .word : .separator, 1)
        }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        guard index + length <= text.count else { return (.separator, text.count - index) }
        switch first {
        // Latin-1 signs, but for the ordinals and the micro sign.
        case 0xC2: return (.separator, 2)
        case 0xE2: return (.separator, 3)
        case 0xE3:
            // Punctuation, then kana.
            return (text[index + 1] == 0x80 ? .separator : .single, 3)
        case 0xE4...0xE9: return (.single, 3)
        case 0xEF:
            // Full-width letters and digits among punctuation.
            let second = text[index + 1]
            let third = text[index + 2]
            let isDigit = second == 0xBC && (0x90...0x99).contains(third)
            return (isDigit ? .word : .separator, 3)
        case 0xF0...: return (text[index + 1] == 0x9F ? .separator : .single, 4)
        default: return (.word, length)
        }
    }

    /// Whether the character before `end` belongs to a word.
    public static func endsInWord(_ text: Span<UInt8>, _ end: Int) -> Bool {
        guard end > 0 else { return false }
        var start = end - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return kind(text, start).kind != .separator
    }

    /// The ranges of the first `most` words.
    ///
    /// O(bytes up to there).
    public static func words(_ text: Span<UInt8>, most: Int) -> [Range<Int>] {
        var words: [Range<Int>] = []
        forEachWord(text, in: 0..<text.count, while: { words.count < most }, { words.append($0) })
        return words
    }

    /// Calls `body` with the range of every word in `range`, as long as more are wanted.
    ///
    /// O(bytes).
    @inlinable
    public static func forEachWord(
        _ text: Span<UInt8>, in range: Range<Int>, while isWanted: () -> Bool = { true },
        _ body: (Range<Int>) -> Void
    ) {
        var index = range.lowerBound
        var start = -1
        while index < range.upperBound, isWanted() {
            let (kind, length) = kind(text, index)
            switch kind {
            case .word: if start < 0 { start = index }
            case .single:
                if start >= 0 { body(start..<index) }
                start = -1
                body(index..<index + length)
            case .separator:
                // An apostrophe inside a word belongs to it.
                let isInside =
                    start >= 0 && text[index] == 0x27 && index + 1 < range.upperBound
                    && ByteSearch.isLetterOrDigit(text[index + 1])
                if !isInside, start >= 0 {
                    body(start..<index)
                    start = -1
                }
            }
            index += length
        }
        if start >= 0, isWanted() { body(start..<min(index, range.upperBound)) }
    }

    /// A hash of a word, ASCII case aside.
    @inlinable
    public static func hash(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var state: UInt64 = 0x9E37_79B9
        for index in range {
            state = (state ^ UInt64(ByteSearch.lower(text[index]))) &* 0x0000_0100_0000_01B3
            state ^= state >> 29
        }
        return StableHash.mix(state)
    }
}
