import Numerics
import Testing

@Suite struct CommonPartTests {
    /// Vectors of 64 numbers that share a strong part and lie along two strong directions, as embeddings of
    /// long texts do.
    private func vectors(_ count: Int) -> VectorSet {
        var set = VectorSet(dimensions: 64)
        for row in 0..<count {
            var generator = SeededGenerator(seed: 5, stream: UInt64(row))
            func draw() -> Float { Float(generator.below(2001)) / 1000 - 1 }
            let (first, second) = (draw(), draw())
            let numbers = (0..<64).map { place in
                3 + 2 * first * Float(place % 2) + 2 * second * Float(place % 3) + draw()
            }
            set.append(numbers.span)
            set.normalize(row)
        }
        return set
    }

    @Test("what all have in common is gone, what two have is not")
    func common() {
        var set = vectors(400)
        var copy = set.vector(7)
        for place in 0..<64 { copy[place] += place % 5 == 0 ? 0.01 : -0.005 }
        set.append(copy.span)
        set.normalize(400)
        let clean = set.withoutCommonParts(seed: 1)
        var (before, after) = (0.0, 0.0)
        for row in 0..<200 {
            before += Double(set.dot(row, set, row + 200)) / 200
            after += Double(clean.dot(row, clean, row + 200)).magnitude / 200
            #expect(abs(clean.dot(row, clean, row) - 1) < 1e-5)
        }
        #expect(before > 0.75)
        #expect(after < 0.3)
        #expect(clean.dot(7, clean, 400) > 0.97)
    }

    @Test("a centre by hand: two of three directions cancel")
    func worked() {
        // Too few vectors for directions: only the centre goes, which counts ten vectors of zeros beside.
        // (1, 0), (0, 1): sum (1, 1), centre (1/12, 1/12), left (11/12, -1/12) and its mirror image.
        var set = VectorSet(dimensions: 2)
        for numbers: [Float] in [[1, 0], [0, 1], [0, 0]] { set.append(numbers.span) }
        let clean = set.withoutCommonParts(seed: 1)
        // Cosine: 2 · 11 · -1 / (11² + 1²) = -22 / 122.
        #expect(abs(clean.dot(0, clean, 1) + 22.0 / 122) < 1e-6)
        #expect(clean.dot(2, clean, 2) == 0)
    }

    @Test("nothing, and vectors that are all the same, do no harm")
    func degenerate() {
        #expect(VectorSet(dimensions: 8).withoutCommonParts(seed: 1).count == 0)
        var same = VectorSet(dimensions: 40)
        let numbers = [Float](repeating: 0.158_113_88, count: 40)
        for _ in 0..<100 { same.append(numbers.span) }
        let clean = same.withoutCommonParts(seed: 1)
        #expect(clean.count == 100)
        for row in 0..<100 { #expect(clean.vector(row).allSatisfy { $0.isFinite }) }
        #expect(same.withoutCommonParts(seed: 1).vector(3) == clean.vector(3))
    }
}
