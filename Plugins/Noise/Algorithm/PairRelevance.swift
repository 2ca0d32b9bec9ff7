import Numerics

/// A prompt and its response, as checks learn from them.
public struct PairExample: Sendable {
    /// Decides, with the seed, which half of the models judges the record.
    public let row: Int
    /// The prompt's UTF-8.
    public let prompt: [UInt8]
    /// The prompt's tokens.
    public let promptTokens: [UInt32]
    /// The response's UTF-8.
    public let response: [UInt8]
    /// The response's tokens.
    public let responseTokens: [UInt32]
    /// Whether the prompt is several turns of the user: joined by nature.
    public let isConversation: Bool

    /// Copies a record's texts.
    public init(
        row: Int, prompt: [UInt8], promptTokens: [UInt32], response: [UInt8],
        responseTokens: [UInt32], isConversation: Bool = false
    ) {
        self.row = row
        self.prompt = prompt
        self.promptTokens = promptTokens
        self.response = response
        self.responseTokens = responseTokens
        self.isConversation = isConversation
    }
}

/// Records fall into two halves; each is judged by what was learnt from the other.
enum Half {
    static func of(row: Int, seed: UInt64) -> Int {
        Int(StableHash.mix(seed ^ StableHash.mix(UInt64(row) ^ 0x48A1F)) & 1)
    }
}

/// A record's words.
struct PairWords: Sendable {
    let row: Int
    /// Pairs of another kind are no strangers to it: they show by their form alone.
    var kind = 0
    var prompt = WordBuckets()
    var response = WordBuckets()

    /// The words of a context and of the answer within it.
    init(_ turn: TurnExample, _ marks: inout BucketMarks) {
        (row, kind) = (turn.row, turn.place.rawValue)
        prompt.read(turn.context.span, byteCount: turn.contextBytes, with: &marks)
        response.read(turn.answer.span, byteCount: turn.answerBytes, with: &marks)
    }

    init(_ pair: PairExample, _ marks: inout BucketMarks) {
        row = pair.row
        prompt.read(pair.promptTokens.span, byteCount: pair.prompt.count, with: &marks)
        response.read(pair.responseTokens.span, byteCount: pair.response.count, with: &marks)
    }
}

/// How well a response goes with a prompt: words in common, and words that go together elsewhere.
struct PairRelevance: Sendable {
    let weights: BucketWeights
    /// By half: learnt from the other.
    let models: [RelevanceModel]

    /// Numbers that describe a pair.
    static let width = 7

    /// Learns from pairs whose words are given.
    init(_ pairs: [PairWords], seed: UInt64, work: some WorkSharing) {
        var counts = [Int32](repeating: 0, count: WordBuckets.count)
        var marks = BucketMarks()
        for pair in pairs {
            marks.clear()
            for words in [pair.prompt, pair.response] {
                for bucket in words.buckets where marks.insert(bucket) { counts[Int(bucket)] += 1 }
            }
        }
        let weights = BucketWeights(counts: counts, total: pairs.count)
        self.weights = weights
        let words = pairs.map {
            (
                half: Half.of(row: $0.row, seed: seed),
                prompt: RelevanceModel.Words($0.prompt, weights),
                response: RelevanceModel.Words($0.response, weights)
            )
        }
        models = work.map(2) { half in
            RelevanceModel(
                words.filter { $0.half != half }.map { ($0.prompt, $0.response) },
                seed: seed ^ UInt64(half))
        }
    }

    /// Sums of the vectors of a text's words.
    func sum(_ words: WordBuckets, of vectors: [SIMD8<Float>]) -> RelevanceModel.Vector {
        var sum = RelevanceModel.Vector(repeating: .zero)
        for bucket in words.buckets { add(bucket, of: vectors, to: &sum) }
        return sum
    }

    /// Adds the vector of one bucket.
    func add(
        _ bucket: UInt16, of vectors: [SIMD8<Float>], to sum: inout RelevanceModel.Vector
    ) {
        let weight = weights[bucket]
        let first = Int(bucket) % RelevanceModel.vectorCount * RelevanceModel.lanes
        for lane in 0..<RelevanceModel.lanes { sum[lane] += weight * vectors[first + lane] }
    }

    /// Appends the numbers of a pair, judged by the model of `half`.
    ///
    /// `promptSum` is the sum of the prompt's vectors. O(words).
    func describe(
        _ prompt: WordBuckets, _ promptSum: RelevanceModel.Vector, _ response: WordBuckets,
        half: Int, _ marks: inout BucketMarks, into numbers: inout [Float]
    ) {
        marks.clear()
        var (own, other, shared): (Float, Float, Float) = (0, 0, 0)
        for bucket in prompt.buckets {
            own += weights[bucket]
            _ = marks.insert(bucket)
        }
        let vectors = models[half].responses
        var sum = RelevanceModel.Vector(repeating: .zero)
        for bucket in response.buckets {
            let weight = weights[bucket]
            other += weight
            if marks.contains(bucket) { shared += weight }
            add(bucket, of: vectors, to: &sum)
        }
        let least: Float = 1e-6
        numbers.append((shared / max(least, own)).squareRoot())
        numbers.append((shared / max(least, other)).squareRoot())
        numbers.append((shared / max(least, (own * other).squareRoot())).squareRoot())
        numbers.append(shared.squareRoot())
        numbers.append(own.squareRoot())
        numbers.append(other.squareRoot())
        numbers.append(RelevanceModel.cosine(promptSum, sum))
    }

    // MARK: Saving

    /// Everything that was learnt.
    var numbers: [Float] {
        var numbers = weights.values
        for side in models.flatMap({ [$0.prompts, $0.responses] }) {
            for group in side { for lane in 0..<8 { numbers.append(group[lane]) } }
        }
        return numbers
    }

    /// How many numbers there are.
    static let numberCount = WordBuckets.count + 4 * sideCount
    private static let sideCount = RelevanceModel.vectorCount * RelevanceModel.lanes * 8

    /// Reads what `numbers` gave.
    init?(_ numbers: ArraySlice<Float>) {
        guard numbers.count == PairRelevance.numberCount else { return nil }
        weights = BucketWeights(values: Array(numbers.prefix(WordBuckets.count)))
        let first = numbers.startIndex + WordBuckets.count
        let sides = (0..<4).map { side in
            (0..<PairRelevance.sideCount / 8).map { group in
                var vector = SIMD8<Float>.zero
                let start = first + side * PairRelevance.sideCount + group * 8
                for lane in 0..<8 { vector[lane] = numbers[start + lane] }
                return vector
            }
        }
        models = [
            RelevanceModel(prompts: sides[0], responses: sides[1]),
            RelevanceModel(prompts: sides[2], responses: sides[3]),
        ]
    }
}
