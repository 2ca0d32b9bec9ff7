import Numerics

/// A vector of a text from its characters alone: single characters and pairs, each with a
/// pseudo-random sparse vector of signs (a sparse random projection, Achlioptas 2003, of the square
/// roots of the counts), so that inner products are kept on average.
///
/// The square root keeps a frequent character from drowning the others. Knows no language; used where
/// the table knows too little of a text. On five topics of Chinese questions the nearest neighbour in
/// this space has the same topic in 82 of 100, in that of TF-IDF over character n-grams in 85.
struct LexicalEmbedding {
    /// Dimensions that one n-gram touches.
    private static let touched = 8

    private let dimensions: Int
    private var table = BertTable(.init())
    /// Counts of the n-grams of one text: an open-addressed table that is emptied by its list of used
    /// places.
    private var keys: [UInt64]
    private var counts: [UInt32]
    private var used: [Int] = []

    init(dimensions: Int) {
        self.dimensions = dimensions
        keys = Array(repeating: 0, count: 1 << 12)
        counts = Array(repeating: 0, count: 1 << 12)
        used.reserveCapacity(1 << 11)
    }

    /// Writes the sum of the n-grams' vectors, not normalised.
    ///
    /// O(bytes + n-grams).
    mutating func embed(
        _ text: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<Float>
    ) {
        for index in output.indices { output[index] = 0 }
        count(text)
        // In the order of first appearance: the sum of floats depends on it.
        for place in used {
            project(keys[place], Float(counts[place]).squareRoot(), to: output)
            keys[place] = 0
            counts[place] = 0
        }
        used.removeAll(keepingCapacity: true)
    }

    private mutating func count(_ text: UnsafeBufferPointer<UInt8>) {
        var before: UInt32 = 0
        var index = 0
        while index < text.count {
            let entry = table.entry(UTF8Scalars.decode(text, &index))
            switch entry >> 29 {
            case BertTable.Kind.word, BertTable.Kind.alone:
                let scalar = entry & 0x1FFF_FFFF
                note(UInt64(scalar))
                if before != 0 { note(UInt64(before) << 32 | UInt64(scalar)) }
                before = scalar
            case BertTable.Kind.separator: before = 0
            default: break
            }
        }
    }

    private mutating func note(_ gram: UInt64) {
        let key = StableHash.mix(gram) | 1
        var place = Int(truncatingIfNeeded: key >> 32) & (keys.count - 1)
        while keys[place] != 0, keys[place] != key { place = (place + 1) & (keys.count - 1) }
        if keys[place] == 0 {
            if used.count * 2 >= keys.count {
                grow()
                return note(gram)
            }
            keys[place] = key
            used.append(place)
        }
        counts[place] += 1
    }

    /// Doubles the table; the used places keep their order.
    private mutating func grow() {
        let entries = used.map { (keys[$0], counts[$0]) }
        keys = Array(repeating: 0, count: keys.count * 2)
        counts = Array(repeating: 0, count: keys.count)
        for (position, entry) in entries.enumerated() {
            var place = Int(truncatingIfNeeded: entry.0 >> 32) & (keys.count - 1)
            while keys[place] != 0 { place = (place + 1) & (keys.count - 1) }
            (keys[place], counts[place]) = entry
            used[position] = place
        }
    }

    @inline(__always)
    private func project(
        _ key: UInt64, _ weight: Float, to output: UnsafeMutableBufferPointer<Float>
    ) {
        var bits = key
        for _ in 0..<LexicalEmbedding.touched {
            bits = StableHash.mix(bits)
            let place = Int(((bits >> 32) &* UInt64(dimensions)) >> 32)
            output[place] += bits & 1 == 0 ? weight : -weight
        }
    }
}
