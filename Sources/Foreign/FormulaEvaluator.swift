import Glibc

/// Memory in which formulas are evaluated for a block of records at once.
///
/// One for a thread. The columns hold the values of the variables, `FormulaBlock.rows` each.
public final class FormulaBlock: @unchecked Sendable {
    /// Most records of a block.
    public static let rows = 512

    private let columns: UnsafeMutablePointer<Double>
    private let stack: UnsafeMutablePointer<Double>
    private let depth: Int
    private let variableCount: Int

    /// Memory for some variables and the deepest of some formulas.
    public init(variableCount: Int, formulas: [Formula]) {
        self.variableCount = variableCount
        depth = formulas.map(\.depth).max() ?? 1
        columns = .allocate(capacity: max(1, variableCount) * FormulaBlock.rows)
        columns.initialize(repeating: 0, count: max(1, variableCount) * FormulaBlock.rows)
        stack = .allocate(capacity: max(1, depth) * FormulaBlock.rows)
        stack.initialize(repeating: 0, count: max(1, depth) * FormulaBlock.rows)
    }

    deinit {
        columns.deallocate()
        stack.deallocate()
    }

    /// The values of a variable.
    public func column(_ variable: Int) -> UnsafeMutablePointer<Double> {
        precondition(variable >= 0 && variable < variableCount, "no such variable")
        return columns + variable * FormulaBlock.rows
    }

    /// Evaluates a formula for the first `count` records into `result`.
    ///
    /// O(count) for every step of the formula; no allocation.
    public func evaluate(
        _ formula: Formula, count: Int, into result: UnsafeMutablePointer<Double>
    ) {
        precondition(count <= FormulaBlock.rows && formula.depth <= depth, "too many")
        if let variable = formula.onlyVariable {
            result.update(from: column(variable), count: count)
            return
        }
        var height = 0
        // The bottom of the stack is where the result is wanted.
        func level(_ number: Int) -> UnsafeMutablePointer<Double> {
            number == 0 ? result : stack + number * FormulaBlock.rows
        }
        for step in formula.steps {
            switch step {
            case .constant(let value):
                level(height).update(repeating: value, count: count)
                height += 1
            case .variable(let number):
                level(height).update(from: column(number), count: count)
                height += 1
            case .unary(let operation):
                FormulaBlock.apply(operation, level(height - 1), count)
            case .binary(let operation):
                height -= 1
                FormulaBlock.apply(operation, level(height - 1), level(height), count)
            case .binaryConstant(let operation, let value):
                FormulaBlock.apply(operation, level(height - 1), value, count)
            case .select:
                height -= 2
                let (condition, yes, no) = (level(height - 1), level(height), level(height + 1))
                for row in 0..<count {
                    condition[row] = condition[row] != 0 ? yes[row] : no[row]
                }
            case .clamp:
                height -= 2
                let (value, low, high) = (level(height - 1), level(height), level(height + 1))
                for row in 0..<count {
                    // No number stays none.
                    let raised = value[row] < low[row] ? low[row] : value[row]
                    value[row] = raised > high[row] ? high[row] : raised
                }
            }
        }
    }

    private static func each(
        _ value: UnsafeMutablePointer<Double>, _ count: Int, _ body: (Double) -> Double
    ) {
        for row in 0..<count { value[row] = body(value[row]) }
    }

    private static func apply(
        _ operation: Formula.Unary, _ value: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        switch operation {
        case .negate: each(value, count) { -$0 }
        case .not: each(value, count) { $0 == 0 ? 1 : 0 }
        case .abs: each(value, count) { $0.magnitude }
        case .sqrt: each(value, count) { $0.squareRoot() }
        case .floor: each(value, count) { $0.rounded(.down) }
        case .ceil: each(value, count) { $0.rounded(.up) }
        case .round: each(value, count) { $0.rounded() }
        }
    }

    @inline(__always)
    private static func both<Right: Side>(
        _ left: UnsafeMutablePointer<Double>, _ right: Right, _ count: Int,
        _ body: (Double, Double) -> Double
    ) {
        for row in 0..<count { left[row] = body(left[row], right[row]) }
    }

    /// A side of an operation: a column, or the same number for every record.
    private protocol Side {
        subscript(_ row: Int) -> Double { get }
    }

    private struct Column: Side {
        let values: UnsafeMutablePointer<Double>
        @inline(__always) subscript(_ row: Int) -> Double { values[row] }
    }

    private struct Constant: Side {
        let value: Double
        @inline(__always) subscript(_ row: Int) -> Double { value }
    }

    private static func apply(
        _ operation: Formula.Binary, _ left: UnsafeMutablePointer<Double>, _ right: Double,
        _ count: Int
    ) { apply(operation, left, Constant(value: right), count) }

    private static func apply(
        _ operation: Formula.Binary, _ left: UnsafeMutablePointer<Double>,
        _ right: UnsafeMutablePointer<Double>, _ count: Int
    ) { apply(operation, left, Column(values: right), count) }

    @inline(__always)
    private static func apply<Right: Side>(
        _ operation: Formula.Binary, _ left: UnsafeMutablePointer<Double>, _ right: Right,
        _ count: Int
    ) {
        switch operation {
        case .add: both(left, right, count) { $0 + $1 }
        case .subtract: both(left, right, count) { $0 - $1 }
        case .multiply: both(left, right, count) { $0 * $1 }
        case .divide: both(left, right, count) { $0 / $1 }
        case .remainder: both(left, right, count) { fmod($0, $1) }
        case .less: both(left, right, count) { $0 < $1 ? 1 : 0 }
        case .lessOrEqual: both(left, right, count) { $0 <= $1 ? 1 : 0 }
        case .greater: both(left, right, count) { $0 > $1 ? 1 : 0 }
        case .greaterOrEqual: both(left, right, count) { $0 >= $1 ? 1 : 0 }
        case .equal: both(left, right, count) { $0 == $1 ? 1 : 0 }
        case .notEqual: both(left, right, count) { $0 != $1 ? 1 : 0 }
        case .and: both(left, right, count) { $0 != 0 && $1 != 0 ? 1 : 0 }
        case .or: both(left, right, count) { $0 != 0 || $1 != 0 ? 1 : 0 }
        // Not a number on either side gives none.
        case .min: both(left, right, count) { $0 < $1 || $0 != $0 ? $0 : $1 }
        case .max: both(left, right, count) { $0 > $1 || $0 != $0 ? $0 : $1 }
        case .pow: both(left, right, count) { pow($0, $1) }
        }
    }
}
