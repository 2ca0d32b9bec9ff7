import Numerics
import Testing

@Suite struct PhraseSearchTests {
    private func find(_ text: String, _ search: PhraseSearch, from: Int = 0) -> String? {
        let bytes = Array(text.utf8)
        return search.next(in: bytes.span, from: from).map {
            "\($0.phrase)@\($0.range.lowerBound)..<\($0.range.upperBound)"
        }
    }

    @Test("finds the first phrase, case aside, in any script")
    func phrases() {
        let search = PhraseSearch(phrases: ["refund", "re", "退款", "<br>"])
        #expect(find("my REFUND", search) == "0@3..<9")
        #expect(find("more", search) == "1@2..<4")
        #expect(find("我要退款", search) == "2@6..<12")
        #expect(find("a<BR>", search) == "3@1..<5")
        #expect(find("", search) == nil)
        #expect(find("<br", search) == nil)
        #expect(find("a re", search, from: 3) == nil)
        #expect(find("refund re", search, from: 1) == "1@7..<9")
    }

    @Test("words stand alone, phrases of one byte are found at the end as well")
    func words() {
        let search = PhraseSearch(phrases: [], words: ["tag", "x"])
        #expect(find("stage tags", search) == nil)
        #expect(find("a tag.", search) == "0@2..<5")
        #expect(find("the x", search) == "1@4..<5")
        #expect(find("x", search) == "1@0..<1")
        #expect(find("x2", search) == nil)
        #expect(find("-tag-", PhraseSearch(phrases: ["", "g"], words: ["tag"])) == "2@1..<4")
    }

    @Test("it agrees with comparing at every place, on all short texts over three letters")
    func exhaustive() {
        let phrases = ["ab", "b", "aab", "ca"].map { Array($0.utf8) }
        for firstWord in [0, 2, 4] {
            let search = PhraseSearch(bytes: phrases, firstWord: firstWord)
            for number in 0..<2187 {
                // Seven places of a, b, c and a space in base 3 and by parity.
                var rest = number
                let text = (0..<7).map { place -> UInt8 in
                    defer { rest /= 3 }
                    let letters = Array((place % 3 == 2 ? "ab " : "abc").utf8)
                    return letters[rest % 3]
                }
                let expected = text.indices.lazy.compactMap { start -> String? in
                    for (index, phrase) in phrases.enumerated()
                    where text[start...].starts(with: phrase) {
                        let end = start + phrase.count
                        let isFree =
                            (start == 0 || text[start - 1] == 0x20)
                            && (end == text.count || text[end] == 0x20)
                        if index < firstWord || isFree {
                            return "\(index)@\(start)..<\(end)"
                        }
                    }
                    return nil
                }.first
                #expect(find(String(decoding: text, as: UTF8.self), search) == expected)
            }
        }
    }

    @Test("one pass gives every phrase that a search for it alone finds")
    func everyMatch() {
        let phrases = ["a", "ab", "abc", "b c", "```", "CASE", "\n- "]
        let search = PhraseSearch(phrases: phrases)
        for text in ["", "a", "xabc", "ab c", "b c a", "case ```", "x\n- a b c", "cASE\n-"] {
            let bytes = Array(text.utf8)
            var found: Set<Int> = []
            search.forEachMatch(in: bytes.span) { found.insert($0) }
            let alone = phrases.indices.filter {
                PhraseSearch(phrases: [phrases[$0]]).isIn(bytes.span)
            }
            #expect(found == Set(alone), "\(text)")
        }
    }
}
