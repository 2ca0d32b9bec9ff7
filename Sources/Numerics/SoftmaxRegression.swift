/// Multinomial logistic regression on sparse rows, trained by stochastic gradient descent.
///
/// The step falls linearly to zero (Bottou 2012); few epochs regularise, which keeps labels that are wrong
/// from being learnt by heart. Deterministic: one thread a model, a seeded order.
public struct SoftmaxRegression: Sendable {
    private let laneCount: Int
    private let classCount: Int
    private var weights: [SIMD8<Float>]
    private var bias: [SIMD8<Float>]

    /// First step: rows have length 1, so that it moves a label's score by at most 2.
    private static let firstStep: Float = 2
    /// Epochs at least, and updates in all at least: small sets are seen more often.
    private static let leastEpochs = 5
    private static let leastUpdates = 40_000
    private static let mostEpochs = 40
    /// The bias moves more slowly than the words.
    static let biasShare: Float = 0.1

    /// Trains on some rows of `features`; `labels` are below `classCount`.
    ///
    /// O(epochs · non-zeros · classes).
    public init(
        _ features: TextFeatures, rows: [Int32], labels: [Int32], classCount: Int, seed: UInt64
    ) {
        self.classCount = classCount
        laneCount = (classCount + 7) / 8
        weights = Array(repeating: .zero, count: features.featureCount * laneCount)
        bias = Array(repeating: .zero, count: laneCount)
        for lane in classCount..<laneCount * 8 { bias[lane / 8][lane % 8] = -1e30 }
        train(features, rows, labels, seed: seed)
    }

    /// Calls `body` with rows in a seeded order, epoch after epoch, and the step of each.
    static func forEachStep(_ rows: [Int32], seed: UInt64, _ body: (Int, Float) -> Void) {
        let epochs = min(mostEpochs, max(leastEpochs, leastUpdates / max(1, rows.count)))
        var order = rows
        let total = Float(max(1, rows.count * epochs))
        var done = 0
        for epoch in 0..<epochs {
            var generator = SeededGenerator(seed: seed, stream: UInt64(epoch))
            for index in stride(from: order.count - 1, to: 0, by: -1) {
                order.swapAt(index, Int(generator.below(UInt64(index + 1))))
            }
            for row in order {
                body(Int(row), firstStep * (1 - Float(done) / total))
                done += 1
            }
        }
    }

    private mutating func train(
        _ features: TextFeatures, _ rows: [Int32], _ labels: [Int32], seed: UInt64
    ) {
        var scores = [SIMD8<Float>](repeating: .zero, count: laneCount)
        SoftmaxRegression.forEachStep(rows, seed: seed) { row, step in
            score(features, row, &scores)
            let sum = SoftmaxRegression.exponentiate(&scores)
            let scale = -step / sum
            for lane in scores.indices { scores[lane] *= scale }
            let label = Int(labels[row])
            scores[label / 8][label % 8] += step
            update(features, row, scores)
        }
    }

    private func score(_ features: TextFeatures, _ row: Int, _ scores: inout [SIMD8<Float>]) {
        let count = laneCount
        let weights = weights.span
        var scores = scores.mutableSpan
        for lane in 0..<count { unsafe scores[unchecked: lane] = bias[lane] }
        for place in features.starts[row]..<features.starts[row + 1] {
            let value = features.values[place]
            let first = Int(features.ids[place]) * count
            // Every number of a feature is below the number of features.
            for lane in 0..<count {
                unsafe scores[unchecked: lane] += value * weights[unchecked: first + lane]
            }
        }
    }

    private mutating func update(
        _ features: TextFeatures, _ row: Int, _ gradient: [SIMD8<Float>]
    ) {
        let count = laneCount
        let gradient = gradient.span
        var weights = weights.mutableSpan
        for place in features.starts[row]..<features.starts[row + 1] {
            let value = features.values[place]
            let first = Int(features.ids[place]) * count
            for lane in 0..<count {
                unsafe weights[unchecked: first + lane] += value * gradient[unchecked: lane]
            }
        }
        for lane in 0..<count { bias[lane] += SoftmaxRegression.biasShare * gradient[lane] }
    }

    /// Replaces scores by their exponentials, the largest by 1, and returns the sum.
    public static func exponentiate(_ scores: inout [SIMD8<Float>]) -> Float {
        var largest = scores[0]
        for lane in scores.indices {
            largest = largest.replacing(with: scores[lane], where: scores[lane] .> largest)
        }
        let top = SIMD8<Float>(repeating: largest.max())
        var sum = SIMD8<Float>.zero
        for lane in scores.indices {
            scores[lane] = Elementary.exp(scores[lane] - top)
            sum += scores[lane]
        }
        return sum.sum()
    }

    /// Probabilities of a row's classes, appended to `output`.
    ///
    /// O(non-zeros of the row · classes).
    public func predict(_ features: TextFeatures, row: Int, into output: inout [Float]) {
        var scores = [SIMD8<Float>](repeating: .zero, count: laneCount)
        score(features, row, &scores)
        let scale = 1 / SoftmaxRegression.exponentiate(&scores)
        for label in 0..<classCount { output.append(scores[label / 8][label % 8] * scale) }
    }
}
