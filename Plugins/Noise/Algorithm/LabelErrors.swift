public import Numerics

/// Labelled records: their words, and their vectors where there are any.
public struct LabelledRecords: Sendable {
    /// All words, one record after the other.
    public var tokens: [UInt32] = []
    /// Where each record's words begin; one more than there are records.
    public var starts: [Int] = [0]
    /// Vectors, one record after the other; empty when there are none.
    public var vectors: [Float] = []
    /// Numbers of a vector, 0 for none.
    public var dimensions = 0
    /// The given labels, from 0.
    public var labels: [Int32] = []
    /// Number of classes.
    public var classCount = 0
    /// Probabilities of the classes by another model, out of fold, rows × classes; empty when the labels are
    /// to be judged by models of our own.
    public var probabilities: [Float] = []

    /// No records.
    public init() {}
}

/// Which labels are wrong, how sure that is, and how sure one can be of that.
///
/// Confident learning in the sense of Northcutt, Jiang and Chuang 2021, with another cut. Every record is
/// judged by models that have not seen it: logistic regression on words and word pairs out of fold, and
/// ridge regression on vectors leaving one out, whose probabilities are averaged. The cut is calibrated with
/// labels made wrong on purpose. As no model has seen the record that it judges, that record's label can be
/// made wrong without judging it again: only another label's probability is looked up. So every record shows how a wrong
/// label in its place would score, in the very models that judge the given ones (`ErrorCalibration`). Where pairs of classes are mixed
/// up (`LabelTransitions`), labels are made wrong and records are judged by these pairs.
public struct LabelErrors: Sendable {
    /// Of each record the chance that its label is wrong, 0 to 1.
    public let posteriors: [Double]
    /// Of each record the likeliest other label.
    public let suggestions: [Int32]
    /// Of each record the probability of its given label, out of fold.
    public let selfConfidence: [Float]
    /// Estimated share of wrong labels, with a 95 % interval.
    public let rate: (value: Double, low: Double, high: Double)
    /// Records whose posterior reaches `flagLimit`.
    public let flaggedCount: Int
    /// Expected share of true errors among the flagged; 1 when none is.
    public let expectedPrecision: Double
    /// Whether errors are mostly mix-ups of certain pairs of classes.
    public let isClassDependent: Bool
    /// Share of records whose given label is the likeliest one.
    public let agreement: Double
    /// Whether the texts tell labels that were made wrong on purpose from the others.
    ///
    /// Where they do not, nothing can be said of any label: the posteriors are 0 and the rate is unknown.
    public let isJudgeable: Bool

    /// Above it an error is likelier than not.
    public static let flagLimit = 0.5
    /// Fewer records, or fewer of a class, teach a model nothing.
    public static let leastRecords = 100
    static let foldCount = 10
    /// The chance that a label made wrong scores below another's from which on labels are judged.
    ///
    /// One half is a coin. With a share r of wrong labels among the others, a perfect judge reaches 1 - r/2.
    private static let leastSeparation = 0.75
    /// How many labels made wrong are wanted; every record's eight times at most, and as often as there are others.
    private static let wantedErrors = 20_000
    private static let mostRounds = 8

    /// Judges records; `nil` for fewer than 100, or fewer than two classes.
    ///
    /// O(epochs · words · classes + n d (d + classes)).
    public init?(_ records: LabelledRecords, seed: UInt64, work: some WorkSharing) {
        let rowCount = records.labels.count
        guard rowCount >= LabelErrors.leastRecords, records.classCount > 1 else { return nil }
        let labels = records.labels
        let own =
            records.probabilities.isEmpty
            ? LabelJudge(records, work: work).probabilities(labels, seed: seed, work: work)
            : records.probabilities
        let transitions = LabelTransitions(
            probabilities: own, labels: labels, classCount: records.classCount)
        isClassDependent = transitions.isClassDependent
        let ownJudgement =
            transitions.isClassDependent
            ? transitions.judge(probabilities: own, labels: labels) : nil
        func logProbability(_ row: Int, _ label: Int32) -> Double {
            Elementary.log(Double(own[row * records.classCount + Int(label)]) + 1e-9)
        }
        func scores(_ labels: [Int32]) -> [Double] {
            transitions.isClassDependent
                ? transitions.judge(probabilities: own, labels: labels).scores
                : labels.indices.map { logProbability($0, labels[$0]) }
        }
        // Where pairs are mixed up, a label that is wrong already, made wrong once more, is no pair's and no
        // error as the others are.
        let usable = labels.indices.filter { ownJudgement?.scores[$0] ?? 0 >= 0 }
        let rounds = min(
            LabelErrors.mostRounds, records.classCount - 1,
            (LabelErrors.wantedErrors + rowCount - 1) / rowCount)
        let altered = (0..<rounds).map { round in
            LabelErrors.alter(labels, seed: seed, round: round) {
                transitions.isClassDependent
                    ? transitions.wrongLabel(for: $0, &$1)
                    : LabelTransitions.uniformWrongLabel(for: $0, records.classCount, &$1)
            }
        }
        let given = ownJudgement?.scores ?? scores(labels)
        let calibration = ErrorCalibration(
            known: altered.flatMap { changed in
                let scores = scores(changed)
                return usable.map { scores[$0] }
            },
            others: given,
            alternatives: transitions.isClassDependent ? nil : records.classCount - 1)
        // A rare class is unlikely for any record: whether texts tell the labels shows among records of one.
        func byClass(_ labels: [Int32]) -> [(group: Int32, score: Double)] {
            labels.indices.map { (labels[$0], logProbability($0, labels[$0])) }
        }
        let separation = calibration.separation(
            known: byClass(altered[0]), others: byClass(labels), groupCount: records.classCount)
        isJudgeable = separation ?? 0 >= LabelErrors.leastSeparation
        rate =
            isJudgeable
            ? (calibration.rate.value, calibration.rate.low, calibration.rate.high) : (0, 0, 1)
        let posteriors = isJudgeable ? given.map(calibration.posterior) : labels.map { _ in 0 }
        self.posteriors = posteriors
        let flagged = posteriors.filter { $0 >= LabelErrors.flagLimit }
        flaggedCount = flagged.count
        expectedPrecision =
            flagged.isEmpty ? 1 : flagged.reduce(0, +) / Double(flagged.count)
        var suggestions: [Int32] = []
        var confidence: [Float] = []
        var agreeing = 0
        for row in 0..<rowCount {
            let first = row * records.classCount
            let given = Int(labels[row])
            var best = given == 0 ? 1 : 0
            for label in 0..<records.classCount
            where label != given && own[first + label] > own[first + best] { best = label }
            suggestions.append(ownJudgement?.others[row] ?? Int32(best))
            confidence.append(own[first + given])
            if own[first + given] >= own[first + best] { agreeing += 1 }
        }
        self.suggestions = suggestions
        selfConfidence = confidence
        agreement = Double(agreeing) / Double(rowCount)
    }

    /// Makes the labels of all records wrong, by draws of (seed, round, row).
    static func alter(
        _ labels: [Int32], seed: UInt64, round: Int, wrong: (Int, inout SeededGenerator) -> Int
    ) -> [Int32] {
        let salt = StableHash.mix(seed ^ StableHash.mix(UInt64(round) &+ 0x1ABE1))
        return labels.indices.map { row in
            var generator = SeededGenerator(
                seed: StableHash.mix(salt ^ UInt64(row)), stream: UInt64(row))
            return Int32(wrong(Int(labels[row]), &generator))
        }
    }
}

/// Gives every record's probabilities by models that have not seen it.
struct LabelJudge {
    private let features: TextFeatures
    private let ridge: RidgeRegression?
    private let classCount: Int
    private let rowCount: Int

    /// Numbers in the tables of one model at most: 256 MB.
    private static let mostWeights = 64 << 20

    init(_ records: LabelledRecords, work: some WorkSharing) {
        classCount = records.classCount
        rowCount = records.labels.count
        features = TextFeatures(
            tokens: records.tokens, starts: records.starts,
            mostFeatures: LabelJudge.mostWeights / ((records.classCount + 7) / 8 * 8), work: work)
        ridge =
            records.dimensions == 0
            ? nil
            : RidgeRegression(
                vectors: records.vectors, rowCount: records.labels.count,
                dimensions: records.dimensions, work: work)
    }

    /// Probabilities of all classes, row by row, each by models that have not seen the record.
    ///
    /// All folds are shared out at once.
    func probabilities(_ labels: [Int32], seed: UInt64, work: some WorkSharing) -> [Float] {
        let foldCount = LabelErrors.foldCount
        let folds = (0..<rowCount).map { row in
            Int32(StableHash.mix(seed ^ StableHash.mix(UInt64(row))) % UInt64(foldCount))
        }
        let all =
            classCount == 2
            ? twoClasses(labels, folds, seed: seed, work: work)
            : manyClasses(labels, folds, seed: seed, work: work)
        work.reportProgress(2, of: 3)
        guard let ridge else { return all }
        let scores = ridge.leaveOneOut(labels: labels, classCount: classCount, work: work)
        return LabelJudge.average(
            all, scores, classCount,
            sharpness: LabelJudge.sharpness(scores, labels, classCount))
    }

    /// Half of the folds each by models that are trained at once.
    private func twoClasses(
        _ labels: [Int32], _ folds: [Int32], seed: UInt64, work: some WorkSharing
    ) -> [Float] {
        let half = LabelErrors.foldCount / 2
        let features = features
        let parts = work.map(2) { part in
            let model = FoldedLogistic(
                features, labels: labels, folds: folds, firstFold: part * half,
                seed: seed ^ UInt64(part))
            return labels.indices.map { row -> Float in
                let own = Int(folds[row]) - part * half
                return (0..<half).contains(own) ? model.chances(features, row)[own] : 0
            }
        }
        return labels.indices.flatMap { row in
            let chance = parts[Int(folds[row]) / half][row]
            return [1 - chance, chance]
        }
    }

    private func manyClasses(
        _ labels: [Int32], _ folds: [Int32], seed: UInt64, work: some WorkSharing
    ) -> [Float] {
        let (features, classCount) = (features, classCount)
        let members = (0..<LabelErrors.foldCount).map { fold in
            folds.indices.filter { folds[$0] == fold }.map { Int32($0) }
        }
        let parts = work.map(LabelErrors.foldCount) { fold in
            let model = SoftmaxRegression(
                features, rows: folds.indices.filter { folds[$0] != fold }.map { Int32($0) },
                labels: labels, classCount: classCount, seed: seed ^ UInt64(fold))
            var output: [Float] = []
            output.reserveCapacity(members[fold].count * classCount)
            for row in members[fold] { model.predict(features, row: Int(row), into: &output) }
            return output
        }
        var all = [Float](repeating: 0, count: rowCount * classCount)
        for fold in members.indices {
            for (place, row) in members[fold].enumerated() {
                for label in 0..<classCount {
                    all[Int(row) * classCount + label] = parts[fold][place * classCount + label]
                }
            }
        }
        return all
    }

    private static let sharpnesses: [Float] = [5, 7, 10, 14, 20, 28]

    /// What scores are multiplied by before they are taken for logits: what makes the given labels
    /// likeliest.
    private static func sharpness(
        _ scores: [Float], _ labels: [Int32], _ classCount: Int
    ) -> Float {
        var best: (value: Float, likelihood: Double) = (sharpnesses[0], -.infinity)
        for value in sharpnesses {
            var likelihood = 0.0
            for row in labels.indices {
                let probability = softmax(scores, row, classCount, value)[Int(labels[row])]
                likelihood += Elementary.log(Double(probability) + 1e-9)
            }
            if likelihood > best.likelihood { best = (value, likelihood) }
        }
        return best.value
    }

    private static func softmax(
        _ scores: [Float], _ row: Int, _ classCount: Int, _ sharpness: Float
    ) -> [Float] {
        var lanes = [SIMD8<Float>](
            repeating: SIMD8(repeating: -1e30), count: (classCount + 7) / 8)
        for label in 0..<classCount {
            lanes[label / 8][label % 8] = scores[row * classCount + label] * sharpness
        }
        let scale = 1 / SoftmaxRegression.exponentiate(&lanes)
        return (0..<classCount).map { lanes[$0 / 8][$0 % 8] * scale }
    }

    private static func average(
        _ left: [Float], _ scores: [Float], _ classCount: Int, sharpness: Float
    ) -> [Float] {
        var output = left
        for row in 0..<left.count / max(1, classCount) {
            let right = softmax(scores, row, classCount, sharpness)
            for label in 0..<classCount {
                let place = row * classCount + label
                output[place] = 0.5 * (output[place] + right[label])
            }
        }
        return output
    }
}
