import Numerics

/// How much more likely a record is under the reference than under the data: importance weights.
///
/// As DSIR (Xie et al. 2023) by a log-likelihood ratio of hashed n-grams, but calibrated: a logistic
/// regression of the side on the ratio's sum and means, the length and the style, fitted to records that
/// were judged by a model without them, decides how much each is to be believed, so that a weight does not
/// grow with length by itself.
public struct ImportanceModel: Sendable {
    /// What is known of a record.
    public struct Evidence: Sendable {
        /// Mean log-likelihood ratio of its n-grams.
        public var mean: Double
        /// Their number.
        public var count: Int
        /// `TextStyle.features`.
        public var style: SIMD8<Float>

        /// Makes evidence.
        public init(mean: Double, count: Int, style: SIMD8<Float>) {
            self.mean = mean
            self.count = count
            self.style = style
        }
    }

    /// Log-likelihood ratios of all records' n-grams.
    public let ratios: GramRatios
    /// Constant and factors of the features.
    public let coefficients: [Double]

    private static let rounds = 30
    /// Added to the diagonal, of features of variance 1: keeps the factors of separable sides finite.
    private static let penalty = 0.5
    /// The constant, five of ratio and length, eight of style.
    private static let width = 14

    /// Fits a model to counts of all n-grams and to judged records of both samples.
    ///
    /// O(bins + records).
    public init(
        data: [Double], reference: [Double], judged: [(evidence: Evidence, isReference: Bool)]
    ) {
        ratios = GramRatios(data, reference)
        let width = ImportanceModel.width
        var rows = judged.map { ImportanceModel.features($0.evidence) }
        let positives = Double(judged.count { $0.isReference })
        let negatives = Double(judged.count) - positives
        guard positives > 0, negatives > 0 else {
            coefficients = [Double](repeating: 0, count: width)
            return
        }
        var means = [Double](repeating: 0, count: width)
        var spreads = [Double](repeating: 1, count: width)
        let total = Double(rows.count)
        for feature in 1..<width {
            means[feature] = rows.reduce(0) { $0 + $1[feature] } / total
            let variance = rows.reduce(0) {
                let distance = $1[feature] - means[feature]
                return $0 + distance * distance
            }
            spreads[feature] = max(1e-9, (variance / total).squareRoot())
            for row in rows.indices {
                rows[row][feature] = (rows[row][feature] - means[feature]) / spreads[feature]
            }
        }
        // Both sides weigh the same: the odds are then a ratio of densities.
        let sides = judged.map { entry in
            (
                weight: total / (2 * (entry.isReference ? positives : negatives)),
                isReference: entry.isReference
            )
        }
        let weights = ImportanceModel.fit(rows, sides)
        var coefficients = weights
        for feature in 1..<width {
            coefficients[feature] = weights[feature] / spreads[feature]
            coefficients[0] -= coefficients[feature] * means[feature]
        }
        self.coefficients = coefficients
    }

    /// Logistic regression by Newton's method.
    private static func fit(
        _ rows: [[Double]], _ sides: [(weight: Double, isReference: Bool)]
    ) -> [Double] {
        var weights = [Double](repeating: 0, count: width)
        for _ in 0..<rounds {
            var matrix = [Double](repeating: 0, count: width * width)
            var gradient = [Double](repeating: 0, count: width)
            for (row, side) in zip(rows, sides) {
                var sum = 0.0
                for i in 0..<width { sum += row[i] * weights[i] }
                let chance = 1 / (1 + Elementary.exp(-sum))
                let error = side.weight * ((side.isReference ? 1 : 0) - chance)
                let curvature = side.weight * chance * (1 - chance)
                for i in 0..<width {
                    gradient[i] += error * row[i]
                    let scaled = curvature * row[i]
                    for j in 0...i { matrix[i * width + j] += scaled * row[j] }
                }
            }
            for i in 0..<width {
                matrix[i * width + i] += penalty
                gradient[i] -= penalty * weights[i]
            }
            let step = CholeskyFactor(matrix, size: width).solve(gradient)
            // Where the sides are far apart a whole step can overshoot.
            let longest = step.map { abs($0) }.max() ?? 0
            let scale = longest > mostStep ? mostStep / longest : 1
            for i in 0..<width { weights[i] += scale * step[i] }
            if longest < 1e-8 { break }
        }
        return weights
    }

    private static let mostStep = 3.0

    /// Reads a model as it was.
    public init(ratios: GramRatios, coefficients: [Double]) {
        self.ratios = ratios
        self.coefficients = coefficients
    }

    private static func features(_ evidence: Evidence) -> [Double] {
        let size = Double(evidence.count)
        let length = Elementary.log(1 + size)
        return [
            1, evidence.mean, evidence.mean * size.squareRoot(), evidence.mean * size, length,
            length * length,
        ] + (0..<8).map { Double(evidence.style[$0]) }
    }

    /// The logarithm of a text's weight.
    ///
    /// O(tokens), no allocation.
    public func logWeight(of tokens: Span<UInt32>, style: SIMD8<Float>) -> Double {
        let (mean, count) = ratios.mean(ofGrams: tokens)
        return logWeight(Evidence(mean: mean, count: count, style: style))
    }

    /// The logarithm of the weight of a record.
    public func logWeight(_ evidence: Evidence) -> Double {
        guard coefficients.count == ImportanceModel.width else { return 0 }
        let size = Double(evidence.count)
        let length = Elementary.log(1 + size)
        var sum = coefficients[0] + coefficients[1] * evidence.mean
        sum += coefficients[2] * evidence.mean * size.squareRoot()
        sum += coefficients[3] * evidence.mean * size
        sum += coefficients[4] * length + coefficients[5] * length * length
        for place in 0..<8 { sum += coefficients[6 + place] * Double(evidence.style[place]) }
        return sum
    }
}
