/// A category of a taxonomy, or a cell of crossed ones, with what was counted in it.
public struct CategoryCount: Sendable, Equatable {
    /// Name within the dimension or the cross.
    public let name: String
    /// Importance, at least 0; normalised over all categories.
    public let weight: Double
    /// Records wanted, above 0.
    public let target: Int
    /// Records found.
    public let count: Int
    /// Records found, near copies of one counted once: at most `count`.
    public let effective: Int

    /// Makes a count; without `effective` no record is a copy.
    public init(name: String, weight: Double, target: Int, count: Int, effective: Int? = nil) {
        self.name = name
        self.weight = weight
        self.target = target
        self.count = count
        self.effective = effective ?? count
    }
}

/// A category that lacks records.
public struct Gap: Sendable, Equatable {
    /// Index of the category among those measured.
    public let index: Int
    /// The category.
    public let name: String
    /// Records found.
    public let have: Int
    /// Records found, near copies counted once.
    public let effective: Int
    /// Records wanted.
    public let target: Int
    /// Records missing: target less effective, at least 1.
    public let deficit: Int
    /// Normalised weight times deficit: higher is more urgent.
    public let priority: Double
    /// Whether there are records enough, but too many of them copies.
    public var isFilledByCopies: Bool { have >= target }
}

/// How well records cover the categories of one dimension or cross.
public struct CoverageMeasures: Sendable, Equatable {
    /// Covered categories over all categories: 0 to 1, 1 is best; 0 without categories.
    public let scene: Double
    /// Σ w·n/n* over all categories, weights normalised to 1: at least 0; above 1 when there are more
    /// records than wanted.
    public let sample: Double
    /// The same with each n/n* cut at 1: 0 to 1, 1 is best.
    public let capped: Double
    /// As `capped`, with near copies counted once: 0 to 1, 1 is best.
    public let effective: Double
    /// The same as `sample` over the categories that have records, their weights normalised to 1.
    public let samplePresent: Double
    /// Categories with fewer records than their target, and those that copies fill: whose effective
    /// count is below half of it; by falling priority, then by name.
    ///
    /// Some near copies are in all natural data, which is why the others are no gaps.
    public let gaps: [Gap]

    /// Measures the categories of one dimension or cross.
    ///
    /// O(c log c).
    public init(_ categories: [CategoryCount]) {
        let total = categories.reduce(0) { $0 + $1.weight }
        let present = categories.filter { $0.count > 0 }
        let presentTotal = present.reduce(0) { $0 + $1.weight }
        func ratio(_ count: Int, _ category: CategoryCount) -> Double {
            Double(count) / Double(max(1, category.target))
        }
        func mean(_ value: (CategoryCount) -> Double) -> Double {
            total > 0 ? categories.reduce(0) { $0 + $1.weight * value($1) } / total : 0
        }
        scene = categories.isEmpty ? 0 : Double(present.count) / Double(categories.count)
        sample = mean { ratio($0.count, $0) }
        capped = mean { min(1, ratio($0.count, $0)) }
        effective = mean { min(1, ratio($0.effective, $0)) }
        samplePresent =
            presentTotal > 0
            ? present.reduce(0) { $0 + $1.weight * ratio($1.count, $1) } / presentTotal : 0
        gaps = categories.enumerated()
            .filter { $1.count < $1.target || 2 * $1.effective < $1.target }
            .map { index, category in
                let deficit = category.target - category.effective
                return Gap(
                    index: index, name: category.name, have: category.count,
                    effective: category.effective, target: category.target, deficit: deficit,
                    priority: total > 0 ? category.weight / total * Double(deficit) : 0)
            }.sorted { ($1.priority, $0.name) < ($0.priority, $1.name) }
    }
}
