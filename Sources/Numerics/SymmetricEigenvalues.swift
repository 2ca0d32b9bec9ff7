/// Eigenvalues of symmetric matrices.
public enum SymmetricEigenvalues {
    /// Steps of the iteration for one eigenvalue; some 2 are needed.
    private static let mostSteps = 60

    /// The eigenvalues of a symmetric matrix given row by row, ascending.
    ///
    /// Householder's reduction to three diagonals, then the QL algorithm with implicit shifts (Martin,
    /// Reinsch and Wilkinson 1968; Dubrulle, Martin and Wilkinson 1968). Only the lower triangle is read.
    /// 4/3 n³ multiplications.
    public static func values(of matrix: [Double], width n: Int) -> [Double] {
        precondition(matrix.count == n * n, "the matrix is not n x n")
        guard n > 0 else { return [] }
        var (diagonal, beside) = tridiagonal(matrix, n)
        iterate(&diagonal, &beside)
        return diagonal.sorted()
    }

    /// The diagonal and the numbers beside it, of which the first is no number of the matrix.
    private static func tridiagonal(_ matrix: [Double], _ n: Int) -> ([Double], [Double]) {
        var a = matrix
        var beside = [Double](repeating: 0, count: n)
        var product = [Double](repeating: 0, count: n)
        for last in stride(from: n - 1, to: 0, by: -1) {
            let row = last * n
            var scale = 0.0
            for column in 0..<last { scale += abs(a[row + column]) }
            if last == 1 || scale == 0 {
                beside[last] = a[row + last - 1]
                continue
            }
            var square = 0.0
            for column in 0..<last {
                a[row + column] /= scale
                square += a[row + column] * a[row + column]
            }
            let head = a[row + last - 1]
            let root = head >= 0 ? -square.squareRoot() : square.squareRoot()
            beside[last] = scale * root
            square -= head * root
            a[row + last - 1] = head - root
            // p = A u / h from the lower triangle, a row at a time.
            for column in 0..<last { product[column] = 0 }
            var values = a.mutableSpan
            for index in 0..<last {
                let start = index * n
                let own = values[row + index]
                var sum = values[start + index] * own
                for column in 0..<index {
                    sum += values[start + column] * values[row + column]
                    product[column] += values[start + column] * own
                }
                product[index] += sum
            }
            var half = 0.0
            for index in 0..<last {
                product[index] /= square
                half += product[index] * values[row + index]
            }
            half /= 2 * square
            for index in 0..<last { product[index] -= half * values[row + index] }
            for index in 0..<last {
                let (own, factor) = (values[row + index], product[index])
                let start = index * n
                for column in 0...index {
                    values[start + column] -=
                        own * product[column] + factor * values[row + column]
                }
            }
        }
        return ((0..<n).map { a[$0 * n + $0] }, beside)
    }

    private static func iterate(_ d: inout [Double], _ e: inout [Double]) {
        let n = d.count
        for index in 1..<max(1, n) { e[index - 1] = e[index] }
        e[n - 1] = 0
        for low in 0..<n {
            for _ in 0..<mostSteps {
                var high = low
                while high < n - 1 {
                    let size = abs(d[high]) + abs(d[high + 1])
                    if abs(e[high]) <= Double.ulpOfOne * size { break }
                    high += 1
                }
                if high == low { break }
                var g = (d[low + 1] - d[low]) / (2 * e[low])
                var r = (g * g + 1).squareRoot()
                g = d[high] - d[low] + e[low] / (g + (g >= 0 ? r : -r))
                var (s, c, p) = (1.0, 1.0, 0.0)
                var isSplit = false
                for index in stride(from: high - 1, through: low, by: -1) {
                    let f = s * e[index]
                    let b = c * e[index]
                    r = (f * f + g * g).squareRoot()
                    e[index + 1] = r
                    if r == 0 {
                        d[index + 1] -= p
                        e[high] = 0
                        isSplit = true
                        break
                    }
                    s = f / r
                    c = g / r
                    g = d[index + 1] - p
                    r = (d[index] - g) * s + 2 * c * b
                    p = s * r
                    d[index + 1] = g + p
                    g = c * r - b
                }
                if isSplit { continue }
                d[low] -= p
                e[low] = g
                e[high] = 0
            }
        }
    }
}
