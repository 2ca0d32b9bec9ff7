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

    @Test("a vector is filled up with zeros, and what is too long is left out")
    func lengths() {
        var set = VectorSet(dimensions: 9)
        let (long, short): ([Float], [Float]) = (Array(repeating: 2, count: 20), [3, 4])
        set.append(long.span)
        set.append(short.span)
        #expect(set.vector(0) == Array(repeating: 2, count: 9))
        #expect(set.vector(1) == [3, 4, 0, 0, 0, 0, 0, 0, 0])
        #expect(set.dot(0, set, 0) == 36)
        #expect(set.dot(0, set, 1) == 14)
    }

    /// Vectors of length 1, but for the last one, which is all zeros.
    private func unit(_ count: Int, dimensions: Int, seed: UInt64) -> VectorSet {
        var set = VectorSet(dimensions: dimensions)
        for index in 0..<count {
            let isLast = index + 1 == count
            let vector =
                isLast
                ? [Float](repeating: 0, count: dimensions)
                : numbers(dimensions, seed: seed + UInt64(index))
            set.append(vector.span)
            set.normalize(index)
        }
        return set
    }

    @Test(
        "a search finds the nearest vectors and says exactly how near they are",
        arguments: [1, 7, 8, 9, 16, 17, 24, 25, 33, 256, 300])
    func search(dimensions: Int) {
        let set = unit(400, dimensions: dimensions, seed: 11)
        let index = VectorIndex(set, seed: 1, work: SerialWork())
        var scratch = VectorIndex.Scratch()
        for query in stride(from: 0, to: 398, by: 37) {
            index.search(set, query, count: 10, except: Int32(query), &scratch)
            let expected = (0..<399).filter { $0 != query }.map { set.dot(query, set, $0) }
                .sorted(by: >).prefix(10)
            #expect(scratch.found.count == 10)
            for (found, likeness) in zip(scratch.found, expected) {
                #expect(found.likeness == set.dot(query, set, Int(found.index)))
                #expect(abs(found.likeness - likeness) < 1e-4)
                #expect(found.index != Int32(query) && found.index != 399)
            }
            let likeness = scratch.found.map(\.likeness)
            #expect(likeness == likeness.sorted(by: >))
        }
    }

    @Test("of many vectors a search finds nearly all of the nearest")
    func searchOfMany() {
        // Groups around forty directions, as texts lie.
        let directions = unit(41, dimensions: 48, seed: 5)
        var set = VectorSet(dimensions: 48)
        for index in 0..<3000 {
            let noise = numbers(48, seed: UInt64(1000 + index))
            let direction = directions.vector(index % 40)
            let vector = zip(direction, noise).map { $0 + 0.1 * $1 }
            set.append(vector.span)
            set.normalize(index)
        }
        let lists = VectorIndex(set, seed: 1, work: SerialWork())
            .neighbours(count: 5, work: SerialWork())
        var hits = 0
        for query in stride(from: 0, to: 3000, by: 100) {
            let expected = (0..<3000).filter { $0 != query }
                .sorted { set.dot(query, set, $0) > set.dot(query, set, $1) }.prefix(5)
            hits += expected.count { one in lists[query].contains { Int($0.index) == one } }
        }
        #expect(hits >= 140)
    }

    @Test("groups of vectors are those of the centres that are nearest by the vectors themselves")
    func groups() {
        let set = unit(500, dimensions: 40, seed: 3)
        let means = SphericalMeans(set, count: 12, rounds: 6, seed: 2, work: SerialWork())
        #expect(means.groups[499] == -1)
        for index in 0..<499 {
            let all = (0..<12).map { set.dot(index, means.centers, $0) }
            #expect(means.likeness[index] == all[Int(means.groups[index])])
            #expect(all.max().map { $0 - means.likeness[index] < 1e-4 } == true)
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
