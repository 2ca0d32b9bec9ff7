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
        let turned = LexicalDiversity(records.reversed())
        #expect(turned.distinct == base.distinct && turned.entropy == base.entropy)
        #expect(turned.selfRepetition == base.selfRepetition)
        #expect(LexicalDiversity([[1], [2]]).distinct == [1, 0, 0])
        #expect(LexicalDiversity(records + records).distinct[0] == base.distinct[0] / 2)
    }
}
