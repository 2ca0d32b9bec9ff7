import CoverageAlgorithm
import Numerics
import Patterns

/// The keywords and patterns of all categories: keywords are looked for in one pass over each part of a
/// row, patterns where a keyword was found or none is needed.
struct TextRuleIndex: Sendable {
    /// What looking needs; belongs to one thread.
    struct Scratch {
        /// Which categories need no keyword and no pattern, or have one of each that they need.
        fileprivate(set) var found: [Bool] = []
        /// A pattern of a category that was given up in the last row.
        fileprivate(set) var givenUp: (category: Int, pattern: Int)?
        fileprivate let matching = RegularExpression.Scratch()
    }

    private struct Expressions: Sendable {
        let category: Int
        let part: RowPart
        let patterns: [RegularExpression]
    }

    private struct Part: Sendable {
        let part: RowPart
        let search: PhraseSearch
        /// The number, dimension by dimension, of the category that each keyword belongs to.
        let owners: [Int]
    }

    private let parts: [Part]
    /// Which categories need no keyword.
    private let needNone: [Bool]
    private let expressions: [Expressions]

    init(_ dimensions: [Taxonomy.Dimension]) {
        let categories = dimensions.flatMap(\.categories)
        needNone = categories.map(\.rules.keywords.isEmpty)
        expressions = categories.enumerated().compactMap { number, category in
            category.patterns.isEmpty
                ? nil
                : Expressions(category: number, part: category.part, patterns: category.patterns)
        }
        parts = RowPart.allCases.compactMap { part in
            var (phrases, owners): ([String], [Int]) = ([], [])
            for (number, category) in categories.enumerated() where category.part == part {
                phrases += category.rules.keywords
                owners += category.rules.keywords.map { _ in number }
            }
            return phrases.isEmpty
                ? nil : Part(part: part, search: PhraseSearch(phrases: phrases), owners: owners)
        }
    }

    /// Sets in `scratch.found` which categories a row has the keywords and patterns of.
    func find(in row: RowReader, _ position: Int, _ scratch: inout Scratch) {
        if scratch.found.count == needNone.count {
            for index in needNone.indices { scratch.found[index] = needNone[index] }
        } else {
            scratch.found = needNone
        }
        for index in parts.indices {
            row.forEachText(of: parts[index].part, position) { text in
                parts[index].search.forEachMatch(in: text) {
                    scratch.found[parts[index].owners[$0]] = true
                }
            }
        }
        scratch.givenUp = nil
        for index in expressions.indices where scratch.found[expressions[index].category] {
            let category = expressions[index].category
            scratch.found[category] = false
            row.forEachText(of: expressions[index].part, position) { text in
                for pattern in expressions[index].patterns.indices
                where !scratch.found[category] {
                    switch expressions[index].patterns[pattern].occurs(in: text, scratch.matching) {
                    case .found:
                        scratch.found[category] = true
                        if scratch.givenUp?.category == category { scratch.givenUp = nil }
                    case .absent: break
                    case .givenUp: scratch.givenUp = (category, pattern)
                    }
                }
            }
        }
    }
}
