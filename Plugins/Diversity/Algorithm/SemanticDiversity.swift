public import Numerics

/// How far apart the meanings of some records are.
public struct SemanticDiversity: Sendable {
    /// The effective number of different records: 1 for copies, n for n orthogonal vectors (Friedman and
    /// Dieng 2023, the exponential of the entropy of the eigenvalues of the vectors' Gram matrix over n).
    public let vendi: Double
    /// The mean of 1 − cosine with the nearest other vector, 0 to 2; 0 for fewer than two.
    public let nearestDistance: Double
    /// Proximity- and density-weighted mean of distances.
    ///
    /// After NovelSum (Yang and others 2025), with α 1 and β 0.5, over the sum of the weights.
    public let novelSum: Double

    /// Neighbours that tell how dense the space around a vector is.
    private static let densityNeighbours = 10
    /// Two vectors that are the same are so far apart where a density is asked for.
    private static let leastDistance = 1e-3

    /// Measures unit vectors of `vectors`; vectors of zeros are left out.
    ///
    /// O(n² d + n³), or O(n² d + d³) for the eigenvalues where n is larger than d.
    public init(_ vectors: VectorSet, _ indices: [Int]) {
        let indices = indices.filter { vectors.dot($0, vectors, $0) > 0.5 }
        let n = indices.count
        var gram = [Double](repeating: 0, count: n * n)
        for row in 0..<n {
            for column in 0...row {
                let product = Double(vectors.dot(indices[row], vectors, indices[column]))
                gram[row * n + column] = product
                gram[column * n + row] = product
            }
        }
        vendi = SemanticDiversity.vendi(vectors, indices, gram)
        guard n > 1 else {
            nearestDistance = 0
            novelSum = 0
            return
        }
        // Of each vector the distances to all others, ascending, with the others.
        let others = (0..<n).map { row in
            (0..<n).filter { $0 != row }
                .map { (distance: max(0, 1 - gram[row * n + $0]), index: $0) }
                .sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }
        }
        nearestDistance = others.reduce(0) { $0 + $1[0].distance } / Double(n)
        let density = others.map { list in
            let near = list.prefix(SemanticDiversity.densityNeighbours)
            let mean = near.reduce(0) { $0 + $1.distance } / Double(near.count)
            return 1 / max(mean, SemanticDiversity.leastDistance).squareRoot()
        }
        var sum = 0.0
        for list in others {
            var (own, weight) = (0.0, 0.0)
            for (rank, other) in list.enumerated() {
                own += other.distance * density[other.index] / Double(rank + 1)
                weight += 1 / Double(rank + 1)
            }
            sum += own / weight
        }
        novelSum = sum / Double(n)
    }

    /// The Vendi score of unit vectors, from whichever of the two matrices with the same eigenvalues is
    /// smaller: n x n or d x d.
    ///
    /// 0 without vectors.
    public static func vendi(_ vectors: VectorSet) -> Double {
        vendi(vectors, Array(0..<vectors.count))
    }

    /// The Vendi score of some of the vectors.
    public static func vendi(_ vectors: VectorSet, _ indices: [Int]) -> Double {
        let indices = indices.filter { vectors.dot($0, vectors, $0) > 0.5 }
        let n = indices.count
        guard n <= vectors.dimensions else { return vendi(vectors, indices, []) }
        var gram = [Double](repeating: 0, count: n * n)
        for row in 0..<n {
            for column in 0...row {
                gram[row * n + column] = Double(
                    vectors.dot(indices[row], vectors, indices[column]))
            }
        }
        return vendi(vectors, indices, gram)
    }

    private static func vendi(
        _ vectors: VectorSet, _ indices: [Int], _ gram: [Double]
    ) -> Double {
        let n = indices.count
        guard n > 0 else { return 0 }
        var matrix = gram
        var width = n
        if n > vectors.dimensions {
            width = vectors.dimensions
            var sums = GramMatrix(width: width)
            for index in indices {
                let vector = vectors.vector(index)
                sums.add(vector.span, weight: 1)
            }
            matrix = [Double](repeating: 0, count: width * width)
            sums.addLowerTriangle(to: &matrix)
        }
        let values = SymmetricEigenvalues.values(of: matrix, width: width)
            .map { max(0, $0) / Double(n) }
        let total = values.reduce(0, +)
        guard total > 0 else { return 0 }
        // Rounding leaves the trace a little off 1.
        let entropy = values.reduce(0) { sum, value in
            value > 0 ? sum - value / total * Elementary.log(value / total) : sum
        }
        return Elementary.exp(entropy)
    }
}
