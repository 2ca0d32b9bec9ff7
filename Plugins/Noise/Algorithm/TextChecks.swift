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

/// Checks of single texts. Each is O(n) and gives the first place at fault.
public enum TextChecks {
    /// UTF-8 that was read as Windows-1252 or Latin-1 and written again: `â€™`, `Ã©`, U+FFFD.
    public static func mojibake(_ text: Span<UInt8>) -> TextFault? {
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
    public static func controlCharacters(_ text: Span<UInt8>) -> TextFault? {
        for index in text.indices {
            let byte = text[index]
            if byte < 0x20 && !(0x09...0x0D).contains(byte) || byte == 0x7F {
                return TextFault(span: index..<index + 1)
            }
        }
        return nil
    }

    private static let entities = ["&nbsp;", "&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].map { Array($0.utf8) }
    private static let closings = ["</div>", "</p>", "</span>", "</a>", "<br>", "<br/>", "<br />", "</li>"].map { Array($0.utf8) }
    private static let codeSigns = ["```", "<html", "<!doctype", "html", "</script", "xml", "jsx", "css", "tag"].map { Array($0.utf8) }

    /// HTML tags or entities in text that does not speak of HTML.
    public static func htmlResidue(_ text: Span<UInt8>) -> TextFault? {
        for word in closings + entities {
            guard let position = ByteSearch.find(word, in: text) else { continue }
            for sign in codeSigns where ByteSearch.find(sign, in: text) != nil { return nil }
            return TextFault(span: position..<position + word.count, score: 0.9)
        }
        return nil
    }

    /// One phrase of 2 to 200 bytes that stands at least `times` times on end and fills at least 60
    /// bytes: a degenerate generation. Rules made of one sign (`-----`) and tables are left alone.
    public static func repetition(_ text: Span<UInt8>, times: Int = 8) -> TextFault? {
        guard text.count >= 60 else { return nil }
        for period in 2...200 where period * times <= text.count {
            var run = 0
            for index in period..<text.count {
                run = text[index] == text[index - period] ? run + 1 : 0
                if run >= max(period * (times - 1), 60) {
                    let start = index - run - period + 1
                    if hasLetters(text, start..<start + period) {
                        return TextFault(span: start..<index + 1)
                    }
                    run = 0
                }
            }
        }
        return nil
    }

    /// At least three different letters, or text beyond ASCII.
    private static func hasLetters(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var seen: Set<UInt8> = []
        for index in range {
            let byte = ByteSearch.lower(text[index])
            if (0x61...0x7A).contains(byte) || byte >= 0x80 { seen.insert(byte) }
        }
        return seen.count >= 3
    }

    private static let placeholders = ["<noinput>", "noinput", "n/a", "no input", "none", "<no input>", "[noinput]", "not applicable", "<input>"].map { Array($0.utf8) }

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

    private static let refusals = [
        "as an ai language model", "as a language model, i", "as an ai, i ", "i'm sorry, but i can't",
        "i'm sorry, but i cannot", "i am sorry, but i cannot", "i cannot assist with", "i can't assist with",
        "作为一个人工智能", "作为一个ai", "作为ai语言模型", "作为一个语言模型",
    ].map { Array($0.utf8) }

    /// A phrase of refusal in the first 200 bytes of a response.
    public static func refusal(_ text: Span<UInt8>) -> TextFault? {
        for word in refusals {
            if let position = ByteSearch.find(word, in: text), position < 200 {
                return TextFault(span: position..<position + word.count, score: 0.9)
            }
        }
        return nil
    }

    private static let attachments = [
        "attached image", "attached photo", "attached picture", "attached file", "attached screenshot",
        "image below", "picture below", "photo below", "image above", "附件", "下图", "这张图片",
    ].map { Array($0.utf8) }

    /// A prompt that needs something text does not carry, such as a picture.
    public static func unfulfillable(_ text: Span<UInt8>) -> TextFault? {
        for word in attachments {
            if let position = ByteSearch.find(word, in: text) {
                return TextFault(span: position..<position + word.count, score: 0.8)
            }
        }
        return nil
    }

    /// An unclosed code fence, or a last line of prose that ends in a comma, a colon's sibling or a
    /// joining word.
    public static func truncated(_ text: Span<UInt8>) -> TextFault? {
        var fences = 0
        var position = 0
        var last = 0
        let fence = Array("```".utf8)
        while let found = ByteSearch.find(fence, in: text, from: position) {
            fences += 1
            last = found
            position = found + 3
        }
        if fences % 2 == 1 { return TextFault(span: last..<last + 3, score: 0.95) }
        let range = ByteSearch.trimmed(text)
        guard range.count >= 40 else { return nil }
        if text[range.upperBound - 1] == UInt8(ascii: ",") {
            return TextFault(span: range.upperBound - 1..<range.upperBound, score: 0.85)
        }
        for word in [" and", " or", " the", " of", " to", " with", " because", " a"] {
            let bytes = Array(word.utf8)
            let start = range.upperBound - bytes.count
            if ByteSearch.find(bytes, in: text, from: start) == start {
                return TextFault(span: start + 1..<range.upperBound, score: 0.85)
            }
        }
        return nil
    }

    /// A key of a well-known form: AWS access key ids, `sk-` and GitHub tokens, private key blocks.
    public static func secret(_ text: Span<UInt8>) -> TextFault? {
        let forms: [(prefix: String, length: Int)] = [("akia", 16), ("sk-", 20), ("ghp_", 36), ("xoxb-", 20)]
        for (prefix, length) in forms {
            let word = Array(prefix.utf8)
            var from = 0
            while let start = ByteSearch.find(word, in: text, from: from) {
                from = start + 1
                if start > 0, ByteSearch.isLetterOrDigit(text[start - 1]) { continue }
                var end = start + word.count
                var digits = 0
                while end < text.count, ByteSearch.isLetterOrDigit(text[end]) || text[end] == 0x2D || text[end] == 0x5F {
                    if (0x30...0x39).contains(text[end]) { digits += 1 }
                    end += 1
                }
                if end - start - word.count >= length, digits > 0 {
                    return TextFault(span: start..<end, score: 0.95)
                }
            }
        }
        let block = Array("private key-----".utf8)
        return ByteSearch.find(block, in: text).map { TextFault(span: $0..<$0 + block.count) }
    }

    /// An e-mail address of a person; role addresses such as `support@` are left alone.
    public static func personalData(_ text: Span<UInt8>) -> TextFault? {
        for index in text.indices where text[index] == UInt8(ascii: "@") {
            var start = index
            while start > 0, ByteSearch.isLetterOrDigit(text[start - 1]) || [0x2E, 0x5F, 0x2D, 0x2B].contains(text[start - 1]) {
                start -= 1
            }
            var end = index + 1
            var dots = 0
            while end < text.count, ByteSearch.isLetterOrDigit(text[end]) || text[end] == 0x2E || text[end] == 0x2D {
                if text[end] == 0x2E, end + 1 < text.count, ByteSearch.isLetterOrDigit(text[end + 1]) { dots += 1 }
                end += 1
            }
            guard index - start >= 3, dots >= 1 else { continue }
            for role in ["support@", "info@", "help@", "sales@", "contact@", "noreply@", "no-reply@", "hello@", "admin@", "user@"] {
                if ByteSearch.find(Array(role.utf8), in: text, from: start) == start { return nil }
            }
            return TextFault(span: start..<end, score: 0.9)
        }
        return nil
    }
}
