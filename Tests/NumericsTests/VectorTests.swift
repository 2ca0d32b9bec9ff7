import Numerics
import Testing

/// Sums and products of vectors against the plain loops.
@Suite struct VectorTests {
    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float(generator.next() % 2001) / 1000 - 1 }
    }

    @Test("a range of products is what single products are", arguments: [1, 7, 8, 9, 24, 33])
    func products(dimensions: Int) {
        var (queries, others) = (
            VectorSet(dimensions: dimensions), VectorSet(dimensions: dimensions)
        )
        let query = numbers(dimensions, seed: 1)
        queries.append(query.span)
        for seed in 2..<9 {
            let other = numbers(dimensions, seed: UInt64(seed))
            others.append(other.span)
        }
        for range in [0..<7, 1..<6, 2..<2, 3..<4] {
            var found: [Float] = []
            queries.forEachDot(0, with: others, range) { found.append($1) }
            #expect(found == range.map { queries.dot(0, others, $0) })
        }
    }

    /// Two vectors by hand: 2·(1, 2, c)ᵀ(1, 2, c) + 1·(3, −1, c)ᵀ(3, −1, c) with c = 0.5.
    @Test("sums products of vectors with themselves")
    func gram() {
        var gram = GramMatrix(width: 3)
        let (first, second): ([Float], [Float]) = ([1, 2], [3, -1])
        gram.add(first.span, constant: 0.5, weight: 2)
        gram.add(second.span, constant: 0.5)
        var matrix = [Double](repeating: 0, count: 9)
        gram.addLowerTriangle(to: &matrix, scale: 2)
        #expect(matrix == [22, 0, 0, 2, 18, 0, 5, 3, 1.5])
    }

    @Test("a sum does not depend on how many vectors wait", arguments: [1, 3, 4, 5, 11])
    func gramOfMany(count: Int) {
        let dimensions = 13
        let vectors = (0..<count).map { numbers(dimensions, seed: UInt64($0)) }
        var gram = GramMatrix(width: dimensions + 1)
        for vector in vectors { gram.add(vector.span, constant: 1) }
        let width = dimensions + 1
        var matrix = [Double](repeating: 0, count: width * width)
        gram.addLowerTriangle(to: &matrix)
        for row in 0..<width {
            for column in 0..<width {
                let expected = vectors.reduce(0.0) {
                    let whole = $1 + [1]
                    return column <= row ? $0 + Double(whole[row]) * Double(whole[column]) : 0
                }
                #expect(abs(matrix[row * width + column] - expected) < 1e-4)
            }
        }
    }
}
