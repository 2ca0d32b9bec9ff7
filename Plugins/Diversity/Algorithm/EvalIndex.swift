import Numerics

/// Finds which record of an evaluation set a text is a near copy of.
public struct EvalIndex: Sendable {
    /// Records of the evaluation set that share a word or pair beyond which it tells nothing.
    private static let mostOwners = 256
    /// Records with most in common that are compared.
    private static let mostCompared = 64
    /// Words and pairs in more than this share of the records, and in more than this number, are of the format.
    private static let commonShare = 0.05
    private static let commonCount = 20
    /// Words of a text from which on one may be another.
    private static let leastLength = 3

    /// Jaccard similarity of the words and pairs below which texts are not compared: one word changed in
    /// three leaves as much.
    private static let leastShared = 0.25

    /// The words of the evaluation records, one after the other.
    public let tokens: [UInt32]
    /// Where the records begin, and the end.
    public let starts: [Int]
    /// The different words and pairs of the records' answers, sorted, one answer after the other, with where they begin
    /// and the end; empty where nothing is answered.
    public let answers: [UInt32]
    /// See `answers`.
    public let answerStarts: [Int]
    /// Different words and pairs, sorted, with where their owners begin.
    private let words: [UInt32]
    private let wordStarts: [Int32]
    private let owners: [Int32]
    /// Which of the words and pairs are common.
    private let isCommon: [Bool]
    /// Of each record the different words that are not.
    private let tellingCounts: [Int32]
    /// Of each record the size of its set.
    private let sizes: [Int32]
    /// The first record with each sequence of words, by its hash.
    private let exact: [UInt64: Int32]

    /// What a thread keeps from text to text.
    public struct Scratch: Sendable {
        fileprivate var counts: [Int32] = []
        fileprivate var touched: [Int32] = []
        fileprivate var set: [UInt32] = []
        fileprivate var sorter = HashSorter()

        /// Empty buffers.
        public init() {}
    }

    /// Indexes the words of records; `nil` where they do not fit themselves.
    ///
    /// O(n log n).
    public init?(
        tokens: [UInt32], starts: [Int], answers: [UInt32] = [], answerStarts: [Int] = []
    ) {
        guard EvalIndex.fit(tokens: tokens, starts: starts),
            answerStarts.isEmpty
                ? answers.isEmpty
                : EvalIndex.fit(tokens: answers, starts: answerStarts)
                    && answerStarts.count == starts.count
        else { return nil }
        self.tokens = tokens
        self.starts = starts
        (self.answers, self.answerStarts) = (answers, answerStarts)
        var entries: [UInt64] = []
        var set: [UInt32] = []
        var sorter = HashSorter()
        var sizes: [Int32] = []
        var exact: [UInt64: Int32] = [:]
        for record in 0..<starts.count - 1 {
            set.removeAll(keepingCapacity: true)
            Shingles.append(
                tokens.span.extracting(starts[record]..<starts[record + 1]), to: &set)
            Shingles.sortUnique(&set, from: 0, &sorter)
            for number in set { entries.append(UInt64(number) << 32 | UInt64(record)) }
            sizes.append(Int32(set.count))
            let text = tokens.span.extracting(starts[record]..<starts[record + 1])
            if !text.isEmpty {
                let hash = EvalIndex.hash(text)
                if exact[hash] == nil { exact[hash] = Int32(record) }
            }
        }
        entries.sort()
        var words: [UInt32] = []
        var wordStarts: [Int32] = [0]
        var owners: [Int32] = []
        var isCommon: [Bool] = []
        var tellingCounts = [Int32](repeating: 0, count: starts.count - 1)
        let common = max(
            EvalIndex.commonCount, Int(EvalIndex.commonShare * Double(starts.count - 1)))
        var start = 0
        while start < entries.count {
            var end = start + 1
            while end < entries.count, entries[end] >> 32 == entries[start] >> 32 { end += 1 }
            let word = UInt32(truncatingIfNeeded: entries[start] >> 32)
            words.append(word)
            isCommon.append(end - start > common)
            if EvalIndex.isWord(word), end - start <= common {
                for place in start..<end {
                    tellingCounts[Int(entries[place] & 0xFFFF_FFFF)] += 1
                }
            }
            if end - start <= EvalIndex.mostOwners {
                for place in start..<end {
                    owners.append(Int32(truncatingIfNeeded: entries[place]))
                }
            }
            wordStarts.append(Int32(owners.count))
            start = end
        }
        self.words = words
        self.wordStarts = wordStarts
        self.owners = owners
        self.isCommon = isCommon
        self.sizes = sizes
        self.exact = exact
        self.tellingCounts = tellingCounts
    }

    /// Whether words and where records begin fit each other.
    public static func fit(tokens: [UInt32], starts: [Int]) -> Bool {
        starts.first == 0 && starts.last == tokens.count && starts.count < 1 << 31
            && zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
    }

    /// Number of evaluation records.
    public var count: Int { starts.count - 1 }

    /// The evaluation record that a text is nearest to, and the share of the longer text's words that need no
    /// change, 0 to 1; `nil` below `threshold`.
    ///
    /// Within it are changes up to 1 − threshold of the words, rounded, if no larger a share of the record's
    /// words that are not common among the records is missing, or new: where all share a long template, what
    /// stands in it decides. One change of three words or more always is. Of equals the first.
    /// O(words log eval), then O(words · changes) for at most 64 records.
    /// A record that `isOther` holds for, of its number and similarity, is passed over.
    public func closest(
        to text: Span<UInt32>, threshold: Double, _ scratch: inout Scratch,
        butFor isOther: (Int, Double) -> Bool = { _, _ in false }
    ) -> (record: Int, similarity: Double)? {
        guard !text.isEmpty, count > 0 else { return nil }
        if let record = exact[EvalIndex.hash(text)].map(Int.init),
            EditDistance.words(
                text, tokens.span.extracting(starts[record]..<starts[record + 1]), most: 0) == 0
        {
            return (record, 1)
        }
        var set = scratch.set
        scratch.set = []
        set.removeAll(keepingCapacity: true)
        Shingles.append(text, to: &set)
        Shingles.sortUnique(&set, from: 0, &scratch.sorter)
        count(set, &scratch)
        scratch.set = set
        defer {
            for owner in scratch.touched { scratch.counts[Int(owner)] = 0 }
            scratch.touched.removeAll(keepingCapacity: true)
        }
        let tokens = tokens.span
        var best: (record: Int, similarity: Double)?
        var otherSet: [UInt32] = []
        for record in mostShared(set.count, scratch) {
            let other = tokens.extracting(starts[record]..<starts[record + 1])
            let length = max(text.count, other.count)
            let least = length < EvalIndex.leastLength ? 0 : 1
            let most = max(least, Int(((1 - threshold) * Double(length)).rounded()))
            otherSet.removeAll(keepingCapacity: true)
            Shingles.append(other, to: &otherSet)
            Shingles.sortUnique(&otherSet, from: 0, &scratch.sorter)
            // A change of a word costs a text at most the word and its two pairs.
            let shared = CopyGroups.shared(set.span, otherSet.span)
            guard shared >= max(set.count, otherSet.count) - 3 * most else { continue }
            let mostTelling = max(
                least, Int(((1 - threshold) * Double(tellingCounts[record])).rounded()))
            guard tellingChanges(set, otherSet) <= mostTelling,
                let changes = EditDistance.words(text, other, most: most)
            else { continue }
            let similarity = 1 - Double(changes) / Double(length)
            if let found = best,
                (found.similarity, -found.record) >= (similarity, -record)
            {
                continue
            }
            if isOther(record, similarity) { continue }
            best = (record, similarity)
        }
        return best
    }

    /// The similarity from which on two prompts are the same, however they are answered.
    private static let sameSimilarity = 0.95
    /// Words of a prompt up to which it may be hardly more than a form.
    private static let mostFormWords = 20
    /// Words and pairs of an answer at least that says what was asked.
    private static let leastAnswer = 15
    /// Of the words and pairs of the shorter of two answers what both have, below which they answer something else.
    private static let leastAnswered = 0.25

    /// Whether a text with some answer asks for something else than a record that it is near to, in the same form:
    /// it is not quite the same, and their answers have hardly anything in common.
    ///
    /// `answer` are the answer's words. O(n log n).
    public func asksOtherwise(
        _ similarity: Double, record: Int, answer: Span<UInt32>, _ scratch: inout Scratch
    ) -> Bool {
        guard similarity < EvalIndex.sameSimilarity, !answerStarts.isEmpty,
            starts[record + 1] - starts[record] <= EvalIndex.mostFormWords
        else { return false }
        var set = scratch.set
        scratch.set = []
        defer { scratch.set = set }
        set.removeAll(keepingCapacity: true)
        Shingles.append(answer, to: &set)
        Shingles.sortUnique(&set, from: 0, &scratch.sorter)
        let answers = answers.span
        let other = answers.extracting(answerStarts[record]..<answerStarts[record + 1])
        let least = min(set.count, other.count)
        guard least >= EvalIndex.leastAnswer else { return false }
        let shared = CopyGroups.shared(set.span, other)
        return Double(shared) < EvalIndex.leastAnswered * Double(least)
    }

    /// The hash of a sequence of words.
    private static func hash(_ text: Span<UInt32>) -> UInt64 {
        var hash = UInt64(text.count)
        for index in text.indices { hash = StableHash.mix(hash ^ UInt64(text[index])) }
        return hash
    }

    /// Counts what each evaluation record has in common with a set; nothing where all of them together have
    /// too little.
    private func count(_ set: [UInt32], _ scratch: inout Scratch) {
        if scratch.counts.isEmpty { scratch.counts = [Int32](repeating: 0, count: count) }
        var missing = 0
        let mostMissing = Int((1 - EvalIndex.leastShared) * Double(set.count))
        for number in set {
            guard let place = SortedSearch.place(of: number, in: words) else {
                missing += 1
                if missing > mostMissing { break }
                continue
            }
            for owner in owners[Int(wordStarts[place])..<Int(wordStarts[place + 1])] {
                if scratch.counts[Int(owner)] == 0 { scratch.touched.append(owner) }
                scratch.counts[Int(owner)] += 1
            }
        }
    }

    /// How many words that are not common a text has and a record not, or the other way, whichever is more.
    private func tellingChanges(_ set: [UInt32], _ other: [UInt32]) -> Int {
        func new(_ words: [UInt32], _ others: [UInt32]) -> Int {
            var count = 0
            var place = 0
            for word in words where EvalIndex.isWord(word) {
                while place < others.count, others[place] < word { place += 1 }
                if place < others.count, others[place] == word { continue }
                let known = SortedSearch.place(of: word, in: self.words)
                if known.map({ isCommon[$0] }) != true { count += 1 }
            }
            return count
        }
        return max(new(set, other), new(other, set))
    }

    private static func isWord(_ number: UInt32) -> Bool { number & 1 == 0 }

    /// The records that have the largest share in common with a set of `size`, the largest first.
    private func mostShared(_ size: Int, _ scratch: Scratch) -> [Int] {
        var found: [(share: Float, record: Int)] = []
        for owner in scratch.touched {
            let record = Int(owner)
            let share =
                Float(scratch.counts[record]) / Float(max(size, Int(sizes[record])))
            if found.count == EvalIndex.mostCompared {
                guard let last = found.last, (share, -record) > (last.share, -last.record) else {
                    continue
                }
                found.removeLast()
            }
            let place =
                found.firstIndex { ($0.share, -$0.record) < (share, -record) } ?? found.count
            found.insert((share, record), at: place)
        }
        return found.map(\.record)
    }
}
