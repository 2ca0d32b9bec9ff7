public import Numerics

/// What two wordings of one prompt have in common.
///
/// "The", "an", words of politeness, capitals, white space and the signs at the end of a word do not count, nor do
/// quotation marks around one. Every other word does, and so do all numbers, operators and brackets: what may
/// change an answer is never left out ("a" may be a variable or a kind).
public enum PromptWording {
    /// Words that change nothing.
    private static let fillers = ["an", "kindly", "please", "pls", "plz", "the"].map {
        Array($0.utf8)
    }
    /// What a request in Chinese may begin with: 请问, 麻烦你, 请你, 请.
    private static let openings = ["请问", "麻烦你", "请你", "请"].map { Array($0.utf8) }

    /// Adds a prompt's wording to a fingerprint: all of it, white space aside, where nothing else is left.
    ///
    /// O(n), no allocation.
    public static func append(_ text: Span<UInt8>, to fingerprint: inout Fingerprint) {
        var index = 0
        var isFirst = true
        while index < text.count {
            while index < text.count, ByteSearch.isSpace(text[index]) { index += 1 }
            let start = index
            while index < text.count, !ByteSearch.isSpace(text[index]) { index += 1 }
            guard start < index else { break }
            var word = bare(text, start..<index)
            if isFirst { word = word.lowerBound + opening(text, word)..<word.upperBound }
            if word.isEmpty || isFiller(text, word) { continue }
            fingerprint.appendCollapsed(text.extracting(word), foldingCase: true)
            fingerprint.append(0x20)
            isFirst = false
        }
        if isFirst { fingerprint.appendCollapsed(text, foldingCase: true) }
    }

    /// A word without quotation marks around it and without the signs of a sentence at its end.
    private static func bare(_ text: Span<UInt8>, _ word: Range<Int>) -> Range<Int> {
        var (start, end) = (word.lowerBound, word.upperBound)
        while start < end {
            if text[start] == 0x22 || text[start] == 0x27 {
                start += 1
            } else if end - start >= 3, isQuotation(text, start) {
                start += 3
            } else {
                break
            }
        }
        while start < end {
            if isSign(text[end - 1]), !(isFactorial(text, start, end)) {
                end -= 1
            } else if end - start >= 3, isQuotation(text, end - 3) || isWideSign(text, end - 3) {
                end -= 3
            } else {
                break
            }
        }
        return start..<end
    }

    /// One of `. , ; : ? ! " '`.
    private static func isSign(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2E, 0x2C, 0x3B, 0x3A, 0x3F, 0x21, 0x22, 0x27: true
        default: false
        }
    }

    /// An exclamation mark behind a number or a bracket.
    private static func isFactorial(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard text[end - 1] == 0x21, end - 2 >= start else { return false }
        return (0x30...0x39).contains(text[end - 2]) || text[end - 2] == 0x29
    }

    /// One of `“ ” ‘ ’`.
    private static func isQuotation(_ text: Span<UInt8>, _ index: Int) -> Bool {
        text[index] == 0xE2 && text[index + 1] == 0x80 && (0x98...0x9D).contains(text[index + 2])
            && text[index + 2] != 0x9A && text[index + 2] != 0x9B
    }

    /// One of `。 ， ！ ？ ； ： …`.
    private static func isWideSign(_ text: Span<UInt8>, _ index: Int) -> Bool {
        switch (text[index], text[index + 1], text[index + 2]) {
        case (0xE3, 0x80, 0x82), (0xEF, 0xBC, 0x8C), (0xEF, 0xBC, 0x81), (0xEF, 0xBC, 0x9F),
            (0xEF, 0xBC, 0x9B), (0xEF, 0xBC, 0x9A), (0xE2, 0x80, 0xA6):
            true
        default: false
        }
    }

    /// How many bytes a word begins with that only ask politely; 0 where nothing else would be left.
    private static func opening(_ text: Span<UInt8>, _ word: Range<Int>) -> Int {
        guard word.count > 3, text[word.lowerBound] >= 0xE8 else { return 0 }
        for opening in openings
        where opening.count < word.count && begins(text, word.lowerBound, opening) {
            return opening.count
        }
        return 0
    }

    /// Whether a word changes nothing.
    private static func isFiller(_ text: Span<UInt8>, _ word: Range<Int>) -> Bool {
        guard (2...6).contains(word.count) else { return false }
        for filler in fillers
        where filler.count == word.count && begins(text, word.lowerBound, filler) {
            return true
        }
        return false
    }

    /// Whether a text has some words at a place, in small letters or capitals; there must be as many bytes.
    private static func begins(_ text: Span<UInt8>, _ place: Int, _ words: [UInt8]) -> Bool {
        for index in words.indices where ByteSearch.lower(text[place + index]) != words[index] {
            return false
        }
        return true
    }
}
