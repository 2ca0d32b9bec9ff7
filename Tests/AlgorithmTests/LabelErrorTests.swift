import NoiseAlgorithm
import Numerics
import Testing

@Suite struct LabelErrorTests {
    /// Records of `classCount` topics: each word is one of the topic's own twenty, or with one chance in
    /// three any of a hundred common ones.
    private func records(
        _ count: Int, classCount: Int, seed: UInt64, vectors: Bool = false
    ) -> LabelledRecords {
        var records = LabelledRecords()
        records.classCount = classCount
        for row in 0..<count {
            var generator = SeededGenerator(seed: seed, stream: UInt64(row))
            let topic = row % classCount
            for _ in 0..<6 {
                let isCommon = generator.below(3) == 0
                let word = generator.below(isCommon ? 100 : 20)
                records.tokens.append(
                    UInt32(isCommon ? word : 1000 + UInt64(topic) * 20 + word))
            }
            records.starts.append(records.tokens.count)
            records.labels.append(Int32(topic))
            if vectors {
                for place in 0..<classCount { records.vectors.append(place == topic ? 0.9 : 0.1) }
            }
        }
        records.dimensions = vectors ? classCount : 0
        return records
    }

    /// Makes one label in eleven the next one.
    private func spoil(_ records: inout LabelledRecords) -> Set<Int> {
        var wrong: Set<Int> = []
        for row in stride(from: 3, to: records.labels.count, by: 11) {
            records.labels[row] = (records.labels[row] + 1) % Int32(records.classCount)
            wrong.insert(row)
        }
        return wrong
    }

    @Test("planted errors are found, and the right label is suggested", arguments: [false, true])
    func planted(vectors: Bool) throws {
        var set = records(1500, classCount: 10, seed: 1, vectors: vectors)
        let truth = set.labels
        let wrong = spoil(&set)
        let errors = try #require(LabelErrors(set, seed: 7, work: SerialWork()))
        let flagged = Set(set.labels.indices.filter { errors.posteriors[$0] >= 0.5 })
        let found = Double(flagged.intersection(wrong).count)
        #expect(found / Double(flagged.count) >= 0.9)
        #expect(found / Double(wrong.count) >= 0.85)
        #expect(flagged.count == errors.flaggedCount)
        #expect(errors.rate.low <= 1.0 / 11 && errors.rate.high >= 1.0 / 11)
        for row in flagged.intersection(wrong) { #expect(errors.suggestions[row] == truth[row]) }
        #expect(errors.posteriors.allSatisfy { (0...1).contains($0) })
    }

    @Test("labels without an error are left alone")
    func clean() throws {
        let set = records(1500, classCount: 10, seed: 2)
        let errors = try #require(LabelErrors(set, seed: 7, work: SerialWork()))
        #expect(errors.flaggedCount <= 5)
        #expect(errors.rate.low <= 0.001)
        #expect(errors.rate.high > 0)
        #expect(errors.agreement > 0.98)
    }

    @Test("the same seed gives the same numbers, a scaling of the threads changes nothing")
    func repeatable() throws {
        var set = records(400, classCount: 4, seed: 3, vectors: true)
        _ = spoil(&set)
        let one = try #require(LabelErrors(set, seed: 1, work: SerialWork()))
        let two = try #require(LabelErrors(set, seed: 1, work: BackwardWork()))
        #expect(one.posteriors == two.posteriors && one.suggestions == two.suggestions)
    }

    @Test("labels that the texts do not tell are not judged", arguments: [2, 5])
    func unlearnable(classCount: Int) throws {
        var set = records(400, classCount: classCount, seed: 4)
        for row in set.labels.indices {
            var generator = SeededGenerator(seed: 99, stream: UInt64(row))
            set.labels[row] = Int32(generator.below(UInt64(classCount)))
        }
        let errors = try #require(LabelErrors(set, seed: 7, work: SerialWork()))
        #expect(!errors.isJudgeable)
        #expect(errors.flaggedCount == 0 && errors.rate == (0, 0, 1))
        #expect(
            try #require(
                LabelErrors(records(400, classCount: 3, seed: 4), seed: 7, work: SerialWork())
            ).isJudgeable)
    }

    @Test("too little to learn from is said, not guessed")
    func tooFew() {
        func judged(_ records: LabelledRecords) -> LabelErrors? {
            LabelErrors(records, seed: 1, work: SerialWork())
        }
        #expect(judged(records(99, classCount: 3, seed: 1)) == nil)
        #expect(judged(records(200, classCount: 1, seed: 1)) == nil)
        #expect(judged(LabelledRecords()) == nil)
    }

    @Test("records without a word are judged by their class alone and do no harm")
    func empty() throws {
        var set = records(300, classCount: 3, seed: 4)
        for row in 0..<30 {
            set.starts.append(set.tokens.count)
            set.labels.append(Int32(row % 3))
        }
        let errors = try #require(LabelErrors(set, seed: 1, work: SerialWork()))
        #expect(errors.posteriors.count == 330 && errors.posteriors.allSatisfy(\.isFinite))
    }

    @Test("models trained at once are those trained one by one")
    func folded() {
        let set = records(300, classCount: 2, seed: 5)
        let features = TextFeatures(tokens: set.tokens, starts: set.starts)
        let folds = (0..<300).map { Int32($0 % 3) }
        let together = FoldedLogistic(
            features, labels: set.labels, folds: folds, firstFold: 0, seed: 3)
        // None is left out of the fourth and later models.
        let alone = SoftmaxRegression(
            features, rows: (0..<300).map { Int32($0) }, labels: set.labels, classCount: 2, seed: 3)
        for row in 0..<300 {
            var own: [Float] = []
            alone.predict(features, row: row, into: &own)
            let chances = together.chances(features, row)
            #expect(abs(chances[3] - own[1]) < 1e-3 && abs(chances[7] - own[1]) < 1e-3)
        }
        // A model does not depend on the labels that it leaves out.
        var labels = set.labels
        for row in stride(from: 0, to: 300, by: 3) { labels[row] = 1 - labels[row] }
        let other = FoldedLogistic(features, labels: labels, folds: folds, firstFold: 0, seed: 3)
        for row in 0..<300 {
            let (before, after) = (together.chances(features, row), other.chances(features, row))
            #expect(before[0] == after[0])
        }
        #expect(together.chances(features, 0)[1] != other.chances(features, 0)[1])
    }

    @Test("tf-idf of a worked case")
    func features() {
        // Records "a b", "a b", "c": pairs ab in both. c stands in one record and is left out. idf of a, b
        // and ab is ln(4 / 3) + 1, the same for all three: each is 1 / sqrt 3.
        let features = TextFeatures(tokens: [1, 2, 1, 2, 3], starts: [0, 2, 4, 5])
        #expect(features.featureCount == 3)
        #expect(features.rowCount == 3)
    }

    /// Does the work in the opposite order.
    private struct BackwardWork: WorkSharing {
        func map<Result: Sendable>(
            _ count: Int, _ body: @Sendable (Int) -> Result
        ) -> [Result] { (0..<count).reversed().map(body).reversed() }

        func reportProgress(_ done: Int, of total: Int) {}
    }

    /// A model that agrees with the labels hardly oftener than chance would says nothing of them, however sure
    /// it is; many of its scores are the same.
    @Test("rows that are named several times count as often, rows that are not named do not")
    func namedRows() {
        // Words 1 and 2 of the one class, 3 and 4 of the other; the last two rows contradict and are left out.
        let tokens: [UInt32] = [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2]
        let features = TextFeatures(tokens: tokens, starts: [0, 2, 4, 6, 8, 10, 12])
        let model = FoldedLogistic(
            features, rows: [0, 1, 1, 1, 2, 3, 2, 3], labels: [1, 1, 0, 0, 0, 0],
            folds: [0, 1, 0, 1, 0, 1], firstFold: 0, seed: 1)
        // The model of a fold that no row is of has seen all.
        #expect(model.chances(features, 0)[5] > 0.9)
        #expect(model.chances(features, 2)[5] < 0.1)
        #expect(model.chances(features, 5)[5] > 0.9)
    }

    @Test(
        "labels are not judged by a model that does not know them",
        arguments: [2, 3, 20], [0.5, 0.54, 0.6])
    func ignorant(classCount: Int, agreement: Double) throws {
        for isCertain in [false, true] {
            var set = records(1000, classCount: classCount, seed: 6)
            for row in 0..<1000 {
                var generator = SeededGenerator(seed: 8, stream: UInt64(row))
                let draw = Double(generator.next() >> 11) * 0x1p-53
                let own = Int(set.labels[row])
                let said =
                    draw < agreement
                    ? own : (own + 1 + Int(generator.below(UInt64(classCount - 1)))) % classCount
                let sure = isCertain ? 1 : 0.7 + 0.29 * Float(generator.below(1000)) / 1000
                for label in 0..<classCount {
                    set.probabilities.append(
                        label == said ? sure : (1 - sure) / Float(classCount - 1))
                }
            }
            let errors = try #require(LabelErrors(set, seed: 7, work: SerialWork()))
            #expect((0...1).contains(errors.rate.value))
            #expect(errors.rate.low <= errors.rate.value && errors.rate.value <= errors.rate.high)
            if classCount == 2 { #expect(!errors.isJudgeable && errors.flaggedCount == 0) }
        }
    }

    @Test("records of a language that few of their class are in are not judged")
    func languages() {
        func number(_ response: String, _ prompt: String) -> UInt8 {
            let (response, prompt) = (Array(response.utf8), Array(prompt.utf8))
            return LabelLanguages.number(response.span, prompt.span)
        }
        let english = number(
            "The lamp is on the shelf and it is for you to take from there.", "Lamp?")
        let chinese = number("", "怎么给台灯更换灯泡？请告诉我")
        #expect(english != chinese && english != 0 && chinese != 0)
        #expect(number("ok", "42") == 0)

        // Three classes in English, and of the second and third one a few records in Chinese.
        let languages = [UInt8](repeating: english, count: 60) + [chinese, chinese, chinese, 0]
        let labels = (0..<60).map { Int32($0 % 3) } + [1, 1, 2, 2]
        let unjudged = LabelLanguages.unjudged(languages, labels: labels, classCount: 3)
        #expect(unjudged.indices.filter { unjudged[$0] } == [60, 61, 62])
        // Where the language is the class, an error among many records is judged.
        let many = [UInt8](repeating: english, count: 40) + [UInt8](repeating: chinese, count: 40)
        let byLanguage = (0..<80).map { $0 < 40 || $0 == 79 ? Int32(0) : 1 }
        #expect(!LabelLanguages.unjudged(many, labels: byLanguage, classCount: 2).contains(true))
    }

    @Test("texts whose words are those of the others are in their language, whatever it is")
    func settledLanguages() {
        let none: [UInt8] = []
        let words = Array(String(repeating: "qu ", count: 25).utf8)
        #expect(LabelLanguages.number(none.span, none.span) == 0)
        let strange = LabelLanguages.number(none.span, words.span)
        #expect(strange != 0)
        // Twenty records of the words 0 to 9, one of five of them and five of its own, one of its own.
        var tokens: [UInt32] = []
        var starts = [0]
        for row in 0..<22 {
            let own: [UInt32] =
                row < 20
                ? Array(0..<10) : row == 20 ? [0, 1, 2, 3, 4, 50, 51, 52, 53, 54] : Array(60..<70)
            tokens += own
            starts.append(tokens.count)
        }
        let languages = [UInt8](repeating: 10, count: 20) + [strange, strange]
        let settled = LabelLanguages.settled(languages, tokens: tokens, starts: starts)
        #expect(settled == [UInt8](repeating: 10, count: 20) + [0, strange])
        let plain = [UInt8](repeating: 10, count: 22)
        #expect(LabelLanguages.settled(plain, tokens: tokens, starts: starts) == plain)
    }

    @Test(
        "stated precision and rate hold for two classes that texts tell only in part",
        arguments: [0.05, 0.2])
    func twoClasses(rate: Double) throws {
        var set = LabelledRecords()
        set.classCount = 2
        for row in 0..<4000 {
            var generator = SeededGenerator(seed: 12, stream: UInt64(row))
            let topic = UInt64(row % 2)
            for _ in 0..<20 {
                // Nearly all words are of both classes, twice as often of one.
                let word = generator.below(150)
                let side = generator.below(3) == 0 ? 1 - topic : topic
                set.tokens.append(UInt32(word * 2 + side))
            }
            set.starts.append(set.tokens.count)
            set.labels.append(Int32(topic))
        }
        var wrong: Set<Int> = []
        for row in 0..<4000 {
            var generator = SeededGenerator(seed: 13, stream: UInt64(row))
            guard Double(generator.below(10_000)) < rate * 10_000 else { continue }
            set.labels[row] = 1 - set.labels[row]
            wrong.insert(row)
        }
        let errors = try #require(LabelErrors(set, seed: 7, work: SerialWork()))
        #expect(errors.isJudgeable)
        #expect(errors.rate.low <= rate && errors.rate.high >= rate)
        #expect(abs(errors.rate.value - rate) < 0.03)
        let flagged = errors.posteriors.indices.filter { errors.posteriors[$0] >= 0.5 }
        let right = Double(flagged.count { wrong.contains($0) }) / Double(flagged.count)
        #expect(!flagged.isEmpty && abs(right - errors.expectedPrecision) < 0.08)
    }

    /// A rare class is unlikely for every record, which tells a label made wrong from the others but not by the
    /// text.
    @Test("labels of unequal classes that the texts do not tell are not judged")
    func unequalClasses() throws {
        var set = records(600, classCount: 4, seed: 4)
        for row in set.labels.indices {
            var generator = SeededGenerator(seed: 99, stream: UInt64(row))
            let draw = generator.below(100)
            set.labels[row] = draw < 85 ? 0 : draw < 93 ? 1 : draw < 97 ? 2 : 3
        }
        let errors = try #require(LabelErrors(set, seed: 7, work: SerialWork()))
        #expect(!errors.isJudgeable && errors.flaggedCount == 0)
    }
}
