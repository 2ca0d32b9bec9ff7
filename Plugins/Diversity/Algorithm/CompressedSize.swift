/// How small repetition lets a text become.
public enum CompressedSize {
    private static let tableBits = 14
    private static let farthest = 65_535

    /// Bytes of a text as an LZ4 block that takes, at each place, the last earlier occurrence of the next four
    /// bytes (Collet, LZ4 block format).
    ///
    /// Never above the text's length by more than 1 part in 255 and 16 bytes. O(bytes).
    public static func bytes(of text: [UInt8]) -> Int {
        let text = text.span
        var last = [Int32](repeating: -1, count: 1 << tableBits)
        var size = 1
        var (place, anchor) = (0, 0)
        // Lengths from 15 on take further bytes of 255 each.
        func extra(_ length: Int) -> Int { length < 15 ? 0 : (length - 15) / 255 + 1 }
        while place + 4 <= text.count {
            let word =
                UInt32(text[place]) | UInt32(text[place + 1]) << 8 | UInt32(text[place + 2]) << 16
                | UInt32(text[place + 3]) << 24
            let slot = Int((word &* 2_654_435_761) >> UInt32(32 - tableBits))
            let earlier = Int(last[slot])
            last[slot] = Int32(place)
            var length = 0
            if earlier >= 0, place - earlier <= farthest {
                while place + length < text.count, text[earlier + length] == text[place + length] {
                    length += 1
                }
            }
            guard length >= 4 else {
                place += 1
                continue
            }
            let literals = place - anchor
            size += 1 + extra(literals) + literals + 2 + extra(length - 4)
            place += length
            anchor = place
        }
        let literals = text.count - anchor
        return size + extra(literals) + literals
    }
}
