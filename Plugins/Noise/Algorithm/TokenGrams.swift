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
    /// Words of a response from which on it says whose it is.
    static let leastAnswer = length + window - 1
    /// Words of a text at least; one too short for a window is taken as a whole.
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
