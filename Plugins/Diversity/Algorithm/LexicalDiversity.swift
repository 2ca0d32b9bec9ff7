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
    /// The share of the records' different 4-grams that another record has too: 0 to 1, higher is more
    /// repetitive.
    ///
    /// After Salkar, Trikalinos, Wallace and Nenkova 2022.
    public let selfRepetition: Double
    /// Measure of textual lexical diversity: the mean number of tokens in a row that keep a type-token ratio
    /// of 0.72, forward and backward (McCarthy and Jarvis 2010); at least 0, higher is more varied.
    public let mtld: Double
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
        var selfRepetition = 0.0
        for n in 2...4 {
            table.clear()
            var first = 0
            for tokens in records {
                let count = max(0, tokens.count - n + 1)
                for start in 0..<count {
                    states[first + start] = StableHash.mix(
                        states[first + start] ^ UInt64(tokens[start + n - 1]))
                }
                if n < 4 {
                    for start in 0..<count { table.add(states[first + start]) }
                } else {
                    // Once a record: what counts is whether another has it.
                    var last: UInt64?
                    for state in states[first..<first + count].sorted() where state != last {
                        table.add(state)
                        last = state
                    }
                }
                first += tokens.count
            }
            if n < 4 {
                shares.append(table.distinctShare)
            } else if table.total > 0 {
                let alone = table.counts.count { $0 == 1 }
                selfRepetition = 1 - Double(alone) / Double(table.total)
            }
        }
        distinct = shares
        self.selfRepetition = selfRepetition
        let all = records.flatMap { $0 }
        mtld =
            (LexicalDiversity.factorLength(all) + LexicalDiversity.factorLength(all.reversed())) / 2
    }

    /// Tokens over factors: runs in which the ratio of types to tokens falls to 0.72, the last in part.
    private static func factorLength(_ tokens: [UInt32]) -> Double {
        let limit = 0.72
        var factors = 0.0
        var seen: Set<UInt32> = []
        var count = 0
        for token in tokens {
            count += 1
            seen.insert(token)
            if Double(seen.count) <= limit * Double(count) {
                factors += 1
                seen.removeAll(keepingCapacity: true)
                count = 0
            }
        }
        if count > 0 { factors += (1 - Double(seen.count) / Double(count)) / (1 - limit) }
        return factors > 0 ? Double(tokens.count) / factors : Double(tokens.count)
    }
}
