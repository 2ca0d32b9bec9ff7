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
        if isResponse, tokens.count < TokenGrams.leastAnswer { return }
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
