import Numerics

/// Hashes of some of a text's runs of words: of every few that follow each other the smallest (winnowing;
/// Schleimer, Wilkerson, Aiken 2003).
///
/// Two texts with eight words in a row in common always share one of them.
public enum TokenGrams {
    /// Words of a run.
    static let length = 5
    /// Runs of which one at least is kept.
    static let window = 4
    /// Words of a text that is taken as a whole when it has no more than this.
    static let leastWords = 3

    /// Gives the hashes to `grams`, in their order, without repeating one that stands for several windows.
    ///
    /// A text of 3 to 7 words has one: of all its words. Shorter ones have none. O(n).
    static func read(_ tokens: Span<UInt32>, into grams: inout [UInt64]) {
        grams.removeAll(keepingCapacity: true)
        guard tokens.count >= length + window - 1 else {
            if tokens.count >= leastWords { grams.append(hash(tokens, 0..<tokens.count)) }
            return
        }
        // The last `window` hashes, oldest first.
        var recent = InlineArray<4, UInt64>(repeating: .max)
        var last: UInt64?
        for start in 0...tokens.count - length {
            for place in 0..<window - 1 { recent[place] = recent[place + 1] }
            recent[window - 1] = hash(tokens, start..<start + length)
            guard start >= window - 1 else { continue }
            var smallest = recent[0]
            for place in 1..<window { smallest = min(smallest, recent[place]) }
            if smallest != last { grams.append(smallest) }
            last = smallest
        }
    }

    /// Gives a hash of every two words that follow each other to `pairs`, sorted, each once.
    ///
    /// O(n log n).
    static func readPairs(_ tokens: Span<UInt32>, into pairs: inout [UInt32]) {
        pairs.removeAll(keepingCapacity: true)
        guard tokens.count > 1 else { return }
        for index in 0..<tokens.count - 1 {
            pairs.append(UInt32(truncatingIfNeeded: hash(tokens, index..<index + 2)))
        }
        pairs.sort()
        var kept = 1
        for index in 1..<pairs.count where pairs[index] != pairs[kept - 1] {
            pairs[kept] = pairs[index]
            kept += 1
        }
        pairs.removeLast(pairs.count - kept)
    }

    private static func hash(_ tokens: Span<UInt32>, _ range: Range<Int>) -> UInt64 {
        var hash = UInt64(range.count)
        for index in range { hash = StableHash.mix(hash ^ UInt64(tokens[index]) &* 0x9E37_79B9) }
        return hash
    }
}

/// The texts that must not stand in the data, by their runs of words.
public struct EvalTexts: Sendable {
    /// One text: whose it is, and how many runs it has.
    public struct Text: Sendable, Equatable {
        /// Row of the evaluation data.
        public let row: Int
        /// Whether it is the response.
        public let isResponse: Bool
        /// Hashes that were kept of its runs.
        public let gramCount: Int
        /// Its different pairs of words.
        public let pairCount: Int

        /// Describes a text.
        public init(row: Int, isResponse: Bool, gramCount: Int, pairCount: Int) {
            self.row = row
            self.isResponse = isResponse
            self.gramCount = gramCount
            self.pairCount = pairCount
        }
    }

    /// In the order in which they were added.
    public private(set) var texts: [Text] = []
    /// The hashes of all texts, one text after the other.
    public private(set) var grams: [UInt64] = []
    /// The pairs of all texts, likewise.
    public private(set) var pairs: [UInt32] = []
    private var buffer: [UInt64] = []
    private var pairBuffer: [UInt32] = []

    /// No texts.
    public init() {}

    /// Adds a text.
    ///
    /// A response of fewer than eight words says nothing of where it comes from and is left out. O(n).
    public mutating func add(_ tokens: Span<UInt32>, row: Int, isResponse: Bool) {
        if isResponse, tokens.count < TokenGrams.length + TokenGrams.window - 1 { return }
        TokenGrams.read(tokens, into: &buffer)
        guard !buffer.isEmpty else { return }
        TokenGrams.readPairs(tokens, into: &pairBuffer)
        texts.append(
            Text(
                row: row, isResponse: isResponse, gramCount: buffer.count,
                pairCount: pairBuffer.count))
        grams += buffer
        pairs += pairBuffer
    }

    /// Adds what the next shard has.
    public mutating func merge(_ other: EvalTexts) {
        texts += other.texts
        grams += other.grams
        pairs += other.pairs
    }

    /// Texts and hashes that were saved; `nil` when they do not fit each other.
    public init?(texts: [Text], grams allGrams: [UInt64], pairs allPairs: [UInt32]) {
        var (grams, pairs) = (allGrams[...], allPairs[...])
        for text in texts {
            guard text.gramCount > 0, text.pairCount > 0, text.gramCount <= grams.count,
                text.pairCount <= pairs.count
            else { return nil }
            grams = grams.dropFirst(text.gramCount)
            pairs = pairs.dropFirst(text.pairCount)
        }
        guard grams.isEmpty, pairs.isEmpty else { return nil }
        self.texts = texts
        (self.grams, self.pairs) = (allGrams, allPairs)
    }
}

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
    public func closest(
        to tokens: Span<UInt32>, _ scratch: inout Scratch
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
            best = (owner, share)
        }
        return best.map { (texts[Int($0.owner)], $0.share) }
    }

    /// Whether so large a share of a text is more than a phrase in common.
    public static func isHeld(_ text: EvalTexts.Text, share: Double) -> Bool {
        let length = min(1, Double(text.pairCount) / fullLength)
        return share >= 1 - mostMissing * length
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

    private func place(of hash: UInt64) -> Int? {
        var (low, high) = (0, hashes.count)
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low < hashes.count && hashes[low] == hash ? low : nil
    }
}
