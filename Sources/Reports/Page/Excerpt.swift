/// A text with a part of it marked, and no more around than is needed.
struct Excerpt {
    /// Bytes before and after what is marked.
    static let around = 120
    /// Bytes marked at most.
    static let mostMarked = 400

    let before: String
    let marked: String
    let after: String

    init(before: String, marked: String, after: String) {
        self.before = before
        self.marked = marked
        self.after = after
    }

    /// The part of a text at some bytes; what lies outside the text is left out.
    init(_ text: String, _ bytes: Range<Int>) {
        let whole = Array(text.utf8)
        let begin = min(bytes.lowerBound, whole.count)
        let end = min(max(begin, bytes.upperBound), whole.count)
        func piece(_ range: Range<Int>) -> String {
            var (from, to) = (range.lowerBound, range.upperBound)
            while from < to, whole[from] & 0xC0 == 0x80 { from += 1 }
            while to < whole.count, to > from, whole[to] & 0xC0 == 0x80 { to += 1 }
            return String(decoding: whole[from..<to], as: UTF8.self)
        }
        let start = max(0, begin - Excerpt.around)
        before = Excerpt.beginning(piece(start..<begin), isCut: start > 0)
        marked = piece(begin..<min(end, begin + Excerpt.mostMarked))
        let last = min(whole.count, end + Excerpt.around)
        after = piece(end..<last) + (last < whole.count ? "…" : "")
    }

    /// A text that begins in the middle of another one: from its first whole word on.
    static func beginning(_ text: String, isCut: Bool) -> String {
        guard isCut else { return text }
        let word = text.prefix(24).firstIndex { $0.isWhitespace }
        return "…" + text[(word ?? text.startIndex)...]
    }

    /// As HTML.
    var html: String {
        "<bdi>\(PageText.escape(before))<mark>\(PageText.escape(marked))</mark>\(PageText.escape(after))</bdi>"
    }
}

/// What one text has that another has not, word by word.
enum WordDifference {
    private static let mostWords = 120

    /// HTML of a text with the words marked that are no part of a longest common run of words.
    ///
    /// O(words²) of at most 120 words of each.
    static func html(_ text: String, against other: String) -> String {
        let (own, theirs) = (words(text), words(other))
        var lengths = [[Int]](
            repeating: [Int](repeating: 0, count: theirs.count + 1), count: own.count + 1)
        for row in own.indices.reversed() {
            for column in theirs.indices.reversed() {
                lengths[row][column] =
                    own[row] == theirs[column]
                    ? lengths[row + 1][column + 1] + 1
                    : max(lengths[row + 1][column], lengths[row][column + 1])
            }
        }
        var html = ""
        var (row, column) = (0, 0)
        while row < own.count {
            if column < theirs.count, own[row] == theirs[column] {
                html += PageText.escape(own[row])
                row += 1
                column += 1
            } else if column < theirs.count, lengths[row][column + 1] >= lengths[row + 1][column] {
                column += 1
            } else {
                html += "<mark>\(PageText.escape(own[row]))</mark>"
                row += 1
            }
        }
        return html
    }

    /// Words with the spaces behind them; every ideograph is one.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        for character in text {
            if words.count == mostWords { return words + ["…"] }
            let isIdeograph = character.unicodeScalars.first.map { $0.value >= 0x2E80 } ?? false
            if isIdeograph, !word.isEmpty {
                words.append(word)
                word = ""
            }
            word.append(character)
            if character.isWhitespace || isIdeograph {
                words.append(word)
                word = ""
            }
        }
        return word.isEmpty ? words : words + [word]
    }
}
