import Numerics

/// The share of errors among records, read off how known errors and all records score.
///
/// All records are errors, which score as the known ones do, and sound ones, which score higher. Of the
/// share q of errors below a score, the sound ones below it make Φ(b Φ⁻¹(q) − a): the binormal curve of
/// signal detection (Dorfman and Alf 1969), which needs no scale of the scores. Its a, its b and the share of
/// errors are those that make the counts of all records between quantiles of the known errors likeliest.
/// Reading off a share at low scores alone takes the sound records that lie there for errors.
public struct ErrorShare: Sendable, Equatable {
    /// Best estimate, 0 to 1.
    public let value: Double
    /// Lower end of the 95 % interval.
    public let low: Double
    /// Upper end of the 95 % interval.
    public let high: Double

    /// Nothing known.
    public static let unknown = ErrorShare(value: 0, low: 0, high: 1)

    init(value: Double, low: Double, high: Double) {
        (self.value, self.low, self.high) = (value, low, high)
    }

    /// Reads the share off ascending scores, low ones of errors, where one binormal curve describes the sound
    /// records.
    ///
    /// Where the known errors were made of all records, those made of errors may be sound: one in
    /// `alternatives`, as another label may be the right one. `nil` where none is. O((known + others) log) and
    /// some hundred thousand values of Φ.
    public init(known: [Double], others: [Double], alternatives: Int? = nil) {
        guard let curve = BinormalCounts(known: known, others: others, alternatives: alternatives)
        else {
            self = .unknown
            return
        }
        let best = curve.likeliest()
        // Quantiles of few known errors are as uncertain as the counts between them.
        let doubt = 1 + Double(others.count) / Double(known.count)
        let limit = best.likelihood - ErrorShare.intervalDrop * doubt
        func isBelievable(_ share: Double) -> Bool {
            curve.likeliest(share: share, near: best).likelihood >= limit
        }
        let most = ErrorShare.border(from: best.share, to: curve.mostShare, isBelievable)
        self.init(
            value: best.share,
            low: ErrorShare.border(from: best.share, to: 0, isBelievable),
            high: most == curve.mostShare ? 1 : most)
    }

    /// Half of the 95 % quantile of chi squared with one degree of freedom.
    private static let intervalDrop = 1.92
    private static let bisections = 20

    /// The last share on the way that is believable.
    private static func border(
        from start: Double, to end: Double, _ isBelievable: (Double) -> Bool
    ) -> Double {
        if isBelievable(end) { return end }
        var (inside, outside) = (start, end)
        for _ in 0..<bisections {
            let middle = (inside + outside) / 2
            if isBelievable(middle) { inside = middle } else { outside = middle }
        }
        return inside
    }

    /// How many of some ascending scores are at most `limit`.
    static func count(_ sorted: [Double], upTo limit: Double) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] <= limit { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
