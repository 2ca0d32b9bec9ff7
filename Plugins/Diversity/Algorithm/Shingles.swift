public import Numerics

/// What records are compared by: the words of a text and the pairs of neighbouring words, as a set.
///
/// One word changed in fourteen leaves a Jaccard similarity of 0.8; the order of words counts through the
/// pairs. Words are even numbers, pairs odd ones.
public enum Shingles {
    /// Appends the words and pairs of a text, as they come, with repeats.
    ///
    /// O(words).
    public static func append(_ tokens: Span<UInt32>, to numbers: inout [UInt32]) {
        guard !tokens.isEmpty else { return }
        var last = tokens[0]
        numbers.append(last & ~1)
        for index in 1..<max(1, tokens.count) {
            let token = tokens[index]
            numbers.append(token & ~1)
            numbers.append(pair(last, token))
            last = token
        }
    }

    /// Sorts what stands from `start` on and leaves out repeats.
    public static func sortUnique(
        _ numbers: inout [UInt32], from start: Int, _ sorter: inout HashSorter
    ) {
        sorter.sort(&numbers, from: start)
        var end = start
        for index in start..<numbers.count
        where end == start || numbers[index] != numbers[end - 1] {
            numbers[end] = numbers[index]
            end += 1
        }
        numbers.removeLast(numbers.count - end)
    }

    /// A pair of words as one number.
    @inline(__always)
    private static func pair(_ first: UInt32, _ second: UInt32) -> UInt32 {
        var both = (UInt64(first) << 32 | UInt64(second)) &* 0x9E37_79B9_7F4A_7C15
        both = (both ^ (both >> 29)) &* 0xBF58_476D_1CE4_E5B9
        return UInt32(truncatingIfNeeded: both >> 32) | 1
    }
}
