import Numerics

/// Embeds a text, UTF-8: writes its vector, of length 1, all zeros for a text without a word; `false` when
/// it could not.
public typealias TextEmbedding = @Sendable (_ text: Span<UInt8>, _ vector: inout [Float]) -> Bool

/// What embeddings say of responses that words do not clear.
///
/// Words tell most responses to be their prompts' own; the embeddings of the others are looked at, and what
/// words and embeddings say together is learnt as words alone are: from every prompt with its own response
/// and with those of others.
struct MeaningCheck: Sendable {
    private let relation: EmbeddingRelation
    private let regression: HalvedLogistic
    /// Log-odds by words below which no embedding is asked for.
    private let leastLogit: Double
    /// Of responses of other prompts, by what the other half taught; none after it was read.
    private(set) var positiveLogits: [Double] = []

    /// Pairs that are learnt from at most.
    private static let mostPairs = 2_000
    /// Responses of others that each prompt is set against.
    private static let strangers = 2
    /// Shares of the responses of other prompts that words may clear: in any case, and where so many of the
    /// records are cleared with them.
    private static let clearedShares = 0.02...0.1
    private static let clearedRecords = 2.0 / 3
    /// By how much the area under the curve has to grow for embeddings to be worth their time: at least, and
    /// in units of its standard error.
    private static let leastGain = 0.001
    private static let leastErrors = 0.3
    /// Bytes of a text that are embedded.
    private static let mostBytes = 16_384
    /// Log-odds of a response that words have cleared at most; those of others are not below.
    private static let clearedLogit = -10.0

    /// What a thread keeps from record to record.
    struct Scratch {
        fileprivate var prompt: [Float] = []
        fileprivate var response: [Float] = []
        fileprivate var relation = EmbeddingRelation.Scratch()
        fileprivate var numbers: [Float] = [0, 0]
        fileprivate var terms: [Float] = []
    }

    /// What a record's pairing with a response looks like.
    private struct Pairing {
        let half: Int
        let word: Double
        let cosine: Float
        let isPositive: Bool
        let isTrusted: Bool
        let verdict: Bool?

        /// Numbers that the regression sees.
        var numbers: [Float] { [Float(word), cosine] }
        static let width = 2
    }

    /// Learns from pairs; `nil` where embeddings tell no more than words do.
    ///
    /// `mismatch` tells by words. O(mostPairs · (bytes + d)).
    init?(
        _ pairs: [PairExample], trusted: [PairExample], verdicts: [Int: Bool],
        mismatch: MismatchModel, embedding: TextEmbedding, seed: UInt64, work: some WorkSharing
    ) {
        // Spread over all; what people decided about is learnt from in any case.
        func sample(_ all: [PairExample]) -> [PairExample] {
            let step = max(1, (all.count + MeaningCheck.mostPairs - 1) / MeaningCheck.mostPairs)
            return all.indices.filter { $0 % step == 0 || verdicts[all[$0].row] != nil }
                .map { all[$0] }
        }
        let (own, sound) = (sample(pairs), sample(trusted))
        let vectors = work.map(own.count + sound.count, keeping: Scratch.init) { index, scratch in
            let pair = index < own.count ? own[index] : sound[index - own.count]
            let isWhole = MeaningCheck.embed(
                pair.prompt.span, pair.response.span, embedding, &scratch)
            return (isWhole ? scratch.prompt : [], isWhole ? scratch.response : [])
        }
        guard vectors.allSatisfy({ !$0.0.isEmpty }) else { return nil }
        let relation = EmbeddingRelation(
            prompts: vectors[..<own.count].map(\.0), responses: vectors[..<own.count].map(\.1),
            seed: seed)
        let halves = own.map { Half.of(row: $0.row, seed: seed) }
        let others = (0..<MeaningCheck.strangers).map {
            MergeModel.partners(halves, seed: seed &+ UInt64($0))
        }
        let kinds = 1 + MeaningCheck.strangers
        @Sendable func scratch() -> (
            relation: EmbeddingRelation.Scratch, mismatch: MismatchModel.Scratch
        ) { (EmbeddingRelation.Scratch(), MismatchModel.Scratch()) }
        let pairings = work.map(own.count * kinds + sound.count, keeping: scratch) {
            index, scratch in
            let isTrusted = index >= own.count * kinds
            let place = isTrusted ? index - own.count * kinds : index / kinds
            let kind = isTrusted ? 0 : index % kinds
            let answer = kind == 0 ? place : others[kind - 1][place]
            let (all, first) = isTrusted ? (sound, own.count) : (own, 0)
            let half = isTrusted ? Half.of(row: sound[place].row, seed: seed) : halves[place]
            let (prompt, response) = (vectors[first + place].0, vectors[first + answer].1)
            let asked = PairWords(all[place], &scratch.mismatch.marks).prompt
            let answered = PairWords(all[answer], &scratch.mismatch.marks).response
            return Pairing(
                half: half,
                word: mismatch.logit(asked, answered, half: half, &scratch.mismatch),
                cosine: relation.cosine(prompt.span, response.span, &scratch.relation),
                isPositive: kind > 0, isTrusted: isTrusted,
                verdict: isTrusted || kind > 0 ? nil : verdicts[all[place].row])
        }
        let counted = pairings.indices.filter { !pairings[$0].isTrusted }
        func fit(_ numbers: (Pairing) -> [Float]) -> (
            model: HalvedLogistic, logits: [Double], area: Double
        ) {
            let rows = pairings.map(numbers)
            let model = HalvedLogistic(
                rows.flatMap { $0 }, width: Pairing.width, halves: pairings.map(\.half),
                isPositive: pairings.map(\.isPositive), isTrusted: pairings.map(\.isTrusted),
                verdicts: pairings.map(\.verdict), doubtLimit: nil, work: work)
            var terms: [Float] = []
            let logits = zip(rows, pairings).map { row, pairing in
                model.logit(row.span, half: pairing.half, with: &terms)
            }
            let quality = RankingQuality(
                scores: counted.map { logits[$0] },
                isPositive: counted.map { pairings[$0].isPositive })
            return (model, logits, quality?.areaUnderCurve ?? 0.5)
        }
        let (regression, logits, area) = fit(\.numbers)
        let byWords = fit { [Float($0.word), 0] }.area
        let error = (byWords * (1 - byWords) / Double(own.count)).squareRoot()
        guard
            area >= byWords + max(MeaningCheck.leastGain, MeaningCheck.leastErrors * error)
        else { return nil }
        self.relation = relation
        self.regression = regression
        let positives = pairings.indices.filter { pairings[$0].isPositive }
        leastLogit = MeaningCheck.leastLogit(
            own: counted.filter { !pairings[$0].isPositive }.map { pairings[$0].word },
            strange: positives.map { pairings[$0].word })
        positiveLogits = positives.map { index in
            let word = pairings[index].word
            return word < leastLogit
                ? cleared(word) : max(MeaningCheck.clearedLogit, logits[index])
        }
    }

    /// The log-odds by words below which a response is cleared.
    ///
    /// Where few of the responses of other prompts are cleared together with most of the own ones, these need
    /// not be embedded.
    private static func leastLogit(own: [Double], strange: [Double]) -> Double {
        let strange = strange.sorted()
        func quantile(_ share: Double) -> Double {
            Quantiles.quantile(share, ofSorted: strange) ?? 0
        }
        let (least, most) = (
            quantile(clearedShares.lowerBound), quantile(clearedShares.upperBound)
        )
        let enough = Quantiles.quantile(clearedRecords, ofSorted: own.sorted()) ?? 0
        return enough <= most ? max(least, enough) : least
    }

    /// Log-odds of a response that words have cleared: below those of others, in the order of the words'.
    private func cleared(_ word: Double) -> Double {
        MeaningCheck.clearedLogit - (leastLogit - word)
    }

    /// The log-odds that a response of these log-odds by words is another prompt's.
    ///
    /// O(bytes + d · directions), O(1) where words have cleared it.
    func logit(
        word: Double, prompt: Span<UInt8>, response: Span<UInt8>, half: Int,
        embedding: TextEmbedding, _ scratch: inout Scratch
    ) -> Double {
        guard word >= leastLogit,
            MeaningCheck.embed(prompt, response, embedding, &scratch)
        else { return cleared(min(word, leastLogit)) }
        // Taken out, so that none is read through what is written to.
        var relation = scratch.relation
        scratch.relation = EmbeddingRelation.Scratch()
        let cosine = self.relation.cosine(
            scratch.prompt.span, scratch.response.span, &relation)
        scratch.relation = relation
        var terms = scratch.terms
        scratch.terms = []
        defer { scratch.terms = terms }
        scratch.numbers[0] = Float(word)
        scratch.numbers[1] = cosine
        return max(
            MeaningCheck.clearedLogit,
            regression.logit(scratch.numbers.span, half: half, with: &terms))
    }

    private static func embed(
        _ prompt: Span<UInt8>, _ response: Span<UInt8>, _ embedding: TextEmbedding,
        _ scratch: inout Scratch
    ) -> Bool {
        let prompt = prompt.extracting(first: PackedBytes.wholeCharacters(prompt, most: mostBytes))
        let response = response.extracting(
            first: PackedBytes.wholeCharacters(response, most: mostBytes))
        return embedding(prompt, &scratch.prompt) && embedding(response, &scratch.response)
    }

    // MARK: Saving

    /// Everything that was learnt.
    var numbers: [Float] { [Float(leastLogit)] + relation.numbers + regression.numbers }

    /// Reads what `numbers` gave off the beginning of a list; `nil` where it does not fit.
    init?(readingFrom rest: inout ArraySlice<Float>) {
        guard let least = rest.popFirst(),
            let relation = EmbeddingRelation(readingFrom: &rest)
        else { return nil }
        let count = HalvedLogistic.numberCount(Pairing.width)
        guard rest.count >= count,
            let regression = HalvedLogistic(rest.prefix(count), width: Pairing.width)
        else { return nil }
        rest = rest.dropFirst(count)
        leastLogit = Double(least)
        self.relation = relation
        self.regression = regression
    }
}
