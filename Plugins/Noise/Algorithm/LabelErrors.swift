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
/// ridge regression on vectors leaving one out, whose probabilities are averaged. The cut is calibrated:
/// a known share of labels is made wrong on purpose and judged again the same way, which shows how errors
/// score; the share of errors is the largest that the scores of all records leave room for, and of every
/// score the chance of an error follows (Elkan and Noto 2008). Where pairs of classes are mixed up
/// (`LabelTransitions`), labels are made wrong and records are judged by these pairs.
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
    static let foldCount = 5
    /// The chance that a label made wrong scores below another's from which on labels are judged.
    ///
    /// One half is a coin. With a share r of wrong labels among the others, a perfect judge reaches 1 - r/2.
    private static let leastSeparation = 0.75
    /// Share of labels made wrong to calibrate, and how many in all are wanted, over eight rounds at most.
    private static let calibrationShare = 0.05
    private static let wantedErrors = 2400
    private static let mostRounds = 8

    /// Judges records; `nil` for fewer than 100, or fewer than two classes.
    ///
    /// O(epochs · words · classes + n d (d + classes)).
    public init?(_ records: LabelledRecords, seed: UInt64, work: some WorkSharing) {
        let rowCount = records.labels.count
        guard rowCount >= LabelErrors.leastRecords, records.classCount > 1 else { return nil }
        var judge = records.probabilities.isEmpty ? LabelJudge(records, work: work) : nil
        // Given probabilities know nothing of labels that were made wrong afterwards, as those of our own
        // models nearly do.
        func probabilities(_ labellings: [[Int32]], round: Int) -> [[Float]] {
            judge?.probabilities(labellings, round: round, seed: seed, work: work)
                ?? labellings.map { _ in records.probabilities }
        }
        let labels = records.labels
        let own = probabilities([labels], round: 0)[0]
        let transitions = LabelTransitions(
            probabilities: own, labels: labels, classCount: records.classCount)
        isClassDependent = transitions.isClassDependent
        // Where pairs are mixed up, a label that is wrong already, made wrong once more, is no pair's and no
        // error as the others are.
        let spares = transitions.isClassDependent
        let ownJudgement = transitions.judge(probabilities: own, labels: labels)
        let rows = Array(labels.indices)
        let usable = rows.filter { !spares || ownJudgement.scores[$0] >= 0 }
        func alter(_ rows: [Int], count: Int, round: Int) -> (labels: [Int32], isAltered: [Bool]) {
            LabelErrors.alter(labels, rows, count: count, seed: seed, round: round) {
                transitions.isClassDependent
                    ? transitions.wrongLabel(for: $0, &$1)
                    : LabelTransitions.uniformWrongLabel(for: $0, records.classCount, &$1)
            }
        }
        let wanted = Int(LabelErrors.calibrationShare * Double(rowCount))
        let flips = min(wanted, usable.count / 2)
        let rounds =
            flips == 0
            ? 0 : min(LabelErrors.mostRounds, (LabelErrors.wantedErrors + flips - 1) / flips)
        let altered = (0..<rounds).map { alter(usable, count: flips, round: $0) }
        // Whether labels can be judged at all shows on any records: those that are spared are the ones on which
        // the judge and the labels differ.
        let probes = spares ? [alter(rows, count: wanted, round: LabelErrors.mostRounds)] : []
        let judged = probabilities((altered + probes).map(\.labels), round: 1)
        func scores(_ probabilities: [Float], _ labels: [Int32]) -> [Double] {
            guard !transitions.isClassDependent else {
                return transitions.judge(probabilities: probabilities, labels: labels).scores
            }
            return labels.indices.map {
                Elementary.log(
                    Double(probabilities[$0 * records.classCount + Int(labels[$0])]) + 1e-9)
            }
        }
        var calibration = ErrorCalibration()
        for (round, changed) in altered.enumerated() {
            calibration.add(
                scores: scores(judged[round], changed.labels), isError: changed.isAltered)
        }
        var probe = spares ? ErrorCalibration() : calibration
        for (round, changed) in probes.enumerated() {
            probe.add(
                scores: scores(judged[rounds + round], changed.labels), isError: changed.isAltered)
        }
        isJudgeable = rounds > 0 && probe.separation ?? 0 >= LabelErrors.leastSeparation
        // Where labels that are taken for wrong were spared, the others hold all of them.
        let fitted = calibration.fit(
            scale: spares ? 1 - Double(flips) / Double(rowCount) : 1)
        rate = isJudgeable ? fitted.rate : (0, 0, 1)
        let posteriors =
            isJudgeable ? scores(own, labels).map(fitted.posterior) : labels.map { _ in 0 }
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
            suggestions.append(
                transitions.isClassDependent ? ownJudgement.others[row] : Int32(best))
            confidence.append(own[first + given])
            if own[first + given] >= own[first + best] { agreeing += 1 }
        }
        self.suggestions = suggestions
        selfConfidence = confidence
        agreement = Double(agreeing) / Double(rowCount)
    }

    /// Makes the labels of `count` of some records wrong: those with the smallest draws of (seed, round, row).
    static func alter(
        _ labels: [Int32], _ rows: [Int], count: Int, seed: UInt64, round: Int,
        wrong: (Int, inout SeededGenerator) -> Int
    ) -> (labels: [Int32], isAltered: [Bool]) {
        let salt = StableHash.mix(seed ^ StableHash.mix(UInt64(round) &+ 0x1ABE1))
        let draws = rows.map { (StableHash.mix(salt ^ UInt64($0)), $0) }
        let chosen = draws.sorted { $0 < $1 }.prefix(count)
        var changed = labels
        var isAltered = [Bool](repeating: false, count: labels.count)
        for (draw, row) in chosen {
            var generator = SeededGenerator(seed: draw, stream: UInt64(row))
            changed[row] = Int32(wrong(Int(labels[row]), &generator))
            isAltered[row] = true
        }
        return (changed, isAltered)
    }
}

/// Gives every record's probabilities by models that have not seen it.
struct LabelJudge {
    private let features: TextFeatures
    private let ridge: RidgeRegression?
    private let classCount: Int
    private let rowCount: Int
    /// What scores of the given labels are multiplied by, once they are known.
    private var sharpness: Float?

    /// Numbers in the tables of one model at most: 256 MB.
    private static let mostWeights = 64 << 20

    init(_ records: LabelledRecords, work: some WorkSharing) {
        classCount = records.classCount
        rowCount = records.labels.count
        features = TextFeatures(
            tokens: records.tokens, starts: records.starts,
            mostFeatures: LabelJudge.mostWeights / ((records.classCount + 7) / 8 * 8))
        ridge =
            records.dimensions == 0
            ? nil
            : RidgeRegression(
                vectors: records.vectors, rowCount: records.labels.count,
                dimensions: records.dimensions, work: work)
    }

    /// Probabilities, row by row, under each of several labellings.
    ///
    /// All folds of all labellings are shared out at once. The first of all, which must be the given labels,
    /// decides what the scores of vectors are multiplied by.
    mutating func probabilities(
        _ labellings: [[Int32]], round: Int, seed: UInt64, work: some WorkSharing
    ) -> [[Float]] {
        let folds = LabelErrors.foldCount
        var members: [[Int32]] = Array(repeating: [], count: folds)
        var others = members
        for row in 0..<rowCount {
            let own = Int(StableHash.mix(seed ^ StableHash.mix(UInt64(row))) % UInt64(folds))
            for fold in 0..<folds {
                if fold == own {
                    members[fold].append(Int32(row))
                } else {
                    others[fold].append(Int32(row))
                }
            }
        }
        let (features, classCount) = (features, classCount)
        let parts = work.map(labellings.count * folds) { [members, others] task in
            let fold = task % folds
            let model = SoftmaxRegression(
                features, rows: others[fold], labels: labellings[task / folds],
                classCount: classCount, seed: seed ^ UInt64(task + round * folds))
            var output: [Float] = []
            output.reserveCapacity(members[fold].count * classCount)
            for row in members[fold] { model.predict(features, row: Int(row), into: &output) }
            return output
        }
        work.reportProgress(round + 1, of: 3)
        return labellings.enumerated().map { number, labels in
            var all = [Float](repeating: 0, count: rowCount * classCount)
            for fold in 0..<folds {
                let part = parts[number * folds + fold]
                for (place, row) in members[fold].enumerated() {
                    for label in 0..<classCount {
                        all[Int(row) * classCount + label] = part[place * classCount + label]
                    }
                }
            }
            guard let ridge else { return all }
            let scores = ridge.leaveOneOut(labels: labels, classCount: classCount, work: work)
            let factor = sharpness ?? LabelJudge.sharpness(scores, labels, classCount)
            sharpness = factor
            return LabelJudge.average(all, scores, classCount, sharpness: factor)
        }
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
