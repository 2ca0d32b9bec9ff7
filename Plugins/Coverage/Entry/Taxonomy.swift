import AssayKit
import CoverageAlgorithm
import JSONText
import Numerics

/// A part of a record that rules look at.
enum RowPart: String, CaseIterable {
    case prompt, response, all
}

/// The columns that rules look at.
struct RowReader {
    private let prompts: TextColumn?
    private let responses: TextColumn?
    private let promptWords: TokenColumn?
    private let responseWords: TokenColumn?
    private let allWords: TokenColumn?
    private let turns: TurnsColumn?

    init(_ batch: Batch) {
        prompts = batch.text("text.prompt")
        responses = batch.text("text.response")
        promptWords = batch.tokens("feature.tokens.prompt/1")
        responseWords = batch.tokens("feature.tokens.response/1")
        allWords = batch.tokens("feature.tokens.all/1")
        turns = batch.turns
    }

    /// Words of a part of a row; `nil` when the host did not pass them.
    func wordCount(_ part: RowPart, _ position: Int) -> Int? {
        switch part {
        case .prompt: promptWords?.count(position)
        case .response: responseWords?.count(position)
        case .all: allWords?.count(position)
        }
    }

    func turnCount(_ position: Int) -> Int { turns?.count(position) ?? 1 }

    /// Calls `body` with the texts of a part of a row; all text is that of its turns.
    func forEachText(
        of part: RowPart, _ position: Int, _ body: (Span<UInt8>) -> Void
    ) {
        switch part {
        case .prompt: prompts?.withBytes(position, body)
        case .response: responses?.withBytes(position, body)
        case .all:
            guard let turns else { return }
            for turn in 0..<turns.count(position) {
                turns.withBytes(position, turn: turn, body)
            }
        }
    }
}

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
        found = needNone
        for index in parts.indices {
            row.forEachText(of: parts[index].part, position) { text in
                parts[index].search.forEachMatch(in: text) {
                    found[parts[index].owners[$0]] = true
                }
            }
        }
    }
}

/// Dimensions with their categories, from a taxonomy file or built in.
struct Taxonomy: Sendable {
    struct Category: Sendable {
        let name: String
        let weight: Double
        let target: Int
        let values: [String]
        let part: RowPart
        let rules: TextRules
    }

    struct Dimension: Sendable {
        let name: String
        let column: String?
        let isStated: Bool
        let target: Int
        let categories: [Category]
        /// The bounds of each category, apart from what costs a count of references to copy.
        private let bounds: [(part: RowPart, bounds: LengthBounds)]

        init(
            name: String, column: String?, isStated: Bool, target: Int, categories: [Category]
        ) {
            self.name = name
            self.column = column
            self.isStated = isStated
            self.target = target
            self.categories = categories
            bounds = categories.map { ($0.part, $0.rules.bounds) }
        }

        /// The name as part of a metric's: `answer form` is `answer_form`.
        var metricName: String { name.split(separator: " ").joined(separator: "_") }

        /// Calls `body` with the index of every category whose rules hold for a row.
        ///
        /// `found` says which categories need no keyword or have one.
        func assign(
            _ row: RowReader, _ position: Int, found: ArraySlice<Bool>, _ body: (Int) -> Void
        ) {
            let turnCount = row.turnCount(position)
            for index in bounds.indices where found[found.startIndex + index] {
                guard let wordCount = row.wordCount(bounds[index].part, position) else { continue }
                if bounds[index].bounds.hold(wordCount: wordCount, turnCount: turnCount) {
                    body(index)
                }
            }
        }

        /// The category that a field's value belongs to; of a dimension without categories the value.
        func name(of value: String) -> String? {
            categories.isEmpty
                ? value : categories.first { $0.values.contains(value) }.map(\.name)
        }

        func categories(counted: [String: Int]) -> [CategoryCount] {
            if categories.isEmpty {
                return counted.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
                    CategoryCount(name: $0.key, weight: 1, target: target, count: $0.value)
                }
            }
            return categories.map {
                CategoryCount(
                    name: $0.name, weight: $0.weight, target: $0.target,
                    count: counted[$0.name, default: 0])
            }
        }
    }

    let dimensions: [Dimension]
    let keywords: KeywordIndex

    /// Number of categories of all dimensions.
    var categoryCount: Int { dimensions.reduce(0) { $0 + $1.categories.count } }

    /// Reads a taxonomy that the host has checked against the manifest's schema; what a schema cannot
    /// say is checked here.
    init(_ value: JSONValue?, target: Int) throws {
        guard let value else {
            dimensions = Taxonomy.builtIn(target: target)
            keywords = KeywordIndex(dimensions)
            return
        }
        dimensions = try (value["dimensions"]?.arrayValue ?? []).map {
            try Taxonomy.dimension($0, target: target)
        }
        keywords = KeywordIndex(dimensions)
        if let twice = Taxonomy.repeated(dimensions.map(\.name)) {
            throw Taxonomy.wrong("the taxonomy has dimension \(twice) twice")
        }
    }

    private static func dimension(_ value: JSONValue, target: Int) throws -> Dimension {
        let name = value["name"]?.stringValue ?? ""
        let target = value["target"]?.intValue ?? target
        let field = value["field"]?.stringValue
        let categories = try (value["categories"]?.arrayValue ?? []).map {
            try category($0, dimension: name, target: target, hasField: field != nil)
        }
        if field == nil, categories.isEmpty {
            throw wrong("dimension \(name) has neither a field nor categories")
        }
        if let twice = repeated(categories.map(\.name)) {
            throw wrong("dimension \(name) has category \(twice) twice")
        }
        return Dimension(
            name: name, column: field.map { "field:\($0)" }, isStated: true, target: target,
            categories: categories)
    }

    private static func category(
        _ value: JSONValue, dimension: String, target: Int, hasField: Bool
    ) throws -> Category {
        let name = value.stringValue ?? value["name"]?.stringValue ?? ""
        let stated = value["rules"] ?? .null
        var rules = TextRules()
        rules.keywords = (stated["keywords"]?.arrayValue ?? []).compactMap(\.stringValue)
        rules.bounds.minimumWords = stated["min_words"]?.intValue
        rules.bounds.maximumWords = stated["max_words"]?.intValue
        rules.bounds.minimumTurns = stated["min_turns"]?.intValue
        rules.bounds.maximumTurns = stated["max_turns"]?.intValue
        if !hasField, rules.isEmpty {
            throw wrong("category \(name) of \(dimension) has no rules")
        }
        return Category(
            name: name, weight: value["weight"]?.doubleValue ?? 1,
            target: value["target"]?.intValue ?? target,
            values: value["values"]?.arrayValue?.compactMap(\.stringValue) ?? [name],
            part: stated["in"]?.stringValue.flatMap(RowPart.init) ?? .all, rules: rules)
    }

    private static func repeated(_ names: [String]) -> String? {
        var seen: Set<String> = []
        return names.first { !seen.insert($0).inserted }
    }

    private static func wrong(_ message: String) -> AnalyzerError {
        AnalyzerError(message, isConfiguration: true)
    }

    /// What can be said of any dataset: how long answers are, what form they take, how many turns.
    private static func builtIn(target: Int) -> [Dimension] {
        func category(_ name: String, _ change: (inout TextRules) -> Void)
            -> Category
        {
            var rules = TextRules()
            change(&rules)
            return Category(
                name: name, weight: 1, target: target, values: [], part: .all, rules: rules)
        }
        func words(_ name: String, _ low: Int?, _ high: Int?) -> Category {
            category(name) {
                $0.bounds.minimumWords = low
                $0.bounds.maximumWords = high
            }
        }
        func marks(_ name: String, _ keywords: [String]) -> Category {
            category(name) { $0.keywords = keywords }
        }
        func dimension(_ name: String, _ categories: [Category]) -> Dimension {
            Dimension(
                name: name, column: nil, isStated: false, target: target, categories: categories)
        }
        return [
            dimension(
                "length",
                [
                    words("up to 16 words", 0, 16), words("17 to 64 words", 17, 64),
                    words("65 to 256 words", 65, 256), words("over 256 words", 257, nil),
                ]),
            dimension(
                "form",
                [
                    marks("list", ["\n- ", "\n* ", "\n1. "]),
                    marks("code", ["```", "def ", "#include", "function("]),
                    marks("table", ["| --", "|--", "|:-"]), marks("JSON", ["{\""]),
                ]),
            dimension(
                "turns",
                [
                    category("one exchange") { $0.bounds.maximumTurns = 3 },
                    category("several exchanges") { $0.bounds.minimumTurns = 4 },
                ]),
        ]
    }
}
