import CoverageAlgorithm
import Numerics

/// The keywords of all categories, looked for in one pass over each part of a row.
struct KeywordIndex: Sendable {
    private struct Part: Sendable {
        let part: RowPart
        let search: PhraseSearch
        /// The number, dimension by dimension, of the category that each keyword belongs to.
        let owners: [Int]
    }

    private let parts: [Part]
    /// Which categories need no keyword.
    private let needNone: [Bool]

    init(_ dimensions: [Taxonomy.Dimension]) {
        let categories = dimensions.flatMap(\.categories)
        needNone = categories.map(\.rules.keywords.isEmpty)
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

    /// Sets in `found`, which it makes of the right size, which categories need no keyword or have
    /// one in a row.
    func find(in row: RowReader, _ position: Int, _ found: inout [Bool]) {
        if found.count == needNone.count {
            for index in needNone.indices { found[index] = needNone[index] }
        } else {
            found = needNone
        }
        for index in parts.indices {
            row.forEachText(of: parts[index].part, position) { text in
                parts[index].search.forEachMatch(in: text) {
                    found[parts[index].owners[$0]] = true
                }
            }
        }
    }
}
