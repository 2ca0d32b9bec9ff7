import DiversityAlgorithm
import Testing

@Suite struct BeginningsTests {
    private static func hash(_ turns: [UInt64]) -> UInt64 {
        turns.reduce(0) { Beginnings.adding($1, role: 0x75, to: $0) }
    }

    private static func note(_ turns: [UInt64], row: Int, in found: inout Beginnings) {
        for count in 1...turns.count {
            found.add(hash(Array(turns.prefix(count))), row: row, left: turns.count - count)
        }
    }

    @Test("a conversation is the beginning of the longest, of several the first")
    func longest() throws {
        var first = Beginnings()
        Self.note([1, 2], row: 0, in: &first)
        Self.note([1, 2, 3], row: 1, in: &first)
        Self.note([2, 1], row: 2, in: &first)
        var second = Beginnings()
        Self.note([1, 2, 3, 4], row: 3, in: &second)
        Self.note([1, 2, 3, 5], row: 4, in: &second)
        Self.note([2, 1], row: 5, in: &second)
        first.append(contentsOf: second)
        let expected = [
            Beginnings.Beginning(row: 0, longer: 3, turns: 2),
            Beginnings.Beginning(row: 1, longer: 3, turns: 1),
        ]
        #expect(first.found().map(\.row) == [0, 1])
        #expect(first.found() == expected)
        let again = try #require(Beginnings(words: first.words))
        #expect(again.found() == expected)
        #expect(Beginnings(words: Array(first.words.dropLast())) == nil)
        #expect(Beginnings(words: []) == nil)
        #expect(Beginnings().found().isEmpty)
    }

    @Test("who speaks counts, and the order")
    func roles() {
        let (user, assistant) = (UInt8(ascii: "u"), UInt8(ascii: "a"))
        #expect(
            Beginnings.adding(7, role: user, to: 1) != Beginnings.adding(7, role: assistant, to: 1))
        #expect(Self.hash([1, 2]) != Self.hash([2, 1]))
    }
}
