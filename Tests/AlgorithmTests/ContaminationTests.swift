import NoiseAlgorithm
import Numerics
import Testing

/// Evaluation texts that stand in other texts.
@Suite struct ContaminationTests {
    private static func words(_ count: Int, stream: UInt64) -> [UInt32] {
        var generator = SeededGenerator(seed: 3, stream: stream)
        return (0..<count).map { _ in UInt32(generator.below(500)) }
    }

    private func index(_ texts: [[UInt32]]) -> ContaminationIndex {
        var eval = EvalTexts()
        for (row, text) in texts.enumerated() { eval.add(text.span, row: row, isResponse: false) }
        return ContaminationIndex(eval)
    }

    private func closest(_ index: ContaminationIndex, _ text: [UInt32]) -> (
        row: Int, share: Double
    )? {
        var scratch = ContaminationIndex.Scratch()
        let found = index.closest(to: text.span, &scratch)
        return found.flatMap {
            ContaminationIndex.isHeld($0.text, share: $0.share) ? ($0.text.row, $0.share) : nil
        }
    }

    @Test("eight words in a row are always noticed, wherever they stand")
    func guarantee() {
        let texts = (0..<40).map { ContaminationTests.words(8, stream: $0) }
        let index = index(texts)
        for (row, text) in texts.enumerated() {
            for shift in 0..<12 {
                let record =
                    ContaminationTests.words(shift, stream: 100) + text
                    + ContaminationTests.words(12 - shift, stream: 101)
                let found = closest(index, record)
                #expect(found?.row == row && found?.share == 1)
            }
        }
    }

    @Test("a text with three of 25 words changed is found; one with a phrase of it is not")
    func edited() {
        let texts = (0..<40).map { ContaminationTests.words(25, stream: $0) }
        let index = index(texts)
        for (row, text) in texts.enumerated() {
            var changed = text
            for place in [4, 12, 21] { changed[place] = 1000 + UInt32(place) }
            // Six of 24 pairs are gone.
            #expect(closest(index, changed)?.row == row)
            #expect(closest(index, changed).map { abs($0.share - 0.75) < 0.05 } == true)
            let phrase = ContaminationTests.words(10, stream: 300) + text[..<9]
            #expect(closest(index, Array(phrase)) == nil)
        }
    }

    @Test("short prompts count as a whole, and short responses not at all")
    func short() {
        let index = index([[1, 2, 3], [4, 5]])
        #expect(closest(index, [1, 2, 3])?.row == 0)
        #expect(closest(index, [1, 2, 3, 9]) == nil)
        #expect(closest(index, [4, 5]) == nil)
        #expect(closest(index, []) == nil)
        var eval = EvalTexts()
        eval.add([1, 2, 3, 4, 5, 6, 7].span, row: 0, isResponse: true)
        #expect(eval.texts.isEmpty)
    }

    @Test("what many evaluation texts begin with is a phrase of the format")
    func boilerplate() {
        let opening = ContaminationTests.words(12, stream: 500)
        let index = index((0..<20).map { opening + ContaminationTests.words(9, stream: $0) })
        #expect(closest(index, opening) == nil)
        #expect(closest(index, opening + ContaminationTests.words(9, stream: 7))?.row == 7)
    }

    @Test("texts added in two shards are those added in one, and saved ones must fit")
    func shards() {
        let texts = (0..<6).map { ContaminationTests.words(20, stream: $0) }
        var (whole, first, second) = (EvalTexts(), EvalTexts(), EvalTexts())
        for (row, text) in texts.enumerated() {
            whole.add(text.span, row: row, isResponse: false)
            if row < 3 {
                first.add(text.span, row: row, isResponse: false)
            } else {
                second.add(text.span, row: row, isResponse: false)
            }
        }
        first.merge(second)
        #expect(
            first.texts == whole.texts && first.grams == whole.grams && first.pairs == whole.pairs)
        #expect(EvalTexts(texts: whole.texts, grams: whole.grams, pairs: whole.pairs) != nil)
        #expect(EvalTexts(texts: whole.texts, grams: whole.grams, pairs: []) == nil)
        #expect(EvalTexts(texts: whole.texts, grams: whole.grams + [1], pairs: whole.pairs) == nil)
        let wrong = EvalTexts.Text(row: 0, isResponse: false, gramCount: .max, pairCount: -1)
        #expect(EvalTexts(texts: [wrong], grams: [1], pairs: [1]) == nil)
    }

    @Test("a prompt of the same form that is answered otherwise is told from one that leaked")
    func answeredOtherwise() throws {
        let (prompt, answer) = (
            ContaminationTests.words(12, stream: 1), ContaminationTests.words(30, stream: 2)
        )
        var eval = EvalTexts()
        eval.add(prompt.span, row: 4, isResponse: false)
        eval.add(answer.span, row: 4, isResponse: true)
        let index = ContaminationIndex(eval)
        var scratch = ContaminationIndex.Scratch()
        let text = try #require(index.closest(to: prompt.span, &scratch)).text
        let other = ContaminationTests.words(30, stream: 3)
        let edited = Array(answer[..<24]) + ContaminationTests.words(6, stream: 4)
        #expect(index.isAnsweredOtherwise(text, response: other.span, &scratch))
        #expect(!index.isAnsweredOtherwise(text, response: edited.span, &scratch))
        let short = Array(other[..<5])
        #expect(!index.isAnsweredOtherwise(text, response: short.span, &scratch))
    }
}
