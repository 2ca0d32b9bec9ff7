import AssayKit
import CoverageAlgorithm
import Numerics

/// Rows of which more is kept than a count: those that may be near copies, and all of the pool.
struct KeptRows {
    /// A category of a dimension as one number.
    struct Cell: Hashable, Comparable, Sendable {
        let value: UInt32

        init(dimension: Int, category: Int32) {
            value = UInt32(dimension) << 24 | UInt32(category)
        }

        init(value: UInt32) { self.value = value }

        var dimension: Int { Int(value >> 24) }
        var category: Int { Int(value & 0xFF_FFFF) }

        static func < (left: Cell, right: Cell) -> Bool { left.value < right.value }
    }

    private(set) var keys: [Int] = []
    /// How sure the assignment of each is, 0 to 1.
    private(set) var confidences: [Float] = []
    private var cells: [UInt32] = []
    private var cellStarts = [0]
    private var words: [UInt32] = []
    private var wordStarts = [0]
    private var scratch: [UInt32] = []

    /// Adds a row; `situation` is `nil` for one that is no copy.
    mutating func add(
        _ key: RowKey, confidence: Float, cells found: [UInt32], situation: Span<UInt32>?
    ) {
        keys.append(key.value)
        confidences.append(confidence)
        cells += found
        cellStarts.append(cells.count)
        if let situation {
            var set = scratch
            scratch = []
            set.removeAll(keepingCapacity: true)
            for index in situation.indices { set.append(situation[index]) }
            set.sort()
            for index in set.indices where index == 0 || set[index] != set[index - 1] {
                words.append(set[index])
            }
            scratch = set
        }
        wordStarts.append(words.count)
    }

    /// Adds the rows of the next shard, with its categories renumbered.
    mutating func merge(_ other: KeptRows, renumbered: (Cell) -> Cell) {
        keys += other.keys
        confidences += other.confidences
        let (firstCell, firstWord) = (cells.count, words.count)
        cells += other.cells.map { renumbered(Cell(value: $0)).value }
        cellStarts += other.cellStarts.dropFirst().map { $0 + firstCell }
        words += other.words
        wordStarts += other.wordStarts.dropFirst().map { $0 + firstWord }
    }

    /// One row.
    struct Row {
        let key: RowKey
        let confidence: Float
        /// `Cell` values, dimension by dimension.
        let cells: ArraySlice<UInt32>
        /// The first row of the data or pool that this one is a near copy of; its own key for none.
        let leader: RowKey
    }

    /// The rows in order, the data's first, each with the row that it is a near copy of.
    func rows(threshold: Double, hasher: MinHash) -> [Row] {
        let order = keys.indices.sorted { keys[$0] < keys[$1] }
        let ranges = order.map { wordStarts[$0]..<wordStarts[$0 + 1] }
        var signatures: [UInt32] = []
        signatures.reserveCapacity(ranges.count * MinHash.width)
        for range in ranges { hasher.append(words.span.extracting(range), to: &signatures) }
        let groups = CopyGroups(
            numbers: words, ranges: ranges, signatures: signatures, threshold: threshold)
        return order.indices.map { place in
            let index = order[place]
            return Row(
                key: RowKey(value: keys[index]), confidence: confidences[index],
                cells: cells[cellStarts[index]..<cellStarts[index + 1]],
                leader: RowKey(value: keys[order[groups.leaders[place]]]))
        }
    }

    func save(to writer: inout StateWriter) {
        writer.write(keys) { $0.write($1) }
        writer.write(confidences.map(\.bitPattern))
        writer.write(cells)
        writer.write(cellStarts) { $0.write($1) }
        writer.write(words)
        writer.write(wordStarts) { $0.write($1) }
    }

    mutating func load(from reader: inout StateReader) throws {
        keys = try reader.list(size: 8) { try $0.integer() }
        confidences = try reader.words().map { Float(bitPattern: $0) }
        cells = try reader.words()
        cellStarts = try reader.list(size: 8) { try $0.integer() }
        words = try reader.words()
        wordStarts = try reader.list(size: 8) { try $0.integer() }
        func fit(_ starts: [Int], _ count: Int) -> Bool {
            starts.count == keys.count + 1 && starts.first == 0 && starts.last == count
                && zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
        }
        guard confidences.count == keys.count, confidences.allSatisfy(\.isFinite),
            fit(cellStarts, cells.count), fit(wordStarts, words.count)
        else { throw AnalyzerError("the saved rows do not fit themselves") }
    }

    /// Whether every cell is one of a taxonomy with so many categories a dimension.
    func fit(_ counts: [Int]) -> Bool {
        cells.allSatisfy { value in
            let cell = Cell(value: value)
            return cell.dimension < counts.count && cell.category < counts[cell.dimension]
        }
    }
}
