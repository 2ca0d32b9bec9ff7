import Numerics

/// The share of records that are in error, and what it makes of a record's log-odds.
///
/// Learnt from the log-odds of records damaged on purpose and of all records: the damaged ones score as all
/// errors do, so that the ratio of the two densities, times the share of errors, is the chance of an error.
public struct ErrorCurve: Sendable {
    /// Best estimate and 95 % interval of the share, 0 to 1.
    public let rate: (value: Double, low: Double, high: Double)
    /// Log-odds, ascending, with the chances there.
    private let points: [(logit: Double, chance: Double)]

    /// Points that are kept of a fit.
    private static let mostPoints = 128
    /// Weight of the log-odds themselves, which keep records apart where the chance is level.
    private static let tieShare = 0.001

    /// What log-odds are divided by for it, so that it stays in sight.
    private static let tieScale = 4.0

    /// Learns nothing: no record is in error.
    static let unknown = ErrorCurve(rate: (0, 0, 1), points: [])

    private init(
        rate: (value: Double, low: Double, high: Double),
        points: [(logit: Double, chance: Double)]
    ) {
        self.rate = rate
        self.points = points
    }

    /// Learns from log-odds: of records damaged on purpose, of all records, and of records known to be
    /// sound, which may be none.
    ///
    /// O(n log n).
    init(known: [Double], others: [Double], sound: [Double] = []) {
        let calibration = ErrorCalibration(
            known: known.map { -$0 }, others: others.map { -$0 }, sound: sound.map { -$0 })
        let sorted = (known + others).sorted()
        var points: [(logit: Double, chance: Double)] = []
        let count = min(ErrorCurve.mostPoints, sorted.count)
        for index in 0..<count {
            let logit = sorted[index * (sorted.count - 1) / max(1, count - 1)]
            if logit == points.last?.logit { continue }
            points.append((logit, calibration.posterior(-logit)))
        }
        let rate = calibration.rate
        self.init(rate: (rate.value, rate.low, rate.high), points: points)
    }

    /// The chance that a record of these log-odds is in error, 0 to 1; it rises with them strictly.
    ///
    /// O(log points).
    public func chance(_ logit: Double) -> Double {
        var (low, high) = (0, points.count)
        while low < high {
            let middle = (low + high) / 2
            if points[middle].logit <= logit { low = middle + 1 } else { high = middle }
        }
        let own: Double
        if points.isEmpty {
            own = 0
        } else if low == 0 || low == points.count {
            own = points[low == 0 ? 0 : low - 1].chance
        } else {
            let (left, right) = (points[low - 1], points[low])
            let share = (logit - left.logit) / (right.logit - left.logit)
            own = left.chance + share * (right.chance - left.chance)
        }
        let tie = 1 / (1 + Elementary.exp(-max(-30, min(30, logit)) / ErrorCurve.tieScale))
        return (1 - ErrorCurve.tieShare) * own + ErrorCurve.tieShare * tie
    }

    /// How many numbers `numbers` has.
    static let numberCount = 4 + 2 * mostPoints

    /// Everything that was learnt.
    var numbers: [Float] {
        var numbers = [rate.value, rate.low, rate.high, Double(points.count)].map { Float($0) }
        for point in points { numbers += [Float(point.logit), Float(point.chance)] }
        return numbers
            + Array(repeating: 0, count: ErrorCurve.numberCount - numbers.count)
    }

    /// Reads what `numbers` gave; `nil` when it does not fit.
    init?(_ numbers: ArraySlice<Float>) {
        let all = numbers.map { Double($0) }
        guard all.count == ErrorCurve.numberCount,
            (0...Double(ErrorCurve.mostPoints)).contains(all[3])
        else { return nil }
        self.init(
            rate: (all[0], all[1], all[2]),
            points: (0..<Int(all[3])).map { (all[4 + 2 * $0], all[5 + 2 * $0]) })
    }
}
