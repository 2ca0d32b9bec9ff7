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

    /// A passage that stands again right behind itself, by its tokens.
    ///
    /// White space does not count. So many tokens long it must be at least: 32 for two copies, 16 for three,
    /// 5 for four, 2 for seven, 1 for ten; shorter ones stand in songs, sums, steps and tables. Of a text that is
    /// nothing but copies, 12 tokens twice and 4 three times are enough. A passage without letters is left alone. O(n log n).
    public static func repeatedPassage(
        _ text: Span<UInt8>, _ tokens: Span<UInt32>
    ) -> TextFault? {
        let count = min(tokens.count, mostRepeatedTokens)
        // Where the words stand is found once, and only for a text that has something to show.
        var words: [Range<Int>] = []
        func found(_ first: Int, _ period: Int, _ end: Int) -> TextFault? {
            if words.isEmpty { words = WordScan.words(text, most: count) }
            return passage(text, words, first, period: period, end).map {
                TextFault(span: $0, score: 0.95)
            }
        }
        if let period = wholePeriod(tokens, count), let fault = found(0, period, count) {
            return fault
        }
        for period in 1...longestPassage where period * 2 <= count {
            let least = leastRun(period)
            guard least <= count - period else { continue }
            // A run of `least` matches covers a multiple of `least`: only there is looked.
            var anchor = period + least - 1
            while anchor < count {
                guard tokens[anchor] == tokens[anchor - period] else {
                    anchor += least
                    continue
                }
                var (start, end) = (anchor, anchor + 1)
                while start > period, tokens[start - 1] == tokens[start - 1 - period] { start -= 1 }
                while end < count, tokens[end] == tokens[end - period] { end += 1 }
                if end - start >= least, let fault = found(start - period, period, end) {
                    return fault
                }
                anchor = (end / least + 1) * least + period
            }
        }
        return nil
    }

    /// The bytes of the tokens from one to another; `nil` where the first two copies have other signs among
    /// their words, as the cases of a switch have, or no letters.
    private static func passage(
        _ text: Span<UInt8>, _ words: [Range<Int>], _ first: Int, period: Int, _ end: Int
    ) -> Range<Int>? {
        guard first + period < words.count else { return nil }
        let start = words[first].lowerBound
        let upper = words[min(end, words.count) - 1].upperBound
        let middle = words[first + period].lowerBound
        // Of only two copies the second ends with its last word.
        let third = first + 2 * period
        let right = middle..<(third < words.count ? words[third].lowerBound : upper)
        guard upper > middle, hasLetters(text, start..<middle), agree(text, start..<middle, right)
        else { return nil }
        return start..<upper
    }

    /// Whether two ranges hold the same but for white space, as far as the shorter goes.
    private static func agree(_ text: Span<UInt8>, _ left: Range<Int>, _ right: Range<Int>) -> Bool
    {
        var (one, other) = (left.lowerBound, right.lowerBound)
        while true {
            while one < left.upperBound, ByteSearch.isSpace(text[one]) { one += 1 }
            while other < right.upperBound, ByteSearch.isSpace(text[other]) { other += 1 }
            guard one < left.upperBound, other < right.upperBound else { return true }
            if ByteSearch.lower(text[one]) != ByteSearch.lower(text[other]) { return false }
            one += 1
            other += 1
        }
    }

    /// Tokens of a passage of which a text consists alone, three times or more, and twice.
    private static let leastWhole = (thrice: 4, twice: 12)

    /// The period of a text that is nothing but copies of one passage.
    private static func wholePeriod(_ tokens: Span<UInt32>, _ count: Int) -> Int? {
        guard count >= 2 * leastWhole.thrice else { return nil }
        for period in leastWhole.thrice...count / 2 where tokens[period] == tokens[0] {
            guard period >= leastWhole.twice || count >= 3 * period, count % period == 0 else {
                continue
            }
            var index = period
            while index < count, tokens[index] == tokens[index - period] { index += 1 }
            if index == count { return period }
        }
        return nil
    }

    private static let mostRepeatedTokens = 8192
    private static let longestPassage = 1024

    /// Matches at a period that make a repetition.
    private static func leastRun(_ period: Int) -> Int {
        switch period {
        case 1: 9
        case 2..<5: 6 * period
        case 5..<16: 3 * period
        case 16..<32: 2 * period
        default: period
        }
    }

    /// At least three different letters, or text beyond ASCII.
    private static func hasLetters(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var (first, second): (UInt8, UInt8) = (0, 0)
        for index in range {
            let byte = ByteSearch.lower(text[index])
            guard (0x61...0x7A).contains(byte) || byte >= 0x80, byte != first, byte != second else {
                continue
            }
            if first == 0 {
                first = byte
            } else if second == 0 {
                second = byte
            } else {
                return true
            }
        }
        return false
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
        if inventory?.holds(fence[0]) ?? true, let open = openFence(text) { return open }
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

    /// A code fence that is opened and not closed.
    ///
    /// Both by the rules of CommonMark 0.31 (4.5: a fence stands at the beginning of a line, and is closed by
    /// one as long with nothing behind it), however far it is indented, and by the number of fences in all. O(bytes).
    public static func openFence(_ text: Span<UInt8>) -> TextFault? {
        var count = 0
        var position = 0
        var last = 0
        while let found = ByteSearch.find(fence, in: text, from: position) {
            count += 1
            last = found
            position = found + fence.count
            while position < text.count, text[position] == fence[0] { position += 1 }
        }
        guard count % 2 == 1 else { return nil }
        return TextFault(
            span: last..<last + fence.count, score: endsInFence(text) ? certainCut : doubtfulFence)
    }

    /// The score of a response that is certainly cut off.
    public static let certainCut = 0.95
    /// The score of fences that do not come in pairs, where the last of them may close one that a line of
    /// prose opens.
    private static let doubtfulFence = 0.85

    private static func endsInFence(_ text: Span<UInt8>) -> Bool {
        var open = 0
        var index = 0
        while index < text.count {
            while index < text.count, text[index] == 0x20 || text[index] == 0x09 { index += 1 }
            var length = 0
            while index < text.count, text[index] == fence[0] {
                (length, index) = (length + 1, index + 1)
            }
            var isBlank = true
            while index < text.count, text[index] != 0x0A {
                if !ByteSearch.isSpace(text[index]) { isBlank = false }
                index += 1
            }
            index += 1
            if open == 0, length >= fence.count {
                open = length
            } else if open > 0, length >= open, isBlank {
                open = 0
            }
        }
        return open > 0
    }

    /// Whether the last line is a sentence and not code, a list of values or a verse.
    private static func endsInProse(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var start = range.upperBound
        while start > range.lowerBound, text[start - 1] != 0x0A { start -= 1 }
        var words = 0
        for index in start..<range.upperBound {
            let byte = text[index]
            // Between spaces it leads from one menu to the next.
            let isPath =
                byte == 0x3E && index > start && ByteSearch.isSpace(text[index - 1])
                && index + 1 < range.upperBound && ByteSearch.isSpace(text[index + 1])
            if !isPath, [0x7B, 0x7D, 0x3D, 0x3B, 0x3C, 0x3E, 0x7C, 0x5C].contains(byte) {
                return false
            }
            let startsWord = index == start || ByteSearch.isSpace(text[index - 1])
            if !ByteSearch.isSpace(byte), startsWord { words += 1 }
            // A Chinese sentence has no spaces: three bytes of it count for a word.
            if byte >= 0xE3, byte <= 0xE9 { words += 1 }
        }
        return words >= leastProseWords
    }
}
