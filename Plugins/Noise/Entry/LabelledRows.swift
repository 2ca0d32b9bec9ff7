import AssayKit
import NoiseAlgorithm
import Numerics

/// The labelled records of some rows, with what label errors are judged by.
///
/// At most `capacity` rows, those with the smallest draws of (seed, row): which rows are kept depends
/// neither on order nor on shards.
struct LabelledRows {
    private let capacity: Int
    private let seed: UInt64
    private(set) var rows: [Int] = []
    /// Numbers into `names`.
    private var labels: [Int32] = []
    private var names: [String] = []
    private var numbers: [UInt64: Int32] = [:]
    private var tokens: [UInt32] = []
    private var starts: [Int] = [0]
    private var vectors: [Float] = []
    private var dimensions = 0
    /// What the user's model says of each row, where it was given: so many classes.
    private var probabilities: [Float] = []
    private(set) var givenClassCount = 0
    /// Whether another check has found something of weight in the row.
    private var isFlagged: [Bool] = []
    /// Numbers of `LabelLanguages`.
    private var languages: [UInt8] = []

    init(capacity: Int, seed: UInt64) {
        self.capacity = capacity
        self.seed = seed
    }

    /// Adds a row with a label; `vector` is empty where there is none.
    mutating func add(
        row: Int, label: Span<UInt8>, tokens words: Span<UInt32>, vector: Span<Float>,
        probabilities given: Span<Float>, isFlagged flag: Bool, language: UInt8
    ) {
        rows.append(row)
        labels.append(number(of: label))
        for index in words.indices { tokens.append(words[index]) }
        starts.append(tokens.count)
        dimensions = max(dimensions, vector.count)
        for index in vector.indices { vectors.append(vector[index]) }
        givenClassCount = max(givenClassCount, given.count)
        for index in given.indices { probabilities.append(given[index]) }
        isFlagged.append(flag)
        languages.append(language)
        if rows.count > 2 * capacity { trim() }
    }

    private mutating func number(of label: Span<UInt8>) -> Int32 {
        let hash = StableHash.hash(label)
        if let known = numbers[hash] { return known }
        let name = label.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        return add(name, hash)
    }

    private mutating func add(_ name: String, _ hash: UInt64) -> Int32 {
        let number = Int32(names.count)
        names.append(name)
        numbers[hash] = number
        return number
    }

    /// Adds the rows of the next shard.
    mutating func merge(_ other: LabelledRows) {
        let renumbered = other.names.map { name -> Int32 in
            let hash = StableHash.hash(Array(name.utf8).span)
            return numbers[hash] ?? add(name, hash)
        }
        rows += other.rows
        labels += other.labels.map { renumbered[Int($0)] }
        let first = tokens.count
        tokens += other.tokens
        starts += other.starts.dropFirst().map { $0 + first }
        dimensions = max(dimensions, other.dimensions)
        vectors += other.vectors
        givenClassCount = max(givenClassCount, other.givenClassCount)
        probabilities += other.probabilities
        isFlagged += other.isFlagged
        languages += other.languages
        if rows.count > 2 * capacity { trim() }
    }

    private func draw(_ place: Int) -> UInt64 {
        StableHash.mix(seed ^ StableHash.mix(UInt64(rows[place])))
    }

    /// Drops all but the rows with the smallest draws.
    private mutating func trim() {
        guard rows.count > capacity else { return }
        let places = rows.indices.sorted { (draw($0), rows[$0]) < (draw($1), rows[$1]) }
            .prefix(capacity).sorted()
        self = picked(places) { $0 }
    }

    /// The rows at some places, their labels numbered anew.
    private func picked(_ places: [Int], _ renumber: (Int32) -> Int32) -> LabelledRows {
        var result = LabelledRows(capacity: capacity, seed: seed)
        result.names = names
        result.numbers = numbers
        result.dimensions = dimensions
        result.givenClassCount = givenClassCount
        for place in places {
            result.rows.append(rows[place])
            result.labels.append(renumber(labels[place]))
            result.tokens += tokens[starts[place]..<starts[place + 1]]
            result.starts.append(result.tokens.count)
            if vectors.count == rows.count * dimensions {
                result.vectors += vectors[place * dimensions..<(place + 1) * dimensions]
            }
            if probabilities.count == rows.count * givenClassCount {
                result.probabilities +=
                    probabilities[place * givenClassCount..<(place + 1) * givenClassCount]
            }
            result.isFlagged.append(isFlagged[place])
            result.languages.append(languages[place])
        }
        return result
    }

    /// Probabilities of all classes of all records that are held at once: 200 MB a labelling.
    private static let mostProbabilities = 50_000_000
    /// Numbers of a vector in a saved state, beyond which it is not believed.
    private static let mostDimensions = 1 << 16
    /// Records of a class that is too small to be learnt.
    private static let leastOfClass = 5

    /// What is judged: the rows of classes with at least five records, by row, classes by name, but those of a
    /// language that tells nothing of their class.
    struct Judged {
        let rows: [Int]
        let isFlagged: [Bool]
        let names: [String]
        let records: LabelledRecords
        /// Labels of rows that were given another one in review, which is what they are judged with.
        let given: [Int: String]
        /// Rows of classes too small to be learnt, or of languages, and rows beyond the capacity.
        let leftOut: Int
    }

    /// What is judged of all rows, with the labels that a review has put right.
    ///
    /// - Throws: `AnalyzerError` when the given probabilities are of other classes than the labels, or in
    ///   another order.
    func judged(_ review: ReviewDecisions, classes: [String]) throws -> Judged {
        var all = self
        all.trim()
        var given: [Int: String] = [:]
        for (place, row) in all.rows.enumerated() {
            guard let label = review.labels[row] else { continue }
            given[row] = all.names[Int(all.labels[place])]
            let bytes = Array(label.utf8)
            all.labels[place] = all.number(of: bytes.span)
        }
        let names = all.names
        var counts = [Int](repeating: 0, count: names.count)
        for label in all.labels { counts[Int(label)] += 1 }
        let kept = names.indices.filter { counts[$0] >= LabelledRows.leastOfClass }.sorted {
            names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8)
        }
        var renumbered = [Int32](repeating: -1, count: names.count)
        for (new, old) in kept.enumerated() { renumbered[old] = Int32(new) }
        let most = LabelledRows.mostProbabilities / max(1, kept.count)
        let learnt = all.rows.indices.filter { renumbered[Int(all.labels[$0])] >= 0 }
        let languages = LabelLanguages.settled(
            all.languages, tokens: all.tokens, starts: all.starts)
        let isStrange = LabelLanguages.unjudged(
            learnt.map { languages[$0] },
            labels: learnt.map { renumbered[Int(all.labels[$0])] },
            classCount: kept.count)
        let places = zip(learnt, isStrange).filter { !$0.1 }.map(\.0)
            .sorted { (all.draw($0), all.rows[$0]) < (all.draw($1), all.rows[$1]) }
            .prefix(most).sorted { all.rows[$0] < all.rows[$1] }
        let chosen = all.picked(places) { renumbered[Int($0)] }
        var records = LabelledRecords()
        records.tokens = chosen.tokens
        records.starts = chosen.starts
        // Vectors of some rows only are of no use.
        let isWhole = chosen.vectors.count == chosen.rows.count * dimensions
        records.vectors = isWhole ? chosen.vectors : []
        records.dimensions = isWhole ? dimensions : 0
        records.labels = chosen.labels
        records.classCount = kept.count
        if givenClassCount > 0 {
            records.probabilities = try GivenProbabilities(
                chosen.probabilities, classCount: givenClassCount,
                classes: classes.isEmpty ? nil : classes, labels: names
            ).columns(of: kept.map { names[$0] }, labels: chosen.labels)
        }
        return Judged(
            rows: chosen.rows, isFlagged: chosen.isFlagged, names: kept.map { names[$0] },
            records: records, given: given, leftOut: rows.count - chosen.rows.count)
    }

    /// Writes everything.
    func save(to writer: inout StateWriter) {
        writer.write(rows) { $0.write($1) }
        writer.write(labels) { $0.write(Int($1)) }
        writer.write(names) { $0.write($1) }
        writer.write(tokens) { $0.write(Int($1)) }
        writer.write(starts) { $0.write($1) }
        writer.write(vectors) { $0.write(Int($1.bitPattern)) }
        writer.write(dimensions)
        writer.write(probabilities) { $0.write(Int($1.bitPattern)) }
        writer.write(givenClassCount)
        writer.write(isFlagged) { $0.write($1 ? 1 : 0) }
        writer.write(languages) { $0.write(Int($1)) }
    }

    /// Reads what `save` wrote.
    mutating func load(from reader: inout StateReader) throws {
        rows = try reader.list(size: 8) { try $0.quantity() }
        labels = try reader.list(size: 8) { Int32(truncatingIfNeeded: try $0.integer()) }
        for name in try reader.list(size: 8, { try $0.text() }) {
            _ = add(name, StableHash.hash(Array(name.utf8).span))
        }
        tokens = try reader.list(size: 8) { UInt32(truncatingIfNeeded: try $0.integer()) }
        starts = try reader.list(size: 8) { try $0.integer() }
        vectors = try reader.list(size: 8) {
            Float(bitPattern: UInt32(truncatingIfNeeded: try $0.integer()))
        }
        dimensions = try reader.integer()
        probabilities = try reader.list(size: 8) {
            Float(bitPattern: UInt32(truncatingIfNeeded: try $0.integer()))
        }
        givenClassCount = try reader.integer()
        isFlagged = try reader.list(size: 8) { try $0.integer() != 0 }
        languages = try reader.list(size: 8) { UInt8(truncatingIfNeeded: try $0.integer()) }
        let isSound =
            labels.count == rows.count && starts.count == rows.count + 1
            && isFlagged.count == rows.count && languages.count == rows.count
            && labels.allSatisfy(names.indices.contains)
            && starts.first == 0 && starts.last == tokens.count
            && zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
            && (0...LabelledRows.mostDimensions).contains(dimensions)
            && vectors.count == rows.count * dimensions
            && (0...LabelledRows.mostDimensions).contains(givenClassCount)
            && probabilities.count == rows.count * givenClassCount
            // Vectors have length 1; a record without probabilities has none.
            && vectors.allSatisfy { abs($0) <= 2 }
            && probabilities.allSatisfy { !($0 > 2) && !($0 < -1) }
        guard isSound else { throw AnalyzerError("the saved labels do not fit each other") }
    }
}

extension Range<Int> {
    fileprivate func contains(_ label: Int32) -> Bool { contains(Int(label)) }
}
