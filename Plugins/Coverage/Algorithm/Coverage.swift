/// A category of a taxonomy with what was counted in it.
public struct CategoryCount: Sendable, Equatable {
    /// Name within the dimension.
    public let name: String
    /// Importance, at least 0; normalised over all categories.
    public let weight: Double
    /// Records wanted, above 0.
    public let target: Int
    /// Records found.
    public let count: Int

    /// Makes a count.
    public init(name: String, weight: Double, target: Int, count: Int) {
        self.name = name
        self.weight = weight
        self.target = target
        self.count = count
    }
}

/// A category that lacks records.
public struct Gap: Sendable, Equatable {
    /// The category.
    public let name: String
    /// Records found.
    public let have: Int
    /// Records wanted.
    public let target: Int
    /// Records missing, at least 1.
    public let deficit: Int
    /// Normalised weight times deficit: higher is more urgent.
    public let priority: Double
}

/// How well records cover the categories of one dimension.
public struct CoverageMeasures: Sendable, Equatable {
    /// Covered categories over all categories: 0 to 1, 1 is best; 0 without categories.
    public let scene: Double
    /// Σ w·n/n* over all categories, weights normalised to 1: at least 0; above 1 when there are more
    /// records than wanted.
    public let sample: Double
    /// The same with each n/n* cut at 1: 0 to 1, 1 is best.
    public let capped: Double
    /// The same as `sample` over the categories that have records, their weights normalised to 1.
    public let samplePresent: Double
    /// Categories below their target, by falling priority, then by name.
    public let gaps: [Gap]

    /// Measures the categories of one dimension.
    ///
    /// O(c log c).
    public init(_ categories: [CategoryCount]) {
        let total = categories.reduce(0) { $0 + $1.weight }
        let present = categories.filter { $0.count > 0 }
        let presentTotal = present.reduce(0) { $0 + $1.weight }
        func ratio(_ category: CategoryCount) -> Double {
            Double(category.count) / Double(max(1, category.target))
        }
        scene = categories.isEmpty ? 0 : Double(present.count) / Double(categories.count)
        sample = total > 0 ? categories.reduce(0) { $0 + $1.weight * ratio($1) } / total : 0
        capped = total > 0 ? categories.reduce(0) { $0 + $1.weight * min(1, ratio($1)) } / total : 0
        samplePresent =
            presentTotal > 0 ? present.reduce(0) { $0 + $1.weight * ratio($1) } / presentTotal : 0
        gaps = categories.filter { $0.count < $0.target }.map { category in
            let deficit = category.target - category.count
            return Gap(
                name: category.name, have: category.count, target: category.target,
                deficit: deficit,
                priority: total > 0 ? category.weight / total * Double(deficit) : 0)
        }.sorted { ($1.priority, $0.name) < ($0.priority, $1.name) }
    }
}
