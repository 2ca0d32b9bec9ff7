public import Numerics

/// What a review decided about findings of the learnt checks: by row, whether each was right.
public struct LearnedVerdicts: Sendable {
    let mismatched: [Int: Bool]
    let truncated: [Int: Bool]
    let merged: [Int: Bool]

    /// None by default.
    public init(
        mismatched: [Int: Bool] = [:], truncated: [Int: Bool] = [:], merged: [Int: Bool] = [:]
    ) {
        (self.mismatched, self.truncated, self.merged) = (mismatched, truncated, merged)
    }

    /// How much a decided record counts beside others.
    static let weight: Float = 20
}

/// Checks that learn from the data what is natural in it: responses that belong to another prompt,
/// responses cut off, prompts that are two.
///
/// Each is learnt against records damaged on purpose, half of the records by what the other half taught;
/// the share of such damage that the data already has follows from how the damaged ones score.
public struct LearnedChecks: Sendable {
    /// Pairs of a prompt and a response that are needed.
    public static let leastPairs = 200
    /// Pairs that are learnt from at most.
    public static let mostPairs = 8_000
    /// Trusted pairs from which on they tell what is natural.
    public static let leastTrusted = 50
    /// The chance of damage at which a record is flagged.
    public static let flagLimit = 0.5

    private let seed: UInt64
    /// Pairs that were learnt from.
    public let pairCount: Int
    /// Whether trusted records tell what is natural.
    public let hasTrusted: Bool
    private let languages: LanguageHabits
    /// Whether responses of the data begin with their prompts as a habit.
    public let echoesAreUsual: Bool
    private let mismatch: MismatchModel
    /// What embeddings add to it; `nil` where they tell no more than words.
    private var meaning: MeaningCheck?
    private let embedding: TextEmbedding?
    /// What a review makes of the chances.
    private var mismatchedTrust: Double
    private var mergedTrust: Double
    /// What sets the data apart from trusted records; `nil` without them.
    public private(set) var quality: QualityModel?
    private let ending: EndingModel?
    private let merge: MergeModel?
    private let gibberish: GibberishModel?
    /// Whether most responses have words enough to be told by.
    public let responsesSpeak: Bool
    /// Responses that lie so many places from their prompts; `nil` where none were found.
    public private(set) var shifted: ShiftedResponses?
    /// Of mismatched responses.
    public private(set) var mismatchedCurve: ErrorCurve
    /// Whether that is learnt from other responses of the same kind.
    private var isOfKinds: Bool
    /// Of cut responses.
    public private(set) var truncatedPrior: ErrorPrior
    /// By what the response of a joined prompt answers.
    public private(set) var mergedShares: [MergedShare]

    /// Whether there were enough prompts to learn from what joined ones look like.
    public var judgesMerged: Bool { merge != nil }

    /// That of the kind of which there is most.
    public var mergedShare: MergedShare {
        mergedShares.max { $0.rate.value < $1.rate.value } ?? .unknown
    }

    /// Learns from a sample of the data; `nil` when it is too small.
    ///
    /// `trusted` are records known to be sound: how often they look damaged is natural and no error;
    /// `verdicts` are what people decided about records of the data. With `embedding` the meaning of
    /// responses counts as well as their words. O(pairs · words).
    public init?(
        _ pairs: [PairExample], trusted all: [PairExample] = [],
        verdicts: LearnedVerdicts = LearnedVerdicts(), embedding: TextEmbedding? = nil,
        seed: UInt64, work: some WorkSharing
    ) {
        let trusted = all.count >= LearnedChecks.leastTrusted ? all : []
        guard pairs.count >= LearnedChecks.leastPairs else { return nil }
        self.seed = seed
        pairCount = pairs.count
        hasTrusted = !trusted.isEmpty
        languages = LanguageHabits(pairs, work: work)
        echoesAreUsual = PromptEcho.isUsual(pairs)
        func words(_ pairs: [PairExample]) -> [PairWords] {
            work.map(pairs.count, keeping: BucketMarks.init) { PairWords(pairs[$0], &$1) }
        }
        let (ownWords, trustedWords) = (words(pairs), words(trusted))
        let speaking = ownWords.count {
            $0.response.buckets.count >= LearnedChecks.leastSpokenWords
        }
        responsesSpeak = 2 * speaking >= ownWords.count
        mismatch = MismatchModel(
            ownWords, trusted: trustedWords, verdicts: verdicts.mismatched, seed: seed, work: work)
        (self.embedding, meaning) = (embedding, nil)
        work.reportProgress(2, of: 4)
        ending = EndingModel(
            pairs, trusted: trusted, verdicts: verdicts.truncated, seed: seed, work: work)
        work.reportProgress(3, of: 4)
        gibberish = GibberishModel(pairs, seed: seed, work: work)
        merge = MergeModel(
            pairs, trusted: trusted, relevance: mismatch.relevance, seed: seed,
            work: work)
        let none = [Double](
            repeating: LearnedChecks.unjudged, count: MergeModel.Answers.allCases.count)
        (mismatchedCurve, truncatedPrior) = (.unknown, .unknown)
        (mismatchedTrust, mergedTrust, isOfKinds) = (1, 1, false)
        mergedShares = none.map { _ in .unknown }

        let unfinished = self
        func logits(_ pairs: [PairExample]) -> [Logits] {
            work.map(pairs.count, keeping: Scratch.init) { index, scratch in
                let pair = pairs[index]
                return unfinished.logits(
                    row: pair.row, prompt: pair.prompt.span,
                    promptTokens: pair.promptTokens.span, response: pair.response.span,
                    responseTokens: pair.responseTokens.span, isConversation: pair.isConversation,
                    &scratch)
            }
        }
        let (own, sound) = (logits(pairs), logits(trusted))
        (mismatchedCurve, isOfKinds) = LearnedChecks.curve(
            mismatch, others: own.map(\.word), sound: sound.map(\.word))
        mismatchedTrust = LearnedChecks.trust(
            verdicts.mismatched, own.map { mismatchedCurve.chance($0.word) })
        // Embeddings are learnt from responses of any kind.
        if let embedding, !isOfKinds {
            addMeaning(
                (pairs, own.map(\.word)), (trusted, sound.map(\.word)), verdicts.mismatched,
                embedding, work)
        }
        if mismatchedCurve.rate.high >= LearnedChecks.rareShare {
            shifted = ShiftedResponses(
                ownWords, weights: mismatch.relevance.weights, work: work)
        }
        truncatedPrior = ErrorPrior(
            own.compactMap(\.truncated), sound: sound.compactMap(\.truncated))
        func joins(_ pairs: [PairExample], _ logits: [Logits], _ kind: Int) -> [Double] {
            zip(pairs, logits).filter { !$0.0.isConversation }
                .map { $0.1.merged?[kind].logit ?? none[kind] }
        }
        if merge != nil {
            mergedShares = none.indices.map { kind in
                MergedShare(
                    known: merge?.joinedLogits[kind] ?? [], others: joins(pairs, own, kind),
                    sound: joins(trusted, sound, kind))
            }
        }
        mergedTrust = LearnedChecks.trust(
            verdicts.merged,
            own.map { logits in
                none.indices.map { kind in
                    logits.merged.map { mergedShares[kind].chance($0[kind].logit) } ?? 0
                }.max() ?? 0
            })
        if hasTrusted {
            func list(_ logits: Logits) -> [Float] {
                logits.features.map { features in features.indices.map { features[$0] } } ?? []
            }
            quality = QualityModel(
                data: own.map(list), dataHalves: pairs.map { Half.of(row: $0.row, seed: seed) },
                trusted: sound.map(list),
                trustedHalves: trusted.map { Half.of(row: $0.row, seed: seed) }, work: work)
        }
    }

    /// Learns what embeddings add to words, where they do and there is something to find.
    private mutating func addMeaning(
        _ own: (pairs: [PairExample], words: [Double]),
        _ sound: (pairs: [PairExample], words: [Double]), _ verdicts: [Int: Bool],
        _ embedding: TextEmbedding, _ work: some WorkSharing
    ) {
        let seed = seed
        let found = MeaningCheck(
            own.pairs, trusted: sound.pairs, verdicts: verdicts, mismatch: mismatch,
            embedding: embedding, seed: seed, work: work)
        guard let found else { return }
        func logits(_ side: (pairs: [PairExample], words: [Double])) -> [Double] {
            work.map(side.pairs.count, keeping: MeaningCheck.Scratch.init) { index, scratch in
                let pair = side.pairs[index]
                return found.logit(
                    word: side.words[index], prompt: pair.prompt.span,
                    response: pair.response.span, half: Half.of(row: pair.row, seed: seed),
                    embedding: embedding, &scratch)
            }
        }
        let (others, natural) = (logits(own), logits(sound))
        let curve = ErrorCurve(known: found.positiveLogits, others: others, sound: natural)
        // Where none is flagged either way, no text need be embedded.
        let byWords = mismatchedCurve.rate
        if max(curve.rate.high, byWords.value) < LearnedChecks.rareShare { return }
        if isHopeless(curve.rate.value), isHopeless(byWords.value) { return }
        meaning = found
        mismatchedCurve = curve
        mismatchedTrust = LearnedChecks.trust(verdicts, others.map { curve.chance($0) })
    }

    /// What chances are multiplied by after a review.
    ///
    /// How many of the reviewed findings were right, against how many had to be by the chances of records
    /// that would be flagged; at most 1.
    private static func trust(_ verdicts: [Int: Bool], _ chances: [Double]) -> Double {
        let flagged = chances.filter { $0 >= flagLimit }
        guard !verdicts.isEmpty, !flagged.isEmpty else { return 1 }
        let stated = flagged.reduce(0, +) / Double(flagged.count)
        let right = Double(verdicts.values.count { $0 })
        return min(1, (right + priorVerdicts) / (Double(verdicts.count) * stated + priorVerdicts))
    }

    /// Verdicts that the chances themselves are worth.
    private static let priorVerdicts = 5.0

    /// The curve by responses of any kind, or by such of the prompt's own kind, where more of the latter are found
    /// in data that is of several.
    static func curve(
        _ mismatch: MismatchModel, others: [Double], sound: [Double] = []
    ) -> (curve: ErrorCurve, isOfKinds: Bool) {
        let any = ErrorCurve(known: mismatch.strangeLogits, others: others, sound: sound)
        guard !mismatch.likeLogits.isEmpty else { return (any, false) }
        let like = ErrorCurve(known: mismatch.likeLogits, others: others, sound: sound)
        let (share, other) = (like.rate.value, any.rate.value)
        // By as much as no set by itself shows, and more than is natural of either.
        let isLike =
            share <= mostMismatched && share >= leastGain * other
            && share - naturalShareOfKinds > other - naturalShare
        return isLike ? (like, true) : (any, false)
    }

    /// How many times as many errors must be found by responses of the same kind: on eight sets by themselves,
    /// a tenth exchanged, it was 1.04 to 1.57 times, on mixtures 1.8 times and more.
    private static let leastGain = 1.7

    /// What stands for the log-odds of a record that a check cannot judge.
    static let unjudged = -30.0

    /// Share of sound records that look damaged in any data: of 47 findings that were read on untouched sets
    /// whose estimated shares were below this, 3 were right.
    private static let naturalShare = 0.01
    /// The same where errors are told from other responses of the same kind: of three sets of which each is hard,
    /// mixed and untouched, the estimates were 0.028 to 0.036.
    private static let naturalShareOfKinds = 0.03

    /// The estimated share of other prompts' responses, at the upper end of its interval, below which there is
    /// nothing to find.
    private static let rareShare = 0.02

    /// The estimated share of other prompts' responses beyond which, without trusted records, nothing tells
    /// errors from what is natural: nothing is flagged.
    static let mostMismatched = 0.4

    /// Whether responses go with their own prompts hardly better than with others, so that none is judged:
    /// either that is their nature, or prompts and responses lie in the wrong order.
    public var seesNoRelation: Bool {
        isHopeless(mismatchedCurve.rate.value)
    }

    /// Distinct words of a response that has something to be told by: of numbers and ratings nothing tells whose
    /// they are.
    private static let leastSpokenWords = 12

    private func isHopeless(_ rate: Double) -> Bool {
        !hasTrusted && rate > LearnedChecks.mostMismatched
    }

    /// The estimated share of joined prompts beyond which, without trusted records, they are how prompts are
    /// written here (an instruction and a passage, say) and not errors: nothing is flagged.
    private static let mostMerged = 0.2

    /// A chance after what is natural is taken off the share it rests on.
    ///
    /// With trusted records it has been taken off already.
    private func tempered(_ chance: Double, _ rate: Double, isOfKinds: Bool = false) -> Double {
        hasTrusted
            ? chance : LearnedChecks.tempered(chance, ofRate: rate, isOfKinds: isOfKinds)
    }

    /// The same without trusted records.
    static func tempered(
        _ chance: Double, ofRate rate: Double, isOfKinds: Bool = false
    ) -> Double {
        let natural = isOfKinds ? naturalShareOfKinds : naturalShare
        return chance * max(leastTemper, 1 - natural / max(1e-9, rate))
    }

    /// Log-odds of another prompt's response below which the two have their words in common.
    private static let sharedLogit = -4.0
    /// The log-odds from which on a second sign of damage is believed.
    private static let doubtfulLogit = 1.0

    /// The chance from which on a record is reported to be of low quality.
    public static let qualityLimit = 0.9

    /// What is left of a chance at least, so that records keep their order.
    static let leastTemper = 0.01

    /// The chance of damage from which on a record is not learnt from as a sound one.
    static let doubtLimit = 0.25

    /// What the models say of one record, before the shares of errors are known.
    private struct Logits: Sendable {
        /// That the response is another prompt's, by words alone.
        let word: Double
        let truncated: Double?
        let merged: MergeModel.Verdict?
        let isForeign: Bool
        /// What quality is judged by; empty without trusted records.
        let features: InlineArray<13, Float>?
    }

    /// What the checks say of one record: chances, 0 to 1.
    public struct Judgement: Sendable {
        /// That the response belongs to another prompt.
        public let mismatched: Double
        /// That the response is cut off; `nil` for one too short to tell.
        public let truncated: Double?
        /// Whether it looks cut off, however few responses are.
        public let looksTruncated: Bool
        /// That the prompt is two; 0 for one of one piece.
        public let merged: Double
        /// First byte of the second prompt.
        public let mergedStart: Int
        /// Whether the response is in another language than the prompt without a reason.
        public let isInOtherLanguage: Bool
        /// That the record is no sound one, judged by trusted records; `nil` without them.
        public let lowQuality: Double?
        /// How sure it is that prompt and response are gibberish, 0.5 to 1; `nil` for what is not.
        public let gibberish: (prompt: Double?, response: Double?)
    }

    /// What a thread keeps from row to row.
    public struct Scratch {
        var prompt = WordBuckets()
        var response = WordBuckets()
        var mismatch = MismatchModel.Scratch()
        var endingTerms: [Float] = []
        var qualityTerms: [Float] = []
        var merge = MergeModel.Scratch()
        var meaning = MeaningCheck.Scratch()

        /// Empty buffers.
        public init() {}
    }

    /// Whether a response is in another language than what it answers, without a reason.
    ///
    /// O(bytes), of the beginning of both.
    public func isInOtherLanguage(prompt: Span<UInt8>, response: Span<UInt8>) -> Bool {
        languages.isMismatch(prompt: prompt, response: response)
    }

    /// Judges a record.
    ///
    /// A prompt of several turns (`isConversation`) is joined by nature and not looked at for that.
    /// O(bytes + words).
    public func judge(
        row: Int, prompt: Span<UInt8>, promptTokens: Span<UInt32>, response: Span<UInt8>,
        responseTokens: Span<UInt32>, isConversation: Bool = false, _ scratch: inout Scratch
    ) -> Judgement {
        let logits = logits(
            row: row, prompt: prompt, promptTokens: promptTokens, response: response,
            responseTokens: responseTokens, isConversation: isConversation, &scratch)
        let truncated = logits.truncated.map(truncatedPrior.chance)
        var merged = (chance: 0.0, start: 0)
        if let verdict = logits.merged {
            for kind in verdict.indices {
                let share = mergedShares[kind]
                if !hasTrusted, share.rate.value > LearnedChecks.mostMerged { continue }
                let chance =
                    mergedTrust * tempered(share.chance(verdict[kind].logit), share.rate.value)
                if chance > merged.chance { merged = (chance, verdict[kind].start) }
            }
        }
        var lowQuality: Double?
        if let quality, let features = logits.features {
            let half = Half.of(row: row, seed: seed)
            lowQuality = quality.chance(features.span, half: half, with: &scratch.qualityTerms)
        }
        var mismatched = logits.word
        if let meaning, let embedding {
            mismatched = meaning.logit(
                word: logits.word, prompt: prompt, response: response,
                half: Half.of(row: row, seed: seed), embedding: embedding, &scratch.meaning)
        }
        mismatched = mismatchedCurve.chance(mismatched)
        return Judgement(
            mismatched: seesNoRelation
                ? LearnedChecks.leastTemper * mismatched
                : mismatchedTrust
                    * tempered(
                        mismatched, mismatchedCurve.rate.value, isOfKinds: isOfKinds),
            truncated: truncated.map { tempered($0, truncatedPrior.rate.value) },
            looksTruncated: logits.truncated ?? 0 >= LearnedChecks.doubtfulLogit,
            merged: merged.chance, mergedStart: merged.start,
            isInOtherLanguage: logits.isForeign, lowQuality: lowQuality,
            gibberish: (
                gibberish?.score(prompt, row: row, seed: seed),
                gibberish?.score(response, row: row, seed: seed)
            ))
    }

    private func logits(
        row: Int, prompt: Span<UInt8>, promptTokens: Span<UInt32>, response: Span<UInt8>,
        responseTokens: Span<UInt32>, isConversation: Bool, _ scratch: inout Scratch
    ) -> Logits {
        scratch.prompt.read(
            promptTokens, byteCount: prompt.count, with: &scratch.mismatch.marks)
        scratch.response.read(
            responseTokens, byteCount: response.count, with: &scratch.mismatch.marks)
        let word = mismatch.logit(
            scratch.prompt, scratch.response, half: Half.of(row: row, seed: seed),
            &scratch.mismatch)
        let truncated = ending?.logit(response, row: row, with: &scratch.endingTerms)
        let merged =
            isConversation
            ? nil
            : merge?.judge(
                prompt, promptTokens, scratch.response, row: row, relevance: mismatch.relevance,
                &scratch.merge)
        // A response that shares its words with the prompt is in the prompt's language.
        let isForeign =
            word > LearnedChecks.sharedLogit
            && languages.isMismatch(prompt: prompt, response: response)
        var features: InlineArray<13, Float>?
        if hasTrusted {
            let echo = PromptEcho(
                prompt: promptTokens, byteCount: prompt.count, response: responseTokens)
            features = QualityModel.describe(
                mismatch: word, cut: truncated,
                joined: merged.map { max($0[0].logit, $0[1].logit) }, promptBytes: prompt.count,
                response: response, tokenCount: responseTokens.count,
                distinct: scratch.response.buckets.count,
                isRepeated: TextChecks.repeatedPassage(response, responseTokens) != nil,
                isForeign: isForeign, isEcho: echo != nil)
        }
        return Logits(
            word: word, truncated: truncated, merged: merged, isForeign: isForeign,
            features: features)
    }

    // MARK: Saving

    /// Everything that was learnt.
    public var numbers: [Float] {
        var numbers: [Float] = [
            ending == nil ? 0 : 1, merge == nil ? 0 : 1, Float(pairCount),
            echoesAreUsual ? 1 : 0, hasTrusted ? 1 : 0,
            Float(mismatchedTrust), Float(mergedTrust), gibberish == nil ? 0 : 1,
            meaning == nil ? 0 : 1, shifted == nil ? 0 : 1, responsesSpeak ? 1 : 0,
            isOfKinds ? 1 : 0,
        ]
        numbers += languages.numbers
        numbers += mismatchedCurve.numbers
        numbers += truncatedPrior.numbers
        for share in mergedShares { numbers += share.numbers }
        numbers += mismatch.numbers
        if let meaning { numbers += meaning.numbers }
        if let shifted { numbers += shifted.numbers }
        if let ending { numbers += ending.numbers }
        if let merge { numbers += merge.numbers }
        if let gibberish { numbers += gibberish.numbers }
        if let quality { numbers += quality.numbers }
        return numbers
    }

    /// Reads what `numbers` gave; `nil` when the counts do not fit.
    public init?(numbers: [Float], embedding: TextEmbedding? = nil, seed: UInt64) {
        self.seed = seed
        self.embedding = embedding
        var rest = numbers[...]
        func take(_ count: Int) -> ArraySlice<Float>? {
            guard count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        guard let head = take(12).map(Array.init),
            let habits = take(LanguageHabits.numberCount).flatMap({ LanguageHabits($0) }),
            let first = take(ErrorCurve.numberCount).flatMap({ ErrorCurve($0) }),
            let second = take(ErrorPrior.numberCount).flatMap({ ErrorPrior($0) }),
            let third = take(MergedShare.numberCount).flatMap({ MergedShare($0) }),
            let fourth = take(MergedShare.numberCount).flatMap({ MergedShare($0) }),
            let mismatch = take(MismatchModel.numberCount).flatMap({ MismatchModel($0) })
        else { return nil }
        pairCount = Int(head[2])
        echoesAreUsual = head[3] == 1
        languages = habits
        hasTrusted = head[4] == 1
        responsesSpeak = head[10] == 1
        isOfKinds = head[11] == 1
        (mismatchedTrust, mergedTrust) = (Double(head[5]), Double(head[6]))
        mismatchedCurve = first
        truncatedPrior = second
        mergedShares = [third, fourth]
        self.mismatch = mismatch
        meaning = head[8] == 1 ? MeaningCheck(readingFrom: &rest) : nil
        shifted =
            head[9] == 1
            ? take(ShiftedResponses.numberCount).flatMap { ShiftedResponses($0) } : nil
        ending =
            head[0] == 1
            ? take(EndingModel.numberCount).flatMap { EndingModel($0, seed: seed) } : nil
        merge =
            head[1] == 1
            ? take(MergeModel.numberCount).flatMap { MergeModel($0, seed: seed) } : nil
        gibberish =
            head[7] == 1
            ? take(GibberishModel.numberCount).flatMap { GibberishModel($0) } : nil
        quality =
            hasTrusted ? take(QualityModel.numberCount).flatMap { QualityModel($0) } : nil
        guard rest.isEmpty, hasTrusted == (quality != nil), (head[0] == 1) == (ending != nil),
            (head[1] == 1) == (merge != nil), (head[7] == 1) == (gibberish != nil),
            (head[8] == 1) == (meaning != nil), (head[9] == 1) == (shifted != nil)
        else { return nil }
    }
}
