import Numerics

/// Tells whose words a text has.
public struct ContaminationIndex: Sendable {
    private let texts: [EvalTexts.Text]
    /// Sorted; of equal ones each stands once with the texts that have it.
    private let hashes: [UInt64]
    private let starts: [Int32]
    private let owners: [Int32]
    /// The pairs of every text, sorted, from `pairStarts` on.
    private let pairs: [UInt32]
    private let pairStarts: [Int]
    /// By row of the evaluation data, which text is its response.
    private let responses: [Int: Int]

    /// Texts with a run of words beyond which it is a phrase of the format and says nothing.
    private static let mostOwners = 5
    /// The share of an evaluation text's pairs of words that may be missing, and of how many words on.
    ///
    /// Three words changed in one of 25 leave 0.75 of the pairs. Of a shorter text a stock phrase is a larger
    /// part: the share falls with the length, to one changed word in ten and none in six.
    private static let mostMissing = 0.4
    private static let fullLength = 20.0
    /// Texts with most runs in common that are compared.
    private static let mostCompared = 8

    /// Orders the texts.
    ///
    /// O(n log n) in the number of hashes.
    public init(_ eval: EvalTexts) {
        texts = eval.texts
        self.pairs = eval.pairs
        var pairStarts = [0]
        for text in eval.texts {
            pairStarts.append(pairStarts[pairStarts.count - 1] + text.pairCount)
        }
        self.pairStarts = pairStarts
        responses = Dictionary(
            eval.texts.enumerated().filter(\.element.isResponse).map {
                ($0.element.row, $0.offset)
            },
            uniquingKeysWith: { first, _ in first })
        var pairs: [(hash: UInt64, owner: Int32)] = []
        pairs.reserveCapacity(eval.grams.count)
        var position = 0
        for (owner, text) in eval.texts.enumerated() {
            for gram in eval.grams[position..<position + text.gramCount] {
                pairs.append((gram, Int32(owner)))
            }
            position += text.gramCount
        }
        pairs.sort { ($0.hash, $0.owner) < ($1.hash, $1.owner) }
        var (hashes, starts, owners): ([UInt64], [Int32], [Int32]) = ([], [0], [])
        var start = 0
        while start < pairs.count {
            var end = start
            let first = owners.count
            while end < pairs.count, pairs[end].hash == pairs[start].hash {
                if owners.count == first || owners.last != pairs[end].owner {
                    owners.append(pairs[end].owner)
                }
                end += 1
            }
            if owners.count - first > ContaminationIndex.mostOwners {
                owners.removeLast(owners.count - first)
            } else {
                hashes.append(pairs[start].hash)
                starts.append(Int32(owners.count))
            }
            start = end
        }
        (self.hashes, self.starts, self.owners) = (hashes, starts, owners)
    }

    /// What a thread keeps from row to row.
    public struct Scratch {
        fileprivate var grams: [UInt64] = []
        fileprivate var pairs: [UInt32] = []
        fileprivate var found: [(owner: Int32, count: Int)] = []

        /// Empty buffers.
        public init() {}
    }

    /// The evaluation text of which most stands in a text, and the share of its pairs of words: 0 to 1.
    ///
    /// `nil` where it has no run in common with any. Of equals the first. O(n log m), without allocation once
    /// `scratch` has grown.
    /// A text that `isOther` holds for, with its share, is passed over.
    public func closest(
        to tokens: Span<UInt32>, _ scratch: inout Scratch,
        butFor isOther: (EvalTexts.Text, Double) -> Bool = { _, _ in false }
    ) -> (text: EvalTexts.Text, share: Double)? {
        var (grams, found) = (scratch.grams, scratch.found)
        (scratch.grams, scratch.found) = ([], [])
        defer { (scratch.grams, scratch.found) = (grams, found) }
        TokenGrams.read(tokens, into: &grams)
        found.removeAll(keepingCapacity: true)
        for gram in grams {
            guard let place = place(of: gram) else { continue }
            for index in Int(starts[place])..<Int(starts[place + 1]) {
                let owner = owners[index]
                if let known = found.firstIndex(where: { $0.owner == owner }) {
                    found[known].count += 1
                } else {
                    found.append((owner, 1))
                }
            }
        }
        guard !found.isEmpty else { return nil }
        found.sort { ($1.count, $0.owner) < ($0.count, $1.owner) }
        var pairs = scratch.pairs
        scratch.pairs = []
        defer { scratch.pairs = pairs }
        TokenGrams.readPairs(tokens, into: &pairs)
        var best: (owner: Int32, share: Double)?
        for (owner, _) in found.prefix(ContaminationIndex.mostCompared) {
            let share = self.share(of: Int(owner), in: pairs.span)
            if let best, (best.share, owner) >= (share, best.owner) { continue }
            if isOther(texts[Int(owner)], share) { continue }
            best = (owner, share)
        }
        return best.map { (texts[Int($0.owner)], $0.share) }
    }

    /// Whether so large a share of a text is more than a phrase in common.
    public static func isHeld(_ text: EvalTexts.Text, share: Double) -> Bool {
        let length = min(1, Double(text.pairCount) / fullLength)
        return share >= 1 - mostMissing * length
    }

    /// The share of a prompt from which on it is the same one, however it is answered.
    public static let wholeShare = 0.95
    /// Of the pairs of words of the shorter of two answers what both have, below which they answer something else.
    private static let leastAnswered = 0.2

    /// Whether a record's response is another answer than that of an evaluation prompt: then a prompt that is
    /// nearly the same asks for something else, in the same form.
    ///
    /// Not where the prompt has 21 words or either no answer of eight: so much in common is no form. O(n log n).
    public func isAnsweredOtherwise(
        _ text: EvalTexts.Text, response: Span<UInt32>, _ scratch: inout Scratch
    ) -> Bool {
        guard Double(text.pairCount) < ContaminationIndex.fullLength,
            let answer = responses[text.row], response.count >= TokenGrams.leastAnswer
        else { return false }
        var pairs = scratch.pairs
        scratch.pairs = []
        defer { scratch.pairs = pairs }
        TokenGrams.readPairs(response, into: &pairs)
        let shared = share(of: answer, in: pairs.span) * Double(texts[answer].pairCount)
        return shared < ContaminationIndex.leastAnswered
            * Double(min(pairs.count, texts[answer].pairCount))
    }

    /// The share of a text's pairs that stand in sorted `pairs`.
    private func share(of owner: Int, in pairs: Span<UInt32>) -> Double {
        var (place, common) = (0, 0)
        for index in pairStarts[owner]..<pairStarts[owner + 1] {
            while place < pairs.count, pairs[place] < self.pairs[index] { place += 1 }
            if place < pairs.count, pairs[place] == self.pairs[index] { common += 1 }
        }
        return Double(common) / Double(pairStarts[owner + 1] - pairStarts[owner])
    }

    private func place(of hash: UInt64) -> Int? { SortedSearch.place(of: hash, in: hashes) }
}
