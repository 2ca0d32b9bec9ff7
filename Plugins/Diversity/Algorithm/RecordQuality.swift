/// How good a record is beside its near copies: what decides which of them stays.
public enum RecordQuality {
    /// Words from which on more of them count no more.
    private static let fullLength = 64.0

    /// 0 to 1: 0.6 for a response, or for a prompt where no record has responses; 0.2 for a whole ending; 0.2
    /// by its length in words, all of it at 64; less 0.4 for characters that could not be read.
    ///
    /// O(bytes).
    public static func score(of text: Span<UInt8>, words: Int) -> Float {
        guard words > 0, text.count > 0 else { return 0 }
        var quality = 0.6 + 0.2 * min(1, Double(words) / fullLength)
        var end = text.count
        while end > 0, text[end - 1] <= 32 { end -= 1 }
        if end > 0, isEnding(text, end) { quality += 0.2 }
        if hasReplacement(text) { quality -= 0.4 }
        return Float(quality)
    }

    /// Whether a sentence, a quotation, a bracket or a block ends there.
    private static func isEnding(_ text: Span<UInt8>, _ end: Int) -> Bool {
        switch text[end - 1] {
        case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"),
            UInt8(ascii: "`"), UInt8(ascii: ";"), UInt8(ascii: ">"):
            return true
        default:
            guard end >= 3 else { return false }
            // The full stop of ideographic text, and the wide forms of ! ) ? and quotation marks.
            let last = (text[end - 3], text[end - 2], text[end - 1])
            return last == (0xE3, 0x80, 0x82) || last == (0xEF, 0xBC, 0x81)
                || last == (0xEF, 0xBC, 0x9F) || last == (0xEF, 0xBC, 0x89)
                || last == (0xE2, 0x80, 0x9D) || last == (0xE3, 0x80, 0x8D)
        }
    }

    /// Whether U+FFFD stands in a text.
    private static func hasReplacement(_ text: Span<UInt8>) -> Bool {
        guard text.count >= 3 else { return false }
        for index in 0..<text.count - 2
        where text[index] == 0xEF && text[index + 1] == 0xBF && text[index + 2] == 0xBD {
            return true
        }
        return false
    }
}
