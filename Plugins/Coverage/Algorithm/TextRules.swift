/// Rules that put a text into a category.
///
/// All stated rules must hold; of the keywords one.
public struct TextRules: Sendable, Equatable {
    /// Texts of which one must occur; compared without regard to ASCII case.
    public var keywords: [[UInt8]] = []
    /// Words at least, `nil` for no bound.
    public var minimumWords: Int?
    /// Words at most, `nil` for no bound.
    public var maximumWords: Int?
    /// Turns at least, `nil` for no bound.
    public var minimumTurns: Int?
    /// Turns at most, `nil` for no bound.
    public var maximumTurns: Int?

    /// No rules: holds for nothing.
    public init() {}

    /// Whether nothing is stated.
    public var isEmpty: Bool { self == TextRules() }

    /// Whether a text of so many words and turns is in the category.
    ///
    /// O(text · keywords).
    public func hold(for text: Span<UInt8>, wordCount: Int, turnCount: Int) -> Bool {
        guard !isEmpty else { return false }
        if let minimumWords, wordCount < minimumWords { return false }
        if let maximumWords, wordCount > maximumWords { return false }
        if let minimumTurns, turnCount < minimumTurns { return false }
        if let maximumTurns, turnCount > maximumTurns { return false }
        if keywords.isEmpty { return true }
        for keyword in keywords where TextRules.contains(text, keyword) { return true }
        return false
    }

    private static func contains(_ text: Span<UInt8>, _ word: [UInt8]) -> Bool {
        guard let first = word.first, word.count <= text.count else { return false }
        for start in 0...(text.count - word.count) where lower(text[start]) == lower(first) {
            var offset = 1
            while offset < word.count, lower(text[start + offset]) == lower(word[offset]) {
                offset += 1
            }
            if offset == word.count { return true }
        }
        return false
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte + 32 : byte
    }
}
