import Numerics

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
                let counted = isTrusted.indices.filter { !isTrusted[$0] && verdicts[$0] == nil }
                let curve = ErrorCalibration(
                    known: counted.filter { isPositive[$0] }.map { -logits[$0] },
                    others: counted.filter { !isPositive[$0] }.map { -logits[$0] })
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
