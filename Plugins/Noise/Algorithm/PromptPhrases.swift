/// How prompts begin and end, learnt from one half.
struct PromptPhrases: Sendable {
    /// By the first two words, and the first three.
    let beginnings: PhraseOdds
    let longBeginnings: PhraseOdds
    /// By the last sign, and the last two words.
    let ends: PhraseOdds
    let lastWords: PhraseOdds

    static let numberCount = 4 * PhraseOdds.numberCount

    var numbers: [Float] {
        [beginnings, longBeginnings, ends, lastWords].flatMap(\.numbers)
    }

    /// Reads what `numbers` gave; `nil` where it does not fit.
    init?(_ numbers: ArraySlice<Float>) {
        func table(_ place: Int) -> PhraseOdds? {
            PhraseOdds(
                numbers.dropFirst(place * PhraseOdds.numberCount)
                    .prefix(PhraseOdds.numberCount))
        }
        guard let first = table(0), let second = table(1), let third = table(2),
            let fourth = table(3)
        else { return nil }
        (beginnings, longBeginnings, ends, lastWords) = (first, second, third, fourth)
    }

    /// What is read off one prompt: its own beginning and end, and what stands within.
    struct Reading: Sendable {
        let pairs: [UInt64]
        let triples: [UInt64]
        let end: UInt64
        let innerEnds: [UInt64]
    }

    init(_ readings: [Reading]) {
        beginnings = PhraseOdds(
            positive: readings.map { $0.pairs.first ?? 0 },
            negative: readings.flatMap { $0.pairs.dropFirst() })
        longBeginnings = PhraseOdds(
            positive: readings.map { $0.triples.first ?? 0 },
            negative: readings.flatMap { $0.triples.dropFirst() })
        ends = PhraseOdds(
            positive: readings.map(\.end), negative: readings.flatMap(\.innerEnds))
        lastWords = PhraseOdds(
            positive: readings.map { $0.pairs.last ?? 0 },
            negative: readings.flatMap { $0.pairs.dropLast() })
    }
}
