/// The strongest directions of centred vectors, each as long as the root of what is to be taken off along it.
///
/// Vectors of a kind lie near each other along few directions, of which most of a cosine is made. They are
/// shrunk to the strength of the next one: a whitening that goes no further than the data can tell (after Mu
/// and Viswanath 2018, who take the strongest off altogether, which loses what a topic is). What a vector has along each, squared, is to be
/// taken off its squared length.
public struct StrongDirections: Sendable {
    /// Lanes of the directions, one direction after the other.
    public let lanes: [SIMD8<Float>]

    private static let rounds = 12

    /// Finds up to `count` directions, none where there are too few vectors for it.
    ///
    /// Orthogonal iteration with one direction more, whose strength the others are shrunk to. O(rounds ·
    /// vectors · d · count).
    public init(_ vectors: [[SIMD8<Float>]], count: Int, seed: UInt64) {
        guard count > 0, vectors.count > 2 * count, let laneCount = vectors.first?.count else {
            lanes = []
            return
        }
        var generator = SeededGenerator(seed: seed, stream: 0xE16E)
        var basis = (0...count).map { _ in
            (0..<laneCount).map { _ in
                var lane = SIMD8<Float>.zero
                for index in 0..<8 { lane[index] = Float(generator.next() >> 40) - 0x1p23 }
                return lane
            }
        }
        StrongDirections.orthonormalize(&basis)
        var strengths: [Float] = []
        for _ in 0..<StrongDirections.rounds {
            var sums = basis.map { _ in [SIMD8<Float>](repeating: .zero, count: laneCount) }
            strengths = basis.map { _ in 0 }
            for vector in vectors {
                for index in basis.indices {
                    let along = StrongDirections.dot(basis[index], vector)
                    strengths[index] += along * along
                    StrongDirections.add(along, vector, to: &sums[index])
                }
            }
            basis = sums
            StrongDirections.orthonormalize(&basis)
        }
        // Without strength there is nothing to shrink, nor a level to shrink to.
        guard let level = strengths.last, level > 0 else {
            lanes = []
            return
        }
        var scaled: [SIMD8<Float>] = []
        for index in 0..<count {
            let share = max(0, 1 - (level / max(level, strengths[index])).squareRoot())
            scaled += basis[index].map { $0 * share.squareRoot() }
        }
        lanes = scaled
    }

    /// Shrinks a centred vector along the directions.
    ///
    /// O(d · count).
    public func shrink(_ vector: inout [SIMD8<Float>]) {
        guard !vector.isEmpty else { return }
        for first in stride(from: 0, to: lanes.count, by: vector.count) {
            let direction = Array(lanes[first..<first + vector.count])
            // A direction of squared length s takes s off a squared length: √(1 − s) of the part is left.
            let taken = StrongDirections.dot(direction, direction)
            let along = StrongDirections.dot(direction, vector)
            let left = max(0, 1 - taken).squareRoot()
            StrongDirections.add(-along / (1 + left), direction, to: &vector)
        }
    }

    static func dot(_ a: [SIMD8<Float>], _ b: [SIMD8<Float>]) -> Float {
        let (a, b) = (a.span, b.span)
        var sum = SIMD8<Float>.zero
        for lane in a.indices { sum += a[lane] * b[lane] }
        return sum.sum()
    }

    private static func add(
        _ factor: Float, _ vector: [SIMD8<Float>], to sum: inout [SIMD8<Float>]
    ) {
        let vector = vector.span
        var sum = sum.mutableSpan
        for lane in vector.indices { sum[lane] += factor * vector[lane] }
    }

    /// Gram and Schmidt's, in the order of the vectors; one that is made of those before becomes zero.
    private static func orthonormalize(_ vectors: inout [[SIMD8<Float>]]) {
        for index in vectors.indices {
            let whole = dot(vectors[index], vectors[index])
            // Twice: the first leaves what rounding makes of large parts.
            for _ in 0..<2 {
                for before in 0..<index {
                    let along = dot(vectors[before], vectors[index])
                    let direction = vectors[before]
                    add(-along, direction, to: &vectors[index])
                }
            }
            let rest = dot(vectors[index], vectors[index])
            let scale = rest > whole * 1e-8 ? 1 / rest.squareRoot() : 0
            for lane in vectors[index].indices { vectors[index][lane] *= scale }
        }
    }
}
