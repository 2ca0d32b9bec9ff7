public import JSONText

/// What a manifest of kind `foreign` says of the functions it calls.
///
/// Everything is checked here, before a library is loaded: types, origins, formulas, names, test
/// vectors. What cannot be checked, whether the types are those of the functions, is what the test
/// vectors are for.
public struct ForeignDescription: Sendable {
    /// What is wrong, with its place in the manifest.
    public struct Fault: Error, Sendable {
        /// Such as `foreign.functions[0].args[1].type`.
        public let place: String
        /// What was found and what was expected.
        public let message: String
    }

    /// Where a value comes from.
    public enum Origin: Sendable {
        /// The record's text: its address, its bytes, a copy that ends with a zero byte.
        case textPointer, textLength, textTerminated
        /// One word of it: a copy that ends with a zero byte, its bytes.
        case wordTerminated, wordLength
        case number(Double)
        case string(String)
        /// A setting, by its name.
        case parameter(String)
        /// A path of the bundle, or of the system with `system:` before it.
        case resource(String)
        /// As many bytes as a formula says, for the function to write to.
        case scratch(Formula)
        /// A place for one number, which holds a formula's value before the call.
        case place(initial: Formula?, variable: Int)
        /// What the initialiser returned.
        case state
        /// Of many texts: their bytes one after another, where each begins and ends (signed 64-bit numbers, one more
        /// than there are texts), how many there are, and a place for a number of each.
        case batchBytes, batchOffsets, batchCount
        case batchResults(variable: Int)
    }

    /// An argument.
    public struct Argument: Sendable {
        /// As the C function has it; of a place, what is behind the pointer.
        public let type: ForeignType
        /// Where its value comes from.
        public let origin: Origin
    }

    /// For what a function is called.
    public enum Extent: Sendable { case row, word, batch }

    /// A call.
    public struct Function: Sendable {
        /// Its name in the library.
        public let symbol: String
        /// For what it is called.
        public let extent: Extent
        /// In order.
        public let arguments: [Argument]
        /// What it returns.
        public let returns: ForeignType
        /// The variable that is the result; the sum over words.
        public let variable: Int?
        /// Results that are success; `nil` for any.
        public let accepted: [Double]?
    }

    /// When a record is reported.
    public struct Rule: Sendable {
        /// True where it is not 0.
        public let when: Formula
        /// The finding's name, kebab-case.
        public let name: String
        /// 0 to 3.
        public let severity: Int
        /// `review`, `drop`, or nothing.
        public let action: String?
        /// What the finding says.
        public let message: String
        /// How sure the proposal is.
        public let confidence: Formula
    }

    /// A text and what has to come of it.
    public struct Vector: Sendable {
        /// The text.
        public let text: String
        /// Name and range of each number.
        public let expected: [(variable: Int, range: ClosedRange<Double>)]
    }

    /// Path of the library by platform; with `system:` before it, a name the loader finds.
    public let library: [String: String]
    /// The column whose texts are scored.
    public let column: String
    /// Makes the state.
    public let initialiser: Function?
    /// Ends the state.
    public let release: Function?
    /// In the order of the calls.
    public let functions: [Function]
    /// The score, 0 to 1, higher is worse.
    public let score: Formula
    /// In order.
    public let rules: [Rule]
    /// At least one.
    public let vectors: [Vector]
    /// Names of the numbers of a record; the score is the last one.
    public let variables: [String]
    /// Whether calls may not be made from two threads at once.
    public let isSerial: Bool

    /// Number of `text.len` among the variables.
    public static let textLength = 0
    /// Number of `text.words` among the variables.
    public static let textWords = 1
    /// Number of the score among the variables.
    public var scoreVariable: Int { variables.count - 1 }
    /// Most arguments of a function.
    public static let mostArguments = 12

    /// Every formula.
    public var formulas: [Formula] {
        var found = [score] + rules.flatMap { [$0.when, $0.confidence] }
        for argument in functions.flatMap(\.arguments) {
            switch argument.origin {
            case .scratch(let formula), .place(.some(let formula), _): found.append(formula)
            default: break
            }
        }
        return found
    }

    /// Paths of the system's files that functions are given.
    public var systemResources: [String] {
        (functions + [initialiser, release].compactMap { $0 }).flatMap(\.arguments).compactMap {
            guard case .resource(let path) = $0.origin, path.hasPrefix("system:") else {
                return nil
            }
            return String(path.dropFirst(7))
        }
    }

    /// Whether a formula or a vector asks for a variable.
    public func uses(_ variable: Int) -> Bool {
        formulas.contains { $0.uses(variable) }
            || vectors.contains { $0.expected.contains { $0.variable == variable } }
    }

    /// Reads the `foreign` object of a manifest.
    ///
    /// `parameters` are the names of the settings and whether each is a number.
    ///
    /// - Throws: `Fault`.
    public init(_ value: JSONValue, parameters: [(name: String, isNumber: Bool)]) throws {
        var reader = ForeignReader(parameters)
        try reader.onlyKnown(
            value, "foreign",
            [
                "library", "column", "init", "free", "functions", "score", "rules", "tests",
                "serial",
            ])
        library = try reader.library(value["library"])
        column = try reader.column(value["column"])
        isSerial = try reader.flag(value["serial"], "foreign.serial")
        initialiser = try value["init"].map { try reader.initialiser($0) }
        reader.hasState = initialiser != nil
        release = try value["free"].map { try reader.release($0) }
        functions = try reader.list(value["functions"], "foreign.functions").map {
            try reader.function($0.value, $0.place)
        }
        score = try reader.formula(value["score"], "foreign.score")
        reader.variables.append("score")
        rules = try (value["rules"] == nil ? [] : reader.list(value["rules"], "foreign.rules")).map
        {
            try reader.rule($0.value, $0.place)
        }
        vectors = try reader.list(value["tests"], "foreign.tests").map {
            try reader.vector($0.value, $0.place)
        }
        variables = reader.variables
    }
}
