import Numerics

/// Languages of labelled records, and which of the records are of one that tells nothing of their classes.
///
/// Of a language that a few records are in, a model learns which class those few are of, and takes the next record
/// in it for the same: its label would look wrong with certainty.
public enum LabelLanguages {
    /// Records of a class that teach how it is spoken of in a language.
    private static let leastOfClass = 5

    /// Words of a text whose language would be known, were it one of the common ones.
    private static let manyWords = 20
    private static let unknown: UInt8 = 255

    /// A number for the language that texts leave no doubt of, 0 where they do.
    ///
    /// The longer text decides first. Texts of twenty words and more of no known language have a number of their own. O(3000
    /// bytes), O(n) where the language is not known.
    public static func number(_ response: Span<UInt8>, _ prompt: Span<UInt8>) -> UInt8 {
        let guess =
            response.count > prompt.count
            ? LanguageGuess(response) ?? LanguageGuess(prompt)
            : LanguageGuess(prompt) ?? LanguageGuess(response)
        if let guess { return guess.rawValue + 1 }
        return max(words(response), words(prompt)) >= manyWords ? unknown : 0
    }

    private static func words(_ text: Span<UInt8>) -> Int {
        var count = 0
        for index in text.indices where ByteSearch.isSpace(text[index]) {
            if index > 0, !ByteSearch.isSpace(text[index - 1]) { count += 1 }
        }
        return count + 1
    }

    /// Records that have a word in common from which on it is one of theirs, and the share of such words in a
    /// text of their language.
    private static let leastRecords = 5
    private static let familiarShare = 0.5

    /// The same languages, but none for texts that are of none known and whose words are those of the others.
    ///
    /// The tokens of all records stand one after the other, those of record i from `starts[i]` on. O(tokens).
    public static func settled(
        _ languages: [UInt8], tokens: [UInt32], starts: [Int]
    ) -> [UInt8] {
        let doubtful = languages.indices.filter { languages[$0] == unknown }
        guard !doubtful.isEmpty else { return languages }
        var records: [UInt32: Int] = [:]
        for row in doubtful {
            for token in tokens[starts[row]..<starts[row + 1]] { records[token] = 0 }
        }
        for row in languages.indices where languages[row] != unknown {
            for token in tokens[starts[row]..<starts[row + 1]] { records[token]? += 1 }
        }
        var result = languages
        for row in doubtful {
            let own = tokens[starts[row]..<starts[row + 1]]
            let familiar = own.count { records[$0] ?? 0 >= leastRecords }
            if Double(familiar) >= familiarShare * Double(own.count) { result[row] = 0 }
        }
        return result
    }

    /// Which records cannot be judged: fewer than five of their class are in their language, and fewer in all than
    /// five for each class.
    ///
    /// Labels are numbers below `classCount`. O(records + classes).
    public static func unjudged(
        _ languages: [UInt8], labels: [Int32], classCount: Int
    ) -> [Bool] {
        var counts = [Int](repeating: 0, count: 256 * classCount)
        var sums = [Int](repeating: 0, count: 256)
        for (language, label) in zip(languages, labels) {
            counts[Int(language) * classCount + Int(label)] += 1
            sums[Int(language)] += 1
        }
        return zip(languages, labels).map { language, label in
            language != 0 && sums[Int(language)] < leastOfClass * classCount
                && counts[Int(language) * classCount + Int(label)] < leastOfClass
        }
    }
}
