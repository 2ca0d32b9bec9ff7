/// Searching in UTF-8 without making strings.
public enum ByteSearch {
    /// Where `word` first occurs, ASCII case aside; `nil` when it does not.
    ///
    /// `word` is lower case and not empty. O(nm), near O(n) on text.
    public static func find(_ word: [UInt8], in text: Span<UInt8>, from start: Int = 0) -> Int? {
        guard let first = word.first, text.count - word.count >= start else { return nil }
        for position in start...(text.count - word.count) where lower(text[position]) == first {
            var offset = 1
            while offset < word.count, lower(text[position + offset]) == word[offset] {
                offset += 1
            }
            if offset == word.count { return position }
        }
        return nil
    }

    /// Whether two texts are equal, white space at the ends aside.
    public static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        let (a, b) = (trimmed(left), trimmed(right))
        guard a.count == b.count else { return false }
        for offset in 0..<a.count where left[a.lowerBound + offset] != right[b.lowerBound + offset]
        {
            return false
        }
        return true
    }

    /// The range of a text without white space at its ends.
    public static func trimmed(_ text: Span<UInt8>) -> Range<Int> {
        var (start, end) = (0, text.count)
        while start < end, isSpace(text[start]) { start += 1 }
        while end > start, isSpace(text[end - 1]) { end -= 1 }
        return start..<end
    }

    /// ASCII white space.
    @inlinable
    public static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

    /// An ASCII capital as its small letter, any other byte as it is.
    @inlinable
    public static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// An ASCII letter or digit.
    @inlinable
    public static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || lower(byte) &- 0x61 < 26
    }
}
