import AssayKit
import CoverageAlgorithm
import JSONText
import Patterns

extension Taxonomy {
    /// Reads a taxonomy that the host has checked against the manifest's schema; what a schema cannot
    /// say is checked here.
    ///
    /// - Throws: `AnalyzerError` for a dimension or cross that means nothing.
    init(_ value: JSONValue?, target: Int) throws {
        guard let value else {
            // Telling the language of every record costs as much as reading it: only when asked for.
            let dimensions = Taxonomy.builtIn(target: target).filter { $0.kind != .language }
            self.init(dimensions: dimensions, crosses: [], isBuiltIn: true)
            return
        }
        let target = value["target"]?.intValue ?? target
        let dimensions = try (value["dimensions"]?.arrayValue ?? []).map {
            try Taxonomy.dimension($0, target: target)
        }
        guard dimensions.count <= Taxonomy.mostDimensions else {
            throw Taxonomy.wrong(
                "the taxonomy has \(dimensions.count) dimensions, expected at most "
                    + "\(Taxonomy.mostDimensions)")
        }
        if let twice = Taxonomy.repeated(dimensions.map(\.name)) {
            throw Taxonomy.wrong("the taxonomy has dimension \(twice) twice")
        }
        self.init(
            dimensions: dimensions,
            crosses: try (value["crosses"]?.arrayValue ?? []).map {
                try Taxonomy.cross($0, dimensions)
            })
    }

    private static let mostDimensions = 64
    private static let mostCells = 100_000

    /// Refuses a cross with more cells than anybody could fill or read.
    ///
    /// - Throws: `AnalyzerError` with the number of cells.
    static func checkSize(_ name: String, _ sizes: [Int]) throws {
        let cells = sizes.reduce(1.0) { $0 * Double($1) }
        guard cells <= Double(mostCells) else {
            throw wrong(
                "the cross \(name) has \(Int(min(cells, 1e15))) cells, expected at most "
                    + "\(mostCells)")
        }
    }

    private static func dimension(_ value: JSONValue, target: Int) throws -> Dimension {
        let name = value["name"]?.stringValue ?? ""
        let target = value["target"]?.intValue ?? target
        let field = value["field"]?.stringValue
        let by = value["by"]?.stringValue
        let weight = value["weight"]?.doubleValue ?? 1
        if let by, let found = builtIn(target: target).first(where: { $0.name == by }) {
            guard field == nil, value["categories"] == nil else {
                throw wrong("dimension \(name) has by: \(by), which states its categories itself")
            }
            return Dimension(
                name: name, kind: found.kind, isStated: found.kind != .topics, target: target,
                weight: weight, topicCount: value["topics"]?.intValue, categories: found.categories)
        }
        if let field, let by {
            throw wrong(
                "dimension \(name) has both field \(field) and by: \(by); leave one of them out")
        }
        let column = by == "file" ? "source.file" : field.map { "field:\($0)" }
        let stated = value["categories"]?.arrayValue ?? []
        let categories = try stated.map {
            try category($0, dimension: name, target: target, hasField: column != nil)
        }
        if column == nil, categories.isEmpty {
            throw wrong("dimension \(name) has neither a field nor categories")
        }
        if let twice = repeated(categories.map(\.name)) {
            throw wrong("dimension \(name) has category \(twice) twice")
        }
        return Dimension(
            name: name, column: column, isStated: true, target: target,
            weight: weight, categories: categories)
    }

    private static func category(
        _ value: JSONValue, dimension: String, target: Int, hasField: Bool
    ) throws -> Category {
        let name = value.stringValue ?? value["name"]?.stringValue ?? ""
        let stated = value["rules"] ?? .null
        func texts(_ value: JSONValue?) -> [String]? {
            value?.arrayValue?.compactMap(\.stringValue)
        }
        var rules = TextRules()
        rules.keywords = texts(stated["keywords"]) ?? []
        rules.bounds.minimumWords = stated["min_words"]?.intValue
        rules.bounds.maximumWords = stated["max_words"]?.intValue
        rules.bounds.minimumTurns = stated["min_turns"]?.intValue
        rules.bounds.maximumTurns = stated["max_turns"]?.intValue
        let category = Category(
            name: name, weight: value["weight"]?.doubleValue ?? 1,
            target: value["target"]?.intValue ?? target,
            values: texts(value["values"]) ?? [name],
            part: stated["in"]?.stringValue.flatMap(RowPart.init) ?? .all, rules: rules,
            patterns: try (texts(stated["regex"]) ?? []).map {
                try pattern($0, category: name, dimension: dimension)
            },
            languages: (texts(stated["languages"]) ?? []).map { Array($0.utf8) },
            examples: texts(value["examples"]) ?? [])
        if !hasField, !category.hasRules, category.examples.isEmpty {
            throw wrong("category \(name) of \(dimension) has neither rules nor examples")
        }
        return category
    }

    private static func pattern(
        _ text: String, category: String, dimension: String
    ) throws -> RegularExpression {
        do {
            return try RegularExpression(text)
        } catch {
            throw wrong(
                "category \(category) of \(dimension) has the regex \(text), which is none: "
                    + "\(error.message) (at byte \(error.offset)); the syntax is that of PCRE2, and "
                    + "quotes around it keep YAML from reading it otherwise")
        }
    }

    private static func cross(_ value: JSONValue, _ dimensions: [Dimension]) throws -> Cross {
        let names = (value["dimensions"]?.arrayValue ?? []).compactMap(\.stringValue)
        let name = names.joined(separator: " × ")
        if let twice = repeated(names) { throw wrong("a cross has dimension \(twice) twice") }
        let numbers = try names.map { stated in
            guard let number = dimensions.firstIndex(where: { $0.name == stated }) else {
                let known = dimensions.map(\.name).joined(separator: ", ")
                throw wrong("a cross names dimension \(stated), expected one of \(known)")
            }
            guard dimensions[number].kind != .topics else {
                throw wrong(
                    "a cross names dimension \(stated), whose topics are found in a sample; write "
                        + "them to a file with assay taxonomy discover")
            }
            return number
        }
        try checkSize(name, numbers.map { max(1, dimensions[$0].categories.count) })
        // Cells are counted with the dimensions in their order.
        let excluded = try (value["exclude"]?.arrayValue ?? []).map { cell -> String in
            let parts = (cell.arrayValue ?? []).compactMap(\.stringValue)
            guard parts.count == numbers.count else {
                throw wrong(
                    "an excluded cell of \(name) has \(parts.count) categories, expected "
                        + "\(numbers.count), one of each dimension")
            }
            for (number, part) in zip(numbers, parts)
            where !dimensions[number].isOpen && dimensions[number].number(named: part) == nil {
                throw wrong(
                    "an excluded cell of \(name) names \(part), which "
                        + "\(dimensions[number].name) does not have")
            }
            return zip(numbers, parts).sorted { $0.0 < $1.0 }.map(\.1).joined(separator: " × ")
        }
        return Cross(
            dimensions: numbers.sorted(),
            name: numbers.sorted().map { dimensions[$0].name }.joined(separator: " × "),
            target: value["target"]?.intValue, weight: value["weight"]?.doubleValue ?? 1,
            excluded: Set(excluded))
    }

    private static func repeated(_ names: [String]) -> String? {
        var seen: Set<String> = []
        return names.first { !seen.insert($0).inserted }
    }

    private static func wrong(_ message: String) -> AnalyzerError {
        AnalyzerError(message, isConfiguration: true)
    }

    /// What can be said of any dataset: topics, languages, tasks, lengths, forms, turns.
    private static func builtIn(target: Int) -> [Dimension] {
        func category(_ name: String, _ change: (inout TextRules) -> Void = { _ in })
            -> Category
        {
            var rules = TextRules()
            change(&rules)
            return Category(
                name: name, weight: 1, target: target, values: [], part: .all, rules: rules,
                patterns: [], languages: [], examples: [])
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
        func dimension(
            _ name: String, _ categories: [Category], kind: Kind = .stated
        ) -> Dimension {
            Dimension(
                name: name, kind: kind, isStated: false, target: target, categories: categories)
        }
        return [
            dimension("topic", [], kind: .topics),
            dimension("language", [], kind: .language),
            dimension("task", TaskVerb.allCases.map { category($0.rawValue) }, kind: .taskVerb),
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
