import Foreign
import Testing

/// The language of formulas, by hand.
@Suite struct FormulaTests {
    private static let names = ["text.len", "out_len", "x"]

    private func value(_ text: String, _ values: [Double] = [10, 4, 0.5]) throws -> Double {
        let formula = try Formula(text, variables: FormulaTests.names)
        let block = FormulaBlock(variableCount: 3, formulas: [formula])
        for (index, value) in values.enumerated() {
            for row in 0..<3 { block.column(index)[row] = value + Double(row) }
        }
        let result = UnsafeMutablePointer<Double>.allocate(capacity: FormulaBlock.rows)
        defer { result.deallocate() }
        block.evaluate(formula, count: 3, into: result)
        return result[0]
    }

    @Test(
        "precedence, comparisons, functions and choices",
        arguments: [
            ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 - 3 - 4", -5), ("12 / 4 / 3", 1),
            ("-2 * -3", 6), ("--2", 2), ("!0 + !7", 1), ("7 % 4", 3), ("-7 % 4", -3),
            ("1 < 2", 1), ("2 <= 1", 0), ("1 == 1 && 2 != 2 || 3 > 2", 1), ("1 + 1 > 1", 1),
            ("0 ? 1 : 2 ? 3 : 4", 3), ("text.len > 5 ? x : 9", 0.5),
            ("clamp(1 - out_len / max(text.len, 1), 0, 1)", 0.6), ("min(3, 2) + pow(2, 3)", 10),
            ("sqrt(abs(-16)) + floor(1.7) + ceil(1.2) + round(2.5)", 10), ("1.5e2 + .5", 150.5),
            ("clamp(-3, 0, 1) + clamp(3, 0, 1)", 1),
        ] as [(String, Double)])
    func values(_ text: String, _ expected: Double) throws {
        #expect(try abs(value(text) - expected) < 1e-12)
    }

    @Test("every record of a block has its own numbers")
    func rows() throws {
        let formula = try Formula("x * x", variables: FormulaTests.names)
        let block = FormulaBlock(variableCount: 3, formulas: [formula])
        let result = UnsafeMutablePointer<Double>.allocate(capacity: FormulaBlock.rows)
        defer { result.deallocate() }
        for row in 0..<FormulaBlock.rows { block.column(2)[row] = Double(row) }
        block.evaluate(formula, count: FormulaBlock.rows, into: result)
        #expect((0..<FormulaBlock.rows).allSatisfy { result[$0] == Double($0 * $0) })
    }

    @Test("no number stays none in min, max and clamp", arguments: ["min", "max"])
    func notANumber(_ function: String) throws {
        #expect(try value("\(function)(0 / 0, 1)").isNaN)
        #expect(try value("\(function)(1, 0 / 0)").isNaN)
        #expect(try value("clamp(0 / 0, 0, 1)").isNaN)
    }

    @Test(
        "what is no formula is refused with its place",
        arguments: [
            ("", "character 1 is the end"), ("1 +", "character 4 is the end"),
            ("1 2", "character 3 is \"2\""), ("lenght", "expected one of text.len, out_len, x"),
            ("min(1)", "character 6 is \")\", expected \",\""), ("(1", "expected \")\""),
            ("1 ? 2", "expected \":\""), ("a = 1", "character 1"), ("1 & 2", "character 3"),
            ("1.2.3", "expected a number"), ("2 $ 3", "character 3 is \"$\""),
            (String(repeating: "(", count: 80) + "1", "at most 64 levels"),
        ])
    func faults(_ text: String, _ words: String) {
        let fault = #expect(throws: Formula.Fault.self) {
            try Formula(text, variables: FormulaTests.names)
        }
        #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
    }
}
