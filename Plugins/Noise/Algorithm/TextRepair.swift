import Numerics

/// Texts as they should be, where a check knows it.
///
/// `nil` where it does not: then a person has to look.
public enum TextRepair {
    /// Text that was read as Windows-1252 or Latin-1, read again as UTF-8.
    ///
    /// Where every character can be a byte and the bytes are UTF-8, all are read again; else the likely ones
    /// alone. `nil` where characters are lost (U+FFFD), and where the result still looks misread. O(n).
    public static func mojibake(_ text: Span<UInt8>) -> [UInt8]? {
        if let whole = TextChecks.bytesOfWholeMisreading(text), whole.count != text.count {
            return whole
        }
        var repaired: [UInt8] = []
        repaired.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] >= 0xC2, let end = TextChecks.appendMisread(text, index, to: &repaired) {
                index = end
            } else {
                repaired.append(text[index])
                index += 1
            }
        }
        guard repaired.count != text.count, TextChecks.mojibake(repaired.span) == nil else {
            return nil
        }
        return repaired
    }

    /// The text without control characters but tabs and line ends.
    ///
    /// O(n).
    public static func controlCharacters(_ text: Span<UInt8>) -> [UInt8] {
        var repaired: [UInt8] = []
        repaired.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            let isControl = byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D
            // U+0080 to U+009F are two bytes.
            let isHigh =
                byte == 0xC2 && index + 1 < text.count && (0x80...0x9F).contains(text[index + 1])
            if isHigh {
                index += 2
            } else {
                if !isControl, byte != 0x7F { repaired.append(byte) }
                index += 1
            }
        }
        return repaired
    }

    /// Entities of HTML and what they stand for.
    private static let entities: [(name: [UInt8], text: [UInt8])] = [
        ("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"),
        ("&apos;", "'"), ("&copy;", "©"), ("&reg;", "®"), ("&trade;", "™"), ("&mdash;", "—"),
        ("&ndash;", "–"), ("&hellip;", "…"), ("&rsquo;", "’"), ("&lsquo;", "‘"), ("&ldquo;", "“"),
        ("&rdquo;", "”"), ("&bull;", "•"), ("&middot;", "·"), ("&laquo;", "«"), ("&raquo;", "»"),
        ("&euro;", "€"), ("&#8217;", "’"), ("&#8211;", "–"), ("&#8212;", "—"), ("&#160;", " "),
        // Last, so that what it makes is not taken for another.
        ("&amp;", "&"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }
    /// Tags that are left out, and whether a line ends there.
    private static let tags: [(name: [UInt8], endsLine: Bool)] = [
        ("br", true), ("p", true), ("div", true), ("li", true), ("span", false), ("a", false),
        ("ul", true), ("ol", true), ("h1", true), ("h2", true), ("h3", true), ("h4", true),
        ("h5", true), ("h6", true), ("table", true), ("thead", true), ("tbody", true), ("tr", true),
        ("td", false), ("th", false), ("section", true), ("article", true), ("header", true),
        ("footer", true), ("nav", true), ("aside", true), ("main", true), ("blockquote", true),
        ("hr", true), ("figure", true), ("figcaption", true), ("img", false), ("strong", false),
        ("em", false), ("b", false), ("i", false), ("u", false), ("small", false), ("font", false),
        ("center", true),
    ].map { (Array($0.0.utf8), $0.1) }

    /// The text with tags left out and entities written as what they stand for.
    ///
    /// A tag that begins or ends a block becomes one line end. O(n).
    public static func htmlResidue(_ text: Span<UInt8>) -> [UInt8] {
        var repaired: [UInt8] = []
        repaired.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "<"), let tag = tag(text, index) {
                let isFollowed = tag.end < text.count && text[tag.end] == 0x0A
                if tag.endsLine, !isFollowed, let last = repaired.last, last != 0x0A {
                    repaired.append(0x0A)
                }
                index = tag.end
            } else if text[index] == UInt8(ascii: "&"),
                let entity = entities.first(where: { isAt($0.name, text, index) })
            {
                repaired += entity.text
                index += entity.name.count
            } else {
                repaired.append(text[index])
                index += 1
            }
        }
        while repaired.last == 0x0A, text[text.count - 1] != 0x0A { repaired.removeLast() }
        return repaired
    }

    private static func isAt(_ word: [UInt8], _ text: Span<UInt8>, _ index: Int) -> Bool {
        guard index + word.count <= text.count else { return false }
        for place in word.indices where ByteSearch.lower(text[index + place]) != word[place] {
            return false
        }
        return true
    }

    /// Bytes of a tag at most.
    private static let longestTag = 300

    /// A known tag that begins at `index`: where it ends.
    private static func tag(_ text: Span<UInt8>, _ index: Int) -> (end: Int, endsLine: Bool)? {
        var start = index + 1
        if start < text.count, text[start] == UInt8(ascii: "/") { start += 1 }
        for (name, endsLine) in tags where isAt(name, text, start) {
            var end = start + name.count
            guard end < text.count, !ByteSearch.isLetterOrDigit(text[end]) else { continue }
            // What is compared with < and > has no attributes.
            var isTag = text[end] == UInt8(ascii: ">") || text[end] == UInt8(ascii: "/")
            while end < min(text.count, index + longestTag), text[end] != UInt8(ascii: ">") {
                if text[end] == UInt8(ascii: "=") || text[end] == UInt8(ascii: "/") { isTag = true }
                end += 1
            }
            guard isTag, end < text.count, text[end] == UInt8(ascii: ">") else { continue }
            return (end + 1, endsLine)
        }
        return nil
    }
}
