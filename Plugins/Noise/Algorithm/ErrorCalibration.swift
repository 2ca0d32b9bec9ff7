import Numerics

/// Turns scores into chances of an error, from records that were made errors on purpose and all records.
///
/// What was made an error scores as all errors do. With the share of errors the chance of one is the ratio
/// of the two densities times that share (Elkan and Noto 2008); the ratio is an isotonic fit.
public struct ErrorCalibration: Sendable {
    /// Share of errors among all records.
    public let rate: ErrorShare
    private let steps: IsotonicFit
    /// Records for every one made an error.
    private let odds: Double
    /// Share of what was made an error that became sound by it, for it was an error before.
    private let mended: Double

    private static let leastShare = 1e-6

    /// Learns from scores, low ones of errors.
    ///
    /// `alternatives` is in how many ways a record can be made an error where one of them may make an error
    /// sound again, as another label may be the right one. O(n log n).
    public init(known: [Double], others: [Double], alternatives: Int? = nil) {
        let (known, others) = (known.sorted(), others.sorted())
        let rate = ErrorShare(known: known, others: others, alternatives: alternatives)
        self.init(
            known: known, others: others, rate: rate,
            mended: alternatives.map { rate.value / Double($0) } ?? 0)
    }

    /// Learns from scores where some kinds of sound records score low as a whole (`ErrorShare`).
    ///
    /// `sound` are scores of records known to be without an error, which may be none. O(n log n).
    public init(known: [Double], others: [Double], sound: [Double]) {
        let (known, others) = (known.sorted(), others.sorted())
        self.init(
            known: known, others: others,
            rate: ErrorShare(lowestOf: known, others: others, sound: sound.sorted()), mended: 0)
    }

    private init(known: [Double], others: [Double], rate: ErrorShare, mended: Double) {
        self.rate = rate
        self.mended = mended
        odds = Double(others.count) / Double(max(1, known.count))
        steps = IsotonicFit(
            falling: known.map { (x: $0, y: 1) } + others.map { (x: $0, y: 0) })
    }

    /// The chance that a record of this score is an error, 0 to 1.
    public func posterior(_ score: Double) -> Double {
        let share = min(
            1 - ErrorCalibration.leastShare,
            max(ErrorCalibration.leastShare, steps.value(at: score)))
        let ratio = odds * share / (1 - share)
        // Scores of errors from those of what was made an error, less what became sound.
        let value = rate.value
        let rest = 1 - value - mended
        guard rest > 0 else { return 0 }
        return min(1, max(0, value * ((1 - value) * ratio - mended) / rest))
    }

    /// More errors than this are not believed when it is asked whether scores tell them.
    private static let mostErrors = 0.25

    /// The chance that an error scores below a sound record of its group: 0.5 says nothing, 1 all.
    ///
    /// Groups are numbers below `groupCount`. The records that score low because they are errors, and what
    /// became sound, are taken off. `nil` where no group has both. O(n log n).
    public func separation(
        known: [(group: Int32, score: Double)], others: [(group: Int32, score: Double)],
        groupCount: Int
    ) -> Double? {
        var scores: [[Double]] = Array(repeating: [], count: groupCount)
        var isKnown: [[Bool]] = Array(repeating: [], count: groupCount)
        for (entries, flag) in [(known, true), (others, false)] {
            for entry in entries {
                scores[Int(entry.group)].append(-entry.score)
                isKnown[Int(entry.group)].append(flag)
            }
        }
        var (area, weight) = (0.0, 0.0)
        for group in 0..<groupCount {
            guard let quality = RankingQuality(scores: scores[group], isPositive: isKnown[group])
            else { continue }
            // By the records, not by what was made an error: of a rare class most labels may be wrong.
            let count = Double(isKnown[group].count { !$0 })
            area += count * quality.areaUnderCurve
            weight += count
        }
        guard weight > 0 else { return nil }
        let wrong = min(ErrorCalibration.mostErrors, rate.value)
        let right = min(mended, wrong)
        let chance = (1 - right) * wrong / 2 + right * (1 - wrong) / 2 + right * wrong
        return (area / weight - chance) / ((1 - right) * (1 - wrong) - right * wrong)
    }
}
