import DiversityAlgorithm
import Foundation
import Numerics
import Testing

@Suite struct DiversityMeasureTests {
    private func vectors(_ rows: [[Float]]) -> VectorSet {
        var set = VectorSet(dimensions: rows.first?.count ?? 1)
        for row in rows { set.append(row.span) }
        return set
    }

    private func random(_ count: Int, _ width: Int, seed: UInt64) -> [[Float]] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let row = (0..<width).map { _ in Float(generator.normals().0) }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / length }
        }
    }

    private func unit(_ index: Int, of width: Int) -> [Float] {
        (0..<width).map { $0 == index ? 1 : 0 }
    }

    @Test("n copies have a Vendi score of 1, n orthogonal vectors of n")
    func vendiIdentities() {
        for n in [1, 2, 7, 40] {
            let copies = vectors([[Float]](repeating: unit(3, of: 16), count: n))
            #expect(abs(SemanticDiversity.vendi(copies) - 1) < 1e-9)
        }
        for n in [1, 2, 16] {
            let set = vectors((0..<n).map { unit($0, of: 16) })
            #expect(abs(SemanticDiversity.vendi(set) - Double(n)) < 1e-9)
        }
        #expect(SemanticDiversity.vendi(vectors([])) == 0)
    }

    /// Two vectors with cosine 0.6: eigenvalues 0.8 and 0.2 of the Gram matrix over 2, so that the score is
    /// exp(−0.8 ln 0.8 − 0.2 ln 0.2).
    @Test("the Vendi score of two vectors is the one worked by hand")
    func vendiByHand() {
        let expected = exp(-0.8 * log(0.8) - 0.2 * log(0.2))
        let set = vectors([[1, 0, 0, 0], [0.6, 0.8, 0, 0]])
        #expect(abs(SemanticDiversity.vendi(set) - expected) < 1e-7)
        #expect(abs(SemanticDiversity(set, [0, 1]).vendi - expected) < 1e-7)
        #expect(abs(SemanticDiversity(set, [0, 1]).nearestDistance - 0.4) < 1e-6)
    }

    @Test("order, and every record twice, leave the Vendi score; both matrices give the same")
    func vendiInvariance() {
        // 12 vectors of 32 numbers use the n x n matrix, taken four times over the d x d one.
        let rows = random(12, 32, seed: 4)
        let score = SemanticDiversity.vendi(vectors(rows))
        #expect(abs(SemanticDiversity.vendi(vectors(rows.reversed())) - score) < 1e-5)
        #expect(abs(SemanticDiversity.vendi(vectors(rows + rows)) - score) < 1e-4)
        #expect(abs(SemanticDiversity.vendi(vectors(rows + rows + rows + rows)) - score) < 1e-4)
        #expect(score > 1 && score <= 12 + 1e-9)
    }

    @Test("eigenvalues of matrices whose eigenvalues are known")
    func eigenvalues() {
        #expect(SymmetricEigenvalues.values(of: [], width: 0) == [])
        #expect(SymmetricEigenvalues.values(of: [5], width: 1) == [5])
        let two = SymmetricEigenvalues.values(of: [2, 1, 1, 2], width: 2)
        #expect(abs(two[0] - 1) < 1e-12 && abs(two[1] - 3) < 1e-12)
        // Second differences: 2 − 2 cos(kπ / (n + 1)).
        let n = 50
        var matrix = [Double](repeating: 0, count: n * n)
        for index in 0..<n {
            matrix[index * n + index] = 2
            if index > 0 {
                matrix[index * n + index - 1] = -1
                matrix[(index - 1) * n + index] = -1
            }
        }
        let found = SymmetricEigenvalues.values(of: matrix, width: n)
        for (k, value) in found.enumerated() {
            #expect(abs(value - (2 - 2 * cos(Double(k + 1) * .pi / Double(n + 1)))) < 1e-10)
        }
        // A full matrix: its trace, and the trace of its square, are the sums of the eigenvalues and of their
        // squares.
        var generator = SeededGenerator(seed: 9)
        var full = [Double](repeating: 0, count: n * n)
        for row in 0..<n {
            for column in 0...row {
                let value = generator.normals().0
                full[row * n + column] = value
                full[column * n + row] = value
            }
        }
        let values = SymmetricEigenvalues.values(of: full, width: n)
        let trace = (0..<n).reduce(0.0) { $0 + full[$1 * n + $1] }
        let square = full.reduce(0) { $0 + $1 * $1 }
        #expect(abs(values.reduce(0, +) - trace) < 1e-9)
        #expect(abs(values.reduce(0) { $0 + $1 * $1 } - square) < 1e-8)
    }

    @Test("Hill numbers and evenness of counts worked by hand")
    func hillNumbers() {
        // Shares 1/2, 1/4, 1/4: entropy 1.5 bits, chance that two draws agree 3/8.
        let counts = [2, 1, 1]
        #expect(HillNumber.of(counts, order: 0) == 3)
        #expect(abs(HillNumber.of(counts, order: 1) - pow(2, 1.5)) < 1e-12)
        #expect(abs(HillNumber.of(counts, order: 2) - 8.0 / 3) < 1e-12)
        #expect(abs(HillNumber.evenness(counts, of: 4) - 1.5 / 2) < 1e-12)
        #expect(HillNumber.of([], order: 1) == 0)
        for order in 0...2 {
            #expect(abs(HillNumber.of([5, 5, 5, 5], order: order) - 4) < 1e-9)
            #expect(abs(HillNumber.of([9, 0], order: order) - 1) < 1e-12)
        }
        #expect(HillNumber.evenness([9], of: 1) == 0)
    }

    @Test("NovelSum falls with copies and does not depend on the order")
    func novelSum() {
        let rows = random(30, 32, seed: 7)
        let all = SemanticDiversity(vectors(rows), Array(0..<30))
        let turned = SemanticDiversity(vectors(rows), Array((0..<30).reversed()))
        #expect(abs(all.novelSum - turned.novelSum) < 1e-9)
        let half = vectors(Array(rows[..<15]) + Array(rows[..<15]))
        #expect(SemanticDiversity(half, Array(0..<30)).novelSum < all.novelSum)
        #expect(SemanticDiversity(half, Array(0..<30)).nearestDistance < 1e-6)
    }

    /// "a a a" falls to a ratio of 0.72 at every second token: 1/1, then 1/2.
    @Test("MTLD of the same word over and over is two words; all different it is their number")
    func mtld() {
        #expect(LexicalDiversity([[1, 1, 1, 1]]).mtld == 2)
        #expect(LexicalDiversity([[1, 2, 3, 4]]).mtld == 4)
        #expect(LexicalDiversity([]).mtld == 0)
    }

    @Test("self-repetition counts the runs of four words that another record has")
    func selfRepetition() {
        let same = LexicalDiversity([[1, 2, 3, 4], [1, 2, 3, 4], [5, 6, 7, 8, 9]])
        // Four different runs over the records: 1234 twice, 5678, 6789.
        #expect(same.selfRepetition == 0.5)
        // Within one record a run counts once.
        #expect(LexicalDiversity([[1, 2, 3, 4, 1, 2, 3, 4, 1]]).selfRepetition == 0)
    }

    @Test("compressed bytes: random stays, repeated shrinks, the least block is worked by hand")
    func compressedSize() {
        // One token of the block, three literals.
        #expect(CompressedSize.bytes(of: Array("abc".utf8)) == 4)
        #expect(CompressedSize.bytes(of: []) == 1)
        var generator = SeededGenerator(seed: 2)
        let noise = (0..<5000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        #expect(CompressedSize.bytes(of: noise) >= 5000)
        #expect(CompressedSize.bytes(of: noise) <= 5000 + 5000 / 255 + 16)
        let twice = CompressedSize.bytes(of: noise + noise)
        #expect(twice < 5100 && twice > 5000)
        #expect(CompressedSize.bytes(of: [UInt8](repeating: 65, count: 5000)) < 40)
    }

    @Test(
        "forms are told by their marks",
        arguments: [
            ("", RecordTraits.Form.none), (" \n", .none), ("It is so.", .prose),
            ("- one\n- two", .list), ("1. one\n2. two", .list), ("1、一\n2、二", .list),
            ("Look:\n```swift\nlet a = 1\n```", .code), ("def f(x):\n    return x", .code),
            ("| a | b |\n|---|---|\n| 1 | 2 |", .table), (#"{"a": 1}"#, .json),
            (#"[1, 2]"#, .json), ("one\n- two", .prose),
        ])
    func forms(_ example: (text: String, form: RecordTraits.Form)) {
        #expect(RecordTraits.form(of: example.text) == example.form)
    }

    @Test(
        "openers are the verb and what it is about",
        arguments: [
            ("Please write a short poem about rain", "write poem"),
            ("Can you tell me the weather?", "tell weather"),
            ("How do I reset my password", "how reset"), ("请写一首关于雨的诗", "写首"), ("", ""),
        ])
    func openers(_ example: (text: String, opener: String)) {
        let traits = RecordTraits(
            prompt: example.text, response: "", wordCount: 3, exchanges: 1)
        #expect(traits.opener == example.opener)
    }

    @Test("sentence, person and register of simple prompts")
    func style() {
        func style(_ prompt: String) -> [String] {
            let traits = RecordTraits(prompt: prompt, response: "", wordCount: 5, exchanges: 1)
            return [RecordTraits.Aspect.sentence, .person, .register].map {
                $0.categories[Int(traits.style[$0.rawValue])]
            }
        }
        #expect(style("What is your name?") == ["question", "second person", "neutral"])
        #expect(style("Please write a letter.") == ["request", "neither", "formal"])
        #expect(style("i wanna go home lol") == ["statement", "first person", "casual"])
        #expect(style("请写一封信。") == ["request", "neither", "neutral"])
    }
}
