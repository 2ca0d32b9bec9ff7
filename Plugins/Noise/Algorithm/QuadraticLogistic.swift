import Numerics

/// Logistic regression on a few numbers, their squares and products.
///
/// Newton's method with a small ridge; as many iterations as it takes, at most eight. Numbers are
/// standardised and cut off at six standard deviations, so that nothing far from what was seen gets an
/// arbitrary answer.
struct QuadraticLogistic: Sendable {
    let width: Int
    private var means: [Float]
    private var scales: [Float]
    /// Constant, numbers, then products (i ≤ j) row by row.
    private var weights: [Double]

    /// Penalties of the numbers and of their products: a product needs more to speak for it.
    private static let ridge = 1.0
    private static let productRidge = 5.0
    static let mostIterations = 8
    private static let mostDeviations: Float = 6
    /// Change of a weight that is no change.
    private static let leastStep = 3e-2
    private static let blockRows = 1024

    private static func termCount(_ width: Int) -> Int { 1 + width + width * (width + 1) / 2 }

    /// Fits rows of `width` numbers each (row by row) to `isPositive`; every row counts by its weight, 0 to 1.
    ///
    /// The log-odds are those of two classes of equal size, whatever their shares here. O(rows · width⁴).
    init(
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
    mutating func fit(
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
        let lanes = (terms + 7) / 8
        let count = isPositive.count
        let blocks = (count + QuadraticLogistic.blockRows - 1) / QuadraticLogistic.blockRows
        let parts = work.map(blocks) { block -> (gradient: [Double], hessian: [SIMD8<Float>]) in
            var gradient = [Double](repeating: 0, count: terms)
            var hessian = [SIMD8<Float>](repeating: .zero, count: terms * lanes)
            var buffer = [Float](repeating: 0, count: terms)
            let together = QuadraticLogistic.rowsTogether
            var groups = [SIMD8<Float>](repeating: .zero, count: together * lanes)
            var curvatures = SIMD4<Float>.zero
            let first = block * QuadraticLogistic.blockRows
            let end = min(count, first + QuadraticLogistic.blockRows)
            var row = first
            while row < end {
                for place in 0..<together {
                    curvatures[place] = 0
                    guard row + place < end, rowWeights[row + place] > 0 else { continue }
                    let index = row + place
                    expand(
                        rows.span.extracting(index * width..<(index + 1) * width),
                        into: &buffer)
                    let probability = 1 / (1 + Elementary.exp(-logit(buffer)))
                    let weight = rowWeights[index]
                    let error = weight * ((isPositive[index] ? 1 : 0) - probability)
                    curvatures[place] =
                        Float(weight * max(1e-6, probability * (1 - probability)))
                    for term in 0..<terms {
                        gradient[term] += error * Double(buffer[term])
                        groups[place * lanes + term / 8][term % 8] = buffer[term]
                    }
                }
                QuadraticLogistic.addProducts(groups, curvatures, terms, lanes, &hessian)
                row += together
            }
            return (gradient, hessian)
        }
        var gradient = [Double](repeating: 0, count: terms)
        var hessian = [Double](repeating: 0, count: terms * terms)
        for part in parts {
            for row in 0..<terms {
                gradient[row] += part.gradient[row]
                for column in 0...row {
                    let group = part.hessian[row * lanes + column / 8]
                    hessian[row * terms + column] += Double(group[column % 8])
                }
            }
        }
        for index in 0..<terms {
            let ridge = penalty(index)
            gradient[index] -= ridge * weights[index]
            hessian[index * terms + index] += ridge
        }
        return CholeskyFactor(hessian, size: terms).solve(gradient)
    }

    /// Rows whose products are added at once, so that every sum is loaded once for all; the kernel is
    /// written for four.
    private static let rowsTogether = 4

    /// Adds the products of the terms of four rows, those below and on the diagonal.
    private static func addProducts(
        _ groups: [SIMD8<Float>], _ factors: SIMD4<Float>, _ terms: Int, _ lanes: Int,
        _ sums: inout [SIMD8<Float>]
    ) {
        let groups = groups.span
        var sums = sums.mutableSpan
        for term in 0..<terms {
            let lane = term / 8
            let place = term % 8
            // The groups are as many as the terms of four rows need, and the sums as many for every term.
            let a = unsafe factors[0] * groups[unchecked: lane][place]
            let b = unsafe factors[1] * groups[unchecked: lanes + lane][place]
            let c = unsafe factors[2] * groups[unchecked: 2 * lanes + lane][place]
            let d = unsafe factors[3] * groups[unchecked: 3 * lanes + lane][place]
            for index in 0...lane {
                unsafe sums[unchecked: term * lanes + index] +=
                    a * groups[unchecked: index] + b * groups[unchecked: lanes + index]
                    + (c * groups[unchecked: 2 * lanes + index]
                        + d * groups[unchecked: 3 * lanes + index])
            }
        }
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
    func logit(_ row: Span<Float>, with terms: inout [Float]) -> Double {
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
    var numbers: [Float] { means + scales + weights.map { Float($0) } }

    /// Reads what `numbers` gave; `nil` when the count does not fit.
    init?(_ numbers: ArraySlice<Float>, width: Int) {
        guard numbers.count == QuadraticLogistic.numberCount(width) else { return nil }
        self.width = width
        means = Array(numbers.prefix(width))
        scales = Array(numbers.dropFirst(width).prefix(width))
        weights = numbers.dropFirst(2 * width).map { Double($0) }
    }

    /// How many numbers there are.
    static func numberCount(_ width: Int) -> Int { 2 * width + termCount(width) }
}

/// Two regressions, each learnt from one half of the records, for the other half.
///
/// A record that was learnt from as sound looks sounder than it is, one that was damaged on purpose more
/// damaged: out of its own half neither does.
struct HalvedLogistic: Sendable {
    private var byHalf: [QuadraticLogistic]
    /// Of the rows damaged on purpose, by what the other half taught; none after it was read.
    private(set) var positiveLogits: [Double] = []

    /// Newton iterations of a round that goes on from the one before.
    private static let iterations = 5
    /// Rounds that leave rows out.
    private static let mostRounds = 8
    /// One row in so many is no change.
    private static let leastChangedShare = 2000

    /// Fits rows of `width` numbers each; `halves` says which half each is of.
    ///
    /// Rows that are not positive are mostly sound, not all: after each fit those that look damaged are left
    /// out, and it is fitted again, so that in the end the log-odds are those against sound rows. Errors
    /// that are a little different from damage done on purpose would otherwise be told from it.
    /// `doubtLimit` is the chance of damage from which on a row is left out; without it none is, which is
    /// right where damage done on purpose and errors are alike, and sound rows and errors are too.
    ///
    /// `isTrusted` rows are known to be sound: they stay, and together count as much as all others. Of rows
    /// with a verdict it is known whether they are damaged.
    init(
        _ rows: [Float], width: Int, halves: [Int], isPositive: [Bool], isTrusted: [Bool],
        verdicts: [Bool?], doubtLimit: Double?, work: some WorkSharing
    ) {
        // What was decided about a row is known, and counts many times.
        let isPositive = zip(isPositive, verdicts).map { $1 ?? $0 }
        let parts = (0..<2).map { half in
            let others = halves.indices.filter { halves[$0] != half }
            return (
                rows: others.flatMap { rows[$0 * width..<($0 + 1) * width] }, places: others,
                isPositive: others.map { isPositive[$0] }
            )
        }
        let trustedCount = isTrusted.count { $0 }
        let others = isPositive.indices.filter {
            !isPositive[$0] && !isTrusted[$0] && verdicts[$0] == nil
        }
        let trustedWeight = Float(others.count) / Float(max(1, trustedCount))
        var weights = isTrusted.map { $0 ? max(1, trustedWeight) : 1 }
        for index in verdicts.indices where verdicts[index] != nil {
            weights[index] = LearnedVerdicts.weight
        }
        byHalf = parts.map { part in
            QuadraticLogistic(
                part.rows, width: width, isPositive: part.isPositive,
                rowWeights: part.places.map { weights[$0] }, work: work)
        }
        for round in 0..<(doubtLimit == nil ? 0 : HalvedLogistic.mostRounds) {
            let doubtLimit = doubtLimit ?? 1
            let logits = logits(rows, width, halves, work)
            let last = weights
            if round == 0 {
                // Against all rows: the densities themselves give the share.
                var calibration = ErrorCalibration()
                let counted = isTrusted.indices.filter { !isTrusted[$0] && verdicts[$0] == nil }
                calibration.add(
                    scores: counted.map { -logits[$0] }, isError: counted.map { isPositive[$0] })
                let curve = calibration.fit()
                for index in others {
                    let chance = curve.posterior(-logits[index])
                    weights[index] = chance < doubtLimit ? 1 : 0
                }
            } else {
                let share = ErrorPrior.share(others.map { logits[$0] })
                for index in others {
                    let chance = ErrorPrior.chance(logits[index], share: share)
                    weights[index] = chance < doubtLimit ? 1 : 0
                }
            }
            let changed = zip(weights, last).count { $0 != $1 }
            if changed * HalvedLogistic.leastChangedShare < weights.count { break }
            for half in 0..<2 {
                byHalf[half].fit(
                    parts[half].rows, isPositive: parts[half].isPositive,
                    rowWeights: parts[half].places.map { weights[$0] },
                    iterations: HalvedLogistic.iterations, work: work)
            }
        }
        let logits = logits(rows, width, halves, work)
        positiveLogits = logits.indices.filter { isPositive[$0] && verdicts[$0] == nil }
            .map { logits[$0] }
    }

    private func logits(
        _ rows: [Float], _ width: Int, _ halves: [Int], _ work: some WorkSharing
    ) -> [Double] {
        work.map(halves.count, keeping: [Float].init) { index, terms in
            logit(
                rows.span.extracting(index * width..<(index + 1) * width),
                half: halves[index], with: &terms)
        }
    }

    /// The log-odds of a row of `half`.
    func logit(_ row: Span<Float>, half: Int, with terms: inout [Float]) -> Double {
        byHalf[half].logit(row, with: &terms)
    }

    /// Everything that was learnt.
    var numbers: [Float] { byHalf.flatMap(\.numbers) }

    /// How many numbers there are.
    static func numberCount(_ width: Int) -> Int { 2 * QuadraticLogistic.numberCount(width) }

    /// Reads what `numbers` gave.
    init?(_ numbers: ArraySlice<Float>, width: Int) {
        let count = QuadraticLogistic.numberCount(width)
        guard numbers.count == 2 * count,
            let first = QuadraticLogistic(numbers.prefix(count), width: width),
            let second = QuadraticLogistic(numbers.suffix(count), width: width)
        else { return nil }
        byHalf = [first, second]
    }
}
