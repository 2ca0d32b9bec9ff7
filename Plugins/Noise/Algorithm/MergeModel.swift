import Numerics

/// Prompts that are two prompts, learnt from prompts joined at random.
///
/// Every place where a sentence or line begins is judged: does it read like a prompt's beginning, does what
/// stands before read like a prompt's end, have the two pieces words in common, and does the response go
/// with one of them only. The likeliest place counts.
struct MergeModel: Sendable {
    private static let width = 13
    /// Prompts that are learnt from at least: with fewer, sound ones were taken for joined ones.
    static let leastPairs = 800
    /// Words of a piece at least.
    private static let leastWords = 3
    /// Places of a prompt that are looked at, and bytes of one that is looked at.
    private static let mostPlaces = 48
    static let mostBytes = 6000
    /// Places of an unjoined prompt that are learnt from.
    private static let placesLearnt = 2
    private static let separators = [[UInt8(0x20)], [0x0A], [0x0A, 0x0A]]

    private let phrases: [PromptPhrases]
    /// By how much of the joined prompt the response answers: its first part, both.
    private let regressions: [HalvedLogistic]
    /// What the likeliest of a prompt's places is worth, by the same.
    private var worths: [QuadraticLogistic] = []
    /// Log-odds of prompts that were joined on purpose, by the same; not saved.
    private(set) var joinedLogits: [[Double]] = []
    private let seed: UInt64

    /// A place where a second prompt may begin.
    struct Place {
        /// First byte of the second piece, last byte and one of the first piece.
        let start: Int
        let end: Int
        /// Words before.
        let words: Int
        /// Hashes of the first two words, the first three, and the last two before.
        let beginning: UInt64
        let longBeginning: UInt64
        let lastWords: UInt64
    }

    /// Odds of a beginning from which on a word in the middle of a sentence is looked at.
    private static let leastOdds: Float = 2

    /// Finds places of a prompt at which a sentence or a line begins, or that read like a beginning, with
    /// pieces of enough words.
    private static func findPlaces(
        _ text: Span<UInt8>, _ beginnings: PhraseOdds, _ scratch: inout Scratch
    ) {
        scratch.places.removeAll(keepingCapacity: true)
        guard text.count <= mostBytes else { return }
        let range = ByteSearch.trimmed(text)
        findStops(text, range, &scratch.stops)
        scratch.words.removeAll(keepingCapacity: true)
        WordScan.forEachWord(text, in: range) { word in
            scratch.words.append((word, WordScan.hash(text, word)))
        }
        let count = scratch.words.count
        guard count >= 2 * leastWords else { return }
        var next = 0
        for index in 0...count - leastWords {
            let word = scratch.words[index].range
            let beginning = pairHash(scratch.words[index].hash, scratch.words[index + 1].hash)
            var end = -1
            var start = word.lowerBound
            while next < scratch.stops.count, scratch.stops[next].start <= word.lowerBound {
                (start, end) = scratch.stops[next]
                next += 1
            }
            // What a colon announces belongs to what announces it.
            if end > 0, announces(text, before: end) { continue }
            guard index >= leastWords, scratch.places.count < mostPlaces else { continue }
            if end < 0 {
                guard beginnings[beginning] > leastOdds else { continue }
                end = scratch.words[index - 1].range.upperBound
            }
            scratch.places.append(
                Place(
                    start: start, end: end, words: index, beginning: beginning,
                    longBeginning: pairHash(beginning, scratch.words[index + 2].hash),
                    lastWords: pairHash(
                        scratch.words[index - 2].hash, scratch.words[index - 1].hash)))
        }
    }

    /// Whether the last sign before a byte, white space aside, is a colon.
    private static func announces(_ text: Span<UInt8>, before end: Int) -> Bool {
        var last = end - 1
        while last > 0, ByteSearch.isSpace(text[last]) { last -= 1 }
        if text[last] == UInt8(ascii: ":") { return true }
        return last >= 2 && text[last] == 0x9A && text[last - 1] == 0xBC && text[last - 2] == 0xEF
    }

    /// Where sentences and lines begin after others.
    private static func findStops(
        _ text: Span<UInt8>, _ range: Range<Int>, _ found: inout [(start: Int, end: Int)]
    ) {
        found.removeAll(keepingCapacity: true)
        var index = range.lowerBound
        while index < range.upperBound {
            let stop = stopLength(text, index)
            guard stop > 0 else {
                index += 1
                continue
            }
            let isLine = text[index] == 0x0A
            let end = isLine ? index : index + stop
            var next = end
            while next < range.upperBound, ByteSearch.isSpace(text[next]) { next += 1 }
            // A stop of ASCII ends a sentence only before a space; a stop and the line's end after it are
            // one place.
            let isBoundary = isLine || next > end || stop == 3
            if isBoundary, next < range.upperBound, end > range.lowerBound,
                found.last?.start != next
            {
                found.append((next, end))
            }
            index = max(next, index + 1)
        }
    }

    /// Bytes of a sign that ends a sentence or line, 0 for any other.
    private static func stopLength(_ text: Span<UInt8>, _ index: Int) -> Int {
        switch text[index] {
        case 0x0A, UInt8(ascii: "."), UInt8(ascii: "?"), UInt8(ascii: "!"), UInt8(ascii: ";"),
            UInt8(ascii: ":"), UInt8(ascii: "\""):
            return 1
        case 0xE3:
            return index + 2 < text.count && text[index + 1] == 0x80 && text[index + 2] == 0x82
                ? 3 : 0
        case 0xEF:
            guard index + 2 < text.count, text[index + 1] == 0xBC else { return 0 }
            return [0x81, 0x9F, 0x9B, 0x9A].contains(text[index + 2]) ? 3 : 0
        default: return 0
        }
    }

    private static func pairHash(_ first: UInt64, _ second: UInt64) -> UInt64 {
        StableHash.mix(first ^ StableHash.mix(second))
    }

    /// Hashes of every two and every three words that follow each other.
    private static func phraseHashes(
        _ text: Span<UInt8>
    ) -> (pairs: [UInt64], triples: [UInt64]) {
        var (pairs, triples): ([UInt64], [UInt64]) = ([], [])
        var last: UInt64?
        WordScan.forEachWord(text, in: ByteSearch.trimmed(text)) { word in
            let own = WordScan.hash(text, word)
            if let before = pairs.last { triples.append(pairHash(before, own)) }
            if let last { pairs.append(pairHash(last, own)) }
            last = own
        }
        return (pairs, triples)
    }

    /// A hash of the last sign before `end` and of what kind of word stands there.
    private static func closing(_ text: Span<UInt8>, _ end: Int) -> UInt64 {
        var start = end
        var signs: UInt64 = 0
        var count = 0
        while start > 0, count < 2 {
            start -= 1
            while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
            let (kind, length) = WordScan.kind(text, start)
            guard kind == .separator else { break }
            for index in start..<min(end, start + length) {
                signs = signs << 8 | UInt64(text[index])
            }
            count += 1
        }
        return StableHash.mix(signs ^ UInt64(count) << 56)
    }

    /// A prompt with what its places are judged by.
    struct Reading {
        let text: [UInt8]
        let tokens: [UInt32]
        let response: WordBuckets
        let half: Int
    }

    /// Gives the numbers of every place that was found, row by row, to `scratch.numbers`.
    private static func describe(
        _ text: Span<UInt8>, _ tokens: Span<UInt32>, _ response: WordBuckets, _ half: Int,
        _ relevance: PairRelevance, _ phrases: PromptPhrases, _ scratch: inout Scratch
    ) {
        let model = relevance.models[half]
        scratch.response.clear()
        for bucket in response.buckets { _ = scratch.response.insert(bucket) }
        let responseSum = relevance.sum(response, of: model.responses)
        // Sums up to every place: of vectors, of weights, and of those the response has too.
        var sum = Sum()
        scratch.sums.removeAll(keepingCapacity: true)
        // The places' counts of words are not quite those of the tokens.
        let counted = max(scratch.places.last?.words ?? 0, 1)
        let scale = min(1, Double(tokens.count) / Double(counted + 1))
        scratch.limits.removeAll(keepingCapacity: true)
        for place in scratch.places {
            scratch.limits.append(scale < 1 ? Int(Double(place.words) * scale) : place.words)
        }
        let hasPairs = WordBuckets.isIdeographic(
            byteCount: text.count, tokenCount: tokens.count)
        for index in tokens.indices {
            while scratch.sums.count < scratch.limits.count,
                scratch.limits[scratch.sums.count] <= index
            {
                scratch.sums.append(sum)
            }
            sum.add(WordBuckets.bucket(tokens[index]), relevance, model, scratch.response)
            let isLast =
                scratch.sums.count < scratch.limits.count
                && scratch.limits[scratch.sums.count] == index + 1
            if hasPairs, index + 1 < tokens.count, !isLast {
                sum.add(
                    WordBuckets.pair(tokens[index], tokens[index + 1]), relevance, model,
                    scratch.response)
            }
        }
        while scratch.sums.count < scratch.limits.count { scratch.sums.append(sum) }
        scratch.numbers.removeAll(keepingCapacity: true)
        scratch.prompt.clear()
        var marked = 0
        for (index, place) in scratch.places.enumerated() {
            let before = scratch.sums[index]
            let after = sum.without(before)
            let beforeFit = RelevanceModel.cosine(before.vector, responseSum)
            let afterFit = RelevanceModel.cosine(after.vector, responseSum)
            scratch.numbers.append(phrases.beginnings[place.beginning])
            scratch.numbers.append(phrases.longBeginnings[place.longBeginning])
            scratch.numbers.append(phrases.ends[closing(text, place.end)])
            scratch.numbers.append(phrases.lastWords[place.lastWords])
            scratch.numbers.append(Float(Elementary.log(Double(before.own) + 1)))
            scratch.numbers.append(Float(Elementary.log(Double(max(0, after.own)) + 1)))
            scratch.numbers.append(RelevanceModel.cosine(before.vector, after.vector))
            scratch.numbers.append(
                repeatedShare(
                    tokens, scratch.limits[index], relevance.weights, &scratch.prompt, &marked))
            scratch.numbers.append(before.share)
            scratch.numbers.append(after.share)
            scratch.numbers.append(max(beforeFit, afterFit))
            scratch.numbers.append(min(beforeFit, afterFit))
            scratch.numbers.append(abs(before.share - after.share))
        }
    }

    /// What has been summed up of a prompt's words.
    struct Sum {
        fileprivate var vector = RelevanceModel.Vector(repeating: .zero)
        /// Weights of the words, and of those that the response has too.
        fileprivate var own: Float = 0
        fileprivate var shared: Float = 0

        fileprivate var share: Float { shared / max(1e-6, own) }

        fileprivate mutating func add(
            _ bucket: UInt16, _ relevance: PairRelevance, _ model: RelevanceModel,
            _ response: BucketMarks
        ) {
            relevance.add(bucket, of: model.prompts, to: &vector)
            own += relevance.weights[bucket]
            if response.contains(bucket) { shared += relevance.weights[bucket] }
        }

        fileprivate func without(_ other: Sum) -> Sum {
            var rest = self
            for lane in 0..<RelevanceModel.lanes { rest.vector[lane] -= other.vector[lane] }
            rest.own -= other.own
            rest.shared -= other.shared
            return rest
        }
    }

    /// Of the words from a place on, the weight of those that stand before it too; `marks` has those before
    /// the place before.
    private static func repeatedShare(
        _ tokens: Span<UInt32>, _ limit: Int, _ weights: BucketWeights,
        _ marks: inout BucketMarks, _ marked: inout Int
    ) -> Float {
        while marked < min(limit, tokens.count) {
            _ = marks.insert(WordBuckets.bucket(tokens[marked]))
            marked += 1
        }
        var (all, shared): (Float, Float) = (0, 0)
        for index in marked..<tokens.count {
            let bucket = WordBuckets.bucket(tokens[index])
            all += weights[bucket]
            if marks.contains(bucket) { shared += weights[bucket] }
        }
        return shared / max(1e-6, all)
    }

    /// What a thread keeps from row to row.
    struct Scratch {
        var prompt = BucketMarks()
        var response = BucketMarks()
        fileprivate var stops: [(start: Int, end: Int)] = []
        fileprivate var words: [(range: Range<Int>, hash: UInt64)] = []
        fileprivate var places: [Place] = []
        fileprivate var limits: [Int] = []
        fileprivate var sums: [Sum] = []
        fileprivate var numbers: [Float] = []
        fileprivate var terms: [Float] = []
        fileprivate var worth: [Float] = []
    }

    /// Learns from pairs; `nil` when there are too few.
    init?(
        _ pairs: [PairExample], trusted: [PairExample], relevance: PairRelevance, seed: UInt64,
        work: some WorkSharing
    ) {
        self.seed = seed
        let usable = pairs.filter {
            $0.prompt.count <= MergeModel.mostBytes / 2 && !$0.isConversation
        }
        let trusted = trusted.filter { !$0.isConversation }
        guard usable.count >= MergeModel.leastPairs else { return nil }
        let halves = usable.map { Half.of(row: $0.row, seed: seed) }
        let readings = work.map(usable.count, keeping: Scratch.init) { index, scratch in
            let pair = usable[index]
            let range = ByteSearch.trimmed(pair.prompt.span)
            let (pairs, triples) = MergeModel.phraseHashes(pair.prompt.span)
            MergeModel.findStops(pair.prompt.span, range, &scratch.stops)
            return PromptPhrases.Reading(
                pairs: pairs, triples: triples,
                end: MergeModel.closing(pair.prompt.span, range.upperBound),
                innerEnds: scratch.stops.map { MergeModel.closing(pair.prompt.span, $0.end) })
        }
        phrases = (0..<2).map { half in
            PromptPhrases(readings.indices.filter { halves[$0] != half }.map { readings[$0] })
        }
        let phrases = phrases
        // Of either half: a prompt that was joined to another may stand by itself elsewhere, or not.
        let partners = MergeModel.partners(halves.map { _ in 0 }, seed: seed)
        let rows = work.map(usable.count, keeping: Scratch.init) {
            index, scratch -> (plain: [Float], joined: [[Float]]) in
            let half = halves[index]
            func numbers(_ reading: Reading) -> [Float] {
                MergeModel.describe(
                    reading.text.span, reading.tokens.span, reading.response, half, relevance,
                    phrases[half], &scratch)
                return scratch.numbers
            }
            let plain = MergeModel.reading(usable[index], half, &scratch.prompt)
            MergeModel.findPlaces(plain.text.span, phrases[half].beginnings, &scratch)
            var generator = SeededGenerator(seed: seed ^ 0x3E6, stream: UInt64(index))
            while scratch.places.count > MergeModel.placesLearnt {
                let place = Int(generator.below(UInt64(scratch.places.count)))
                scratch.places.remove(at: place)
            }
            let plainNumbers = numbers(plain)
            let joined = Answers.allCases.map { answers -> [Float] in
                let joined = MergeModel.joined(
                    usable[index], usable[partners[index]], answers, half, &generator,
                    &scratch.prompt)
                MergeModel.findPlaces(joined.reading.text.span, phrases[half].beginnings, &scratch)
                scratch.places.removeAll { $0.start != joined.start }
                return numbers(joined.reading)
            }
            return (plainNumbers, joined)
        }
        let trustedHalves = trusted.map { Half.of(row: $0.row, seed: seed) }
        let trustedRows = work.map(trusted.count, keeping: Scratch.init) {
            index, scratch -> [Float] in
            let half = trustedHalves[index]
            let reading = MergeModel.reading(trusted[index], half, &scratch.prompt)
            MergeModel.findPlaces(reading.text.span, phrases[half].beginnings, &scratch)
            MergeModel.describe(
                reading.text.span, reading.tokens.span, reading.response, half, relevance,
                phrases[half], &scratch)
            return scratch.numbers
        }
        regressions = Answers.allCases.indices.map { kind in
            var all: [Float] = []
            var isJoined: [Bool] = []
            var rowHalves: [Int] = []
            for (index, row) in rows.enumerated() {
                for (numbers, flag) in [(row.plain, false), (row.joined[kind], true)] {
                    let count = numbers.count / MergeModel.width
                    all += numbers
                    isJoined += Array(repeating: flag, count: count)
                    rowHalves += Array(repeating: halves[index], count: count)
                }
            }
            let soundCount = isJoined.count
            for (half, numbers) in zip(trustedHalves, trustedRows) {
                let count = numbers.count / MergeModel.width
                all += numbers
                isJoined += Array(repeating: false, count: count)
                rowHalves += Array(repeating: half, count: count)
            }
            return HalvedLogistic(
                all, width: MergeModel.width, halves: rowHalves, isPositive: isJoined,
                isTrusted: isJoined.indices.map { $0 >= soundCount },
                verdicts: isJoined.map { _ in nil },
                doubtLimit: LearnedChecks.doubtLimit, work: work)
        }
        (worths, joinedLogits) = learnedWorths(usable, partners, halves, relevance, work)
    }

    /// Prompts that the worths are learnt from at most.
    private static let mostWorthPairs = 1500

    /// Sets the likeliest place of joined prompts against that of others.
    private func learnedWorths(
        _ pairs: [PairExample], _ partners: [Int], _ halves: [Int], _ relevance: PairRelevance,
        _ work: some WorkSharing
    ) -> ([QuadraticLogistic], joined: [[Double]]) {
        let kinds = Answers.allCases
        let count = min(MergeModel.mostWorthPairs, pairs.count)
        let best = work.map(count, keeping: Scratch.init) { index, scratch -> [[Double]] in
            let pair = pairs[index]
            func logits(_ reading: Reading) -> [Double]? {
                let verdict = judge(
                    reading.text.span, reading.tokens.span, reading.response, row: pair.row,
                    relevance: relevance, &scratch)
                return verdict.map { verdict in kinds.indices.map { verdict[$0].logit } }
            }
            var generator = SeededGenerator(seed: seed ^ 0x7E57, stream: UInt64(index))
            let plain = logits(MergeModel.reading(pair, halves[index], &scratch.prompt))
            return kinds.indices.map { kind in
                let joined = MergeModel.joined(
                    pair, pairs[partners[index]], kinds[kind], halves[index], &generator,
                    &scratch.prompt)
                let own = plain.map { [$0[kind]] } ?? []
                return own + [logits(joined.reading)?[kind] ?? -.infinity]
            }
        }
        var (worths, logits): ([QuadraticLogistic], [[Double]]) = ([], [])
        for kind in kinds.indices {
            let joined = best.compactMap { $0[kind].last }.filter { $0 > -.infinity }
            let plain = best.compactMap { $0[kind].count > 1 ? $0[kind][0] : nil }
            let share = ErrorPrior.share(plain)
            let sound = plain.filter {
                ErrorPrior.chance($0, share: share) < LearnedChecks.doubtLimit
            }
            let isJoined = joined.map { _ in true } + sound.map { _ in false }
            let worth = QuadraticLogistic(
                (joined + sound).map { Float($0) }, width: 1, isPositive: isJoined,
                rowWeights: isJoined.map { _ in 1 }, work: work)
            worths.append(worth)
            var scratch = Scratch()
            logits.append(
                best.compactMap { $0[kind].last }.map { logit in
                    guard logit > -.infinity else { return LearnedChecks.unjudged }
                    let best = InlineArray<1, Float>(repeating: Float(logit))
                    return worth.logit(best.span, with: &scratch.worth)
                })
        }
        return (worths, logits)
    }

    /// What the response of a joined prompt answers.
    enum Answers: CaseIterable, Sendable { case first, both }

    /// For every record another one of its group, where there is one; groups count from 0.
    ///
    /// O(n · groups).
    static func partners(_ groups: [Int], seed: UInt64) -> [Int] {
        var partners = Array(groups.indices)
        for group in 0..<(groups.max() ?? -1) + 1 {
            var members = groups.indices.filter { groups[$0] == group }
            let ordered = members
            var generator = SeededGenerator(seed: seed ^ 0x9A7, stream: UInt64(group))
            for index in stride(from: members.count - 1, to: 0, by: -1) {
                // Sattolo's cycle: nobody is his own partner.
                members.swapAt(index, Int(generator.below(UInt64(index))))
            }
            for (own, other) in zip(ordered, members) { partners[own] = other }
        }
        return partners
    }

    private static func reading(
        _ pair: PairExample, _ half: Int, _ marks: inout BucketMarks
    ) -> Reading {
        var words = WordBuckets()
        words.read(
            pair.responseTokens.span, byteCount: pair.response.count, with: &marks)
        return Reading(
            text: pair.prompt, tokens: pair.promptTokens, response: words, half: half)
    }

    /// Two prompts as one, with the response of the first or of both, and where the second begins.
    static func joined(
        _ first: PairExample, _ second: PairExample, _ answers: Answers, _ half: Int,
        _ generator: inout SeededGenerator, _ marks: inout BucketMarks
    ) -> (reading: Reading, start: Int) {
        let separator = separators[Int(generator.below(UInt64(separators.count)))]
        let head = first.prompt[ByteSearch.trimmed(first.prompt.span)]
        let tail = second.prompt[ByteSearch.trimmed(second.prompt.span)]
        let text = Array(head) + separator + Array(tail)
        var tokens: [UInt32] = []
        var bytes = 0
        for answer in answers == .first ? [first] : [first, second] {
            tokens += answer.responseTokens
            bytes += answer.response.count
        }
        var words = WordBuckets()
        words.read(tokens.span, byteCount: bytes, with: &marks)
        let reading = Reading(
            text: text, tokens: first.promptTokens + second.promptTokens, response: words,
            half: half)
        return (reading, head.count + separator.count)
    }

    /// What is said of a prompt: by what the response answers, the log-odds that it is two and the first
    /// byte of the second.
    typealias Verdict = InlineArray<2, (logit: Double, start: Int)>

    /// Judges a prompt; `nil` for one of one piece.
    func judge(
        _ text: Span<UInt8>, _ tokens: Span<UInt32>, _ response: WordBuckets, row: Int,
        relevance: PairRelevance, _ scratch: inout Scratch
    ) -> Verdict? {
        let half = Half.of(row: row, seed: seed)
        MergeModel.findPlaces(text, phrases[half].beginnings, &scratch)
        guard !scratch.places.isEmpty else { return nil }
        MergeModel.describe(
            text, tokens, response, half, relevance, phrases[half], &scratch)
        // Taken out, so that the numbers are not read through what is written to.
        let numbers = scratch.numbers
        defer { scratch.numbers = numbers }
        scratch.numbers = []
        var verdict = Verdict(repeating: (-Double.infinity, 0))
        for kind in verdict.indices {
            for (index, place) in scratch.places.enumerated() {
                let logit = regressions[kind].logit(
                    numbers.span.extracting(
                        index * MergeModel.width..<(index + 1) * MergeModel.width),
                    half: half, with: &scratch.terms)
                if logit > verdict[kind].logit { verdict[kind] = (logit, place.start) }
            }
            // Many places have many chances to look like the one.
            if !worths.isEmpty {
                let best = InlineArray<1, Float>(repeating: Float(verdict[kind].logit))
                verdict[kind].logit = worths[kind].logit(best.span, with: &scratch.worth)
            }
        }
        return verdict
    }

    /// Everything that was learnt.
    var numbers: [Float] {
        phrases.flatMap(\.numbers) + regressions.flatMap(\.numbers)
            + worths.flatMap(\.numbers)
    }

    /// How many numbers there are.
    static var numberCount: Int {
        2 * PromptPhrases.numberCount
            + Answers.allCases.count
            * (HalvedLogistic.numberCount(width) + QuadraticLogistic.numberCount(1))
    }

    /// Reads what `numbers` gave.
    init?(_ numbers: ArraySlice<Float>, seed: UInt64) {
        guard numbers.count == MergeModel.numberCount else { return nil }
        self.seed = seed
        var rest = numbers
        phrases = (0..<2).compactMap { _ in
            defer { rest = rest.dropFirst(PromptPhrases.numberCount) }
            return PromptPhrases(rest.prefix(PromptPhrases.numberCount))
        }
        regressions = Answers.allCases.compactMap { _ in
            let count = HalvedLogistic.numberCount(MergeModel.width)
            defer { rest = rest.dropFirst(count) }
            return HalvedLogistic(rest.prefix(count), width: MergeModel.width)
        }
        worths = Answers.allCases.compactMap { _ in
            let count = QuadraticLogistic.numberCount(1)
            defer { rest = rest.dropFirst(count) }
            return QuadraticLogistic(rest.prefix(count), width: 1)
        }
        guard phrases.count == 2 else { return nil }
    }
}
