import AssayKit
import CoverageAlgorithm
import JSONText
import Numerics

/// The columns that rules look at.
struct RowReader {
    let texts: [String: TextColumn]
    let words: [String: TokenColumn]
    let turns: TurnsColumn?

    init(_ batch: Batch) {
        var texts: [String: TextColumn] = [:]
        var words: [String: TokenColumn] = [:]
        for part in ["prompt", "response", "all"] {
            if part != "all" { texts[part] = batch.text("text.\(part)") }
            words[part] = batch.tokens("feature.tokens.\(part)/1")
        }
        self.texts = texts
        self.words = words
        turns = batch.turns
    }

    /// Whether one of the phrases stands in a part of a row; all text is that of its turns.
    func contains(_ phrases: PhraseSearch, in part: String, _ position: Int) -> Bool {
        guard part == "all" else {
            return texts[part]?.withBytes(position) { phrases.isIn($0) } ?? false
        }
        guard let turns else { return false }
        for turn in 0..<turns.count(position)
        where turns.withBytes(position, turn: turn, { phrases.isIn($0) }) {
            return true
        }
        return false
    }
}

/// Dimensions with their categories, from a taxonomy file or built in.
struct Taxonomy: Sendable {
    struct Category: Sendable {
        let name: String
        let weight: Double
        let target: Int
        let values: [String]
        let part: String
        let rules: TextRules
    }

    struct Dimension: Sendable {
        let name: String
        let column: String?
        let isStated: Bool
        let target: Int
        let categories: [Category]

        /// The name as part of a metric's: `answer form` is `answer_form`.
        var metricName: String { name.split(separator: " ").joined(separator: "_") }

        /// Calls `body` with the name of every category a row belongs to: by its field's value one at
        /// most, by rules all that hold.
        func assign(
            _ row: RowReader, _ field: TextColumn?, _ position: Int, _ body: (String) -> Void
        ) {
            if column != nil {
                guard let value = field?.string(position), !value.isEmpty else { return }
                if categories.isEmpty { return body(value) }
                if let found = categories.first(where: { $0.values.contains(value) }) {
                    body(found.name)
                }
                return
            }
            let turns = row.turns?.count(position) ?? 1
            for category in categories {
                guard let words = row.words[category.part] else { continue }
                let holds = category.rules.hold(
                    wordCount: words.count(position), turnCount: turns
                ) { row.contains($0, in: category.part, position) }
                if holds { body(category.name) }
            }
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

    /// Reads a taxonomy that the host has checked against the manifest's schema; what a schema cannot
    /// say is checked here.
    init(_ value: JSONValue?, target: Int) throws {
        guard let value else {
            dimensions = Taxonomy.builtIn(target: target)
            return
        }
        dimensions = try (value["dimensions"]?.arrayValue ?? []).map {
            try Taxonomy.dimension($0, target: target)
        }
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
        rules.minimumWords = stated["min_words"]?.intValue
        rules.maximumWords = stated["max_words"]?.intValue
        rules.minimumTurns = stated["min_turns"]?.intValue
        rules.maximumTurns = stated["max_turns"]?.intValue
        if !hasField, rules.isEmpty {
            throw wrong("category \(name) of \(dimension) has no rules")
        }
        return Category(
            name: name, weight: value["weight"]?.doubleValue ?? 1,
            target: value["target"]?.intValue ?? target,
            values: value["values"]?.arrayValue?.compactMap(\.stringValue) ?? [name],
            part: stated["in"]?.stringValue ?? "all", rules: rules)
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
        func category(_ name: String, _ part: String, _ change: (inout TextRules) -> Void)
            -> Category
        {
            var rules = TextRules()
            change(&rules)
            return Category(
                name: name, weight: 1, target: target, values: [], part: part, rules: rules)
        }
        func words(_ name: String, _ low: Int?, _ high: Int?) -> Category {
            category(name, "all") {
                $0.minimumWords = low
                $0.maximumWords = high
            }
        }
        func marks(_ name: String, _ keywords: [String]) -> Category {
            category(name, "all") { $0.keywords = keywords }
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
                    category("one exchange", "all") { $0.maximumTurns = 3 },
                    category("several exchanges", "all") { $0.minimumTurns = 4 },
                ]),
        ]
    }
}
