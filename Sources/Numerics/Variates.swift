#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Draws from distributions that the tests of this project need.
///
/// Counts are drawn by inversion from the mode outwards, so that a draw costs as many steps as the
/// distribution is wide.
extension SeededGenerator {
    /// A uniform number in [0, 1) of 53 bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number of the standard Gumbel distribution: −log(−log u).
    public mutating func gumbel() -> Double {
        -log(-log((Double(next() >> 11) + 0.5) * 0x1p-53))
    }

    /// Two independent numbers of the standard normal distribution (Box and Muller 1958).
    public mutating func normals() -> (Double, Double) {
        let radius = (-2 * log((Double(next() >> 11) + 0.5) * 0x1p-53)).squareRoot()
        let angle = 2 * Double.pi * uniform()
        return (radius * cos(angle), radius * sin(angle))
    }

    /// A number of the Poisson distribution of mean 1, at most 12.
    public mutating func poissonOfOne() -> Int {
        var left = uniform()
        var term = 0.367_879_441_171_442_33
        var count = 0
        while left >= term, count < 12 {
            left -= term
            count += 1
            term /= Double(count)
        }
        return count
    }

    /// How many of `draws` without replacement are of the `marked` among `marked` + `others`.
    ///
    /// `draws` is at most their sum. O(standard deviation) on average.
    public mutating func hypergeometric(marked: Int, others: Int, draws: Int) -> Int {
        let (low, high) = (max(0, draws - others), min(draws, marked))
        guard low < high else { return low }
        let (n, k, all) = (Double(draws), Double(marked), Double(marked + others))
        let mode = min(high, max(low, Int((n + 1) * (k + 1) / (all + 2))))
        func choose(_ n: Int, _ k: Int) -> Double {
            LogFactorial.value(n) - LogFactorial.value(k) - LogFactorial.value(n - k)
        }
        let peak = exp(
            choose(marked, mode) + choose(others, draws - mode) - choose(marked + others, draws))
        return fromMode(mode, low...high, peak) { count in
            // P(count + 1) / P(count).
            let c = Double(count)
            return (k - c) * (n - c) / ((c + 1) * (all - k - n + c + 1))
        }
    }

    /// How many of `trials` succeed, each with this chance.
    ///
    /// O(standard deviation) on average.
    public mutating func binomial(trials: Int, chance: Double) -> Int {
        guard trials > 0, chance > 0 else { return 0 }
        guard chance < 1 else { return trials }
        let mode = min(trials, Int(Double(trials + 1) * chance))
        let peak = exp(
            LogFactorial.value(trials) - LogFactorial.value(mode)
                - LogFactorial.value(trials - mode) + Double(mode) * log(chance)
                + Double(trials - mode) * log1p(-chance))
        let odds = chance / (1 - chance)
        return fromMode(mode, 0...trials, peak) { count in
            Double(trials - count) / Double(count + 1) * odds
        }
    }

    /// Inversion from the mode outwards; `ratio` is the chance of the next count over that of this one.
    private mutating func fromMode(
        _ mode: Int, _ range: ClosedRange<Int>, _ peak: Double, ratio: (Int) -> Double
    ) -> Int {
        var left = uniform() - peak
        if left < 0 { return mode }
        var (up, down) = (mode, mode)
        var (upper, lower) = (peak, peak)
        while up < range.upperBound || down > range.lowerBound {
            if up < range.upperBound {
                upper *= ratio(up)
                up += 1
                left -= upper
                if left < 0 { return up }
            }
            if down > range.lowerBound {
                down -= 1
                lower /= ratio(down)
                left -= lower
                if left < 0 { return down }
            }
            // What rounding has left over.
            if upper < 1e-300, lower < 1e-300 { break }
        }
        return mode
    }
}

/// Logarithms of factorials.
enum LogFactorial {
    private static let table: [Double] = {
        var table = [0.0]
        for n in 1..<256 { table.append(table[n - 1] + log(Double(n))) }
        return table
    }()

    /// log n! for n of at least 0, by Stirling's series from 256 on; relative error below 1e-15.
    static func value(_ n: Int) -> Double {
        if n < table.count { return table[n] }
        let x = Double(n)
        return (x + 0.5) * log(x) - x + 0.918_938_533_204_672_74 + 1 / (12 * x)
            - 1 / (360 * x * x * x)
    }
}
