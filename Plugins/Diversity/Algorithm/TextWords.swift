/// The words of the beginning of a text as small letters; each ideograph is one.
struct TextWords {
    private(set) var words: [String] = []
    /// Whether the words are ideographs.
    private(set) var isIdeographic = false
    /// Letters and digits in all words.
    private(set) var letterCount = 0
    /// Sentences that end.
    private(set) var sentenceCount = 0
    private(set) var ideographCount = 0

    /// Letters and numbers; for ASCII without asking Unicode's tables.
    private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
        guard !scalar.isASCII else {
            return (0x30...0x39).contains(scalar.value)
                || (0x61...0x7A).contains(scalar.value | 0x20)
        }
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    init(_ text: String, most: Int) {
        var word = ""
        func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
            (0x3400...0x9FFF).contains(scalar.value) || (0x20000...0x3FFFF).contains(scalar.value)
        }
        func end(_ word: inout String, _ words: inout [String]) {
            if !word.isEmpty {
                words.append(word.lowercased())
                word = ""
            }
        }
        for scalar in text.unicodeScalars {
            if words.count >= most { break }
            if isIdeograph(scalar) {
                end(&word, &words)
                words.append(String(scalar))
                ideographCount += 1
                letterCount += 1
            } else if TextWords.isOfWord(scalar)
                || ((scalar == "'" || scalar == "\u{2019}") && !word.isEmpty)
            {
                word.unicodeScalars.append(scalar == "\u{2019}" ? "'" : scalar)
                letterCount += 1
            } else {
                end(&word, &words)
                switch scalar {
                case ".", "!", "?", "\u{3002}", "\u{FF01}", "\u{FF1F}", "\n": sentenceCount += 1
                default: break
                }
            }
        }
        end(&word, &words)
        isIdeographic = 2 * ideographCount > words.count
    }
}
