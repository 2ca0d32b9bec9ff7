public import Numerics

/// How much more likely a record is under the reference than under the data: importance weights.
///
/// As DSIR (Xie et al. 2023) by a log-likelihood ratio of hashed n-grams, but calibrated: a logistic
/// regression of the side on the ratio's sum and means, the length and the style and their products, fitted
/// to records that were judged by a model without them, decides how much each is to be believed, so that a
/// weight does not grow with length by itself.
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
    private let calibration: QuadraticLogistic

    /// What a text's weight is computed in; belongs to one thread.
    public struct Scratch {
        fileprivate var terms: [Float] = []
        fileprivate var features: [Float] = []

        /// Empty.
        public init() {}
    }

    /// Five numbers of ratio and length, eight of style.
    private static let width = 13

    /// Fits a model to counts of all n-grams and to judged records of both samples.
    ///
    /// O(bins + records).
    public init(
        data: [Double], reference: [Double], judged: [(evidence: Evidence, isReference: Bool)],
        work: some WorkSharing
    ) {
        ratios = GramRatios(data, reference)
        var rows: [Float] = []
        for entry in judged { ImportanceModel.append(entry.evidence, to: &rows) }
        calibration = QuadraticLogistic(
            rows, width: ImportanceModel.width, isPositive: judged.map(\.isReference),
            rowWeights: [Float](repeating: 1, count: judged.count), work: work)
    }

    /// Everything but the ratios, for `init(ratios:numbers:)`.
    public var numbers: [Float] { calibration.numbers }

    /// Reads a model as it was; `nil` when the numbers do not fit.
    public init?(ratios: GramRatios, numbers: [Float]) {
        guard !ratios.ratios.isEmpty,
            let calibration = QuadraticLogistic(numbers[...], width: ImportanceModel.width)
        else { return nil }
        self.ratios = ratios
        self.calibration = calibration
    }

    private static func append(_ evidence: Evidence, to row: inout [Float]) {
        let size = Double(evidence.count)
        row.append(Float(evidence.mean))
        row.append(Float(evidence.mean * size.squareRoot()))
        row.append(Float(evidence.mean * size))
        let length = Elementary.log(1 + size)
        row.append(Float(length))
        row.append(Float(length * length))
        for place in 0..<8 { row.append(evidence.style[place]) }
    }

    /// The logarithm of a text's weight.
    ///
    /// O(tokens), no allocation once the scratch is warm.
    public func logWeight(
        of tokens: Span<UInt32>, style: SIMD8<Float>, _ scratch: inout Scratch
    ) -> Double {
        let (mean, count) = ratios.mean(ofGrams: tokens)
        return logWeight(Evidence(mean: mean, count: count, style: style), &scratch)
    }

    /// The logarithm of the weight of a record.
    public func logWeight(_ evidence: Evidence, _ scratch: inout Scratch) -> Double {
        // Taken out, so that it is not read through what is written to.
        var features = scratch.features
        scratch.features = []
        features.removeAll(keepingCapacity: true)
        ImportanceModel.append(evidence, to: &features)
        let logit = calibration.logit(features.span, with: &scratch.terms)
        scratch.features = features
        return logit
    }
}
