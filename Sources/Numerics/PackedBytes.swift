/// Bytes as 32-bit numbers, four to a number: what `ListSample` keeps texts as.
public enum PackedBytes {
    /// Appends bytes; the last number is filled with zeros.
    ///
    /// O(bytes), no allocation but that of `list`.
    public static func append(_ bytes: Span<UInt8>, to list: inout [UInt32]) {
        var word: UInt32 = 0
        for index in bytes.indices {
            word |= UInt32(bytes[index]) << UInt32(8 * (index & 3))
            if index & 3 == 3 {
                list.append(word)
                word = 0
            }
        }
        if bytes.count & 3 != 0 { list.append(word) }
    }

    /// The numbers that so many bytes take.
    public static func wordCount(_ byteCount: Int) -> Int { (byteCount + 3) / 4 }

    /// The first `count` bytes of what `append` wrote.
    public static func bytes(_ list: ArraySlice<UInt32>, count: Int) -> [UInt8] {
        (0..<count).map { index in
            UInt8(truncatingIfNeeded: list[list.startIndex + index / 4] >> UInt32(8 * (index & 3)))
        }
    }

    /// Bytes of the longest beginning of a text of at most `most` bytes that ends between characters.
    ///
    /// O(1).
    public static func wholeCharacters(_ text: Span<UInt8>, most: Int) -> Int {
        guard text.count > most else { return text.count }
        var end = most
        while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// The beginning of a UTF-8 text, of at most `most` bytes, with an ellipsis where it is not all.
    ///
    /// O(most).
    public static func excerpt(_ text: [UInt8], most: Int) -> String {
        let whole = wholeCharacters(text.span, most: most)
        return String(decoding: text.prefix(whole), as: UTF8.self)
            + (whole < text.count ? "…" : "")
    }
}
