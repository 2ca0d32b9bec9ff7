import Numerics

/// Ridge regression of class indicators on dense vectors, with exact leave-one-out predictions.
///
/// A prediction for a record by a model that was trained without it costs no training: with the hat matrix
/// H the residual is divided by 1 − hᵢᵢ (Allen 1974; Hastie, Tibshirani, Friedman 2009, eq. 7.64). The
/// vectors are whitened once, so that further labellings of the same records are cheap.
struct RidgeRegression: Sendable {
    private let rowCount: Int
    /// Numbers of a whitened vector, in groups of eight.
    private let laneCount: Int
    /// Vectors of which the inner product is the hat matrix.
    private let whitened: [SIMD8<Float>]
    private let leverages: [Float]

    /// Added to the diagonal: vectors have length 1, so it weighs as much as one record.
    private static let penalty = 1.0
    /// Stands behind every vector.
    private static let constant: Float = 1
    /// Records whose products are added up by one share of work.
    private static let blockRows = 2048
    /// Vectors that are worked on at once; the kernels are written for four.
    private static let rowsTogether = 4
    /// No record is wholly determined by itself.
    private static let leastResidual: Float = 0.05

    /// Whitens `rowCount` vectors of `dimensions` numbers; a constant is added as one more.
    ///
    /// O(n d² + d³).
    init(vectors: [Float], rowCount: Int, dimensions: Int, work: some WorkSharing) {
        self.rowCount = rowCount
        let width = dimensions + 1
        let lanes = (width + 7) / 8
        laneCount = lanes
        let blocks = (rowCount + RidgeRegression.blockRows - 1) / RidgeRegression.blockRows
        @Sendable func rows(_ block: Int) -> Range<Int> {
            let first = block * RidgeRegression.blockRows
            return first..<min(rowCount, first + RidgeRegression.blockRows)
        }
        // Some rows at once, so that what they are multiplied with is loaded once for all.
        let together = RidgeRegression.rowsTogether
        @Sendable func load(_ rows: Range<Int>, _ buffer: inout [SIMD8<Float>]) {
            for index in buffer.indices { buffer[index] = .zero }
            for (place, row) in rows.enumerated() {
                for index in 0..<dimensions {
                    buffer[place * lanes + index / 8][index % 8] =
                        vectors[row * dimensions + index]
                }
                buffer[place * lanes + dimensions / 8][dimensions % 8] =
                    RidgeRegression.constant
            }
        }
        @Sendable func parts(_ block: Int) -> [Range<Int>] {
            let all = rows(block)
            return stride(from: all.lowerBound, to: all.upperBound, by: together).map {
                $0..<min(all.upperBound, $0 + together)
            }
        }
        let products = work.map(blocks) { block in
            var product = GramMatrix(width: width)
            for row in rows(block) {
                let first = row * dimensions
                product.add(
                    vectors.span.extracting(first..<first + dimensions),
                    constant: RidgeRegression.constant)
            }
            return product
        }
        var gram = [Double](repeating: 0, count: width * width)
        for var product in products { product.addLowerTriangle(to: &gram) }
        for index in 0..<width { gram[index * width + index] += RidgeRegression.penalty }
        // Column j of the inverse of the Cholesky factor, as what vector number j is multiplied by.
        let inverse = CholeskyFactor(gram, size: width).inverse
        var columns = [SIMD8<Float>](repeating: .zero, count: width * lanes)
        for row in 0..<width {
            for column in 0...row {
                columns[column * lanes + row / 8][row % 8] = Float(inverse[row * width + column])
            }
        }
        let shares = work.map(blocks) { [columns] block in
            var output: [SIMD8<Float>] = []
            output.reserveCapacity(rows(block).count * lanes)
            var buffer = [SIMD8<Float>](repeating: .zero, count: together * lanes)
            var results = buffer
            for part in parts(block) {
                load(part, &buffer)
                RidgeRegression.multiply(buffer, width, lanes, columns, into: &results)
                output += results[..<(part.count * lanes)]
            }
            return output
        }
        let all = shares.flatMap { $0 }
        whitened = all
        leverages = (0..<rowCount).map { row in
            var sum = SIMD8<Float>.zero
            for lane in 0..<lanes { sum += all[row * lanes + lane] * all[row * lanes + lane] }
            return sum.sum()
        }
    }

    /// Multiplies four vectors with a lower triangular matrix given by columns.
    private static func multiply(
        _ vectors: [SIMD8<Float>], _ width: Int, _ lanes: Int, _ columns: [SIMD8<Float>],
        into results: inout [SIMD8<Float>]
    ) {
        let vectors = vectors.span
        let columns = columns.span
        var results = results.mutableSpan
        for index in results.indices { results[index] = .zero }
        for column in 0..<width {
            let (group, place) = (column / 8, column % 8)
            let (a, b) = (vectors[group][place], vectors[lanes + group][place])
            let (c, d) = (
                vectors[2 * lanes + group][place], vectors[3 * lanes + group][place]
            )
            for lane in group..<lanes {
                let values = unsafe columns[unchecked: column * lanes + lane]
                unsafe results[unchecked: lane] += a * values
                unsafe results[unchecked: lanes + lane] += b * values
                unsafe results[unchecked: 2 * lanes + lane] += c * values
                unsafe results[unchecked: 3 * lanes + lane] += d * values
            }
        }
    }

    /// Leave-one-out scores of every class for every record, near 1 for its class and near 0 for others.
    ///
    /// O(n d k).
    func leaveOneOut(labels: [Int32], classCount: Int, work: some WorkSharing) -> [Float] {
        let lanes = laneCount
        var sums = [SIMD8<Float>](repeating: .zero, count: classCount * lanes)
        for row in 0..<rowCount {
            let first = Int(labels[row]) * lanes
            for lane in 0..<lanes { sums[first + lane] += whitened[row * lanes + lane] }
        }
        let blocks = (rowCount + RidgeRegression.blockRows - 1) / RidgeRegression.blockRows
        let (whitened, leverages, rowCount) = (whitened, leverages, rowCount)
        return work.map(blocks) { [sums] block in
            let first = block * RidgeRegression.blockRows
            let rows = first..<min(rowCount, first + RidgeRegression.blockRows)
            var output = [Float](repeating: 0, count: rows.count * classCount)
            let whitened = whitened.span
            let sums = sums.span
            for row in rows {
                let scale = 1 / max(RidgeRegression.leastResidual, 1 - leverages[row])
                let place = (row - first) * classCount
                for label in 0..<classCount {
                    var sum = SIMD8<Float>.zero
                    for lane in 0..<lanes {
                        sum +=
                            unsafe whitened[unchecked: row * lanes + lane]
                            * sums[unchecked: label * lanes + lane]
                    }
                    output[place + label] = sum.sum() * scale
                }
                output[place + Int(labels[row])] -= leverages[row] * scale
            }
            return output
        }.flatMap { $0 }
    }
}
