import NoiseAlgorithm
import Numerics
import Testing

/// Learnt checks on made-up records of which the truth is known.
@Suite struct LearnedChecksTests {
    private static let things = [
        "apple", "river", "engine", "violin", "castle", "lizard", "ticket", "window", "garden",
        "planet", "bottle", "camera", "carpet", "dragon", "helmet", "island", "jacket", "kettle",
    ]

    /// The tokens of lower-case ASCII text, one a word.
    private static func tokens(_ text: String) -> [UInt32] {
        text.split { !$0.isLetter && !$0.isNumber }.map {
            UInt32(truncatingIfNeeded: StableHash.hash(Array($0.utf8).span))
        }
    }

    private static func pair(_ row: Int, _ prompt: String, _ response: String) -> PairExample {
        PairExample(
            row: row, prompt: Array(prompt.utf8), promptTokens: tokens(prompt),
            response: Array(response.utf8), responseTokens: tokens(response))
    }

    private static func prompt(_ row: Int) -> String {
        "please describe the \(things[row % things.count]) number \(row) in a few words."
    }

    private static func response(_ row: Int) -> String {
        let thing = things[row % things.count]
        return "the \(thing) number \(row) is quite old. people like this \(thing) "
            + "because it is useful and pretty. that is all there is to say."
    }

    /// A number below `count`, drawn by the row.
    private static func other(_ row: Int, _ count: Int) -> Int {
        var generator = SeededGenerator(seed: 11, stream: UInt64(row))
        return Int(generator.below(UInt64(count)))
    }

    /// Which tenth a row is in.
    private static func kind(_ row: Int) -> Int { other(row &+ 1_000_003, 10) }

    private static func records(_ count: Int, _ change: (Int) -> (String, String)?) -> [PairExample]
    {
        (0..<count).map { row in
            let (prompt, response) = change(row) ?? (prompt(row), response(row))
            return pair(row, prompt, response)
        }
    }

    private func judge(
        _ checks: LearnedChecks, _ pair: PairExample, _ scratch: inout LearnedChecks.Scratch
    ) -> LearnedChecks.Judgement {
        checks.judge(
            row: pair.row, prompt: pair.prompt.span, promptTokens: pair.promptTokens.span,
            response: pair.response.span, responseTokens: pair.responseTokens.span, &scratch)
    }

    @Test("too few pairs teach nothing")
    func tooFew() {
        #expect(LearnedChecks([], seed: 1, work: SerialWork()) == nil)
        let few = LearnedChecksTests.records(LearnedChecks.leastPairs - 1) { _ in nil }
        #expect(LearnedChecks(few, seed: 1, work: SerialWork()) == nil)
    }

    @Test("sound records are not flagged")
    func sound() throws {
        let records = LearnedChecksTests.records(600) { _ in nil }
        let checks = try #require(LearnedChecks(records, seed: 1, work: SerialWork()))
        var scratch = LearnedChecks.Scratch()
        for record in records {
            let judgement = judge(checks, record, &scratch)
            #expect(judgement.mismatched < LearnedChecks.flagLimit)
            #expect(judgement.truncated ?? 0 < LearnedChecks.flagLimit)
            #expect(judgement.merged < LearnedChecks.flagLimit)
            #expect(!judgement.isInOtherLanguage)
        }
        #expect(checks.mismatchedCurve.rate.value < 0.02)
        #expect(checks.truncatedPrior.rate.value < 0.02)
    }

    @Test("a tenth of the responses are other records': those score highest")
    func mismatched() throws {
        let records = LearnedChecksTests.records(600) { row in
            LearnedChecksTests.kind(row) == 0
                ? (
                    LearnedChecksTests.prompt(row),
                    LearnedChecksTests.response(LearnedChecksTests.other(row, 600))
                )
                : nil
        }
        let checks = try #require(LearnedChecks(records, seed: 1, work: SerialWork()))
        var scratch = LearnedChecks.Scratch()
        let scores = records.map { judge(checks, $0, &scratch).mismatched }
        let wrong = scores.indices.filter { LearnedChecksTests.kind($0) == 0 }.map { scores[$0] }
        let right = scores.indices.filter { LearnedChecksTests.kind($0) != 0 }.map { scores[$0] }
        #expect(LearnedChecksTests.shareAbove(wrong, right) > 0.95)
    }

    /// A question about three things, drawn by the row, and its answer.
    private static func drawn(_ row: Int) -> (prompt: String, response: String) {
        let drawn = (0..<3).map { things[other(3 * row + $0, things.count)] + "\(row % 40)" }
        return (
            "tell me of the \(drawn[0]), the \(drawn[1]) and the \(drawn[2])",
            "the \(drawn[0]) stands near the \(drawn[1]), and the \(drawn[2]) is far from both"
        )
    }

    private func shifted(_ records: [(prompt: String, response: String)]) throws
        -> ShiftedResponses?
    {
        let pairs = records.indices.map {
            LearnedChecksTests.pair($0, records[$0].prompt, records[$0].response)
        }
        let learnt = LearnedChecks(pairs, seed: 1, work: SerialWork())
        let checks = try #require(learnt)
        let saved = LearnedChecks(numbers: checks.numbers, seed: 1)
        let read = try #require(saved)
        #expect(read.shifted == checks.shifted)
        return checks.shifted
    }

    @Test("a column that is two rows off from row 300 on is told from turns of conversations")
    func shiftedColumn() throws {
        let sound = (0..<900).map { LearnedChecksTests.drawn($0) }
        #expect(try shifted(sound) == nil)
        // Row r has the answer to row r + 2, the last two none of these.
        let off = sound.indices.map { row in
            (
                sound[row].prompt,
                row < 300 ? sound[row].response : LearnedChecksTests.drawn(row + 2).response
            )
        }
        let found = try #require(try shifted(off))
        #expect(found.offset == 2)
        #expect((298...304).contains(found.rows.lowerBound), "\(found)")
        #expect((893...897).contains(found.rows.upperBound), "\(found)")
        // Every prompt holds what was said in the turns before it, and every third answer says nothing.
        let turns = sound.indices.map { row in
            let said = (row - row % 6..<row).map { sound[$0].prompt + " " + sound[$0].response }
            return (
                (said + [sound[row].prompt]).joined(separator: " "),
                row % 3 == 0 ? sound[row].response : "i do not know what to say to this"
            )
        }
        #expect(try shifted(turns) == nil)
        // Of answers in no order at all none lies in its place.
        let lost = sound.indices.map { row in
            (sound[row].prompt, sound[LearnedChecksTests.other(row + 50_000, 900)].response)
        }
        #expect(try shifted(lost) == nil)
    }

    @Test("a tenth of the responses are cut off, a tenth of the prompts are two")
    func cutAndMerged() throws {
        let records = LearnedChecksTests.records(900) { row in
            switch LearnedChecksTests.kind(row) {
            case 0:
                let whole = LearnedChecksTests.response(row)
                let length = 30 + LearnedChecksTests.other(row, whole.count - 45)
                return (LearnedChecksTests.prompt(row), String(whole.prefix(length)))
            case 1:
                let other = LearnedChecksTests.prompt(LearnedChecksTests.other(row, 900))
                return (
                    LearnedChecksTests.prompt(row) + " " + other, LearnedChecksTests.response(row)
                )
            default: return nil
            }
        }
        let checks = try #require(LearnedChecks(records, seed: 1, work: SerialWork()))
        var scratch = LearnedChecks.Scratch()
        var merged: [[Double]] = [[], []]
        var found = (cut: 0, right: 0)
        for record in records {
            let judgement = judge(checks, record, &scratch)
            let kind = LearnedChecksTests.kind(record.row)
            if judgement.truncated ?? 0 >= LearnedChecks.flagLimit {
                found.cut += 1
                if kind == 0 { found.right += 1 }
            }
            merged[kind == 1 ? 1 : 0].append(judgement.merged)
            if kind == 1 {
                let own = LearnedChecksTests.prompt(record.row).utf8.count
                #expect(judgement.mergedStart == own + 1)
            }
        }
        #expect(found.right >= 70, "\(found)")
        #expect(found.right * 100 >= found.cut * 95, "\(found)")
        #expect(LearnedChecksTests.shareAbove(merged[1], merged[0]) > 0.99)
    }

    /// Of all pairs of a wrong and a right record the share in which the wrong one scores higher.
    private static func shareAbove(_ wrong: [Double], _ right: [Double]) -> Double {
        let above = wrong.reduce(0) { sum, score in sum + right.count { $0 < score } }
        return Double(above) / Double(wrong.count * right.count)
    }

    @Test(
        "letters typed at random are gibberish, also where a tenth is; other languages and digests are not"
    )
    func gibberish() throws {
        func typed(_ row: Int) -> String {
            var generator = SeededGenerator(seed: 12, stream: UInt64(row))
            let letters = Array("abcdefghijklmnopqrstuvwxyz")
            let words = (0..<6).map { _ in
                String((0..<7).map { _ in letters[Int(generator.below(26))] })
            }
            return words.joined(separator: " ")
        }
        let records = LearnedChecksTests.records(2000) { row in
            LearnedChecksTests.kind(row) == 0 ? (LearnedChecksTests.prompt(row), typed(row)) : nil
        }
        let checks = try #require(LearnedChecks(records, seed: 1, work: SerialWork()))
        var scratch = LearnedChecks.Scratch()
        var (all, found) = (0, 0)
        for record in records {
            let judgement = judge(checks, record, &scratch)
            let isTyped = LearnedChecksTests.kind(record.row) == 0
            let isFound = judgement.gibberish.response != nil
            #expect(isTyped || !isFound)
            if isTyped { all += 1 }
            if isFound { found += 1 }
            #expect(judgement.gibberish.prompt == nil)
        }
        // Words of seven letters may have vowels enough to be spoken.
        #expect(found * 100 >= all * 90, "\(found) of \(all)")
        for text in [
            "Guten Morgen, ich muss heute mit dem Bus zur Arbeit fahren, weil mein Auto kaputt ist.",
            "aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q aGVsbG8gd29ybGQgdGhpcyBpcyBh",
            "GATTACA CCGTTAGC TTAGGCAT", "1234 5678 9999 12 34 56", "请问这是什么意思", "qzx", "",
        ] {
            let record = LearnedChecksTests.pair(5, LearnedChecksTests.prompt(5), text)
            #expect(judge(checks, record, &scratch).gibberish.response == nil, "\(text)")
        }
        let few = try #require(
            LearnedChecks(
                LearnedChecksTests.records(300) { _ in nil }, seed: 1, work: SerialWork()))
        let record = LearnedChecksTests.pair(5, LearnedChecksTests.prompt(5), typed(5))
        #expect(judge(few, record, &scratch).gibberish.response == nil)
    }

    @Test("a response in another language than its prompt is found, whatever names the prompt has")
    func otherLanguage() throws {
        let records = LearnedChecksTests.records(300) { _ in nil }
        let checks = try #require(LearnedChecks(records, seed: 1, work: SerialWork()))
        var scratch = LearnedChecks.Scratch()
        let english =
            "The map of the island is in the old box that you have with you, and it is yours."
        let chinese = "根据病例的描述，建议及时到医院就诊，完善相关检查，同时注意饮食和休息。"
        let cases: [(prompt: String, response: String, isForeign: Bool)] = [
            ("什么是Lego WeDo中的Distance值？", english, true),
            ("mBlock的界面与Scratch有何不同？", english, true),
            ("What does 你好吗 mean?", english, false),
            ("Explain the idiom 塞翁失马", english, false),
            ("请把这句话译成英文：今天天气很好", english, false),
            ("写一个什么样的翻译软件最好？", english, false),
            (
                "Use this tool when you want to answer a question that is asked in natural language.",
                chinese, true
            ),
            ("Write it in the language of the country that you are from.", chinese, false),
            ("Which languages do they speak in the north of the island?", chinese, false),
        ]
        for (prompt, response, isForeign) in cases {
            let judgement = judge(
                checks, LearnedChecksTests.pair(5, prompt, response), &scratch)
            #expect(judgement.isInOtherLanguage == isForeign, "\(prompt)")
        }
    }

    @Test("what most prompts are is no error, and a conversation is joined by nature")
    func joinedByNature() throws {
        let records = LearnedChecksTests.records(900) { row in
            let other = LearnedChecksTests.prompt(LearnedChecksTests.other(row, 900))
            // Two of five prompts.
            return LearnedChecksTests.kind(row) < 4
                ? (LearnedChecksTests.prompt(row) + "\n" + other, LearnedChecksTests.response(row))
                : nil
        }
        let checks = try #require(LearnedChecks(records, seed: 1, work: SerialWork()))
        var scratch = LearnedChecks.Scratch()
        for record in records {
            #expect(judge(checks, record, &scratch).merged < LearnedChecks.flagLimit)
        }
        let few = try #require(
            LearnedChecks(Array(records.prefix(600)), seed: 1, work: SerialWork()))
        #expect(!few.judgesMerged)
        let conversation = records[0]
        let judgement = checks.judge(
            row: 0, prompt: conversation.prompt.span, promptTokens: conversation.promptTokens.span,
            response: conversation.response.span,
            responseTokens: conversation.responseTokens.span, isConversation: true, &scratch)
        #expect(judgement.merged == 0)
    }

    @Test("what was learnt survives being saved, and other numbers are refused")
    func saving() throws {
        let records = LearnedChecksTests.records(300) { _ in nil }
        let checks = try #require(LearnedChecks(records, seed: 7, work: SerialWork()))
        let read = try #require(LearnedChecks(numbers: checks.numbers, seed: 7))
        var scratch = LearnedChecks.Scratch()
        let (first, second) = (
            judge(checks, records[3], &scratch), judge(read, records[3], &scratch)
        )
        // Weights are saved as 32-bit numbers.
        #expect(abs(first.mismatched - second.mismatched) < 1e-4)
        #expect(abs((first.truncated ?? 0) - (second.truncated ?? 0)) < 1e-4)
        // Enough prompts for joined ones to be told.
        let more = LearnedChecksTests.records(900) { row in
            LearnedChecksTests.kind(row) == 0
                ? (
                    LearnedChecksTests.prompt(row) + " " + LearnedChecksTests.prompt(row + 7),
                    LearnedChecksTests.response(row)
                ) : nil
        }
        let all = try #require(LearnedChecks(more, seed: 7, work: SerialWork()))
        #expect(all.judgesMerged)
        let readAll = try #require(LearnedChecks(numbers: all.numbers, seed: 7))
        for record in more {
            let (first, second) = (
                judge(all, record, &scratch), judge(readAll, record, &scratch)
            )
            #expect(abs(first.merged - second.merged) < 1e-4)
            #expect(first.mergedStart == second.mergedStart)
        }
        #expect(LearnedChecks(numbers: [], seed: 7) == nil)
        #expect(LearnedChecks(numbers: Array(checks.numbers.dropLast()), seed: 7) == nil)
        #expect(LearnedChecks(numbers: checks.numbers + [0], seed: 7) == nil)
    }

    @Test("an echo is told by tokens")
    func echo() {
        func echo(_ prompt: String, _ response: String) -> PromptEcho? {
            PromptEcho(
                prompt: LearnedChecksTests.tokens(prompt).span, byteCount: prompt.utf8.count,
                response: LearnedChecksTests.tokens(response).span)
        }
        #expect(echo("say it again, please", "say it again please!") == .whole)
        #expect(echo("taxi", "taxi") == nil)
        let long = "first second third fourth fifth sixth seventh eighth"
        #expect(echo(long, long + ": nine ten") == .beginning)
        #expect(echo(long + "\nnine ten", long) == .part)
        func endsLine(_ prompt: String, _ words: Int) -> Bool {
            PromptEcho.endsLine(Array(prompt.utf8).span, words: words)
        }
        #expect(endsLine(long + ".\nnine ten", 8))
        #expect(!endsLine(long + ". nine ten\neleven", 8), "a sentence within a line")
        #expect(!endsLine(long, 8), "the whole prompt")
        #expect(!endsLine("", 0))
        #expect(echo(long, "first second third other fifth sixth seventh eighth") == nil)
        #expect(echo("", "") == nil)
    }

    @Test("a passage that stands again behind itself is found by its tokens")
    func passage() {
        func find(_ text: String) -> String? {
            let bytes = Array(text.utf8)
            return TextChecks.repeatedPassage(bytes.span, LearnedChecksTests.tokens(text).span)
                .map { String(decoding: bytes[$0.span], as: UTF8.self) }
        }
        let sentence =
            "this is a sentence of quite a few words that nobody would write twice on end, as it "
            + "says nothing new the second time and only makes the text longer than it has to be"
        #expect(find("so. \(sentence). \(sentence).") != nil)
        #expect(find("so. \(sentence). and then \(sentence).") == nil)
        #expect(find(String(repeating: "i went home. ", count: 7)) != nil)
        #expect(find("i went home. i went home. i went home.") == nil)
        // The cases of a switch differ in their signs, not in their words.
        #expect(
            find(
                "case '+': result = one + two; break; case '-': result = one - two; break; "
                    + "case '*': result = one * two; break;") == nil)
        #expect(find("1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0") == nil)
        #expect(find("") == nil)
    }
}

/// What embeddings add to the words of prompt and response.
@Suite struct MeaningCheckTests {
    /// Texts of which no two share a word, so that words tell nothing; the digits say what they are about.
    private static func pair(_ row: Int, _ topic: Int, _ answerTopic: Int) -> PairExample {
        func text(_ side: String, _ topic: Int) -> ([UInt8], [UInt32]) {
            let words = (0..<12).map { "\(side)\(row)x\($0)" } + ["t\(topic)\(side)\(row)"]
            let bytes = Array(words.joined(separator: " ").utf8)
            return (
                bytes,
                words.map {
                    let word = Array($0.utf8)
                    return UInt32(truncatingIfNeeded: StableHash.hash(word.span))
                }
            )
        }
        let (prompt, promptTokens) = text("p", topic)
        let (response, responseTokens) = text("r", answerTopic)
        return PairExample(
            row: row, prompt: prompt, promptTokens: promptTokens, response: response,
            responseTokens: responseTokens)
    }

    /// A vector of 32 numbers: most of it the same for all texts of a side, a part by the topic.
    ///
    /// The topic is read off the last word, tNNp or tNNr.
    private static func embed(_ text: Span<UInt8>, _ vector: inout [Float]) -> Bool {
        var start = text.count
        while start > 0, text[start - 1] != 0x20 { start -= 1 }
        var (topic, index) = (0, start + 1)
        while index < text.count, text[index] >= 0x30, text[index] <= 0x39 {
            topic = 10 * topic + Int(text[index] - 0x30)
            index += 1
        }
        guard index < text.count else { return false }
        let isPrompt = text[index] == UInt8(ascii: "p")
        var generator = SeededGenerator(seed: 77, stream: UInt64(topic))
        vector = (0..<32).map { _ in Float(generator.below(2001)) / 1000 - 1 }
        vector[isPrompt ? 0 : 1] += 20
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        vector = vector.map { $0 / length }
        return true
    }

    private static let topics = 40

    /// A tenth of the responses are about another topic.
    private static func records(_ count: Int) -> (pairs: [PairExample], wrong: Set<Int>) {
        var wrong = Set<Int>()
        let pairs = (0..<count).map { row in
            var generator = SeededGenerator(seed: 21, stream: UInt64(row))
            let topic = Int(generator.below(UInt64(topics)))
            if generator.below(10) > 0 { return pair(row, topic, topic) }
            wrong.insert(row)
            return pair(row, topic, (topic + 1 + Int(generator.below(UInt64(topics - 1)))) % topics)
        }
        return (pairs, wrong)
    }

    private func scores(_ checks: LearnedChecks, _ pairs: [PairExample]) -> [Double] {
        var scratch = LearnedChecks.Scratch()
        return pairs.map { pair in
            checks.judge(
                row: pair.row, prompt: pair.prompt.span, promptTokens: pair.promptTokens.span,
                response: pair.response.span, responseTokens: pair.responseTokens.span, &scratch
            ).mismatched
        }
    }

    @Test("where words tell nothing, meaning does, and what was learnt survives being saved")
    func meaning() throws {
        let (pairs, wrong) = MeaningCheckTests.records(1500)
        let embedding: TextEmbedding = { MeaningCheckTests.embed($0, &$1) }
        let work = SerialWork()
        let learnt = LearnedChecks(pairs, embedding: embedding, seed: 3, work: work)
        let checks = try #require(learnt)
        let scores = scores(checks, pairs)
        let isWrong = pairs.indices.map { wrong.contains($0) }
        let quality = try #require(RankingQuality(scores: scores, isPositive: isWrong))
        #expect(quality.areaUnderCurve > 0.95, "\(quality.areaUnderCurve)")
        #expect(abs(checks.mismatchedCurve.rate.value - 0.1) < 0.04)
        let flagged = Set(scores.indices.filter { scores[$0] >= LearnedChecks.flagLimit })
        #expect(flagged.intersection(wrong).count * 10 >= wrong.count * 8)
        #expect(flagged.intersection(wrong).count * 10 >= flagged.count * 8)

        let saved = LearnedChecks(numbers: checks.numbers, embedding: embedding, seed: 3)
        let read = try #require(saved)
        for (first, second) in zip(scores, self.scores(read, pairs)) {
            #expect(abs(first - second) < 1e-3)
        }
        let short = LearnedChecks(
            numbers: Array(checks.numbers.dropLast()), embedding: embedding, seed: 3)
        #expect(short == nil)

        let byWords = try #require(LearnedChecks(pairs, seed: 3, work: SerialWork()))
        let plain = try #require(
            RankingQuality(scores: self.scores(byWords, pairs), isPositive: isWrong))
        #expect(plain.areaUnderCurve < 0.65)
        // Without the meaning nothing tells one response from another: none is judged.
        #expect(byWords.seesNoRelation)
        #expect(self.scores(byWords, pairs).allSatisfy { $0 < LearnedChecks.flagLimit })
        #expect(byWords.responsesSpeak)
        let numbers = pairs.map { pair in
            PairExample(
                row: pair.row, prompt: pair.prompt, promptTokens: pair.promptTokens,
                response: Array(pair.response.prefix(4)),
                responseTokens: Array(pair.responseTokens.prefix(1)))
        }
        let learntOfNumbers = LearnedChecks(numbers, seed: 3, work: SerialWork())
        let ofNumbers = try #require(learntOfNumbers)
        #expect(!ofNumbers.responsesSpeak)
    }

    @Test(
        "vectors that say nothing are not asked for again, and a failing embedding is as good as none"
    )
    func uselessVectors() throws {
        let (pairs, _) = MeaningCheckTests.records(600)
        let calls = CallCount()
        let constant: TextEmbedding = { _, vector in
            calls.add()
            vector = [1, 0, 0, 0, 0, 0, 0, 0]
            return true
        }
        let learnt = LearnedChecks(pairs, embedding: constant, seed: 3, work: SerialWork())
        let checks = try #require(learnt)
        let learning = calls.value
        #expect(learning == 1200)
        let byWords = try #require(LearnedChecks(pairs, seed: 3, work: SerialWork()))
        #expect(scores(checks, pairs) == scores(byWords, pairs))
        #expect(calls.value == learning)
        let refusing: TextEmbedding = { _, _ in false }
        let unlearnt = LearnedChecks(pairs, embedding: refusing, seed: 3, work: SerialWork())
        let failing = try #require(unlearnt)
        #expect(scores(failing, pairs) == scores(byWords, pairs))
    }

    /// Counts calls of one thread.
    private final class CallCount: @unchecked Sendable {
        private(set) var value = 0
        func add() { value += 1 }
    }
}
