public import Numerics

extension TextChecks {
    /// Bytes that a repetition fills at least: shorter ones stand in songs and in laughter.
    private static let leastRepeatedBytes = 60

    /// One phrase of 2 to 200 bytes that stands at least `times` times on end and fills at least 60
    /// bytes: a degenerate generation.
    ///
    /// Rules made of one sign (`-----`) and tables are left alone. A run of matches at period p is at
    /// least L = max(p·(times − 1), 60) long and so covers a multiple of L: only those places are
    /// looked at. O(n log 200) on text that does not repeat itself.
    public static func repetition(_ text: Span<UInt8>, times: Int = 8) -> TextFault? {
        guard text.count >= leastRepeatedBytes else { return nil }
        for period in 2...200 where period * times <= text.count {
            let least = max(period * (times - 1), leastRepeatedBytes)
            var anchor = least
            while anchor < text.count {
                guard text[anchor] == text[anchor - period] else {
                    anchor += least
                    continue
                }
                var (start, end) = (anchor, anchor + 1)
                while start > period, text[start - 1] == text[start - 1 - period] { start -= 1 }
                while end < text.count, text[end] == text[end - period] { end += 1 }
                if end - start >= least, hasLetters(text, start..<start + period) {
                    return TextFault(span: start - period..<end)
                }
                anchor = (end / least + 1) * least
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

    private static let fence = Array("```".utf8)
    /// Words and signs after which a sentence goes on.
    private static let joints = [
        ",", "，", "、", " and", " or", " the", " of", " to", " with", " because", " a",
    ].map { Array($0.utf8) }
    /// Words of a last line that is taken for prose.
    private static let leastProseWords = 5

    /// An unclosed code fence, or a last line of prose that ends in a comma or a joining word.
    public static func truncated(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil
    ) -> TextFault? {
        var fences = 0
        var position = 0
        var last = 0
        let mayHaveFences = inventory?.holds(fence[0]) ?? true
        while mayHaveFences, let found = ByteSearch.find(fence, in: text, from: position) {
            fences += 1
            last = found
            position = found + fence.count
        }
        if fences % 2 == 1 { return TextFault(span: last..<last + fence.count, score: 0.95) }
        let range = ByteSearch.trimmed(text)
        guard range.count >= 40 else { return nil }
        for joint in joints {
            let start = range.upperBound - joint.count
            guard ByteSearch.find(joint, in: text, from: start) == start else { continue }
            // Last, because it reads the whole line.
            guard endsInProse(text, range) else { return nil }
            let isWord = joint[0] == 0x20
            return TextFault(span: start + (isWord ? 1 : 0)..<range.upperBound, score: 0.85)
        }
        return nil
    }

    /// Whether the last line is a sentence and not code, a list of values or a verse.
    private static func endsInProse(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var start = range.upperBound
        while start > range.lowerBound, text[start - 1] != 0x0A { start -= 1 }
        var words = 0
        for index in start..<range.upperBound {
            let byte = text[index]
            if [0x7B, 0x7D, 0x3D, 0x3B, 0x3C, 0x3E, 0x7C, 0x5C].contains(byte) { return false }
            let startsWord = index == start || ByteSearch.isSpace(text[index - 1])
            if !ByteSearch.isSpace(byte), startsWord { words += 1 }
            // A Chinese sentence has no spaces: three bytes of it count for a word.
            if byte >= 0xE3, byte <= 0xE9 { words += 1 }
        }
        return words >= leastProseWords
    }
}
