import DistributionAlgorithm

/// How one family of features differs between two sides.
struct FamilyComparison: Sendable {
    /// What a family's report shows.
    enum Kind: Sendable {
        case values, lengths, words, topics, embedding, classifier
    }

    /// A bin, word or topic, with its part in the difference.
    struct Driver: Sendable {
        let name: String
        /// Share of each side's records, 0 to 1.
        let left: Double
        let right: Double
        /// Bits that it adds to the Jensen–Shannon divergence.
        let contribution: Double
        /// A record of the side that has more of it.
        var example = ""
    }

    /// `prompt_length`, as in the names of metrics.
    let name: String
    let kind: Kind
    let effects: [Measure: Effect]
    /// Records of both sides.
    let n: Int
    /// The largest first.
    let drivers: [Driver]
    /// Bands of lengths in ascending order; empty for other families.
    var bands: [Driver] = []

    /// What the family is ranked and reported by.
    var main: Effect { effects[mainMeasure] ?? .none }

    /// Its name.
    var mainMeasure: Measure {
        switch kind {
        case .embedding: .mmd
        case .classifier: .auc
        default: .js
        }
    }

    /// Whether the difference is more than chance, and not too small to matter.
    func isShift(significance: Double) -> Bool {
        main.pValue <= significance && main.corrected > FamilyComparison.leastEffect
    }

    /// Bits, squared discrepancy or area below which a difference is of no consequence.
    private static let leastEffect = 0.001

    /// `response length`.
    var title: String { name.split(separator: "_").joined(separator: " ") }
}
