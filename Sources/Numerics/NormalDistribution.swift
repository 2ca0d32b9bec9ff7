#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The normal distribution of mean 0 and variance 1.
public enum NormalDistribution {
    /// The chance of a value up to `value`, 0 to 1.
    ///
    /// By the complementary error function, so that it is exact to the last digits in the tails too. O(1).
    public static func cumulative(_ value: Double) -> Double {
        0.5 * erfc(-value * 0.5.squareRoot())
    }

    /// The density at a value.
    ///
    /// O(1).
    public static func density(_ value: Double) -> Double {
        Elementary.exp(-value * value / 2) / (2 * Double.pi).squareRoot()
    }

    /// The value up to which the chance is `share`.
    ///
    /// −∞ and ∞ for 0 and 1, NaN outside of them. A rational first guess (Abramowitz and Stegun 1964,
    /// 26.2.23, off by less than 5e-4) and two steps of Halley's method, which leave less than 1e-13. O(1).
    public static func quantile(_ share: Double) -> Double {
        guard share > 0, share < 1 else {
            return share == 0 ? -.infinity : share == 1 ? .infinity : .nan
        }
        let t = (-2 * Elementary.log(min(share, 1 - share))).squareRoot()
        let upper = 2.515517 + t * (0.802853 + t * 0.010328)
        let lower = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
        var value = upper / lower - t
        if share > 0.5 { value = -value }
        for _ in 0..<2 {
            let step = (cumulative(value) - share) / density(value)
            value -= step / (1 + value * step / 2)
        }
        return value
    }
}
