import Numerics
import Testing

/// Counting texts.
@Suite struct ValueCountTests {
    private func counts(_ texts: [String]) -> ValueCounts {
        var counts = ValueCounts()
        for text in texts {
            let bytes = Array(text.utf8)
            counts.add(bytes.span)
        }
        return counts
    }

    @Test("spellings that Unicode takes for the same are one, whichever comes first")
    func equivalent() {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let first = counts([composed, decomposed, "tea", decomposed])
        let second = counts([decomposed, "tea", decomposed, composed])
        #expect(first.byName == [composed: 3, "tea": 1])
        #expect(first.byName == second.byName)
        for found in [first, second] {
            // The spelling whose bytes come first: e before é.
            #expect(found.names.contains { $0.utf8.elementsEqual(decomposed.utf8) })
        }
    }

    @Test("what is merged is what is counted at once")
    func merged() {
        let texts = (0..<300).map { "value \($0 * $0 % 37)" }
        var parts = ValueCounts()
        for start in stride(from: 0, to: 300, by: 41) {
            parts.merge(counts(Array(texts[start..<min(300, start + 41)])))
        }
        #expect(parts.byName == counts(texts).byName)
    }

    @Test("too many different texts are none, in whatever order they come")
    func tooMany() {
        var counts = ValueCounts()
        for number in 0..<ValueCounts.mostValues { counts.add("\(number)", 1) }
        #expect(!counts.isTooMany && counts.names.count == ValueCounts.mostValues)
        var other = ValueCounts()
        other.add("0", 5)
        counts.merge(other)
        #expect(!counts.isTooMany && counts.byName["0"] == 6)
        #expect(counts.add("one more", 1) == -1)
        #expect(counts.isTooMany && counts.names.isEmpty)
        other.merge(counts)
        #expect(other.isTooMany && other.byName.isEmpty)
    }
}
