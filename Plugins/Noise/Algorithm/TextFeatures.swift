import Numerics

/// Words and word pairs of some records, weighted by tf-idf: a sparse row of length 1 each.
///
/// Tokens are the host's: each ideograph is one, so that pairs are the character bigrams of Chinese. Term
/// frequency is damped (1 + ln tf), idf is ln((1 + n) / (1 + df)) + 1 (Salton and Buckley 1988, as
/// scikit-learn smooths it). What stands in one record alone is left out: out of fold it says nothing.
public struct TextFeatures: Sendable {
    /// Number of different words and pairs.
    public let featureCount: Int
    let starts: [Int]
    let ids: [Int32]
    let values: [Float]

    /// Number of records.
    public var rowCount: Int { starts.count - 1 }

    /// Builds the features of `starts.count - 1` records; record `i` has the tokens
    /// `starts[i]..<starts[i + 1]`.
    ///
    /// At most `mostFeatures` are kept, those in the most records. O(tokens).
    public init(tokens: [UInt32], starts: [Int], mostFeatures: Int = .max) {
        let rowCount = max(0, starts.count - 1)
        var index = GramIndex()
        var occurrences: [Int32] = []
        occurrences.reserveCapacity(2 * tokens.count)
        var ends: [Int] = []
        for row in 0..<rowCount {
            for place in starts[row]..<starts[row + 1] {
                let word = StableHash.mix(UInt64(tokens[place]))
                occurrences.append(index.add(word, row: row))
                if place + 1 < starts[row + 1] {
                    let pair = StableHash.mix(word ^ UInt64(tokens[place + 1]))
                    occurrences.append(index.add(pair, row: row))
                }
            }
            ends.append(occurrences.count)
        }
        let numbers = index.kept(most: mostFeatures)
        featureCount = numbers.count
        let weights = index.recordCounts.map {
            Float(Elementary.log(Double(1 + rowCount) / Double(1 + $0)) + 1)
        }
        var rowStarts = [0]
        var ids: [Int32] = []
        var values: [Float] = []
        var (row, first) = (0, 0)
        while row < rowCount {
            let grams = occurrences[first..<ends[row]].sorted()
            var squares: Float = 0
            var place = 0
            while place < grams.count {
                let gram = Int(grams[place])
                var count = 0
                while place < grams.count, Int(grams[place]) == gram {
                    count += 1
                    place += 1
                }
                guard numbers.ids[gram] >= 0 else { continue }
                let damped = count == 1 ? 1 : 1 + Float(Elementary.log(Double(count)))
                let value = damped * weights[gram]
                ids.append(numbers.ids[gram])
                values.append(value)
                squares += value * value
            }
            let scale = squares > 0 ? 1 / squares.squareRoot() : 0
            for index in rowStarts[row]..<values.count { values[index] *= scale }
            rowStarts.append(values.count)
            first = ends[row]
            row += 1
        }
        self.starts = rowStarts
        self.ids = ids
        self.values = values
    }
}

/// Numbers hashes as they come and counts the records each stands in.
private struct GramIndex {
    private var keys: [UInt64]
    private var slots: [Int32]
    private var mask: Int
    private var lastRows: [Int32] = []
    private(set) var recordCounts: [Int] = []

    /// Records a gram must stand in.
    private static let leastRecords = 2

    private static let firstSize = 1 << 12

    init() {
        let size = GramIndex.firstSize
        keys = Array(repeating: 0, count: size)
        slots = Array(repeating: -1, count: size)
        mask = size - 1
    }

    mutating func add(_ hash: UInt64, row: Int) -> Int32 {
        var slot = Int(truncatingIfNeeded: hash >> 20) & mask
        while slots[slot] >= 0, keys[slot] != hash { slot = (slot + 1) & mask }
        if slots[slot] < 0 {
            keys[slot] = hash
            slots[slot] = Int32(recordCounts.count)
            recordCounts.append(0)
            lastRows.append(-1)
            let number = slots[slot]
            if 2 * recordCounts.count > mask { grow() }
            return count(Int(number), row: row)
        }
        return count(Int(slots[slot]), row: row)
    }

    private mutating func count(_ number: Int, row: Int) -> Int32 {
        if lastRows[number] != Int32(row) {
            lastRows[number] = Int32(row)
            recordCounts[number] += 1
        }
        return Int32(number)
    }

    /// Twice the places, half of them taken at most.
    private mutating func grow() {
        let (oldKeys, oldSlots) = (keys, slots)
        let size = 2 * oldKeys.count
        keys = Array(repeating: 0, count: size)
        slots = Array(repeating: -1, count: size)
        mask = size - 1
        for place in oldKeys.indices where oldSlots[place] >= 0 {
            var slot = Int(truncatingIfNeeded: oldKeys[place] >> 20) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            keys[slot] = oldKeys[place]
            slots[slot] = oldSlots[place]
        }
    }

    /// New numbers of the grams in enough records, −1 for the others.
    func kept(most: Int) -> (ids: [Int32], count: Int) {
        var least = GramIndex.leastRecords
        if most < recordCounts.count {
            let sorted = recordCounts.sorted(by: >)
            least = max(least, sorted[max(0, most - 1)] + (most == 0 ? 1 : 0))
        }
        var count: Int32 = 0
        let ids = recordCounts.map { records -> Int32 in
            guard records >= least, Int(count) < most else { return -1 }
            defer { count += 1 }
            return count
        }
        return (ids, Int(count))
    }
}
