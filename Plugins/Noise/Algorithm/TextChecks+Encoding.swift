public import Numerics

extension TextChecks {
    /// UTF-8 that was read in another encoding and written again, and U+FFFD.
    ///
    /// - As Windows-1252 or Latin-1: characters below U+0100 (and the letters and signs that Windows-1252 has
    ///   in their place) whose bytes are UTF-8 for something likely, such as `â€™`, `Ã©`, `ä½ `. One is enough
    ///   for the commonest, two for the others: `É»` may be the end of a French quotation.
    /// - As GBK, which makes other ideographs of Chinese: its full-width signs become `锛`, `銆` and `鈥`.
    ///
    /// O(bytes).
    public static func mojibake(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil
    ) -> TextFault? {
        if let inventory, !inventory.holds(0xC3), !inventory.holds(0xC2), !inventory.holds(0xEF),
            !inventory.holds(0xE9)
        {
            return nil
        }
        var doubtful = Sightings()
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0xC2 {
                index += 1
                continue
            }
            let left = text.count - index
            if byte == 0xEF, left >= 3, text[index + 1] == 0xBF, text[index + 2] == 0xBD {
                return TextFault(span: index..<index + 3)
            }
            if byte == 0xC2 || byte == 0xC3, let found = misreadCharacter(text, index) {
                if found.isSure { return TextFault(span: index..<found.end) }
                if let all = doubtful.add(index..<found.end, needed: 2) {
                    return TextFault(span: all, score: 0.95)
                }
                index = found.end
                continue
            }
            if byte == 0xE9, left >= 3, isMisreadGBK(text, index) {
                // An ideograph for an apostrophe, right behind a Latin letter: "it鈥檚".
                if index > 0, ByteSearch.isLetterOrDigit(text[index - 1]), text[index + 1] == 0x88 {
                    return TextFault(span: index..<index + 3)
                }
                if let all = doubtful.add(index..<index + 3, needed: 2) {
                    return TextFault(span: all, score: 0.95)
                }
            }
            index += 1
        }
        return nil
    }

    /// Where doubtful signs were seen: so many together are no accident.
    private struct Sightings {
        private var count = 0
        private var first = 0

        mutating func add(_ range: Range<Int>, needed: Int) -> Range<Int>? {
            if count == 0 { first = range.lowerBound }
            count += 1
            return count >= needed ? first..<range.upperBound : nil
        }
    }

    /// `锛` (E9 94 9B), `銆` (E9 8A 86) and `鈥` (E9 88 A5): what GBK makes of the first bytes of full-width
    /// signs, the ideographic full stop and curly quotes; hardly ever written otherwise.
    private static func isMisreadGBK(_ text: Span<UInt8>, _ index: Int) -> Bool {
        switch (text[index + 1], text[index + 2]) {
        case (0x94, 0x9B), (0x8A, 0x86), (0x88, 0xA5): true
        default: false
        }
    }

    /// A character that stands in the text as the Windows-1252 or Latin-1 reading of its UTF-8.
    private static func misreadCharacter(
        _ text: Span<UInt8>, _ index: Int
    ) -> (end: Int, isSure: Bool)? {
        guard let lead = singleByte(text, index), lead.byte >= 0xC2, lead.byte < 0xF5 else {
            return nil
        }
        let length = lead.byte < 0xE0 ? 2 : lead.byte < 0xF0 ? 3 : 4
        var position = lead.end
        var scalar = UInt32(lead.byte) & (0x7F >> UInt32(length))
        var hasHardSpace = false
        for _ in 1..<length {
            guard position < text.count, let next = singleByte(text, position),
                next.byte & 0xC0 == 0x80
            else { return nil }
            hasHardSpace = hasHardSpace || next.byte == 0xA0
            scalar = scalar << 6 | UInt32(next.byte & 0x3F)
            position = next.end
        }
        switch (length, scalar) {
        // Latin-1 letters and signs behind Ã and Â: nobody writes these pairs.
        case (2, 0xA0...0xFF): return (position, !hasHardSpace || lead.byte == 0xC3)
        // C1 characters are no text.
        case (2, 0x80...0x9F): return nil
        // Curly quotes, dashes, the euro sign, arrows and mathematics: by far the commonest.
        case (3, 0x2010...0x203A), (3, 0x20AC), (3, 0x2122), (3, 0x2190...0x22FF):
            return (position, true)
        // Other letters of two bytes, ideographs, kana, full-width signs, pictures.
        case (2, 0x100...0x17F), (2, 0x390...0x3CE), (2, 0x400...0x45F): return (position, false)
        case (3, 0x3000...0x30FF), (3, 0x4E00...0x9FFF), (3, 0xFF00...0xFFEF),
            (3, 0xAC00...0xD7A3):
            return (position, !hasHardSpace)
        case (4, 0x1F300...0x1FAFF): return (position, true)
        default: return nil
        }
    }

    /// The bytes of which a text is the reading from beginning to end; `nil` where it is not, or where they
    /// are no UTF-8.
    static func bytesOfWholeMisreading(_ text: Span<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] < 0x80 {
                bytes.append(text[index])
                index += 1
            } else {
                guard let single = singleByte(text, index) else { return nil }
                bytes.append(single.byte)
                index = single.end
            }
        }
        return String(validating: bytes, as: UTF8.self) == nil ? nil : bytes
    }

    /// Adds the character whose reading stands at `index`; returns where it ends, `nil` where none does.
    static func appendMisread(
        _ text: Span<UInt8>, _ index: Int, to output: inout [UInt8]
    ) -> Int? {
        guard let found = misreadCharacter(text, index) else { return nil }
        var position = index
        while position < found.end, let single = singleByte(text, position) {
            output.append(single.byte)
            position = single.end
        }
        return found.end
    }

    /// The byte of which a character is the Windows-1252 or Latin-1 reading, 0x80 to 0xFF.
    private static func singleByte(_ text: Span<UInt8>, _ index: Int) -> (byte: UInt8, end: Int)? {
        let first = text[index]
        if first == 0xC2 || first == 0xC3, index + 1 < text.count {
            return (first << 6 | text[index + 1] & 0x3F, index + 2)
        }
        guard first >= 0xC5, index + 1 < text.count else { return nil }
        let length = first < 0xE0 ? 2 : 3
        guard first < 0xF0, index + length <= text.count else { return nil }
        var scalar = UInt32(first) & (0x7F >> UInt32(length))
        for offset in 1..<length { scalar = scalar << 6 | UInt32(text[index + offset]) & 0x3F }
        guard let place = windows1252.firstIndex(of: scalar) else { return nil }
        return (UInt8(0x80 + place), index + length)
    }

    /// What Windows-1252 has at 0x80 to 0x9F; 0 where it has nothing.
    private static let windows1252: [UInt32] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
        0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC,
        0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
    ]
}
