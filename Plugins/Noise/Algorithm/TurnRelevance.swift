public import Numerics

/// An answer of a conversation and what is said around it, as tokens.
public struct TurnExample: Sendable {
    /// Row of the conversation: decides, with the seed, which half of the models judges it.
    public let row: Int
    /// Which of the conversation's answers it is.
    public let place: Place
    /// Tokens of the turns around it.
    public let context: [UInt32]
    /// Bytes of these turns.
    public let contextBytes: Int
    /// Tokens of the answer.
    public let answer: [UInt32]
    /// Bytes of the answer.
    public let answerBytes: Int

    /// Where in a conversation an answer stands: greetings and thanks are at its ends.
    public enum Place: Int, CaseIterable, Sendable { case first, middle, last }

    /// Takes what was read.
    public init(
        row: Int, place: Place, context: [UInt32], contextBytes: Int, answer: [UInt32],
        answerBytes: Int
    ) {
        (self.row, self.place) = (row, place)
        (self.context, self.contextBytes) = (context, contextBytes)
        (self.answer, self.answerBytes) = (answer, answerBytes)
    }

    /// The turns around an answer that its context is made of: so many before and after.
    ///
    /// The question alone is often but "and then?"; what the user says next speaks of the answer that was
    /// meant. Of conversations with an answer exchanged in a tenth, the question alone gave an area under the
    /// curve of 0.89 and 0.995 (counselling, assistants), with the two turns before 0.92 and 0.994, with the
    /// next one 0.94 and 0.995, and nothing was flagged in untouched ones.
    public static let turnsAround = (before: 3, after: 1)

    /// Appends the tokens of a text.
    ///
    /// O(bytes).
    public static func appendTokens(of text: Span<UInt8>, to tokens: inout [UInt32]) {
        WordScan.forEachWord(text, in: 0..<text.count) { word in
            tokens.append(UInt32(truncatingIfNeeded: WordScan.hash(text, word) >> 32))
        }
    }
}

/// Answers of conversations that belong elsewhere.
///
/// A conversation's words are those of all its turns: one answer of another conversation among them shows
/// only beside the turns around it.
public struct TurnRelevance: Sendable {
    /// Answers that are needed.
    public static let leastAnswers = 200
    /// Conversations that they are of at least.
    public static let leastConversations = 50
    /// Answers that are learnt from at most.
    public static let mostAnswers = LearnedChecks.mostPairs

    private let seed: UInt64
    private let mismatch: MismatchModel
    /// Of answers that belong elsewhere.
    private let curve: ErrorCurve
    /// Whether that is learnt from other answers of the same kind.
    private let isOfKinds: Bool
    /// Answers that were learnt from.
    public let answerCount: Int

    /// The estimated share of answers that belong elsewhere.
    public var rate: (value: Double, low: Double, high: Double) { curve.rate }

    /// Learns from a sample of answers; `nil` when it is too small.
    ///
    /// O(epochs · words).
    public init?(_ turns: [TurnExample], seed: UInt64, work: some WorkSharing) {
        guard turns.count >= TurnRelevance.leastAnswers,
            Set(turns.map(\.row)).count >= TurnRelevance.leastConversations
        else { return nil }
        (self.seed, answerCount) = (seed, turns.count)
        let words = work.map(turns.count, keeping: BucketMarks.init) { PairWords(turns[$0], &$1) }
        let mismatch = MismatchModel(words, seed: seed, work: work)
        self.mismatch = mismatch
        let logits = work.map(words.count, keeping: MismatchModel.Scratch.init) { index, scratch in
            mismatch.logit(
                words[index].prompt, words[index].response,
                half: Half.of(row: words[index].row, seed: seed), &scratch)
        }
        (curve, isOfKinds) = LearnedChecks.curve(mismatch, others: logits)
    }

    /// What a thread keeps from answer to answer.
    public struct Scratch {
        var context = WordBuckets()
        var answer = WordBuckets()
        var mismatch = MismatchModel.Scratch()

        /// Empty buffers.
        public init() {}
    }

    /// The chance, 0 to 1, that an answer belongs elsewhere.
    ///
    /// O(words).
    public func chance(
        row: Int, context: Span<UInt32>, contextBytes: Int, answer: Span<UInt32>, answerBytes: Int,
        _ scratch: inout Scratch
    ) -> Double {
        scratch.context.read(context, byteCount: contextBytes, with: &scratch.mismatch.marks)
        scratch.answer.read(answer, byteCount: answerBytes, with: &scratch.mismatch.marks)
        let logit = mismatch.logit(
            scratch.context, scratch.answer, half: Half.of(row: row, seed: seed),
            &scratch.mismatch)
        let chance = curve.chance(logit)
        // Where nothing tells whose an answer is, none is flagged.
        return curve.rate.value > LearnedChecks.mostMismatched
            ? LearnedChecks.leastTemper * chance
            : LearnedChecks.tempered(
                chance, ofRate: curve.rate.value, isOfKinds: isOfKinds)
    }

    // MARK: Saving

    /// Everything that was learnt.
    public var numbers: [Float] {
        [Float(answerCount), isOfKinds ? 1 : 0] + curve.numbers + mismatch.numbers
    }

    /// Reads what `numbers` gave; `nil` when the counts do not fit.
    public init?(numbers: [Float], seed: UInt64) {
        guard numbers.count == 2 + ErrorCurve.numberCount + MismatchModel.numberCount,
            let curve = ErrorCurve(numbers[2..<2 + ErrorCurve.numberCount]),
            let mismatch = MismatchModel(numbers[(2 + ErrorCurve.numberCount)...])
        else { return nil }
        (self.seed, answerCount) = (seed, Int(numbers[0]))
        isOfKinds = numbers[1] == 1
        (self.curve, self.mismatch) = (curve, mismatch)
    }
}
