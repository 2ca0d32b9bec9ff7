import DiversityAlgorithm
import Numerics
import Testing

@Suite struct DiversityTests {
    @Test("distinct-n of a worked case")
    func distinct() {
        // "a b a b" and "a b": 1-grams a b a b a b (2 of 6), 2-grams ab ba ab ab (2 of 4),
        // 3-grams aba bab (2 of 2).
        let measures = LexicalDiversity([[1, 2, 1, 2], [1, 2]])
        #expect(measures.distinct == [2.0 / 6, 2.0 / 4, 1])
        #expect(measures.entropy == 1)
        #expect(measures.tokenCount == 6)
    }

    @Test("nothing said is not varied")
    func empty() {
        #expect(LexicalDiversity([]).distinct == [0, 0, 0])
        #expect(LexicalDiversity([[], []]).entropy == 0)
    }

    @Test("n-grams do not cross records and order does not matter")
    func properties() {
        let records: [[UInt32]] = [[1, 2, 3], [4, 5], [6], [1, 2]]
        let base = LexicalDiversity(records)
        #expect(LexicalDiversity(records.reversed()) == base)
        #expect(LexicalDiversity([[1], [2]]).distinct == [1, 0, 0])
        #expect(LexicalDiversity(records + records).distinct[0] == base.distinct[0] / 2)
    }

    @Test("white space does not tell texts apart, anything else does")
    func normalization() {
        func key(_ texts: [String]) -> [UInt8] {
            var value = Fingerprint()
            for text in texts { NormalizedText.append(Array(text.utf8).span, to: &value) }
            let bytes = value.bytes
            return bytes.indices.map { bytes[$0] }
        }
        #expect(key([" a  b\n"]) == key(["a b"]))
        #expect(key(["a b"]) != key(["ab"]))
        #expect(key(["a", "b"]) != key(["a b"]))
        #expect(key(["a", ""]) != key(["", "a"]))
        #expect(key(["A"]) != key(["a"]))
    }
}
