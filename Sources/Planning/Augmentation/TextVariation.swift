public import Numerics

/// Variations of a text by rules: words put in, left out, exchanged and misspelled, the case of the first letter,
/// the mark at the end.
///
/// Wei, Zou 2019 (EDA) without a thesaurus. Pure functions of the text and the generator. What a variation could
/// make wrong is left alone: numbers, names in capitals, quotations, placeholders, code in a text, negations; and
/// texts that are code or JSON as a whole.
public struct TextVariation: Sendable {
    /// What is done to a text.
    public enum Rule: String, Sendable, CaseIterable {
        case insertion, deletion, swap, typo, `case`, punctuation
    }

    private struct Word {
        /// White space before it.
        var lead: String
        var text: String
        /// Whether a rule may touch it.
        var isFree: Bool

        var isPlain: Bool { isFree && text.allSatisfy(\.isLetter) }
    }

    /// Words that a variation never leaves without.
    private static let leastWords = 3
    private static let negations: Set<String> = [
        "no", "not", "never", "none", "without", "cannot", "can't", "don't", "doesn't", "didn't",
        "isn't", "wasn't", "won't", "nor", "neither", "except", "不", "没", "無", "无", "未", "非", "别",
    ]
    private static let marks: Set<Character> = [
        ".", ",", "!", "?", ";", ":", "'", "’", "，", "。", "！", "？", "；", "：", "、", "(", ")",
    ]
    private static let ends: Set<Character> = [".", "!", "?", "。", "！", "？"]
    /// What a quotation, a placeholder or code in a text begins and ends with.
    private static let fences: [Character: Character] = [
        "`": "`", "{": "}", "<": ">", "[": "]", "\"": "\"", "“": "”", "「": "」", "『": "』", "《": "》",
    ]

    private let words: [Word]

    /// Takes a text; `nil` for one that holds code or JSON, and for one without a word that may be touched.
    public init?(_ text: String) {
        guard !TextDamage.holdsCode(text) else { return nil }
        words = TextVariation.words(text)
        guard words.contains(where: \.isFree) else { return nil }
    }

    /// The words that another text may be given.
    public var offered: [String] { words.filter { $0.isPlain }.map { $0.text.lowercased() } }

    private static func isIdeograph(_ character: Character) -> Bool {
        character.unicodeScalars.contains { (0x3040...0x9FFF).contains($0.value) }
    }

    private static func words(_ text: String) -> [Word] {
        var words: [Word] = []
        var (lead, current) = ("", "")
        var isCurrentFenced = false
        var fence: Character?
        func isFree(_ word: String, isFenced: Bool) -> Bool {
            guard !isFenced, word.contains(where: \.isLetter),
                word.allSatisfy({ $0.isLetter || marks.contains($0) })
            else { return false }
            let letters = word.filter(\.isLetter)
            let bare = word.lowercased().replacing("’", with: "'")
            let inner = bare.drop { marks.contains($0) }
            if negations.contains(String(inner)) || negations.contains(letters.lowercased())
                || inner.hasSuffix("n't") || inner.hasPrefix("cannot")
            {
                return false
            }
            return letters.count < 2 || letters.contains(where: \.isLowercase)
                || isIdeograph(letters.first ?? " ")
        }
        func end() {
            guard !current.isEmpty else { return }
            words.append(
                Word(
                    lead: lead, text: current,
                    isFree: isFree(current, isFenced: isCurrentFenced)))
            (lead, current, isCurrentFenced) = ("", "", false)
        }
        for character in text {
            if let open = fence {
                if character.isWhitespace {
                    end()
                    lead.append(character)
                } else {
                    current.append(character)
                    isCurrentFenced = true
                }
                if character == open { fence = nil }
            } else if let close = fences[character] {
                current.append(character)
                (fence, isCurrentFenced) = (close, true)
            } else if character.isWhitespace {
                end()
                lead.append(character)
            } else if isIdeograph(character) {
                end()
                current.append(character)
                end()
            } else {
                current.append(character)
            }
        }
        end()
        if !lead.isEmpty { words.append(Word(lead: lead, text: "", isFree: false)) }
        return words
    }

    /// A variation in which the given share of the words that may be touched is changed, one at least; `nil` where
    /// nothing came of it.
    ///
    /// `rate` is 0 to 1, `offered` are words to put in; with none nothing is put in.
    public func make(
        rate: Double, offered: [String], _ generator: inout SeededGenerator
    ) -> (text: String, rules: [Rule])? {
        var words = words
        let free = words.count { $0.isFree }
        let edits = max(1, Int((rate * Double(free)).rounded()))
        var left = Rule.allCases
        if offered.isEmpty { left.removeAll { $0 == .insertion } }
        var used: [Rule] = []
        while used.count < edits, !left.isEmpty {
            let place = Int(generator.below(UInt64(left.count)))
            let rule = left[place]
            if TextVariation.apply(rule, &words, offered, &generator) {
                used.append(rule)
                // There is one first letter and one end.
                if rule == .case || rule == .punctuation { left.remove(at: place) }
            } else {
                left.remove(at: place)
            }
        }
        let made = words.map { $0.lead + $0.text }.joined()
        let before = self.words.map { $0.lead + $0.text }.joined()
        return made == before || used.isEmpty ? nil : (made, used)
    }

    private static func draw(
        _ places: [Int], _ generator: inout SeededGenerator
    ) -> Int? {
        places.isEmpty ? nil : places[Int(generator.below(UInt64(places.count)))]
    }

    private static func apply(
        _ rule: Rule, _ words: inout [Word], _ offered: [String],
        _ generator: inout SeededGenerator
    ) -> Bool {
        switch rule {
        case .insertion:
            guard
                let place = draw(words.indices.filter { words[$0].isFree }, &generator),
                !offered.isEmpty
            else { return false }
            let word = offered[Int(generator.below(UInt64(offered.count)))]
            let lead = words[place].lead
            words.insert(Word(lead: lead, text: word, isFree: true), at: place)
            words[place + 1].lead = isIdeograph(word.first ?? " ") ? "" : " "
        case .deletion:
            let free = words.indices.filter { words[$0].isPlain }
            guard words.count(where: { $0.isFree }) > leastWords, let place = draw(free, &generator)
            else { return false }
            let lead = words[place].lead
            words.remove(at: place)
            if lead.contains(where: \.isNewline) || place == 0, place < words.count {
                words[place].lead = lead
            }
        case .swap:
            let pairs = words.indices.dropLast().filter {
                words[$0].isPlain && words[$0 + 1].isPlain && words[$0].text != words[$0 + 1].text
                    && !words[$0 + 1].lead.contains(where: \.isNewline)
            }
            guard let place = draw(pairs, &generator) else { return false }
            let text = words[place].text
            words[place].text = words[place + 1].text
            words[place + 1].text = text
        case .typo:
            let long = words.indices.filter {
                words[$0].isFree && words[$0].text.utf8.allSatisfy { $0 < 0x80 }
                    && words[$0].text.count(where: \.isLetter) >= 4
            }
            guard let place = draw(long, &generator),
                let slip = TextDamage.misspelled(words[place].text, &generator)
            else { return false }
            words[place].text = slip
        case .case:
            guard let first = words.first, first.isFree, let letter = first.text.first,
                letter.isCased
            else { return false }
            let other = letter.isUppercase ? letter.lowercased() : letter.uppercased()
            words[0].text = other + first.text.dropFirst()
        case .punctuation:
            guard let place = words.lastIndex(where: { !$0.text.isEmpty }),
                let last = words[place].text.last, words[place].isFree
            else { return false }
            if ends.contains(last), words[place].text.count > 1 {
                words[place].text.removeLast()
            } else if last.isLetter {
                words[place].text.append(isIdeograph(last) ? "。" : ".")
            } else {
                return false
            }
        }
        return true
    }
}
