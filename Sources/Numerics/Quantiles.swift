/// Order statistics of a sample.
public enum Quantiles {
    /// The quantile `share` (0 to 1) of sorted values by linear interpolation between order
    /// statistics (type 7 of Hyndman and Fan 1996).
    ///
    /// `nil` for no values. O(1).
    public static func quantile(_ share: Double, ofSorted values: [Double]) -> Double? {
        guard let last = values.last else { return nil }
        let position = share * Double(values.count - 1)
        let index = Int(position)
        guard index + 1 < values.count else { return last }
        return values[index] + (position - Double(index)) * (values[index + 1] - values[index])
    }

    /// The Wilson score interval at 95 % of a share of `count` out of `n` (Wilson 1927).
    ///
    /// (0, 1) when `n` is 0.
    public static func wilsonInterval(count: Int, of n: Int) -> (low: Double, high: Double) {
        guard n > 0 else { return (0, 1) }
        let z = 1.959963984540054
        let (total, share) = (Double(n), Double(count) / Double(n))
        let center = share + z * z / (2 * total)
        let margin = z * (share * (1 - share) / total + z * z / (4 * total * total)).squareRoot()
        let scale = 1 + z * z / total
        // At the ends the bound is the end itself, which the subtraction only nears.
        let low = count == 0 ? 0 : max(0, (center - margin) / scale)
        let high = count == n ? 1 : min(1, (center + margin) / scale)
        return (low, high)
    }
}
