import DiversityAlgorithm
import Numerics
import Support
import Testing

@Suite struct CopyTests {
    private struct Record {
        var prompt: [UInt32]
        var response: [UInt32]
        var context: UInt32 = 0
        var trace: UInt32 = 0
        var quality: Float = 0
    }

    private struct Outcome {
        /// Survivors by record of the list that was given.
        let survivors: [Int]
        let similarity: [Float]
    }

    /// The whole stage as the strategy runs it.
    private func removed(_ records: [Record], threshold: Double = 0.8) -> Outcome {
        let hasher = MinHash(seed: 3)
        var keys = RecordKeys()
        for (row, record) in records.enumerated() {
            func hash(_ tokens: [UInt32]) -> UInt64 {
                tokens.isEmpty ? 0 : tokens.reduce(7) { StableHash.mix($0 ^ UInt64($1)) } | 1
            }
            var (prompt, response): ([UInt32], [UInt32]) = ([], [])
            Shingles.append(record.prompt.span, to: &prompt)
            Shingles.append(record.response.span, to: &response)
            keys.append(
                row: row, prompt: hash(record.prompt), response: hash(record.response),
                context: record.context, trace: record.trace, quality: record.quality
            ) { hasher.append(prompt.span, response.span, to: &$0) }
        }
        let leaders = ExactCopies.leaders(keys)
        let candidates = NearCopies.candidates(
            keys, exactLeaders: leaders, threshold: threshold, work: TestThreads())
        var shingles = RecordShingles()
        var kept = RecordKeys()
        for index in candidates {
            let record = records[index]
            kept.append(index, of: keys)
            shingles.append(prompt: record.prompt.span, response: record.response.span)
        }
        let near = NearCopies(
            kept, shingles, places: Array(candidates.indices), threshold: threshold)
        var survivors = leaders.map(Int.init)
        var similarity = [Float](repeating: 1, count: records.count)
        for (place, survivor) in near.survivors.enumerated() {
            survivors[candidates[place]] = candidates[Int(survivor)]
            similarity[candidates[place]] = near.similarity[place]
        }
        for index in records.indices where leaders[index] != index {
            survivors[index] = survivors[Int(leaders[index])]
            similarity[index] = similarity[Int(leaders[index])]
        }
        return Outcome(survivors: survivors, similarity: similarity)
    }

    private func set(_ tokens: [UInt32]) -> Set<UInt32> {
        var numbers: [UInt32] = []
        Shingles.append(tokens.span, to: &numbers)
        return Set(numbers)
    }

    private func jaccard(_ first: [UInt32], _ second: [UInt32]) -> Double {
        let (one, other) = (set(first), set(second))
        if one.isEmpty && other.isEmpty { return 1 }
        return Double(one.intersection(other).count) / Double(one.union(other).count)
    }

    /// Templates with slots, copies with changed words, and strangers.
    private func mixture(_ count: Int, seed: UInt64) -> [Record] {
        var generator = SeededGenerator(seed: seed)
        func words(_ count: Int) -> [UInt32] {
            (0..<count).map { _ in UInt32(generator.below(3000)) &* 2_654_435_761 }
        }
        var records: [Record] = []
        let template = words(30)
        for index in 0..<count {
            switch index % 5 {
            case 0, 1:
                records.append(
                    Record(
                        prompt: words(5 + Int(generator.below(40))),
                        response: words(Int(generator.below(40)))))
            case 2:
                var copy = records[Int(generator.below(UInt64(records.count)))]
                if !copy.prompt.isEmpty {
                    copy.prompt[Int(generator.below(UInt64(copy.prompt.count)))] = words(1)[0]
                }
                records.append(copy)
            case 3: records.append(records[Int(generator.below(UInt64(records.count)))])
            default:
                let slot = words(1)
                records.append(
                    Record(prompt: template + slot, response: template[..<6] + slot + words(2)))
            }
            records[index].quality = Float(generator.below(4)) / 4
        }
        return records
    }

    @Test(
        "survivors and removed are the input, each removed one cites a survivor at or above the threshold",
        arguments: [0.5, 0.6, 0.7, 0.8, 0.9, 1])
    func invariants(_ threshold: Double) {
        let records = mixture(1500, seed: 11)
        let outcome = removed(records, threshold: threshold)
        #expect(outcome.survivors.count == records.count)
        for (index, survivor) in outcome.survivors.enumerated() {
            #expect(outcome.survivors[survivor] == survivor, "a survivor stays")
            let similarity = min(
                jaccard(records[index].prompt, records[survivor].prompt),
                jaccard(records[index].response, records[survivor].response))
            #expect(similarity >= threshold - 1e-9)
            #expect(abs(Double(outcome.similarity[index]) - similarity) < 1e-6)
            #expect(records[survivor].quality >= records[index].quality || survivor == index)
        }
        let staying = outcome.survivors.indices.count { outcome.survivors[$0] == $0 }
        #expect(staying > 0 && staying < records.count)
    }

    @Test("what is kept falls with the threshold")
    func sweep() {
        let records = mixture(1500, seed: 12)
        let kept = [1, 0.9, 0.8, 0.7, 0.6, 0.5].map { threshold in
            let outcome = removed(records, threshold: threshold)
            return outcome.survivors.indices.count { outcome.survivors[$0] == $0 }
        }
        for (high, low) in zip(kept, kept.dropFirst()) { #expect(low <= high) }
        #expect(Set(kept).count >= 4, "\(kept)")
    }

    @Test("the order of the records changes nothing")
    func order() {
        let records = mixture(800, seed: 13)
        func staying(_ records: [Record]) -> [[UInt32]] {
            let outcome = removed(records)
            return outcome.survivors.indices.filter { outcome.survivors[$0] == $0 }
                .map { records[$0].prompt + [0] + records[$0].response }
                .sorted { $0.lexicographicallyPrecedes($1) }
        }
        var generator = SeededGenerator(seed: 1)
        let base = staying(records)
        for _ in 0..<3 { #expect(staying(records.shuffled(using: &generator)) == base) }
    }

    private func numbers(_ range: Range<UInt32>) -> [UInt32] { range.map { $0 &* 2_654_435_761 } }

    @Test("a slot that is filled otherwise, another number, another label are no copies")
    func differences() {
        let template = numbers(1..<31)
        let (paris, rome) = (UInt32(77), UInt32(88))
        let base = Record(prompt: template + [paris], response: template + [paris])
        func isCopy(_ other: Record) -> Bool {
            Set(removed([base, other]).survivors).count == 1
        }
        #expect(isCopy(base))
        #expect(!isCopy(Record(prompt: template + [rome], response: template + [rome])))
        // The prompt alone differs: nothing is carried over into the response.
        #expect(isCopy(Record(prompt: template + [rome], response: template + [paris])))
        var other = base
        other.trace = 1
        other.prompt[0] = 5
        #expect(!isCopy(other))
        other.trace = 0
        #expect(isCopy(other))
        other.context = 2
        #expect(!isCopy(other))
        // The same prompt with another answer is a contradiction.
        #expect(!isCopy(Record(prompt: template + [paris], response: numbers(100..<131))))
    }

    @Test("the best record of a group stays")
    func quality() {
        let text = numbers(1..<40)
        var near = text
        near[5] = 3
        let outcome = removed([
            Record(prompt: text, response: [], quality: 0.2),
            Record(prompt: text, response: [], quality: 0.4),
            Record(prompt: near, response: [], quality: 0.9),
        ])
        #expect(outcome.survivors == [2, 2, 2])
    }

    @Test("nothing, one record, and records without words")
    func degenerate() {
        #expect(removed([]).survivors == [])
        #expect(removed([Record(prompt: [], response: [])]).survivors == [0])
        let outcome = removed([
            Record(prompt: [1], response: []), Record(prompt: [2], response: []),
            Record(prompt: [1], response: []),
        ])
        #expect(outcome.survivors == [0, 1, 0])
    }

    @Test("recall is at least 0.95 and precision 1 at the threshold")
    func recall() {
        var generator = SeededGenerator(seed: 21)
        var records: [Record] = []
        var expected = 0
        for _ in 0..<1000 {
            let text = (0..<60).map { _ in UInt32(truncatingIfNeeded: generator.next()) }
            records.append(Record(prompt: text, response: []))
            var copy = text
            for _ in 0..<4 { copy[Int(generator.below(60))] = UInt32(generator.below(1 << 32)) }
            records.append(Record(prompt: copy, response: []))
            expected += jaccard(text, copy) >= 0.8 ? 1 : 0
        }
        let found = removed(records).survivors.enumerated().count { $0 != $1 }
        #expect(expected > 500)
        #expect(Double(found) >= 0.95 * Double(expected), "\(found) of \(expected)")
        #expect(found <= expected)
    }

    @Test("numbers are traced whatever stands between and around them")
    func traces() {
        func trace(_ text: String) -> UInt32 { NumberTrace.hash(Array(text.utf8).span) }
        #expect(trace("no number") == 0)
        #expect(trace("7 of 12") == trace("(7: 12)"))
        #expect(trace("7 of 12") != trace("12 of 7"))
        #expect(trace("1.5") != trace("5.1") && trace("1.5") != trace("15"))
        #expect(trace("it is -5") != trace("it is 5") && trace("top-5") == trace("top 5"))
        #expect(trace("7 of 12") != trace("7 of 13"))
        #expect(trace("71 2") != trace("7 12"))
        #expect(trace("7") != trace("7 7"))
        #expect(trace("0") != 0)
        #expect(trace("a + b") != trace("a - b") && trace("a - b") != trace("a * b"))
        #expect(trace("if x < y") != trace("if x > y"))
        #expect(trace("- one\n- two") == trace("* one\n* two"))
        #expect(trace("well-known *words*") == 0)
    }

    @Test(
        "edit distances of words worked by hand",
        arguments: [
            ([1, 2, 3], [1, 2, 3], 0), ([1, 2, 3], [1, 9, 3], 1), ([1, 2, 3], [1, 3], 1),
            ([], [1, 2], 2), ([], [], 0), ([1, 2, 3, 4], [2, 3, 4, 5], 2), ([1, 2], [2, 1], 2),
        ])
    func edits(_ example: (first: [UInt32], second: [UInt32], distance: Int)) {
        let (first, second) = (example.first, example.second)
        for most in 0..<5 {
            let expected = example.distance <= most ? example.distance : nil
            #expect(EditDistance.words(first.span, second.span, most: most) == expected)
            #expect(EditDistance.words(second.span, first.span, most: most) == expected)
        }
    }

    @Test("the narrow band gives the distance of the whole table")
    func band() {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<300 {
            let first = (0..<generator.below(20)).map { _ in UInt32(generator.below(4)) }
            let second = (0..<generator.below(20)).map { _ in UInt32(generator.below(4)) }
            var row = Array(0...second.count)
            for (i, one) in first.enumerated() {
                var next = [i + 1]
                for (j, other) in second.enumerated() {
                    next.append(
                        min(row[j + 1] + 1, next[j] + 1, row[j] + (one == other ? 0 : 1)))
                }
                row = next
            }
            let whole = row[second.count]
            for most in [0, 1, 3, 20] {
                #expect(
                    EditDistance.words(first.span, second.span, most: most)
                        == (whole <= most ? whole : nil))
            }
        }
    }

    @Test("a question of the same form with another answer is no leak of an evaluation record")
    func askedOtherwise() throws {
        func words(_ first: UInt32, _ count: Int) -> [UInt32] {
            (0..<count).map { first + UInt32($0) * 2 }
        }
        // "What is X, explain it in detail" with an answer of twenty words.
        let (prompt, answer) = (words(100, 8), words(1000, 20))
        var answers: [UInt32] = []
        var sorter = HashSorter()
        Shingles.append(answer.span, to: &answers)
        Shingles.sortUnique(&answers, from: 0, &sorter)
        let index = try #require(
            EvalIndex(
                tokens: prompt, starts: [0, 8], answers: answers, answerStarts: [0, answers.count]))
        var scratch = EvalIndex.Scratch()
        var other = prompt
        other[0] = 7000
        let found = try #require(index.closest(to: other.span, threshold: 0.8, &scratch))
        func asksOtherwise(_ similarity: Double, _ answer: [UInt32]) -> Bool {
            index.asksOtherwise(similarity, record: 0, answer: answer.span, &scratch)
        }
        #expect(asksOtherwise(found.similarity, words(3000, 20)))
        // The same prompt is a leak whatever its answer is, a near one when it is answered alike or hardly at all.
        #expect(!asksOtherwise(1, words(3000, 20)))
        #expect(!asksOtherwise(found.similarity, Array(answer.dropLast(3)) + words(5000, 3)))
        #expect(!asksOtherwise(found.similarity, words(3000, 3)))
        #expect(!asksOtherwise(found.similarity, []))
        // A nearer one that is passed over does not hide another.
        var another = EvalIndex.Scratch()
        let both = try #require(EvalIndex(tokens: prompt + other, starts: [0, 8, 16]))
        #expect(
            both.closest(to: other.span, threshold: 0.8, &another) { record, _ in record == 1 }?
                .record == 1, "the very same is one whatever it answers")
        var third = other
        third[4] = 8000
        #expect(both.closest(to: third.span, threshold: 0.7, &another)?.record == 1)
        #expect(
            both.closest(to: third.span, threshold: 0.7, &another) { record, _ in record == 1 }?
                .record == 0)
        let silent = try #require(EvalIndex(tokens: prompt, starts: [0, 8]))
        #expect(!silent.asksOtherwise(found.similarity, record: 0, answer: answer.span, &scratch))
        #expect(
            EvalIndex(tokens: prompt, starts: [0, 8], answers: answers, answerStarts: [0]) == nil)
    }

    @Test("evaluation records are found through small edits, strangers are not")
    func leaks() throws {
        var generator = SeededGenerator(seed: 8)
        var tokens: [UInt32] = []
        var starts = [0]
        for _ in 0..<500 {
            for _ in 0..<(6 + generator.below(30)) { tokens.append(UInt32(generator.below(800))) }
            starts.append(tokens.count)
        }
        let index = try #require(EvalIndex(tokens: tokens, starts: starts))
        var scratch = EvalIndex.Scratch()
        for record in 0..<500 {
            var text = Array(tokens[starts[record]..<starts[record + 1]])
            text[text.count / 2] = 999_999
            let found = try #require(index.closest(to: text.span, threshold: 0.8, &scratch))
            #expect(found.record == record)
            #expect(abs(found.similarity - (1 - 1 / Double(text.count))) < 1e-9)
            let stranger = (0..<20).map { _ in UInt32(generator.below(800)) }
            #expect(index.closest(to: stranger.span, threshold: 0.8, &scratch) == nil)
        }
        let none: [UInt32] = []
        #expect(index.closest(to: none.span, threshold: 0.8, &scratch) == nil)
        #expect(EvalIndex(tokens: [1], starts: [0, 2]) == nil)
    }
}
