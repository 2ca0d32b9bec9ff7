import Numerics

/// Effective numbers of categories (Hill 1973).
public enum HillNumber {
    /// How many equally common categories would be as varied as these counts.
    ///
    /// `order` 0 counts the categories, 1 is the exponential of Shannon's entropy, 2 the inverse of the
    /// chance that two draws agree; at least 1, 0 without counts. Does not depend on the order of the
    /// counts. O(n log n).
    public static func of(_ counts: [Int], order: Int) -> Double {
        let counts = counts.filter { $0 > 0 }.sorted()
        let total = Double(counts.reduce(0, +))
        guard total > 0 else { return 0 }
        switch order {
        case 0: return Double(counts.count)
        case 1: return Elementary.exp(entropy(counts, total))
        default:
            return 1 / counts.reduce(0) { $0 + Double($1) / total * (Double($1) / total) }
        }
    }

    /// Shannon's entropy as a share of the most that so many categories can have: 0 to 1; 0 for fewer than two
    /// categories.
    public static func evenness(_ counts: [Int], of categories: Int) -> Double {
        let counts = counts.filter { $0 > 0 }.sorted()
        let total = Double(counts.reduce(0, +))
        guard total > 0, categories > 1 else { return 0 }
        return min(1, max(0, entropy(counts, total) / Elementary.log(Double(categories))))
    }

    /// In nats.
    private static func entropy(_ counts: [Int], _ total: Double) -> Double {
        counts.reduce(0) { sum, count in
            let share = Double(count) / total
            return sum - share * Elementary.log(share)
        }
    }
}
