/// The lower triangle L with L Lᵀ = A of a symmetric positive definite matrix.
public struct CholeskyFactor: Sendable {
    /// Rows and columns.
    public let size: Int
    /// The factor, row by row; what lies above the diagonal is 0.
    public let factor: [Double]

    /// Factors a matrix given row by row, of which the lower triangle is read.
    ///
    /// A pivot that rounding has made 0 or less counts as a tiny one. O(size³).
    public init(_ matrix: [Double], size: Int) {
        self.size = size
        var factor = [Double](repeating: 0, count: size * size)
        for row in 0..<size {
            for column in 0...row {
                var sum = matrix[row * size + column]
                for index in 0..<column {
                    sum -= factor[row * size + index] * factor[column * size + index]
                }
                factor[row * size + column] =
                    row == column
                    ? max(sum, CholeskyFactor.leastPivot).squareRoot()
                    : sum / factor[column * size + column]
            }
        }
        self.factor = factor
    }

    private static let leastPivot = 1e-12

    /// The x with A x = `right`.
    ///
    /// O(size²).
    public func solve(_ right: [Double]) -> [Double] {
        var solution = right
        for row in 0..<size {
            for column in 0..<row {
                solution[row] -= factor[row * size + column] * solution[column]
            }
            solution[row] /= factor[row * size + row]
        }
        for row in stride(from: size - 1, through: 0, by: -1) {
            for below in row + 1..<max(row + 1, size) {
                solution[row] -= factor[below * size + row] * solution[below]
            }
            solution[row] /= factor[row * size + row]
        }
        return solution
    }

    /// L⁻¹, row by row; what lies above the diagonal is 0.
    ///
    /// O(size³).
    public var inverse: [Double] {
        var inverse = [Double](repeating: 0, count: size * size)
        for row in 0..<size {
            let pivot = 1 / factor[row * size + row]
            inverse[row * size + row] = pivot
            for index in 0..<row {
                let weight = -factor[row * size + index] * pivot
                if weight == 0 { continue }
                for column in 0...index {
                    inverse[row * size + column] += weight * inverse[index * size + column]
                }
            }
        }
        return inverse
    }
}
