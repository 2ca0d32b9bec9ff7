import Numerics

/// The words of a text as a set of small numbers.
///
/// Each of the host's tokens, and in text without spaces each pair of them, falls into one of 65,536
/// buckets. Two different words share one with a chance of 1.5e-5, which is what a set of a hundred words
/// can bear.
public struct WordBuckets: Sendable {
    /// Number of buckets.
    public static let count = 1 << 16
    /// Words of a text that are looked at, so that a book costs no more than a page.
    static let mostWords = 512
    /// Bytes a token takes at most in text of ideographs; words and their spaces take more.
    private static let mostIdeographBytes = 3.7

    /// The distinct buckets, in the order in which they first stand.
    public private(set) var buckets: [UInt16] = []

    /// The bucket of one token.
    @inlinable
    static func bucket(_ token: UInt32) -> UInt16 { UInt16(truncatingIfNeeded: token >> 16) }

    /// Whether a text of so many bytes and tokens is written without spaces.
    static func isIdeographic(byteCount: Int, tokenCount: Int) -> Bool {
        tokenCount > 0 && Double(byteCount) <= mostIdeographBytes * Double(tokenCount)
    }

    /// No words.
    public init() {}

    /// Takes the words of a text of `byteCount` bytes in place of those held.
    ///
    /// O(tokens).
    public mutating func read(
        _ tokens: Span<UInt32>, byteCount: Int, with marks: inout BucketMarks
    ) {
        buckets.removeAll(keepingCapacity: true)
        marks.clear()
        let hasPairs = WordBuckets.isIdeographic(byteCount: byteCount, tokenCount: tokens.count)
        var index = 0
        while index < tokens.count, buckets.count < WordBuckets.mostWords {
            let own = WordBuckets.bucket(tokens[index])
            if marks.insert(own) { buckets.append(own) }
            if hasPairs, index + 1 < tokens.count {
                let pair = WordBuckets.pair(tokens[index], tokens[index + 1])
                if marks.insert(pair) { buckets.append(pair) }
            }
            index += 1
        }
    }

    /// The bucket of two tokens that follow each other.
    static func pair(_ first: UInt32, _ second: UInt32) -> UInt16 {
        let joined = UInt64(first) << 32 | UInt64(second)
        return UInt16(truncatingIfNeeded: StableHash.mix(joined) >> 48)
    }
}

/// A set of buckets that is emptied without touching them.
public struct BucketMarks: Sendable {
    private var stamps = [UInt32](repeating: 0, count: WordBuckets.count)
    private var current: UInt32 = 0

    /// An empty set.
    public init() {}

    /// Empties the set: O(1), but for once in 2³² times.
    mutating func clear() {
        current &+= 1
        guard current == 0 else { return }
        for index in stamps.indices { stamps[index] = 0 }
        current = 1
    }

    /// Adds a bucket; `false` when it was there.
    mutating func insert(_ bucket: UInt16) -> Bool {
        if stamps[Int(bucket)] == current { return false }
        stamps[Int(bucket)] = current
        return true
    }

    /// Whether a bucket was added since the set was last emptied.
    func contains(_ bucket: UInt16) -> Bool { stamps[Int(bucket)] == current }
}

/// How much each bucket tells: ln((1 + n) / (1 + df)) over some texts.
struct BucketWeights: Sendable {
    let values: [Float]

    /// Weights of buckets that stand in `counts` of `total` texts.
    init(counts: [Int32], total: Int) {
        values = counts.map {
            Float(Elementary.log(Double(1 + total) / Double(1 + $0)))
        }
    }

    /// Weights read from a saved model.
    init(values: [Float]) { self.values = values }

    /// The weight of a bucket, 0 for one that stands everywhere.
    subscript(_ bucket: UInt16) -> Float { values[Int(bucket)] }
}
