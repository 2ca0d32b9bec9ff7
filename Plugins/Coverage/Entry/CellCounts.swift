import AssayKit
import CoverageAlgorithm
import Numerics

/// What was counted in the categories of a taxonomy and in their combinations.
struct CellCounts {
    /// The categories of a dimension that are found in the data.
    private struct OpenNames {
        var numbers: [UInt64: Int32] = [:]
        var names: [String] = []

        mutating func add(_ hash: UInt64, _ name: String) -> Int32 {
            let number = Int32(names.count)
            numbers[hash] = number
            names.append(name)
            return number
        }
    }

    /// A row that a dimension's examples could not tell.
    struct Doubt: Sendable {
        let row: Int
        /// 0 to 1; the lowest first.
        let margin: Double
        let first: Int
        let second: Int
    }

    /// Rows kept for each queue.
    private static let queueLength = 50
    /// Rows named beside a category as examples.
    private static let exampleCount = 3
    /// Times its target up to which the rows of a category or combination are kept.
    private static let surplus = 8
    /// Rows of one category or combination that are kept at most.
    private static let mostMembers = 100_000

    /// Values of a field that are taken for categories at most; keys hold 20 bits of each.
    private static let mostCategories = 1 << 18

    private let fixed: [Int]
    let tables: [[Int]]
    private(set) var rowCount = 0
    private(set) var poolCount = 0
    private var open: [OpenNames]
    private(set) var counts: [[Int]]
    private(set) var unassigned: [Int]
    private(set) var doubtful: [Int]
    private(set) var outside: [Int]
    /// Rows of the combinations in `tables`, by their categories' numbers.
    private(set) var combined: [[UInt64: Int]]
    /// The first rows of every category, as many as `memberLimit` says.
    private var firstRows: [[[Int]]]
    /// Of how many rows of a category of each dimension there is a list.
    private let limits: [[Int]]
    private let openLimits: [Int]
    /// The first rows of the combinations of tables that a cross states, by their categories' numbers.
    private var combinedRows: [[UInt64: [Int]]]
    /// Of how many rows of a combination of each table there is a list.
    private let tableLimits: [Int]
    private(set) var doubts: [[Doubt]]
    /// As `doubts`, of rows that are like no category; `margin` is the likeness.
    private(set) var strangers: [[Doubt]]
    var kept = KeptRows()

    init(_ taxonomy: Taxonomy) {
        fixed = taxonomy.dimensions.map(\.categories.count)
        tables = taxonomy.tables
        open = taxonomy.dimensions.map { _ in OpenNames() }
        counts = fixed.map { Array(repeating: 0, count: $0) }
        unassigned = fixed.map { _ in 0 }
        doubtful = unassigned
        outside = unassigned
        combined = tables.map { _ in [:] }
        firstRows = fixed.map { Array(repeating: [], count: $0) }
        limits = taxonomy.dimensions.map { dimension in
            dimension.categories.map { CellCounts.limit(dimension.isStated ? $0.target : 0) }
        }
        openLimits = taxonomy.dimensions.map { CellCounts.limit($0.isStated ? $0.target : 0) }
        combinedRows = tables.map { _ in [:] }
        tableLimits = tables.map { table in
            taxonomy.crosses.filter { $0.dimensions == table }.map { cross in
                CellCounts.limit(
                    cross.target ?? table.map { taxonomy.dimensions[$0].largestTarget }.min() ?? 0)
            }.max() ?? 0
        }
        doubts = fixed.map { _ in [] }
        strangers = doubts
    }

    /// Names of a dimension's categories; those found in the data in no order that means anything.
    func names(_ dimension: Int, _ taxonomy: Taxonomy) -> [String] {
        fixed[dimension] == 0
            ? open[dimension].names : taxonomy.dimensions[dimension].categories.map(\.name)
    }

    /// The number of a value of a dimension whose categories are found.
    ///
    /// - Throws: `AnalyzerError` when there are too many to be categories.
    mutating func number(_ dimension: Int, of value: Span<UInt8>) throws -> Int32 {
        let hash = StableHash.hash(value)
        if let known = open[dimension].numbers[hash] { return known }
        guard open[dimension].names.count < CellCounts.mostCategories else {
            throw AnalyzerError(
                "dimension \(dimension + 1) of the taxonomy has more than "
                    + "\(CellCounts.mostCategories) values; name a field of categories",
                isConfiguration: true)
        }
        counts[dimension].append(0)
        firstRows[dimension].append([])
        return open[dimension].add(
            hash, value.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }

    /// Of what a category may lose records before it is short of them there is a list.
    private static func limit(_ target: Int) -> Int {
        max(exampleCount, target > mostMembers / surplus ? mostMembers : surplus * target)
    }

    private func memberLimit(_ dimension: Int, _ category: Int) -> Int {
        fixed[dimension] == 0 ? openLimits[dimension] : limits[dimension][category]
    }

    func examples(_ cell: KeptRows.Cell) -> [Int] {
        Array(firstRows[cell.dimension][cell.category].prefix(CellCounts.exampleCount))
    }

    /// All rows of a category; `nil` when they are more than there is a list of.
    func members(_ cell: KeptRows.Cell) -> [Int]? {
        let rows = firstRows[cell.dimension][cell.category]
        return rows.count == counts[cell.dimension][cell.category] ? rows : nil
    }

    /// All rows of a combination of a cross; `nil` when they are more than there is a list of.
    func members(_ cells: [KeptRows.Cell]) -> [Int]? {
        guard cells.count > 1 else { return cells.first.flatMap { members($0) } }
        guard let table = tables.firstIndex(of: cells.map(\.dimension)) else { return nil }
        let key = CellCounts.key(cells.map(\.category))
        let rows = combinedRows[table][key, default: []]
        return rows.count == combined[table][key, default: 0] ? rows : nil
    }

    mutating func countPoolRow() { poolCount += 1 }

    /// Counts a row of the data: `cells` are its categories, dimension by dimension, which end at
    /// `ends`.
    mutating func add(row: Int, cells: [UInt32], ends: [Int]) {
        rowCount += 1
        for dimension in ends.indices {
            let start = dimension == 0 ? 0 : ends[dimension - 1]
            if start == ends[dimension] { unassigned[dimension] += 1 }
            for place in start..<ends[dimension] {
                let category = Int(cells[place] & 0xFF_FFFF)
                counts[dimension][category] += 1
                if firstRows[dimension][category].count < memberLimit(dimension, category) {
                    firstRows[dimension][category].append(row)
                }
            }
        }
        for table in tables.indices { count(table, row, cells, ends) }
    }

    /// Counts every combination of a row's categories in a table's dimensions.
    private mutating func count(
        _ table: Int, _ row: Int, _ cells: [UInt32], _ ends: [Int]
    ) {
        func range(_ place: Int) -> Range<Int> {
            let dimension = tables[table][place]
            return (dimension == 0 ? 0 : ends[dimension - 1])..<ends[dimension]
        }
        let isOfThree = tables[table].count > 2
        for first in range(0) {
            for second in range(1) {
                let key = UInt64(cells[first] & 0xFF_FFFF) << 20 | UInt64(cells[second] & 0xFF_FFFF)
                if isOfThree {
                    for third in range(2) {
                        add(row, table, key << 20 | UInt64(cells[third] & 0xFF_FFFF))
                    }
                } else {
                    add(row, table, key)
                }
            }
        }
    }

    private mutating func add(_ row: Int, _ table: Int, _ key: UInt64) {
        combined[table][key, default: 0] += 1
        // Of most tables there are no lists.
        guard tableLimits[table] > 0 else { return }
        if combinedRows[table][key, default: []].count < tableLimits[table] {
            combinedRows[table][key, default: []].append(row)
        }
    }

    /// The key of a combination.
    static func key(_ categories: [Int]) -> UInt64 {
        categories.reduce(0) { $0 << 20 | UInt64($1) }
    }

    /// The categories of a combination's key.
    static func categories(_ key: UInt64, count: Int) -> [Int] {
        (0..<count).map { Int(key >> UInt64(20 * (count - 1 - $0)) & 0xF_FFFF) }
    }

    /// Notes a row that examples could not tell.
    mutating func note(_ dimension: Int, doubt: Doubt) {
        doubtful[dimension] += 1
        CellCounts.insert(doubt, into: &doubts[dimension])
    }

    /// Notes a row that is like no category.
    mutating func note(_ dimension: Int, stranger: Doubt) {
        outside[dimension] += 1
        CellCounts.insert(stranger, into: &strangers[dimension])
    }

    private static func insert(_ doubt: Doubt, into queue: inout [Doubt]) {
        func isBefore(_ left: Doubt, _ right: Doubt) -> Bool {
            (left.margin, left.row) < (right.margin, right.row)
        }
        if queue.count == queueLength, !isBefore(doubt, queue[queueLength - 1]) { return }
        queue.insert(doubt, at: queue.firstIndex { isBefore(doubt, $0) } ?? queue.count)
        if queue.count > queueLength { queue.removeLast() }
    }

    /// Adds the counts of the next shard.
    mutating func merge(_ other: CellCounts) throws {
        rowCount += other.rowCount
        poolCount += other.poolCount
        var renumbered: [[Int32]] = []
        for dimension in fixed.indices {
            guard fixed[dimension] == 0 else {
                renumbered.append([])
                continue
            }
            renumbered.append(
                try other.open[dimension].names.map { name in
                    try number(dimension, of: Array(name.utf8).span)
                })
        }
        func new(_ dimension: Int, _ category: Int) -> Int {
            fixed[dimension] == 0 ? Int(renumbered[dimension][category]) : category
        }
        for dimension in fixed.indices {
            for (category, count) in other.counts[dimension].enumerated() {
                counts[dimension][new(dimension, category)] += count
                let rows = other.firstRows[dimension][category]
                let place = new(dimension, category)
                let room = memberLimit(dimension, place) - firstRows[dimension][place].count
                firstRows[dimension][place] += rows.prefix(max(0, room))
            }
            unassigned[dimension] += other.unassigned[dimension]
            doubtful[dimension] += other.doubtful[dimension]
            outside[dimension] += other.outside[dimension]
            for doubt in other.doubts[dimension] {
                CellCounts.insert(doubt, into: &doubts[dimension])
            }
            for stranger in other.strangers[dimension] {
                CellCounts.insert(stranger, into: &strangers[dimension])
            }
        }
        for (table, dimensions) in tables.enumerated() {
            let isFixed = dimensions.allSatisfy { fixed[$0] > 0 }
            for (key, count) in other.combined[table] {
                var renewed = key
                if !isFixed {
                    let parts = CellCounts.categories(key, count: dimensions.count)
                    renewed = CellCounts.key(zip(dimensions, parts).map { new($0, $1) })
                }
                combined[table][renewed, default: 0] += count
                guard let rows = other.combinedRows[table][key] else { continue }
                let room = tableLimits[table] - combinedRows[table][renewed, default: []].count
                combinedRows[table][renewed, default: []] += rows.prefix(max(0, room))
            }
        }
        kept.merge(other.kept) {
            KeptRows.Cell(dimension: $0.dimension, category: Int32(new($0.dimension, $0.category)))
        }
    }

    func save(to writer: inout StateWriter) {
        writer.write(rowCount)
        writer.write(poolCount)
        writer.write(open) { writer, open in writer.write(open.names) { $0.write($1) } }
        writer.write(counts) { writer, list in writer.write(list) { $0.write($1) } }
        for list in [unassigned, doubtful, outside] { writer.write(list) { $0.write($1) } }
        writer.write(combined) { writer, table in
            writer.write(table.sorted { $0.key < $1.key }) {
                $0.write($1.key)
                $0.write($1.value)
            }
        }
        writer.write(combinedRows) { writer, table in
            writer.write(table.sorted { $0.key < $1.key }) { writer, entry in
                writer.write(entry.key)
                writer.write(entry.value) { $0.write($1) }
            }
        }
        writer.write(firstRows) { writer, lists in
            writer.write(lists) { writer, rows in writer.write(rows) { $0.write($1) } }
        }
        for queue in [doubts, strangers] {
            writer.write(queue) { writer, list in
                writer.write(list) { writer, doubt in
                    writer.write(doubt.row)
                    writer.write(doubt.margin.bitPattern)
                    writer.write(doubt.first)
                    writer.write(doubt.second)
                }
            }
        }
        kept.save(to: &writer)
    }

    mutating func load(from reader: inout StateReader) throws {
        rowCount = try reader.quantity()
        poolCount = try reader.quantity()
        let names = try reader.list { try $0.list { try $0.text() } }
        counts = try reader.list { try $0.list(size: 8) { try $0.quantity() } }
        func integers() throws -> [Int] { try reader.list(size: 8) { try $0.quantity() } }
        unassigned = try integers()
        doubtful = try integers()
        outside = try integers()
        combined = try reader.list { reader in
            let entries = try reader.list(size: 16) { (try $0.unsigned(), try $0.quantity()) }
            return Dictionary(entries, uniquingKeysWith: { _, last in last })
        }
        combinedRows = try reader.list { reader in
            let entries = try reader.list { reader in
                (try reader.unsigned(), try reader.list(size: 8) { try $0.quantity() })
            }
            return Dictionary(entries, uniquingKeysWith: { _, last in last })
        }
        firstRows = try reader.list { try $0.list { try $0.list(size: 8) { try $0.quantity() } } }
        func queue() throws -> [[Doubt]] {
            try reader.list { reader in
                try reader.list(size: 32) { reader in
                    Doubt(
                        row: try reader.quantity(),
                        margin: Double(bitPattern: try reader.unsigned()),
                        first: try reader.quantity(), second: try reader.quantity())
                }
            }
        }
        doubts = try queue()
        strangers = try queue()
        try kept.load(from: &reader)
        let sizes = [
            names.count, counts.count, unassigned.count, doubtful.count, outside.count,
            firstRows.count, doubts.count, strangers.count,
        ]
        guard sizes.allSatisfy({ $0 == fixed.count }), combined.count == tables.count,
            combinedRows.count == tables.count
        else {
            throw AnalyzerError("the saved state has another taxonomy")
        }
        for (dimension, found) in names.enumerated() {
            for name in found {
                _ = open[dimension].add(StableHash.hash(Array(name.utf8).span), name)
            }
            let size = fixed[dimension] == 0 ? found.count : fixed[dimension]
            let queued = doubts[dimension] + strangers[dimension]
            guard counts[dimension].count == size, firstRows[dimension].count == size,
                queued.allSatisfy({
                    (0..<size).contains($0.first) && (0..<size).contains($0.second)
                })
            else { throw AnalyzerError("the saved state has other categories") }
        }
        let sound = zip(tables, combined).allSatisfy { dimensions, table in
            table.keys.allSatisfy { key in
                zip(dimensions, CellCounts.categories(key, count: dimensions.count))
                    .allSatisfy { $1 < counts[$0].count }
            }
        }
        guard sound, kept.fit(counts.map(\.count)) else {
            throw AnalyzerError("the saved cells are not those of the taxonomy")
        }
    }
}
