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
    /// Distinct-n as in Li, Galley, Brockett, Gao and Dolan 2016. Falls with the number of tokens, so
    /// compare at equal n only. O(tokens).
    public init(_ records: [[UInt32]]) {
        tokenCount = records.reduce(0) { $0 + $1.count }
        var table = CountTable(capacity: tokenCount)
        // The hash of the n-gram that begins at each token, made longer by one token at a time.
        var states: [UInt64] = []
        states.reserveCapacity(tokenCount)
        for tokens in records {
            for token in tokens { states.append(StableHash.mix(UInt64(token))) }
        }
        for state in states { table.add(state) }
        // Ascending, so that the sum does not depend on the order of the records.
        entropy = Divergence.entropy(table.counts.sorted())
        var shares = [table.distinctShare]
        for n in 2...3 {
            table.clear()
            var first = 0
            for tokens in records {
                for start in 0..<max(0, tokens.count - n + 1) {
                    let state = StableHash.mix(
                        states[first + start] ^ UInt64(tokens[start + n - 1]))
                    states[first + start] = state
                    table.add(state)
                }
                first += tokens.count
            }
            shares.append(table.distinctShare)
        }
        distinct = shares
    }
}
