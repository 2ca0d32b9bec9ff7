/// A formula over the named numbers of a record, compiled to be evaluated for many records at once.
///
/// Numbers, names, `+ - * / %`, comparisons (1 or 0), `! && ||`, `a ? b : c`, parentheses, and the
/// functions of `Formula.functions`. Everything is a `Double`; a division by zero is not an error but gives an
/// infinite value or none.
public struct Formula: Sendable {
    /// What is wrong with a formula.
    public struct Fault: Error, Sendable {
        /// What was found and what was expected, with the place.
        public let message: String
    }

    /// Functions by name with the number of their arguments.
    public static let functions: [(name: String, arguments: Int)] = [
        ("min", 2), ("max", 2), ("pow", 2), ("clamp", 3), ("abs", 1), ("sqrt", 1), ("floor", 1),
        ("ceil", 1), ("round", 1),
    ]

    /// The formula as it was written.
    public let text: String
    /// Numbers of the values that it needs at once.
    let depth: Int
    let steps: [Step]

    enum Step: Sendable, Equatable {
        case constant(Double)
        case variable(Int)
        case unary(Unary)
        case binary(Binary)
        /// With a number on its right side.
        case binaryConstant(Binary, Double)
        case select
        case clamp
    }

    enum Unary: Sendable {
        case negate, not, abs, sqrt, floor, ceil, round
    }

    enum Binary: Sendable {
        case add, subtract, multiply, divide, remainder, less, lessOrEqual, greater
        case greaterOrEqual, equal, notEqual, and, or, min, max, pow
    }

    /// Most characters of a formula.
    static let mostCharacters = 4096

    /// Compiles a formula; `variables` are the names it may use, a name's place is its number.
    ///
    /// - Throws: `Fault` that names the place.
    public init(_ text: String, variables: [String]) throws {
        guard text.utf8.count <= Formula.mostCharacters else {
            throw Fault(
                message:
                    "the formula has \(text.utf8.count) bytes, expected at most \(Formula.mostCharacters)"
            )
        }
        var parser = FormulaParser(text, variables)
        try parser.parse()
        self.text = text
        steps = parser.steps
        depth = parser.depth
    }

    /// Whether a variable is in it.
    func uses(_ variable: Int) -> Bool { steps.contains(.variable(variable)) }

    /// The number of the variable that is the whole formula; `nil` for any other one.
    var onlyVariable: Int? {
        if steps.count == 1, case .variable(let number) = steps[0] { number } else { nil }
    }
}

/// Recursive descent, with the steps in the order of a stack machine.
private struct FormulaParser {
    private enum Token: Equatable {
        case number(Double)
        case name(String)
        case sign(String)
        case end
    }

    private let bytes: [UInt8]
    private let variables: [String]
    private var place = 0
    /// Where the current token begins.
    private var start = 0
    private var token = Token.end
    private var nesting = 0
    private var height = 0
    private(set) var depth = 0
    private(set) var steps: [Formula.Step] = []

    init(_ text: String, _ variables: [String]) {
        bytes = Array(text.utf8)
        self.variables = variables
    }

    mutating func parse() throws {
        try advance()
        try choice()
        guard token == .end else { throw expected("an operator or the end") }
    }

    private func expected(_ what: String) -> Formula.Fault {
        let found =
            switch token {
            case .end: "the end"
            default: "\"\(String(decoding: bytes[start..<place], as: UTF8.self))\""
            }
        return Formula.Fault(
            message:
                "\"\(String(decoding: bytes, as: UTF8.self))\": character \(start + 1) is \(found), expected \(what)"
        )
    }

    private mutating func advance() throws {
        while place < bytes.count, bytes[place] == 0x20 || (9...13).contains(bytes[place]) {
            place += 1
        }
        start = place
        guard place < bytes.count else {
            token = .end
            return
        }
        let byte = bytes[place]
        if isDigit(byte) || byte == UInt8(ascii: ".") {
            while place < bytes.count {
                let next = bytes[place]
                let isExponentSign =
                    (next == UInt8(ascii: "-") || next == UInt8(ascii: "+"))
                    && (bytes[place - 1] | 0x20) == UInt8(ascii: "e") && place > start
                guard
                    isDigit(next) || next == UInt8(ascii: ".")
                        || (next | 0x20) == UInt8(ascii: "e") || isExponentSign
                else { break }
                place += 1
            }
            token = .sign("")
            guard let number = Double(String(decoding: bytes[start..<place], as: UTF8.self)) else {
                throw expected("a number")
            }
            token = .number(number)
            return
        }
        if isLetter(byte) {
            while place < bytes.count,
                isLetter(bytes[place]) || isDigit(bytes[place])
                    || bytes[place] == UInt8(ascii: ".")
            {
                place += 1
            }
            token = .name(String(decoding: bytes[start..<place], as: UTF8.self))
            return
        }
        let pair = String(decoding: bytes[place..<min(place + 2, bytes.count)], as: UTF8.self)
        if ["<=", ">=", "==", "!=", "&&", "||"].contains(pair) {
            place += 2
            token = .sign(pair)
            return
        }
        place += 1
        let sign = String(decoding: bytes[start..<place], as: UTF8.self)
        token = .sign(sign)
        guard "+-*/%<>!?:(),".contains(sign), sign.utf8.count == 1 else {
            throw expected("a number, a name or an operator")
        }
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
    }

    private mutating func push(_ step: Formula.Step) {
        if case .binary(let operation) = step, case .constant(let value)? = steps.last {
            steps[steps.count - 1] = .binaryConstant(operation, value)
            height -= 1
            return
        }
        steps.append(step)
        switch step {
        case .constant, .variable: height += 1
        case .unary, .binaryConstant: break
        case .binary: height -= 1
        case .select, .clamp: height -= 2
        }
        depth = max(depth, height)
    }

    private mutating func take(_ sign: String) throws {
        guard token == .sign(sign) else { throw expected("\"\(sign)\"") }
        try advance()
    }

    private mutating func choice() throws {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= 64 else { throw expected("less nesting: at most 64 levels") }
        try operators(level: 0)
        guard token == .sign("?") else { return }
        try advance()
        try choice()
        try take(":")
        try choice()
        push(.select)
    }

    private static let levels: [[String: Formula.Binary]] = [
        ["||": .or], ["&&": .and], ["==": .equal, "!=": .notEqual],
        ["<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual],
        ["+": .add, "-": .subtract], ["*": .multiply, "/": .divide, "%": .remainder],
    ]

    private mutating func operators(level: Int) throws {
        guard level < FormulaParser.levels.count else { return try unary() }
        try operators(level: level + 1)
        while case .sign(let sign) = token, let found = FormulaParser.levels[level][sign] {
            try advance()
            try operators(level: level + 1)
            push(.binary(found))
        }
    }

    private mutating func unary() throws {
        var signs: [Formula.Unary] = []
        while case .sign(let sign) = token, sign == "-" || sign == "!" || sign == "+" {
            try advance()
            if sign != "+" { signs.append(sign == "-" ? .negate : .not) }
        }
        try primary()
        for sign in signs.reversed() { push(.unary(sign)) }
    }

    private mutating func primary() throws {
        switch token {
        case .number(let number):
            try advance()
            push(.constant(number))
        case .sign("("):
            try advance()
            try choice()
            try take(")")
        case .name(let name):
            if let function = Formula.functions.first(where: { $0.name == name }) {
                try advance()
                try call(function.name, count: function.arguments)
            } else if let number = variables.firstIndex(of: name) {
                try advance()
                push(.variable(number))
            } else {
                throw expected(
                    "one of \(variables.joined(separator: ", ")), or a function: "
                        + Formula.functions.map(\.name).joined(separator: ", "))
            }
        default: throw expected("a number, a name or \"(\"")
        }
    }

    private mutating func call(_ name: String, count: Int) throws {
        try take("(")
        for index in 0..<count {
            if index > 0 { try take(",") }
            try choice()
        }
        try take(")")
        switch name {
        case "min": push(.binary(.min))
        case "max": push(.binary(.max))
        case "pow": push(.binary(.pow))
        case "clamp": push(.clamp)
        case "abs": push(.unary(.abs))
        case "sqrt": push(.unary(.sqrt))
        case "floor": push(.unary(.floor))
        case "ceil": push(.unary(.ceil))
        default: push(.unary(.round))
        }
    }
}
