import Numerics

/// Lexical variety of some token lists.
public struct LexicalDiversity: Sendable, Equatable {
    /// Different n-grams over all n-grams for n = 1, 2, 3: 0 to 1, higher is more varied; 0 without
    /// n-grams.
    ///
    /// N-grams do not cross records.
    public let distinct: [Double]
    /// Shannon entropy of the tokens in bits, at least 0.
    public let entropy: Double
    /// Number of tokens.
    public let tokenCount: Int

    /// Measures token lists.
    ///
    /// Distinct-n as in Li, Galley, Brockett, Gao and Dolan 2016. Falls with the number of tokens, so compare at equal n only. O(tokens log tokens).
    public init(_ records: [[UInt32]]) {
        distinct = (1...3).map { n in
            var grams: [UInt64] = []
            for tokens in records where tokens.count >= n {
                for start in 0...(tokens.count - n) {
                    var state: UInt64 = UInt64(n)
                    for offset in 0..<n {
                        state = StableHash.mix(state ^ UInt64(tokens[start + offset]))
                    }
                    grams.append(state)
                }
            }
            grams.sort()
            return grams.isEmpty
                ? 0 : Double(LexicalDiversity.runs(grams).count) / Double(grams.count)
        }
        let tokens = records.flatMap { $0 }.map(UInt64.init).sorted()
        entropy = Divergence.entropy(LexicalDiversity.runs(tokens))
        tokenCount = tokens.count
    }

    /// Lengths of the runs of equal values.
    private static func runs(_ sorted: [UInt64]) -> [Int] {
        var counts: [Int] = []
        for (index, value) in sorted.enumerated() {
            if index > 0, sorted[index - 1] == value {
                counts[counts.count - 1] += 1
            } else {
                counts.append(1)
            }
        }
        return counts
    }
}
