import CoverageAlgorithm
import JSONText
import Numerics
import Patterns

/// Dimensions with their categories, from a taxonomy file or built in.
struct Taxonomy: Sendable {
    struct Category: Sendable {
        let name: String
        let weight: Double
        let target: Int
        /// Values of the dimension's field that stand for it.
        let values: [String]
        let part: RowPart
        let rules: TextRules
        /// Patterns of which one must occur in `part`.
        let patterns: [RegularExpression]
        /// Language tags of which the row's must be one; empty for no rule.
        let languages: [[UInt8]]
        /// Prompts that belong to it.
        let examples: [String]

        /// Whether rules say who belongs to it.
        var hasRules: Bool { !rules.isEmpty || !languages.isEmpty || !patterns.isEmpty }
    }

    /// How records are put into categories where neither a field nor rules say it.
    enum Kind: Sendable {
        /// By fields, rules and examples.
        case stated
        /// By the tag of the record's language; categories are found.
        case language
        /// By the first word of the prompt that names a task.
        case taskVerb
        /// By what the data itself falls into.
        case topics
    }

    struct Dimension: Sendable {
        let name: String
        let kind: Kind
        let column: String?
        /// Whether it comes from a taxonomy: gaps in what is built in are no one's wish.
        let isStated: Bool
        let target: Int
        let weight: Double
        /// Topics that are looked for; `nil` for as many as the data suggests.
        let topicCount: Int?
        let categories: [Category]
        /// Numbers of the categories by the hash of a value that stands for them.
        private let valueNumbers: [UInt64: Int32]
        /// The bounds of each category with rules, apart from what costs a count of references to copy.
        private let bounds: [(part: RowPart, bounds: LengthBounds)?]

        init(
            name: String, kind: Kind = .stated, column: String? = nil, isStated: Bool,
            target: Int, weight: Double = 1, topicCount: Int? = nil, categories: [Category]
        ) {
            self.name = name
            self.kind = kind
            self.column = column
            self.isStated = isStated
            self.target = target
            self.weight = weight
            self.topicCount = topicCount
            self.categories = categories
            var numbers: [UInt64: Int32] = [:]
            for (number, category) in categories.enumerated() {
                for value in category.values {
                    let hash = StableHash.hash(Array(value.utf8).span)
                    if numbers[hash] == nil { numbers[hash] = Int32(number) }
                }
            }
            valueNumbers = numbers
            bounds = categories.map { $0.hasRules ? ($0.part, $0.rules.bounds) : nil }
        }

        /// The name as part of a metric's: `answer form` is `answer_form`.
        var metricName: String { name.split(separator: " ").joined(separator: "_") }

        /// Whether its categories are found in the data.
        var isOpen: Bool { categories.isEmpty }

        /// The most records that one of its categories wants.
        var largestTarget: Int { categories.map(\.target).max() ?? target }

        /// Whether examples say who belongs to a category.
        var hasExamples: Bool { categories.contains { !$0.examples.isEmpty } }

        /// The category that a value stands for; `nil` for none.
        func number(ofValue hash: UInt64) -> Int32? { valueNumbers[hash] }

        /// The category of a name.
        func number(named name: String) -> Int32? {
            categories.firstIndex { $0.name == name }.map { Int32($0) }
        }

        /// Calls `body` with the number of every category whose rules hold for a row.
        ///
        /// `found` says which categories have the keywords and patterns that they need.
        func assign(
            _ row: RowReader, _ position: Int, found: ArraySlice<Bool>, _ body: (Int32) -> Void
        ) {
            let turnCount = row.turnCount(position)
            for index in bounds.indices where found[found.startIndex + index] {
                guard let bound = bounds[index],
                    let wordCount = row.wordCount(bound.part, position),
                    bound.bounds.hold(wordCount: wordCount, turnCount: turnCount)
                else { continue }
                if !categories[index].languages.isEmpty {
                    var isSpoken = false
                    row.withLanguage(position) { tag in
                        isSpoken = categories[index].languages.contains { language in
                            language.count == tag.count
                                && tag.indices.allSatisfy { tag[$0] == language[$0] }
                        }
                    }
                    guard isSpoken else { continue }
                }
                body(Int32(index))
            }
        }
    }

    /// Dimensions of which every combination of categories is a cell.
    struct Cross: Sendable {
        /// Numbers of two or three dimensions.
        let dimensions: [Int]
        let name: String
        let target: Int?
        let weight: Double
        /// Combinations that cannot occur, as names joined by ` × `.
        let excluded: Set<String>
    }

    let dimensions: [Dimension]
    let crosses: [Cross]
    let textRules: TextRuleIndex
    /// Whether nobody has stated one.
    let isBuiltIn: Bool

    init(dimensions: [Dimension], crosses: [Cross], isBuiltIn: Bool = false) {
        self.isBuiltIn = isBuiltIn
        self.dimensions = dimensions
        self.crosses = crosses
        textRules = TextRuleIndex(dimensions)
    }

    /// Which dimensions are counted together: every pair, and the crosses of three.
    ///
    /// With many dimensions the pairs are those of the first eight, so that a row costs no more than 28.
    var tables: [[Int]] {
        let paired = dimensions.indices.filter { dimensions[$0].kind != .topics }
            .filter { !dimensions[$0].isOpen || dimensions[$0].isStated }.prefix(8)
        let pairs = paired.flatMap { first in
            paired.filter { $0 > first }.map { [first, $0] }
        }
        return pairs + crosses.map(\.dimensions).filter { !pairs.contains($0) }
    }
}
