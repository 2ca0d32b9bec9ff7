import Numerics

/// How often each record is to count so that the values of a dimension come equally often.
public enum Balance {
    /// The weight of each value: the mean over all records is 1, and no weight is above `most`.
    ///
    /// Where a value is so rare that its cap keeps it below an equal share, the others share what it leaves.
    /// `counts` are records by value, all above 0. O(values²) at most.
    public static func weights(_ counts: [Int], most: Double) -> [Double] {
        let total = Double(counts.reduce(0, +))
        var weights = [Double](repeating: 0, count: counts.count)
        var open = Array(counts.indices)
        var left = total
        while !open.isEmpty {
            let share = left / Double(open.count)
            let capped = open.filter { share > most * Double(counts[$0]) }
            if capped.isEmpty {
                for value in open { weights[value] = share / Double(counts[value]) }
                break
            }
            for value in capped {
                weights[value] = most
                left -= most * Double(counts[value])
            }
            open.removeAll { capped.contains($0) }
        }
        return weights
    }

    /// Copies of the records of one value that together come closest to their weight: whole numbers, the larger
    /// ones first.
    ///
    /// `count` records of weight `weight` each; the sum is `count · weight`, rounded.
    public static func copies(count: Int, weight: Double, most: Int) -> [Int] {
        let size = min(count * most, Int((Double(count) * weight).rounded()))
        let (whole, rest) = size.quotientAndRemainder(dividingBy: max(1, count))
        return (0..<count).map { $0 < rest ? whole + 1 : whole }
    }

    /// Entropy of weighted counts as a share of its maximum: 0 to 1; 1 for one value.
    public static func evenness(_ counts: [Int], _ weights: [Double]) -> Double {
        let sizes = zip(counts, weights).map { Double($0) * $1 }
        let total = sizes.reduce(0, +)
        guard counts.count > 1, total > 0 else { return 1 }
        let entropy = sizes.reduce(0) { sum, size in
            let share = size / total
            return share > 0 ? sum - share * Elementary.log(share) : sum
        }
        return min(1, entropy / Elementary.log(Double(counts.count)))
    }
}
