/// How well a score ranks rows of one kind before the others.
public struct RankingQuality: Sendable, Equatable {
    /// Chance that a row of the kind scores above another, ties counted half: 0 to 1, 0.5 for a coin, 1
    /// best (Hanley and McNeil 1982).
    public let areaUnderCurve: Double
    /// Mean precision at the place of every row of the kind: 0 to 1, 1 best; ties are taken as one step, so
    /// the order of rows does not matter.
    public let averagePrecision: Double

    /// Ranks rows by their scores, higher first.
    ///
    /// `nil` where one of the two kinds is missing. NaN is not a score. O(n log n).
    public init?(scores: [Double], isPositive: [Bool]) {
        let positives = isPositive.reduce(0) { $0 + ($1 ? 1 : 0) }
        let negatives = isPositive.count - positives
        guard scores.count == isPositive.count, positives > 0, negatives > 0 else { return nil }
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var (above, area, precision) = (0, 0.0, 0.0)
        var start = 0
        while start < order.count {
            var end = start
            var found = 0
            while end < order.count, scores[order[end]] == scores[order[start]] {
                if isPositive[order[end]] { found += 1 }
                end += 1
            }
            let others = end - start - found
            // Every row of the kind beats the others that come later, and half of those beside it.
            let later = negatives - (start - above) - others
            area += Double(found) * (Double(later) + Double(others) / 2)
            above += found
            precision += Double(found) * Double(above) / Double(end)
            start = end
        }
        areaUnderCurve = area / Double(positives) / Double(negatives)
        averagePrecision = precision / Double(positives)
    }
}
