import NoiseAlgorithm
import Numerics
import Testing

/// Answers of conversations that belong elsewhere, on made-up talks of which the truth is known.
@Suite struct TurnRelevanceTests {
    private static let things = [
        "apple", "river", "engine", "violin", "castle", "lizard", "ticket", "window", "garden",
        "planet", "bottle", "camera", "carpet", "dragon", "helmet", "island", "jacket", "kettle",
    ]

    private static func tokens(_ text: String) -> [UInt32] {
        var tokens: [UInt32] = []
        TurnExample.appendTokens(of: Array(text.utf8).span, to: &tokens)
        return tokens
    }

    private static func example(
        _ row: Int, _ place: TurnExample.Place = .middle, context: String, answer: String
    ) -> TurnExample {
        TurnExample(
            row: row, place: place, context: tokens(context), contextBytes: context.utf8.count,
            answer: tokens(answer), answerBytes: answer.utf8.count)
    }

    /// Three answers each of `count` talks; every eighth talk has one of another thing.
    private static func talks(_ count: Int, swapped: Bool) -> [TurnExample] {
        (0..<count * 3).map { index in
            let (row, turn) = (index / 3, index % 3)
            let own = things[row % things.count]
            let isOther = swapped && row % 8 == 0 && turn == row / 8 % 3
            func drawn(_ salt: Int, _ bound: Int) -> Int {
                Int(StableHash.mix(UInt64(index * 1000 + salt) &* 0x9E37_79B9) % UInt64(bound))
            }
            // Drawn: what always goes together is learnt to belong together.
            let number = isOther ? (row + 1 + drawn(0, count - 1)) % count : row
            let answered = things[number % things.count]
            // Of many lengths, as texts are: where all are alike, the least difference tells.
            func filler(_ salt: Int) -> String {
                (0..<drawn(salt, 12)).map { "w\(drawn(salt + 1 + $0, 40))" }.joined(separator: " ")
            }
            return example(
                row, TurnExample.Place.allCases[turn],
                context: "what about the \(own) of x\(row)? and then? \(filler(100)) please go on",
                answer:
                    "the \(answered) is old, and step \(turn) of x\(number) is \(filler(200)) pretty"
            )
        }
    }

    private static func chances(_ relevance: TurnRelevance, _ turns: [TurnExample]) -> [Double] {
        var scratch = TurnRelevance.Scratch()
        return turns.map {
            relevance.chance(
                row: $0.row, context: $0.context.span, contextBytes: $0.contextBytes,
                answer: $0.answer.span, answerBytes: $0.answerBytes, &scratch)
        }
    }

    @Test("words of a turn are the host's, case aside, ideographs one by one")
    func words() {
        #expect(Self.tokens("Don't stop, please") == Self.tokens("don't STOP please"))
        #expect(Self.tokens("三杯茶").count == 3)
        #expect(Self.tokens("").isEmpty)
    }

    @Test("too few answers or conversations teach nothing")
    func tooFew() {
        let few = Self.talks(TurnRelevance.leastAnswers / 3, swapped: false)
        #expect(few.count < TurnRelevance.leastAnswers)
        #expect(TurnRelevance(few, seed: 1, work: SerialWork()) == nil)
        let long = (0..<600).map {
            Self.example($0 % 10, context: "the same talk \($0)", answer: "again \($0)")
        }
        #expect(TurnRelevance(long, seed: 1, work: SerialWork()) == nil)
        #expect(TurnRelevance([], seed: 1, work: SerialWork()) == nil)
    }

    @Test("an answer about another thing is found, and nothing in sound talks")
    func swapped() throws {
        let sound = Self.talks(240, swapped: false)
        let untouched = try #require(TurnRelevance(sound, seed: 3, work: SerialWork()))
        let quiet = Self.chances(untouched, sound).allSatisfy { $0 < LearnedChecks.flagLimit }
        #expect(quiet)
        #expect(untouched.answerCount == 720)
        let talks = Self.talks(240, swapped: true)
        let relevance = try #require(TurnRelevance(talks, seed: 3, work: SerialWork()))
        let found = Self.chances(relevance, talks).indices.filter {
            Self.chances(relevance, [talks[$0]])[0] >= LearnedChecks.flagLimit
        }
        let planted = talks.indices.filter { $0 / 3 % 8 == 0 && $0 % 3 == $0 / 24 % 3 }
        #expect(planted.count == 30)
        #expect(Set(found).isSubset(of: planted))
        #expect(found.count >= 22)
        #expect(abs(relevance.rate.value - 30.0 / 720) < 0.02)
    }

    @Test("what was learnt is read again as it was, and nothing else is")
    func saving() throws {
        let talks = Self.talks(240, swapped: true)
        let relevance = try #require(TurnRelevance(talks, seed: 3, work: SerialWork()))
        let again = try #require(TurnRelevance(numbers: relevance.numbers, seed: 3))
        let (before, after) = (Self.chances(relevance, talks), Self.chances(again, talks))
        #expect(zip(before, after).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(before.max() ?? 0 > LearnedChecks.flagLimit)
        #expect(again.answerCount == relevance.answerCount)
        #expect(TurnRelevance(numbers: Array(relevance.numbers.dropLast()), seed: 3) == nil)
        #expect(TurnRelevance(numbers: [], seed: 3) == nil)
    }
}
