import Patterns
import Testing

/// Regular expressions over bytes.
@Suite struct PatternTests {
    private func answer(
        _ pattern: String, _ text: String
    ) throws -> RegularExpression.Answer {
        let bytes = Array(text.utf8)
        return try RegularExpression(pattern).occurs(in: bytes.span, RegularExpression.Scratch())
    }

    @Test("finds what is there and not what is not")
    func finds() throws {
        #expect(try answer("a.c", "xabcx") == .found)
        #expect(try answer("a.c", "ABC") == .absent)
        #expect(try answer("(?i)a.c", "ABC") == .found)
        #expect(try answer("^第\\p{Nd}+号$", "第１２号") == .found)
        #expect(try answer("é", "e\u{301}") == .absent)
        #expect(try answer("^$", "") == .found)
        #expect(try answer("x", "") == .absent)
        #expect(try answer("\\bword\\b", "a word.") == .found)
    }

    @Test("gives up where steps run away, and the same thing every time")
    func limits() throws {
        let long = String(repeating: "a", count: 200) + "b"
        for _ in 0..<3 { #expect(try answer("^(a+)+$", long) == .givenUp) }
    }

    @Test("says what is wrong with a pattern and where")
    func faults() {
        #expect(throws: RegularExpression.Fault.self) { try RegularExpression("(a") }
        let fault = #expect(throws: RegularExpression.Fault.self) {
            try RegularExpression("ab[")
        }
        #expect(fault?.offset == 3)
        #expect(fault?.message.contains("missing terminating ]") == true)
    }
}
