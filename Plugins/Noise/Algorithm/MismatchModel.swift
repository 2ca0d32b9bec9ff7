import Numerics

/// Tells a prompt's own response from those of others, by words.
///
/// Every prompt is set against its own response and against those of two others; half of the records are
/// judged by what the other half taught.
struct MismatchModel: Sendable {
    let relevance: PairRelevance
    private let regression: HalvedLogistic

    /// Log-odds of responses of other prompts, by what the other half taught; none after it was read.
    var strangeLogits: [Double] { regression.positiveLogits }

    /// The same of responses of the prompts' own kind, where these are told from other prompts' much worse than
    /// those of any kind; empty where the data is of one kind, and after it was read.
    private(set) var likeLogits: [Double] = []

    /// Other responses that each prompt is set against.
    private static let strangers = 2
    /// Chance that a response of the same kind looks more like the prompt's own than one of any kind, from which
    /// on the data is of several.
    private static let leastApart = 0.6
    /// Steps from a stranger to the next at most, where it is of the same record.
    private static let mostSteps = 8

    /// What a thread keeps from pair to pair.
    struct Scratch {
        var marks = BucketMarks()
        fileprivate var numbers: [Float] = []
        fileprivate var terms: [Float] = []
    }

    /// Learns from pairs.
    ///
    /// `trusted` are known to be sound; `verdicts` are what people decided, by row. O(epochs · words).
    init(
        _ words: [PairWords], trusted: [PairWords] = [], verdicts: [Int: Bool] = [:],
        seed: UInt64, work: some WorkSharing
    ) {
        let relevance = PairRelevance(words, seed: seed, work: work)
        self.relevance = relevance
        let halves = words.map { Half.of(row: $0.row, seed: seed) }
        let trustedHalves = trusted.map { Half.of(row: $0.row, seed: seed) }
        let partners = (0..<MismatchModel.strangers).map {
            MismatchModel.strangers(words, halves, seed: seed &+ UInt64($0))
        }
        @Sendable func numbers(
            _ prompt: WordBuckets, _ responses: [WordBuckets], _ half: Int,
            _ marks: inout BucketMarks
        ) -> [Float] {
            var numbers: [Float] = []
            let sum = relevance.sum(prompt, of: relevance.models[half].prompts)
            for response in responses {
                relevance.describe(
                    prompt, sum, response, half: half, &marks, into: &numbers)
            }
            return numbers
        }
        let rows = work.map(words.count, keeping: BucketMarks.init) { index, marks in
            numbers(
                words[index].prompt,
                ([index] + partners.map { $0[index] }).map { words[$0].response },
                halves[index], &marks)
        }
        let trustedRows = work.map(trusted.count, keeping: BucketMarks.init) { index, marks in
            numbers(
                trusted[index].prompt, [trusted[index].response], trustedHalves[index], &marks)
        }
        let kinds = [false] + Array(repeating: true, count: MismatchModel.strangers)
        regression = HalvedLogistic(
            (rows + trustedRows).flatMap { $0 }, width: PairRelevance.width,
            halves: halves.flatMap { Array(repeating: $0, count: kinds.count) } + trustedHalves,
            isPositive: halves.flatMap { _ in kinds } + trusted.map { _ in false },
            isTrusted: halves.flatMap { _ in kinds.map { _ in false } } + trusted.map { _ in true },
            verdicts: words.flatMap { pair in
                [verdicts[pair.row]] + kinds.dropFirst().map { _ in nil }
            }
                + trusted.map { _ in nil },
            doubtLimit: nil, work: work)
        likeLogits = learnLike(words, halves, seed, work)
    }

    /// The log-odds of other responses of the same kind; none where they are as those of any kind.
    private func learnLike(
        _ words: [PairWords], _ halves: [Int], _ seed: UInt64, _ work: some WorkSharing
    ) -> [Double] {
        var alike = words
        let kinds = ResponseKinds.of(words.map(\.response), seed: seed, work: work)
        for index in alike.indices {
            alike[index].kind = words[index].kind * (ResponseKinds.most + 1) + kinds[index]
        }
        let partners = MismatchModel.strangers(alike, halves, seed: seed &+ 97)
        let found = work.map(words.count, keeping: Scratch.init) { index, scratch in
            logit(
                words[index].prompt, words[partners[index]].response, half: halves[index], &scratch)
        }
        let quality = RankingQuality(
            scores: strangeLogits + found,
            isPositive: strangeLogits.map { _ in true } + found.map { _ in false })
        return (quality?.areaUnderCurve ?? 0) >= MismatchModel.leastApart ? found : []
    }

    /// For every pair one of another record, of its half and its kind where there is one.
    private static func strangers(
        _ words: [PairWords], _ halves: [Int], seed: UInt64
    ) -> [Int] {
        let kinds = (words.map(\.kind).max() ?? 0) + 1
        let like = MergeModel.partners(zip(words, halves).map { $1 * kinds + $0.kind }, seed: seed)
        let any = kinds > 1 ? MergeModel.partners(halves, seed: seed) : like
        return words.indices.map { index in
            func isOwn(_ other: Int) -> Bool { words[other].row == words[index].row }
            var partner = like[index]
            for _ in 0..<mostSteps where isOwn(partner) { partner = like[partner] }
            if isOwn(partner) { partner = any[index] }
            for _ in 0..<mostSteps where isOwn(partner) { partner = any[partner] }
            return partner
        }
    }

    /// The log-odds that `response` is another prompt's, by the model of `half`.
    ///
    /// O(words).
    func logit(
        _ prompt: WordBuckets, _ response: WordBuckets, half: Int, _ scratch: inout Scratch
    ) -> Double {
        var numbers = scratch.numbers
        scratch.numbers = []
        defer { scratch.numbers = numbers }
        numbers.removeAll(keepingCapacity: true)
        relevance.describe(
            prompt, relevance.sum(prompt, of: relevance.models[half].prompts), response,
            half: half, &scratch.marks, into: &numbers)
        return regression.logit(numbers.span, half: half, with: &scratch.terms)
    }

    // MARK: Saving

    /// Everything that was learnt.
    var numbers: [Float] { relevance.numbers + regression.numbers }

    /// How many numbers there are.
    static let numberCount =
        PairRelevance.numberCount + HalvedLogistic.numberCount(PairRelevance.width)

    /// Reads what `numbers` gave.
    init?(_ numbers: ArraySlice<Float>) {
        guard numbers.count == MismatchModel.numberCount,
            let relevance = PairRelevance(numbers.prefix(PairRelevance.numberCount)),
            let regression = HalvedLogistic(
                numbers.dropFirst(PairRelevance.numberCount), width: PairRelevance.width)
        else { return nil }
        (self.relevance, self.regression) = (relevance, regression)
    }
}
