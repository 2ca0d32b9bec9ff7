public import Numerics

/// The words and pairs of words by which the texts of two sides differ most.
public struct TermContrast: Sendable {
    /// A word or pair of words.
    public struct Term: Sendable {
        /// The term.
        public let name: String
        /// Share of the left side's texts that it stands in, 0 to 1.
        public let left: Double
        /// Share of the right side's texts.
        public let right: Double
        /// Jensen–Shannon divergence in bits of standing in a text or not, 0 to 1.
        public let contribution: Double
        /// A text with it, of the side where its share is larger.
        public let example: Int
    }

    /// The most contrasting first.
    public let terms: [Term]

    private static let mostTerms = 50
    private static let share = 512

    /// Compares texts; a term counts once a text.
    ///
    /// O(words of all texts).
    public init(_ left: [[UInt8]], _ right: [[UInt8]], work: some WorkSharing) {
        let sides = [left, right].map { texts in
            let shares = work.map((texts.count + TermContrast.share - 1) / TermContrast.share) {
                part -> [String: (count: Int, first: Int)] in
                let first = part * TermContrast.share
                var found: [String: (count: Int, first: Int)] = [:]
                for index in first..<min(texts.count, first + TermContrast.share) {
                    for term in Set(TopicNames.terms(texts[index])) {
                        found[term, default: (0, index)].count += 1
                    }
                }
                return found
            }
            return shares.reduce(into: [String: (count: Int, first: Int)]()) { all, part in
                all.merge(part) { ($0.count + $1.count, min($0.first, $1.first)) }
            }
        }
        let (n, m) = (Double(max(1, left.count)), Double(max(1, right.count)))
        let names = Set(sides[0].keys).union(sides[1].keys)
        terms = names.compactMap { name -> Term? in
            let (a, b) = (sides[0][name], sides[1][name])
            let (p, q) = (Double(a?.count ?? 0) / n, Double(b?.count ?? 0) / m)
            let contribution = Divergence.jensenShannon([p, 1 - p], [q, 1 - q])
            guard contribution > 0 else { return nil }
            return Term(
                name: name, left: p, right: q, contribution: contribution,
                example: (p >= q ? a?.first : b?.first) ?? 0)
        }.sorted { ($1.contribution, $0.name) < ($0.contribution, $1.name) }
            .prefix(TermContrast.mostTerms).map { $0 }
    }
}
