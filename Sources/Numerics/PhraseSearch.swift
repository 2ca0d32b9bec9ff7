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
        phrases = bytes.map { $0.map(ByteSearch.lower) }
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
        var position = start
        while let place = nextBeginning(in: text, from: position, to: end) {
            for phrase in byFirst[Int(ByteSearch.lower(text[place]))] {
                if let range = range(of: phrase, in: text, at: place) {
                    return Match(phrase: phrase, range: range)
                }
            }
            position = place + 1
        }
        return nil
    }

    /// Calls `body` with every phrase that stands in a text, once for each place, in one pass.
    public func forEachMatch(in text: Span<UInt8>, _ body: (_ phrase: Int) -> Void) {
        var position = 0
        while let place = nextBeginning(in: text, from: position, to: .max) {
            for phrase in byFirst[Int(ByteSearch.lower(text[place]))]
            where range(of: phrase, in: text, at: place) != nil {
                body(phrase)
            }
            position = place + 1
        }
    }

    /// Whether any of the phrases stands in a text.
    public func isIn(_ text: Span<UInt8>) -> Bool { next(in: text) != nil }

    /// The first place in `start..<end` at which the first two bytes of a phrase stand.
    private func nextBeginning(in text: Span<UInt8>, from start: Int, to end: Int) -> Int? {
        var position = max(start, 0)
        let stop = min(end, text.count)
        guard position < stop else { return nil }
        let pairs = pairs.span
        var byte = ByteSearch.lower(text[position])
        while position < stop {
            // What stands behind the last byte is unknown: it may begin a phrase of one byte.
            if position + 1 == text.count { return position }
            let following = ByteSearch.lower(text[position + 1])
            let pair = Int(byte) << 8 | Int(following)
            if pairs[pair >> 6] >> UInt64(pair & 63) & 1 == 1 { return position }
            byte = following
            position += 1
        }
        return nil
    }

    /// Where a phrase whose first byte is known to stand at `position` ends, when it stands there.
    private func range(of index: Int, in text: Span<UInt8>, at position: Int) -> Range<Int>? {
        let phrase = phrases[index]
        let end = position + phrase.count
        guard end <= text.count else { return nil }
        for offset in 1..<max(1, phrase.count)
        where ByteSearch.lower(text[position + offset]) != phrase[offset] {
            return nil
        }
        if index >= firstWord {
            if position > 0, ByteSearch.isLetterOrDigit(text[position - 1]) { return nil }
            if end < text.count, ByteSearch.isLetterOrDigit(text[end]) { return nil }
        }
        return position..<end
    }
}
