import Numerics

extension TextChecks {
    /// How letters close before the name of who writes.
    private static let closings = PhraseSearch(
        phrases: [
            "敬上", "此致", "敬礼", "with love", "best of luck", "good luck", "best wishes",
            "with respect",
            "with gratitude",
        ],
        words: ["sincerely", "yours", "regards", "respectfully", "faithfully"])
    /// Bytes at the end in which a closing stands, and of the name after it.
    private static let closingBytes = 120
    private static let nameBytes = 60

    /// Whether a text ends as a letter does: a closing, a comma, a dash or a line's end, and a name.
    ///
    /// Such an end has no stop and is whole. O(1).
    public static func endsWithSignature(_ text: Span<UInt8>) -> Bool {
        let range = ByteSearch.trimmed(text)
        let start = max(range.lowerBound, range.upperBound - closingBytes)
        let end = text.extracting(start..<range.upperBound)
        guard let closing = closings.next(in: end) else { return false }
        var index = closing.range.upperBound
        // The name begins behind the first sign that parts it from the closing.
        while index < end.count, !isParting(end, index) { index += 1 }
        while index < end.count, isParting(end, index) || ByteSearch.isSpace(end[index]) {
            index += 1
        }
        // Chinese closings may be the last words.
        guard index < end.count else { return end[end.count - 1] >= 0x80 }
        let first = end[index]
        let isName = (0x41...0x5A).contains(first) || first == UInt8(ascii: "[") || first >= 0xE0
        return isName && end.count - index <= nameBytes
    }

    private static func isParting(_ text: Span<UInt8>, _ index: Int) -> Bool {
        switch text[index] {
        case UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: "!"), 0x0A: true
        default: false
        }
    }
}
