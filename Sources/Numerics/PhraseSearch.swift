/// Looks for any of some phrases in one pass over a text, ASCII case aside.
///
/// A table of 8 KiB tells for two neighbouring bytes whether a phrase begins with them; few places
/// pass, and only there phrases are compared. O(bytes) on text that holds few beginnings.
public struct PhraseSearch: Sendable {
    /// Where a phrase stands.
    public struct Match: Sendable, Equatable {
        /// Index of the phrase: those of `phrases` first, then those of `words`.
        public let phrase: Int
        /// Bytes of the text.
        public let range: Range<Int>
    }

    private let phrases: [[UInt8]]
    /// Phrases from here on must have neither a letter nor a digit beside them.
    private let firstWord: Int
    /// One bit for each pair of lower-case bytes.
    private var pairs = [UInt64](repeating: 0, count: 1024)
    /// Indices of the phrases by their first byte.
    private var byFirst: [[Int]] = Array(repeating: [], count: 256)

    /// A search for phrases anywhere and for words that stand alone; empty ones are left out.
    public init(phrases: [String], words: [String] = []) {
        self.init(
            bytes: (phrases + words).map { Array($0.utf8) }, firstWord: phrases.count)
    }

    /// A search for phrases given as UTF-8; those from index `firstWord` on must stand alone.
    public init(bytes: [[UInt8]], firstWord: Int) {
        phrases = bytes.map { $0.map(PhraseSearch.lower) }
        self.firstWord = firstWord
        for (index, phrase) in phrases.enumerated() {
            guard let first = phrase.first else { continue }
            byFirst[Int(first)].append(index)
            // After a phrase of one byte anything may stand.
            let seconds = phrase.count > 1 ? Int(phrase[1])...Int(phrase[1]) : 0...255
            for second in seconds {
                let pair = Int(first) << 8 | second
                pairs[pair >> 6] |= 1 << UInt64(pair & 63)
            }
        }
    }

    /// The first match that begins in `start..<end`.
    ///
    /// Of several at one place the one of the lowest
    /// index. `nil` when there is none.
    public func next(in text: Span<UInt8>, from start: Int = 0, to end: Int = .max) -> Match? {
        var position = max(start, 0)
        let stop = min(end, text.count)
        guard position < stop else { return nil }
        var byte = PhraseSearch.lower(text[position])
        while position < stop {
            let isLast = position + 1 == text.count
            let following = isLast ? 0 : PhraseSearch.lower(text[position + 1])
            let pair = Int(byte) << 8 | Int(following)
            if isLast || pairs[pair >> 6] >> UInt64(pair & 63) & 1 == 1,
                let match = match(in: text, at: position, first: byte)
            {
                return match
            }
            byte = following
            position += 1
        }
        return nil
    }

    /// Whether any of the phrases stands in a text.
    public func isIn(_ text: Span<UInt8>) -> Bool { next(in: text) != nil }

    private func match(in text: Span<UInt8>, at position: Int, first: UInt8) -> Match? {
        for index in byFirst[Int(first)] {
            let phrase = phrases[index]
            let end = position + phrase.count
            guard end <= text.count else { continue }
            var offset = 1
            while offset < phrase.count,
                PhraseSearch.lower(text[position + offset]) == phrase[offset]
            {
                offset += 1
            }
            guard offset == phrase.count else { continue }
            if index >= firstWord {
                if position > 0, PhraseSearch.isLetterOrDigit(text[position - 1]) { continue }
                if end < text.count, PhraseSearch.isLetterOrDigit(text[end]) { continue }
            }
            return Match(phrase: index, range: position..<end)
        }
        return nil
    }

    @inline(__always)
    private static func lower(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || lower(byte) &- 0x61 < 26
    }
}
