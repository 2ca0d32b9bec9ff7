#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Functions of one number that the standard library leaves to the system.
public enum Elementary {
    /// The natural logarithm.
    public static func log(_ value: Double) -> Double {
        #if canImport(Glibc)
            Glibc.log(value)
        #else
            Darwin.log(value)
        #endif
    }

    /// e to the power of a number.
    public static func exp(_ value: Double) -> Double {
        #if canImport(Glibc)
            Glibc.exp(value)
        #else
            Darwin.exp(value)
        #endif
    }

    /// The cosine of an angle in radians.
    public static func cos(_ value: Double) -> Double {
        #if canImport(Glibc)
            Glibc.cos(value)
        #else
            Darwin.cos(value)
        #endif
    }

    /// The sine of an angle in radians.
    public static func sin(_ value: Double) -> Double {
        #if canImport(Glibc)
            Glibc.sin(value)
        #else
            Darwin.sin(value)
        #endif
    }

    /// e to the power of each lane, for values of at most 0; below −87 it is 0.
    ///
    /// Relative error below 1e-6: 2 to the whole part by the exponent's bits, to the rest by a polynomial
    /// of degree 6 (Taylor, |rest| ≤ 0.5 after the whole part is rounded).
    @inlinable
    public static func exp(_ value: SIMD8<Float>) -> SIMD8<Float> {
        // Adding 1.5 · 2²³ rounds to a whole number, which then stands in the lowest bits.
        let shift = SIMD8<Float>(repeating: 12_582_912)
        var power = value * 1.442_695_04
        power = power.replacing(with: -126, where: power .< -126)
        let shifted = power + shift
        let whole = shifted - shift
        // ln 2 in two parts, so that the product with the first is exact (Cody and Waite 1980).
        let rest = (value - whole * 0.693_359_375) + whole * 2.121_944_4e-4
        var sum = SIMD8<Float>(repeating: 1 / 720)
        sum = sum * rest + 1 / 120
        sum = sum * rest + 1 / 24
        sum = sum * rest + 1 / 6
        sum = sum * rest + 0.5
        sum = sum * rest + 1
        sum = sum * rest + 1
        let bits = unsafe unsafeBitCast(shifted, to: SIMD8<Int32>.self)
        let exponent = (bits &- (0x4B40_0000 - 127)) &<< 23
        let scaled = unsafe unsafeBitCast(exponent, to: SIMD8<Float>.self) * sum
        return scaled.replacing(with: 0, where: value .< -87)
    }

    /// The chance that a Poisson variable of this mean reaches `count`.
    ///
    /// 1 for a count of 0. O(count).
    public static func poissonUpperTail(_ count: Int, mean: Double) -> Double {
        guard count > 0 else { return 1 }
        guard mean > 0 else { return 0 }
        // Terms from `count` on; each is the one before times mean / k.
        var logTerm = -mean
        for k in 1...count { logTerm += log(mean / Double(k)) }
        var term = exp(logTerm)
        var sum = 0.0
        var k = count
        while term > 1e-300, k < count + 1000 {
            sum += term
            k += 1
            term *= mean / Double(k)
            if term < sum * 1e-15 { break }
        }
        return min(1, sum)
    }
}
