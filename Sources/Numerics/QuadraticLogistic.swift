/// Logistic regression on a few numbers, their squares and products.
///
/// Newton's method with a small ridge; as many iterations as it takes, at most eight. Numbers are
/// standardised and cut off at six standard deviations, so that nothing far from what was seen gets an
/// arbitrary answer.
public struct QuadraticLogistic: Sendable {
    /// Numbers of a row.
    public let width: Int
    private var means: [Float]
    private var scales: [Float]
    /// Constant, numbers, then products (i ≤ j) row by row.
    private var weights: [Double]

    /// Penalties of the numbers and of their products: a product needs more to speak for it.
    private static let ridge = 1.0
    private static let productRidge = 5.0
    /// Newton iterations of a fit.
    public static let mostIterations = 8
    private static let mostDeviations: Float = 6
    /// Change of a weight that is no change.
    private static let leastStep = 3e-2
    private static let blockRows = 1024

    private static func termCount(_ width: Int) -> Int { 1 + width + width * (width + 1) / 2 }

    /// Fits rows of `width` numbers each (row by row) to `isPositive`; every row counts by its weight, 0 to 1.
    ///
    /// The log-odds are those of two classes of equal size, whatever their shares here. O(rows · width⁴).
    public init(
        _ rows: [Float], width: Int, isPositive: [Bool], rowWeights: [Float],
        work: some WorkSharing
    ) {
        self.width = width
        let count = isPositive.count
        var means = [Float](repeating: 0, count: width)
        var scales = [Float](repeating: 1, count: width)
        for column in 0..<width {
            var (sum, squares) = (0.0, 0.0)
            for row in 0..<count {
                let value = Double(rows[row * width + column])
                sum += value
                squares += value * value
            }
            let mean = sum / Double(max(1, count))
            let variance = max(0, squares / Double(max(1, count)) - mean * mean)
            means[column] = Float(mean)
            scales[column] = variance > 1e-12 ? Float(1 / variance.squareRoot()) : 0
        }
        self.means = means
        self.scales = scales
        weights = Array(repeating: 0, count: QuadraticLogistic.termCount(width))
        fit(
            rows, isPositive: isPositive, rowWeights: rowWeights,
            iterations: QuadraticLogistic.mostIterations, work: work)
    }

    /// Goes on from the weights there are, at most so many iterations.
    public mutating func fit(
        _ rows: [Float], isPositive: [Bool], rowWeights: [Float], iterations: Int,
        work: some WorkSharing
    ) {
        let count = isPositive.count
        let positives = isPositive.count { $0 }
        guard positives > 0, positives < count else { return }
        // Each class weighs as much as the other.
        var sums = (0.0, 0.0)
        for (weight, isPositive) in zip(rowWeights, isPositive) {
            if isPositive { sums.1 += Double(weight) } else { sums.0 += Double(weight) }
        }
        let classScales = (
            0.5 * Double(count) / max(1e-9, sums.0), 0.5 * Double(count) / max(1e-9, sums.1)
        )
        let allWeights = zip(rowWeights, isPositive).map { weight, isPositive in
            Double(weight) * (isPositive ? classScales.1 : classScales.0)
        }
        var loss = loss(rows, isPositive, allWeights, work)
        for _ in 0..<iterations {
            var step = newtonStep(rows, isPositive, allWeights, work)
            let before = weights
            // Half a step where a whole one overshoots.
            for _ in 0..<QuadraticLogistic.mostHalvings {
                for index in weights.indices { weights[index] = before[index] + step[index] }
                let next = self.loss(rows, isPositive, allWeights, work)
                if next <= loss {
                    loss = next
                    break
                }
                weights = before
                for index in step.indices { step[index] *= 0.5 }
            }
            if step.allSatisfy({ abs($0) < QuadraticLogistic.leastStep }) { break }
        }
    }

    private static let mostHalvings = 8

    /// The weighted sum of the losses with the ridge's.
    private func loss(
        _ rows: [Float], _ isPositive: [Bool], _ rowWeights: [Double], _ work: some WorkSharing
    ) -> Double {
        let blocks =
            (isPositive.count + QuadraticLogistic.blockRows - 1) / QuadraticLogistic.blockRows
        let parts = work.map(blocks) { block -> Double in
            var terms = [Float](repeating: 0, count: weights.count)
            let first = block * QuadraticLogistic.blockRows
            var sum = 0.0
            for row in first..<min(isPositive.count, first + QuadraticLogistic.blockRows) {
                let logit = logit(
                    rows.span.extracting(row * width..<(row + 1) * width), with: &terms)
                let margin = isPositive[row] ? logit : -logit
                // ln(1 + e^-margin) without overflow.
                let loss = Elementary.log(1 + Elementary.exp(-abs(margin))) + max(0, -margin)
                sum += rowWeights[row] * loss
            }
            return sum
        }
        let penalties = weights.indices.reduce(0) { $0 + penalty($1) * weights[$1] * weights[$1] }
        return parts.reduce(0, +) + 0.5 * penalties
    }

    private func penalty(_ term: Int) -> Double {
        if term == 0 { return 1e-3 }
        return term <= width ? QuadraticLogistic.ridge : QuadraticLogistic.productRidge
    }

    private func newtonStep(
        _ rows: [Float], _ isPositive: [Bool], _ rowWeights: [Double],
        _ work: some WorkSharing
    ) -> [Double] {
        let terms = weights.count
        let count = isPositive.count
        let blocks = (count + QuadraticLogistic.blockRows - 1) / QuadraticLogistic.blockRows
        let parts = work.map(blocks) { block -> (gradient: [Double], hessian: GramMatrix) in
            var gradient = [Double](repeating: 0, count: terms)
            var hessian = GramMatrix(width: terms)
            var buffer = [Float](repeating: 0, count: terms)
            let first = block * QuadraticLogistic.blockRows
            for row in first..<min(count, first + QuadraticLogistic.blockRows)
            where rowWeights[row] > 0 {
                expand(rows.span.extracting(row * width..<(row + 1) * width), into: &buffer)
                let probability = 1 / (1 + Elementary.exp(-logit(buffer)))
                let weight = rowWeights[row]
                let error = weight * ((isPositive[row] ? 1 : 0) - probability)
                for term in 0..<terms { gradient[term] += error * Double(buffer[term]) }
                hessian.add(
                    buffer.span, weight: Float(weight * max(1e-6, probability * (1 - probability))))
            }
            return (gradient, hessian)
        }
        var gradient = [Double](repeating: 0, count: terms)
        var hessian = [Double](repeating: 0, count: terms * terms)
        for var part in parts {
            for index in 0..<terms { gradient[index] += part.gradient[index] }
            part.hessian.addLowerTriangle(to: &hessian)
        }
        for index in 0..<terms {
            let ridge = penalty(index)
            gradient[index] -= ridge * weights[index]
            hessian[index * terms + index] += ridge
        }
        return CholeskyFactor(hessian, size: terms).solve(gradient)
    }

    private func expand(_ row: Span<Float>, into terms: inout [Float]) {
        terms[0] = 1
        for index in 0..<width {
            let deviations = (row[index] - means[index]) * scales[index]
            terms[1 + index] = min(
                QuadraticLogistic.mostDeviations,
                max(-QuadraticLogistic.mostDeviations, deviations))
        }
        var place = 1 + width
        for left in 0..<width {
            for right in left..<width {
                terms[place] = terms[1 + left] * terms[1 + right]
                place += 1
            }
        }
    }

    /// The log-odds of the positive class for one row, with a buffer that is kept from row to row.
    ///
    /// O(width²).
    public func logit(_ row: Span<Float>, with terms: inout [Float]) -> Double {
        if terms.count != weights.count { terms = Array(repeating: 0, count: weights.count) }
        expand(row, into: &terms)
        return logit(terms)
    }

    private func logit(_ terms: [Float]) -> Double {
        var score = 0.0
        for index in terms.indices { score += weights[index] * Double(terms[index]) }
        return score
    }

    /// Everything that was learnt, for `init(_:width:)`.
    public var numbers: [Float] { means + scales + weights.map { Float($0) } }

    /// Reads what `numbers` gave; `nil` when the count does not fit.
    public init?(_ numbers: ArraySlice<Float>, width: Int) {
        guard numbers.count == QuadraticLogistic.numberCount(width) else { return nil }
        self.width = width
        means = Array(numbers.prefix(width))
        scales = Array(numbers.dropFirst(width).prefix(width))
        weights = numbers.dropFirst(2 * width).map { Double($0) }
    }

    /// How many numbers there are.
    public static func numberCount(_ width: Int) -> Int { 2 * width + termCount(width) }
}
