import Numerics

/// What is kept of every record: enough to find exact copies and what may be a near one.
public struct RecordKeys: Sendable {
    /// Numbers of a record before its signature.
    private static let headCount = 8

    /// Row, prompt (two), response (two), quality, context, trace; then the signature.
    public private(set) var words: [UInt32] = []

    /// Nothing yet.
    public init() {}

    /// What was saved; `nil` where it does not fit.
    public init?(words: [UInt32]) {
        self.words = words
        guard words.count % RecordKeys.stride == 0,
            (0..<count).allSatisfy({ quality($0).isFinite })
        else { return nil }
    }

    /// Numbers of a record.
    static let stride = headCount + MinHash.width

    /// Context and trace stand before the signature.
    static let saltCount = 2
    /// Where the signature begins among them.
    static let signatureStart = headCount

    /// Number of records.
    public var count: Int { words.count / RecordKeys.stride }

    /// Room for so many records.
    public mutating func reserveCapacity(_ count: Int) {
        words.reserveCapacity(count * RecordKeys.stride)
    }

    /// Adds a record, whose signature `body` appends.
    public mutating func append(
        row: Int, prompt: UInt64, response: UInt64, context: UInt32, trace: UInt32, quality: Float,
        signature body: (inout [UInt32]) -> Void
    ) {
        words.append(UInt32(truncatingIfNeeded: row))
        for hash in [prompt, response] {
            words.append(UInt32(truncatingIfNeeded: hash >> 32))
            words.append(UInt32(truncatingIfNeeded: hash))
        }
        words.append(quality.bitPattern)
        words.append(context)
        words.append(trace)
        body(&words)
    }

    /// Adds a record of another list.
    public mutating func append(_ index: Int, of other: RecordKeys) {
        for place in index * RecordKeys.stride..<(index + 1) * RecordKeys.stride {
            words.append(other.words[place])
        }
    }

    /// Adds the records of another list.
    public mutating func append(contentsOf other: RecordKeys) { words += other.words }

    /// The row of a record.
    public func row(_ index: Int) -> Int { Int(words[index * RecordKeys.stride]) }

    /// The hash of a record's prompt, white space aside.
    public func prompt(_ index: Int) -> UInt64 { hash(index * RecordKeys.stride + 1) }

    /// The hash of a record's response, white space aside.
    public func response(_ index: Int) -> UInt64 { hash(index * RecordKeys.stride + 3) }

    /// The hash of what must be equal beside prompt and response.
    public func context(_ index: Int) -> UInt32 { words[index * RecordKeys.stride + 6] }

    /// How good a record is; higher is better, on any scale.
    public func quality(_ index: Int) -> Float {
        Float(bitPattern: words[index * RecordKeys.stride + 5])
    }

    /// The signatures of some records, one after the other, each behind its context and trace.
    public func signatures(_ indices: [Int]) -> [UInt32] {
        var signatures: [UInt32] = []
        let width = RecordKeys.saltCount + MinHash.width
        signatures.reserveCapacity(indices.count * width)
        for index in indices {
            let start = index * RecordKeys.stride + RecordKeys.signatureStart
            for place in start - RecordKeys.saltCount..<start + MinHash.width {
                signatures.append(words[place])
            }
        }
        return signatures
    }

    private func hash(_ place: Int) -> UInt64 {
        UInt64(words[place]) << 32 | UInt64(words[place + 1])
    }

    /// Whether nothing but the wording can set two records apart: their context and their numbers and signs.
    func mayBeCopies(_ first: Int, _ second: Int) -> Bool {
        let (one, other) = (first * RecordKeys.stride, second * RecordKeys.stride)
        return words[one + 6] == words[other + 6] && words[one + 7] == words[other + 7]
    }

    /// Whether a record has neither prompt nor response; such a one is like nothing.
    public func isEmpty(_ index: Int) -> Bool { prompt(index) | response(index) == 0 }

    /// Whether two records are the same.
    public func isSame(_ first: Int, _ second: Int) -> Bool {
        prompt(first) == prompt(second) && response(first) == response(second)
            && context(first) == context(second)
    }

    /// Whether a record is kept rather than another: the better one, of equals the one whose texts have the
    /// smaller hashes, of the same the first.
    ///
    /// Rows decide only between records that are the same: the order of a dataset changes nothing.
    public func precedes(_ first: Int, _ second: Int) -> Bool {
        let (one, other) = (quality(first), quality(second))
        if one != other { return one > other }
        let hashes = (prompt(first), response(first), context(first))
        let others = (prompt(second), response(second), context(second))
        return hashes == others ? row(first) < row(second) : hashes < others
    }
}
