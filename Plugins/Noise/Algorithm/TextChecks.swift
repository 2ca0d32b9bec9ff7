public import Numerics

/// Something wrong with a text, and where.
public struct TextFault: Sendable, Equatable {
    /// Bytes of the text.
    public let span: Range<Int>
    /// How sure it is, 0 to 1.
    public let score: Double

    /// Makes a fault.
    public init(span: Range<Int>, score: Double = 1) {
        self.span = span
        self.score = score
    }
}

/// Checks of single texts.
///
/// Each is O(n) and gives the first place at fault. Given the text's inventory, a check whose bytes do not
/// occur costs nothing.
public enum TextChecks {
    /// UTF-8 that was read as Windows-1252 or Latin-1 and written again: `â€™`, `Ã©`, U+FFFD.
    public static func mojibake(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil
    ) -> TextFault? {
        if let inventory, !inventory.holds(0xC3), !inventory.holds(0xEF) { return nil }
        // "â€" and "Ã" + a character of U+00A0...U+00BF, and the replacement character.
        for index in text.indices where text[index] >= 0xC3 {
            let left = text.count - index
            if left >= 5, text[index] == 0xC3, text[index + 1] == 0xA2, text[index + 2] == 0xE2,
                text[index + 3] == 0x82, text[index + 4] == 0xAC
            {
                return TextFault(span: index..<index + 5)
            }
            if left >= 4, text[index] == 0xC3, text[index + 1] == 0x83, text[index + 2] == 0xC2,
                (0xA0...0xBF).contains(text[index + 3])
            {
                return TextFault(span: index..<index + 4)
            }
            if left >= 3, text[index] == 0xEF, text[index + 1] == 0xBF, text[index + 2] == 0xBD {
                return TextFault(span: index..<index + 3)
            }
        }
        return nil
    }

    /// C0 control characters other than tab and line ends, and DEL.
    public static func controlCharacters(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil
    ) -> TextFault? {
        if let inventory, !inventory.holdsAny(of: 0...0x08), !inventory.holdsAny(of: 0x0E...0x1F),
            !inventory.holds(0x7F)
        {
            return nil
        }
        for index in text.indices {
            let byte = text[index]
            if byte < 0x20 && !(0x09...0x0D).contains(byte) || byte == 0x7F {
                return TextFault(span: index..<index + 1)
            }
        }
        return nil
    }

    private static let placeholders = [
        "<noinput>", "noinput", "n/a", "no input", "none", "<no input>", "[noinput]",
        "not applicable", "<input>",
    ].map { Array($0.utf8) }

    /// A text that is nothing but a stand-in for an empty one.
    public static func placeholder(_ text: Span<UInt8>) -> TextFault? {
        var range = ByteSearch.trimmed(text)
        if !range.isEmpty, text[range.upperBound - 1] == UInt8(ascii: ".") {
            range = range.lowerBound..<range.upperBound - 1
        }
        for word in placeholders where word.count == range.count {
            if ByteSearch.find(word, in: text, from: range.lowerBound) == range.lowerBound {
                return TextFault(span: range)
            }
        }
        return nil
    }

    private static let refusals = PhraseSearch(phrases: [
        "as an ai language model", "as a language model, i", "as an ai, i can't",
        "as an ai, i cannot", "as an ai, i don't have", "as an ai, i do not have",
        "as an ai, i am not able", "as an ai, i'm not able", "as an ai, i am unable",
        "as an ai, i'm unable", "i'm sorry, but i can't",
        "i'm sorry, but i cannot", "i am sorry, but i cannot", "i cannot assist with",
        "i can't assist with",
        "作为一个人工智能", "作为一个ai", "作为ai语言模型", "作为一个语言模型",
    ])
    /// A refusal begins an answer; further on it is more often quoted.
    private static let refusalBytes = 200

    /// A phrase of refusal that begins in the first 200 bytes of a response.
    public static func refusal(_ text: Span<UInt8>) -> TextFault? {
        refusals.next(in: text, to: refusalBytes).map { TextFault(span: $0.range, score: 0.9) }
    }

    private static let attachments = PhraseSearch(phrases: [
        "attached image", "attached photo", "attached picture", "attached file",
        "attached screenshot",
        "image below", "picture below", "photo below", "image above", "附件", "下图", "这张图片",
    ])

    /// A prompt that needs something text does not carry, such as a picture.
    public static func unfulfillable(_ text: Span<UInt8>) -> TextFault? {
        attachments.next(in: text).map { TextFault(span: $0.range, score: 0.8) }
    }
}
