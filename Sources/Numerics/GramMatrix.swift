/// Sums of products of vectors with themselves, Σ w x xᵀ; a vector may have a constant behind it.
///
/// Vectors are taken four at a time, so that what they are added to is loaded once for all.
public struct GramMatrix: Sendable {
    /// Rows and columns: the numbers of a vector, with the constant where there is one.
    public let width: Int
    private let laneCount: Int
    private var sums: [SIMD8<Float>]
    private var waiting: [SIMD8<Float>]
    private var weights = SIMD4<Float>.zero
    private var waitingCount = 0

    private static let together = 4

    /// Nothing added; vectors will have `width` numbers, or one fewer and a constant.
    public init(width: Int) {
        self.width = width
        laneCount = (width + 7) / 8
        sums = [SIMD8<Float>](repeating: .zero, count: laneCount * 8 * laneCount)
        waiting = [SIMD8<Float>](repeating: .zero, count: GramMatrix.together * laneCount)
    }

    /// Adds a vector with its weight.
    ///
    /// O(width²), no allocation.
    public mutating func add(
        _ vector: Span<Float>, constant: Float? = nil, weight: Float = 1
    ) {
        precondition(vector.count == (constant == nil ? width : width - 1))
        let first = waitingCount * laneCount
        for index in vector.indices {
            waiting[first + index / 8][index % 8] = vector[index]
        }
        if let constant { waiting[first + (width - 1) / 8][(width - 1) % 8] = constant }
        weights[waitingCount] = weight
        waitingCount += 1
        if waitingCount == GramMatrix.together { flush() }
    }

    private mutating func flush() {
        guard waitingCount > 0 else { return }
        GramMatrix.add(waiting, weights, width, laneCount, to: &sums)
        for index in waiting.indices { waiting[index] = .zero }
        weights = .zero
        waitingCount = 0
    }

    /// Adds the lower triangles of the products of four vectors with themselves.
    private static func add(
        _ vectors: [SIMD8<Float>], _ weights: SIMD4<Float>, _ width: Int, _ lanes: Int,
        to sums: inout [SIMD8<Float>]
    ) {
        let vectors = vectors.span
        var sums = sums.mutableSpan
        for row in 0..<width {
            let (group, place) = (row / 8, row % 8)
            let (a, b) = (
                weights[0] * vectors[group][place], weights[1] * vectors[lanes + group][place]
            )
            let (c, d) = (
                weights[2] * vectors[2 * lanes + group][place],
                weights[3] * vectors[3 * lanes + group][place]
            )
            // Both have four, or width, times as many groups as a vector.
            for lane in 0...group {
                let first =
                    unsafe a * vectors[unchecked: lane] + b * vectors[unchecked: lanes + lane]
                let second =
                    unsafe c * vectors[unchecked: 2 * lanes + lane]
                    + d * vectors[unchecked: 3 * lanes + lane]
                unsafe sums[unchecked: row * lanes + lane] += first + second
            }
        }
    }

    /// Adds the lower triangle, times `scale`, to a matrix of `width` rows given row by row.
    ///
    /// O(width²).
    public mutating func addLowerTriangle(to matrix: inout [Double], scale: Double = 1) {
        flush()
        for row in 0..<width {
            for column in 0...row {
                let group = sums[row * laneCount + column / 8]
                matrix[row * width + column] += scale * Double(group[column % 8])
            }
        }
    }
}
