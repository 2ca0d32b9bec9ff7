/// Words and word pairs of some records, weighted by tf-idf: a sparse row of length 1 each.
///
/// Of the host's tokens and of `WordScan`'s words each ideograph is one: pairs are the character bigrams of Chinese. Term
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
    public init(
        tokens: [UInt32], starts: [Int], mostFeatures: Int = .max,
        work: some WorkSharing = SerialWork()
    ) {
        let rowCount = max(0, starts.count - 1)
        var index = GramIndex()
        var occurrences: [UInt32] = []
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
        let shareCount = (rowCount + TextFeatures.rowsOfShare - 1) / TextFeatures.rowsOfShare
        let shares = work.map(shareCount) { [occurrences, ends] share in
            var part = Part()
            let first = share * TextFeatures.rowsOfShare
            for row in first..<min(rowCount, first + TextFeatures.rowsOfShare) {
                part.append(
                    occurrences.span.extracting((row == 0 ? 0 : ends[row - 1])..<ends[row]),
                    numbers: numbers.ids, weights: weights)
            }
            return part
        }
        var rowStarts = [0]
        var ids: [Int32] = []
        var values: [Float] = []
        rowStarts.reserveCapacity(rowCount + 1)
        ids.reserveCapacity(shares.reduce(0) { $0 + $1.ids.count })
        values.reserveCapacity(ids.capacity)
        for share in shares {
            for end in share.ends { rowStarts.append(ids.count + end) }
            ids += share.ids
            values += share.values
        }
        self.starts = rowStarts
        self.ids = ids
        self.values = values
    }

    private static let rowsOfShare = 512

    /// Features of some records.
    private struct Part: Sendable {
        var ends: [Int] = []
        var ids: [Int32] = []
        var values: [Float] = []
        private var grams: [UInt32] = []

        mutating func append(
            _ occurrences: Span<UInt32>, numbers: [Int32], weights: [Float]
        ) {
            grams.removeAll(keepingCapacity: true)
            for place in occurrences.indices { grams.append(occurrences[place]) }
            InPlaceSort.sort(&grams, from: 0)
            let first = values.count
            var squares: Float = 0
            var place = 0
            while place < grams.count {
                let gram = Int(grams[place])
                var count = 0
                while place < grams.count, Int(grams[place]) == gram {
                    count += 1
                    place += 1
                }
                guard numbers[gram] >= 0 else { continue }
                let damped = count == 1 ? 1 : 1 + Float(Elementary.log(Double(count)))
                let value = damped * weights[gram]
                ids.append(numbers[gram])
                values.append(value)
                squares += value * value
            }
            let scale = squares > 0 ? 1 / squares.squareRoot() : 0
            for index in first..<values.count { values[index] *= scale }
            ends.append(values.count)
        }
    }
}

/// Numbers hashes as they come and counts the records each stands in.
private struct GramIndex {
    /// A hash and its number, `free` where there is none.
    private struct Slot {
        var key: UInt64 = 0
        var number = GramIndex.free
    }

    private struct Gram {
        var lastRow: Int32 = -1
        var recordCount: Int32 = 0
    }

    private var slots: [Slot]
    private var mask: Int
    private var grams: [Gram] = []

    private static let free = UInt32.max
    /// Records a gram must stand in.
    private static let leastRecords = 2
    private static let firstSize = 1 << 12

    init() {
        slots = Array(repeating: Slot(), count: GramIndex.firstSize)
        mask = GramIndex.firstSize - 1
    }

    /// In how many records each gram stands.
    var recordCounts: [Int] { grams.map { Int($0.recordCount) } }

    mutating func add(_ hash: UInt64, row: Int) -> UInt32 {
        var place = GramIndex.place(hash, mask)
        while slots[place].number != GramIndex.free, slots[place].key != hash {
            place = (place + 1) & mask
        }
        var number = slots[place].number
        if number == GramIndex.free {
            number = UInt32(grams.count)
            slots[place] = Slot(key: hash, number: number)
            grams.append(Gram())
            if 2 * grams.count > mask { grow() }
        }
        if grams[Int(number)].lastRow != Int32(row) {
            grams[Int(number)].lastRow = Int32(row)
            grams[Int(number)].recordCount += 1
        }
        return number
    }

    private static func place(_ hash: UInt64, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: hash >> 20) & mask
    }

    /// Twice the places, half of them taken at most.
    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: 2 * old.count)
        mask = slots.count - 1
        for slot in old where slot.number != GramIndex.free {
            var place = GramIndex.place(slot.key, mask)
            while slots[place].number != GramIndex.free { place = (place + 1) & mask }
            slots[place] = slot
        }
    }

    /// New numbers of the grams in enough records, −1 for the others.
    func kept(most: Int) -> (ids: [Int32], count: Int) {
        var least = GramIndex.leastRecords
        if most < grams.count {
            let sorted = recordCounts.sorted(by: >)
            least = max(least, sorted[max(0, most - 1)] + (most == 0 ? 1 : 0))
        }
        var count: Int32 = 0
        let ids = grams.map { gram -> Int32 in
            guard gram.recordCount >= least, Int(count) < most else { return -1 }
            defer { count += 1 }
            return count
        }
        return (ids, Int(count))
    }
}
