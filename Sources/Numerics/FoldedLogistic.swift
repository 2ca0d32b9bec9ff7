/// Logistic regressions of two classes on sparse rows, up to eight of them trained in one pass: each leaves
/// other rows out.
///
/// The same numbers as `SoftmaxRegression` of two classes trained in the same order, whose weights of the one
/// class are those of the other with their signs changed: the weights of a word in all models lie in one lane, so that a
/// row is read and its words are looked up once for all of them. Deterministic: one thread, a seeded order.
public struct FoldedLogistic: Sendable {
    /// Models at most.
    public static let mostModels = 8

    private var weights: [SIMD8<Float>]
    private var bias = SIMD8<Float>.zero

    /// Trains models on rows of `features`, all where none are named; model `i` leaves those of fold `firstFold + i` out.
    ///
    /// Labels are 0 and 1; `labels` and `folds` have a number for each row; a row that is named several times
    /// counts as often. O(epochs · non-zeros).
    public init(
        _ features: TextFeatures, rows: [Int32]? = nil, labels: [Int32], folds: [Int32],
        firstFold: Int, seed: UInt64
    ) {
        weights = Array(repeating: .zero, count: features.featureCount)
        let rows = rows ?? labels.indices.map { Int32($0) }
        SoftmaxRegression.forEachStep(rows, seed: seed) { row, step in
            var change = (Float(labels[row]) - chances(features, row)) * step
            let own = Int(folds[row]) - firstFold
            if own >= 0, own < FoldedLogistic.mostModels { change[own] = 0 }
            update(features, row, change)
        }
    }

    /// The chances of class 1 of a row under each model, 0 to 1.
    ///
    /// O(non-zeros of the row).
    public func chances(_ features: TextFeatures, _ row: Int) -> SIMD8<Float> {
        let (weights, ids, values) = (weights.span, features.ids.span, features.values.span)
        var (sum, other) = (bias, SIMD8<Float>.zero)
        var place = features.starts[row]
        let end = features.starts[row + 1]
        precondition(place >= 0 && end <= ids.count && end <= values.count)
        // Every number of a feature is below the number of features.
        while place &+ 1 < end {
            sum += unsafe values[unchecked: place] * weights[unchecked: Int(ids[unchecked: place])]
            other +=
                unsafe values[unchecked: place &+ 1]
                * weights[unchecked: Int(ids[unchecked: place &+ 1])]
            place &+= 2
        }
        if place < end {
            sum += unsafe values[unchecked: place] * weights[unchecked: Int(ids[unchecked: place])]
        }
        // The scores of the two classes are this sum and its opposite.
        let score = 2 * (sum + other)
        let size = score.replacing(with: -score, where: score .< 0)
        let small = Elementary.exp(-size)
        let likely = 1 / (1 + small)
        return likely.replacing(with: 1 - likely, where: score .< 0)
    }

    private mutating func update(
        _ features: TextFeatures, _ row: Int, _ change: SIMD8<Float>
    ) {
        let (ids, values) = (features.ids.span, features.values.span)
        var weights = weights.mutableSpan
        let (first, end) = (features.starts[row], features.starts[row + 1])
        precondition(first >= 0 && end <= ids.count && end <= values.count)
        var place = first
        while place < end {
            unsafe weights[unchecked: Int(ids[unchecked: place])] +=
                values[unchecked: place] * change
            place &+= 1
        }
        bias += SoftmaxRegression.biasShare * change
    }
}
