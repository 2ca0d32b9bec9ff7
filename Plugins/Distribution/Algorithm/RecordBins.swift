/// Records with any number of bins each, such as the words of a text.
public struct RecordBins: Sendable {
    /// Bins that there are.
    public let binCount: Int
    var starts = [0]
    var bins: [UInt16] = []

    /// No records; `binCount` is at most 65,536.
    public init(binCount: Int) {
        precondition(binCount <= 1 << 16)
        self.binCount = binCount
    }

    /// Number of records.
    public var count: Int { starts.count - 1 }

    /// Adds a record: what `body` appends, each below `binCount`.
    public mutating func append(_ body: (inout [UInt16]) -> Void) {
        body(&bins)
        starts.append(bins.count)
    }

    /// Adds the bins of a record, `weight` times, to counts of bins that begin at `first`.
    @inline(__always)
    func add(_ record: Int, times weight: Int32, to counts: inout [Int32], from first: Int = 0) {
        var counts = counts.mutableSpan
        let bins = bins.span
        for place in starts[record]..<starts[record + 1] {
            counts[first &+ Int(bins[place])] += weight
        }
    }
}

extension RecordBins {
    /// Adds the words of a text and its pairs of words, by hash.
    public mutating func append(gramsOf tokens: Span<UInt32>) {
        let binCount = binCount
        append { bins in
            var before: UInt64 = 0
            for index in tokens.indices {
                let token = UInt64(tokens[index])
                bins.append(RecordBins.bin(token, binCount))
                if index > 0 { bins.append(RecordBins.bin(before << 32 | token, binCount)) }
                before = token
            }
        }
    }

    /// Adds the words of a text, by hash.
    public mutating func append(wordsOf tokens: Span<UInt32>) {
        let binCount = binCount
        append { bins in
            for index in tokens.indices {
                bins.append(RecordBins.bin(UInt64(tokens[index]), binCount))
            }
        }
    }

    /// The bin of a word, or of a pair of words.
    @inline(__always)
    static func bin(_ key: UInt64, _ count: Int) -> UInt16 {
        let mixed = (key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15
        return UInt16(truncatingIfNeeded: ((mixed >> 32) &* UInt64(count)) >> 32)
    }
}

/// Counts of words and pairs of words, by hash.
public enum GramCounts {
    /// Adds those of a text, so many times.
    ///
    /// As `RecordBins.append(gramsOf:)`. O(tokens).
    public static func add(_ tokens: Span<UInt32>, times: UInt32, to counts: inout [UInt32]) {
        var counts = counts.mutableSpan
        var before: UInt64 = 0
        for index in tokens.indices {
            let token = UInt64(tokens[index])
            counts[Int(RecordBins.bin(token, counts.count))] &+= times
            if index > 0 {
                counts[Int(RecordBins.bin(before << 32 | token, counts.count))] &+= times
            }
            before = token
        }
    }
}
