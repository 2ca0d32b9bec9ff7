import Numerics

/// What noise does to one text.
///
/// Pure functions of the text and the generator; `nil` where a text cannot be damaged so that it differs.
enum TextDamage {
    /// Characters that a cut text still needs.
    private static let shortestCut = 20

    /// A text cut off between a quarter and four fifths of its characters, half of the time behind a word;
    /// `nil` for one of fewer than 20 characters and where the cut falls behind a whole sentence.
    static func cut(_ text: String, _ generator: inout SeededGenerator) -> String? {
        let count = text.count
        guard count >= shortestCut else { return nil }
        let length = count / 4 + Int(generator.below(UInt64(count * 11 / 20)))
        var kept = text.prefix(length)
        if generator.next() & 1 == 0, let space = kept.lastIndex(of: " ") { kept = kept[..<space] }
        while kept.last?.isWhitespace == true { kept.removeLast() }
        guard let last = kept.last, !".!?。！？".contains(last) else { return nil }
        return String(kept)
    }

    /// The whole text three times, or its last sentence eight times more; `nil` for one without letters.
    ///
    /// A last sentence without letters is left alone: a row of equal numbers is no loop of a model.
    static func repeated(_ text: String, _ generator: inout SeededGenerator) -> String? {
        guard text.contains(where: \.isLetter) else { return nil }
        let wholeText = generator.next() & 1 == 0
        let body = text.dropLast()
        let whole = Array(repeating: text, count: 3).joined(separator: "\n")
        let ends = body.lastIndex { ".!?。！？\n".contains($0) }
        guard !wholeText, let ends else { return whole }
        let sentence = text[text.index(after: ends)...]
        guard sentence.contains(where: \.isLetter) else { return whole }
        let isSpaced = sentence.first?.isWhitespace == true
        return text + Array(repeating: (isSpaced ? "" : " ") + sentence, count: 8).joined()
    }

    /// The text's UTF-8 read as Windows-1252, its five unassigned bytes as control characters (WHATWG
    /// Encoding); `nil` for ASCII.
    static func mojibake(_ text: String) -> String? {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return nil }
        var scalars = String.UnicodeScalarView()
        for byte in text.utf8 {
            let code = (0x80...0x9F).contains(byte) ? windows1252[Int(byte) - 0x80] : UInt32(byte)
            scalars.append(Unicode.Scalar(code) ?? "\u{FFFD}")
        }
        return String(scalars)
    }

    /// The characters of the bytes 0x80 to 0x9F.
    private static let windows1252: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039,
        0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
        0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ]

    /// As many words of as many letters as the text has, at most 60 and at least three of five: letters drawn
    /// from the whole alphabet, or half of the time from the middle row of the keyboard.
    static func gibberish(_ text: String, _ generator: inout SeededGenerator) -> String? {
        let isMash = generator.next() & 1 == 0
        let letters = Array(isMash ? "asdfghjkl" : "abcdefghijklmnopqrstuvwxyz")
        let words = text.split(whereSeparator: { $0.isWhitespace }).prefix(60)
        var lengths = words.map { max(3, min(12, $0.count)) }
        while lengths.count < 3 { lengths.append(5) }
        let typed = lengths.map { length in
            let drawn = (0..<length).map { _ in Int(generator.below(UInt64(letters.count))) }
            return String(drawn.map { letters[$0] })
        }
        return typed.joined(separator: " ")
    }

    /// Words of which one gets a slip.
    private static let wordsPerTypo = 10

    /// The text with a slip in one of ten words, one at least: two letters change places, one is missing,
    /// doubled, or its neighbour on the keyboard; `nil` where nothing can slip.
    static func misspelled(_ text: String, _ generator: inout SeededGenerator) -> String? {
        guard !holdsCode(text) else { return nil }
        var characters = Array(text)
        // Between two letters, so that a slip never joins or splits words.
        let places = characters.indices.dropLast().filter {
            characters[$0].isLetter && characters[$0 + 1].isLetter
        }
        guard !places.isEmpty else { return nil }
        let words = text.split(whereSeparator: \.isWhitespace).count
        var chosen: Set<Int> = []
        for _ in 0..<max(1, words / wordsPerTypo) {
            chosen.insert(places[Int(generator.below(UInt64(places.count)))])
        }
        // From the end, so that places before stay where they are.
        for place in chosen.sorted(by: >) {
            switch generator.below(4) {
            case 0: characters.swapAt(place, place + 1)
            case 1: characters.remove(at: place)
            case 2: characters.insert(characters[place], at: place)
            default: characters[place] = neighbour(of: characters[place], &generator)
            }
        }
        let result = String(characters)
        return result == text ? nil : result
    }

    private static let keyboard = ["qwertyuiop", "asdfghjkl", "zxcvbnm"].map { Array($0) }

    /// The key beside a letter on its row; a letter of no row is doubled by its own place instead.
    private static func neighbour(
        of letter: Character, _ generator: inout SeededGenerator
    ) -> Character {
        for row in keyboard {
            guard let place = row.firstIndex(of: letter) else { continue }
            let isRight = place == 0 || place < row.count - 1 && generator.next() & 1 == 0
            return row[isRight ? place + 1 : place - 1]
        }
        return letter
    }

    /// The text with a tenth of its words left out, one at least and not all.
    ///
    /// Words of Chinese and Japanese are taken as single characters. `nil` for fewer than two words and for code.
    static func thinned(_ text: String, _ generator: inout SeededGenerator) -> String? {
        guard !holdsCode(text) else { return nil }
        var words: [Substring] = []
        var start = text.startIndex
        for index in text.indices {
            let next = text.index(after: index)
            let isIdeograph = text[index].unicodeScalars.contains {
                (0x3040...0x9FFF).contains($0.value)
            }
            if text[index].isWhitespace || isIdeograph || next == text.endIndex {
                words.append(text[start..<next])
                start = next
            }
        }
        guard words.count >= 2 else { return nil }
        var isDropped = words.map { _ in generator.below(UInt64(wordsPerTypo)) == 0 }
        if !isDropped.contains(true) {
            isDropped[Int(generator.below(UInt64(words.count)))] = true
        }
        guard isDropped.contains(false) else { return nil }
        let result = zip(words, isDropped).filter { !$0.1 }.map { String($0.0) }.joined()
        return result == text ? nil : result
    }

    /// Share of a text's characters that are marks of code or markup, above which it is taken as such.
    private static let codeShare = 0.05

    /// Whether a text is or holds code or JSON, which a slip would break.
    static func holdsCode(_ text: String) -> Bool {
        if text.contains("```") { return true }
        if let first = text.first(where: { !$0.isWhitespace }), first == "{" || first == "[" {
            return true
        }
        let marks = text.utf8.reduce(0) { $0 + (codeMarks.contains($1) ? 1 : 0) }
        return Double(marks) > codeShare * Double(text.utf8.count)
    }

    private static let codeMarks = Set("{}[]<>();=_$#\\|".utf8)
}
