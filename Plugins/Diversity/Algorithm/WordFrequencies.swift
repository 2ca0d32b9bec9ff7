/// In how many records a word stands, nearly.
public struct WordFrequencies: Sendable {
    private static let bits: UInt32 = 18
    /// A word is common from this share of the records on, and from this number.
    private static let commonShare = 0.05
    private static let commonCount = 20.0

    private var counts = [UInt32](repeating: 0, count: 1 << bits)
    private let limit: UInt32

    /// Counts the words of the responses of records; words of one place in a table of 262,144 count together.
    ///
    /// O(words).
    public init(_ shingles: RecordShingles) {
        for index in 0..<shingles.count {
            for number in shingles.numbers[shingles.set(index, .response)] where number & 1 == 0 {
                counts[WordFrequencies.place(number)] += 1
            }
        }
        limit = UInt32(
            max(
                WordFrequencies.commonCount, WordFrequencies.commonShare * Double(shingles.count)))
    }

    /// Whether a word stands in so many records that it tells nothing of one.
    public func isCommon(_ word: UInt32) -> Bool {
        counts[WordFrequencies.place(word)] > limit
    }

    private static func place(_ word: UInt32) -> Int { Int(word >> (32 - bits)) }
}
