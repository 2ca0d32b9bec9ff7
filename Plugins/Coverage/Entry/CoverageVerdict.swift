import AssayKit
import CoverageAlgorithm
import JSONText
import Numerics

/// What the counts of the second pass say: how full every category is, and what to add.
struct CoverageVerdict {
    /// Jaccard similarity of the words of two prompts from which on one is a near copy of the other.
    static let copyThreshold = 0.8

    /// A dimension or a cross with its categories or cells.
    struct Part {
        let name: String
        let isStated: Bool
        let isCross: Bool
        let weight: Double
        let counts: [CategoryCount]
        /// What each of `counts` stands for: one cell, of a cross several.
        let cells: [[KeptRows.Cell]]
        let measures: CoverageMeasures

        var metricName: String {
            name.split(separator: " ").map { $0 == "×" ? "by" : $0 }.joined(separator: "_")
        }
    }

    let parts: [Part]
    /// Combinations of two categories that occur over all of them; `nil` below two dimensions.
    let pairwise: (covered: Int, all: Int)?
    let copyCount: Int
    /// Of rows of the data that are near copies, or have some, the first of those alike.
    let leaders: [Int: RowKey]
    let plan: Plan

    /// What a pool offers.
    struct Plan {
        /// A gap with the part it stands in.
        struct Item {
            let part: Int
            let gap: Gap
            let fromPool: Int
            let missing: Int
        }

        var items: [Item] = []
        /// Rows of the pool to take, in order, with the gap that each is for.
        var taken: [(row: Int, item: Int, confidence: Double)] = []
    }

    /// Judges the counts.
    ///
    /// - Throws: `AnalyzerError` for a cross with more cells than can be listed.
    init(_ taxonomy: Taxonomy, _ counts: CellCounts, seed: UInt64) throws {
        let rows = counts.kept.rows(
            threshold: CoverageVerdict.copyThreshold, hasher: MinHash(seed: seed))
        let copies = CopyTally(rows, tables: counts.tables)
        copyCount = copies.count
        leaders = copies.leaders
        let parts = try CoverageVerdict.parts(taxonomy, counts, copies)
        self.parts = parts
        pairwise = CoverageVerdict.pairwise(taxonomy, counts)
        plan = CoverageVerdict.plan(parts, rows)
    }

    private static func parts(
        _ taxonomy: Taxonomy, _ counts: CellCounts, _ copies: CopyTally
    ) throws -> [Part] {
        var parts: [Part] = []
        for (index, dimension) in taxonomy.dimensions.enumerated() where dimension.kind != .topics {
            let names = counts.names(index, taxonomy)
            let order = sorted(names, isOpen: dimension.isOpen)
            let categories = order.map { number in
                let have = counts.counts[index][number]
                return CategoryCount(
                    name: names[number],
                    weight: dimension.isOpen ? 1 : dimension.categories[number].weight,
                    target: dimension.isOpen
                        ? dimension.target : dimension.categories[number].target,
                    count: have, effective: have - copies.copies(index, number))
            }
            guard !categories.isEmpty else { continue }
            parts.append(
                Part(
                    name: dimension.name, isStated: dimension.isStated, isCross: false,
                    weight: dimension.weight, counts: categories,
                    cells: order.map {
                        [KeptRows.Cell(dimension: index, category: Int32($0))]
                    }, measures: CoverageMeasures(categories)))
        }
        for cross in taxonomy.crosses {
            guard let table = counts.tables.firstIndex(of: cross.dimensions) else { continue }
            let names = cross.dimensions.map { counts.names($0, taxonomy) }
            let orders = zip(cross.dimensions, names).map {
                sorted($1, isOpen: taxonomy.dimensions[$0].isOpen)
            }
            try Taxonomy.checkSize(cross.name, orders.map(\.count))
            let combinations = orders.reduce([[Int]]([[]])) { found, order in
                found.flatMap { head in order.map { head + [$0] } }
            }
            var (categories, cells): ([CategoryCount], [[KeptRows.Cell]]) = ([], [])
            for combination in combinations {
                let name = zip(names, combination).map { $0[$1] }.joined(separator: " × ")
                guard !cross.excluded.contains(name) else { continue }
                let key = CellCounts.key(combination)
                let have = counts.combined[table][key, default: 0]
                let (weight, target) = weightAndTarget(
                    cross, combination, taxonomy, sizes: orders.map(\.count))
                categories.append(
                    CategoryCount(
                        name: name, weight: weight, target: target, count: have,
                        effective: have - copies.copies(table: table, key)))
                cells.append(
                    zip(cross.dimensions, combination).map {
                        KeptRows.Cell(dimension: $0, category: Int32($1))
                    })
            }
            guard !categories.isEmpty else { continue }
            parts.append(
                Part(
                    name: cross.name, isStated: true, isCross: true, weight: cross.weight,
                    counts: categories, cells: cells, measures: CoverageMeasures(categories)))
        }
        return parts
    }

    /// A cell weighs the product of its categories' weights; without a target of the cross it wants
    /// the smallest of its categories' targets, shared among the cells of that category.
    private static func weightAndTarget(
        _ cross: Taxonomy.Cross, _ combination: [Int], _ taxonomy: Taxonomy, sizes: [Int]
    ) -> (weight: Double, target: Int) {
        var weight = 1.0
        var target = Int.max
        let dimensions = cross.dimensions.map { taxonomy.dimensions[$0] }
        for (place, dimension) in dimensions.enumerated() {
            var wanted = dimension.target
            if !dimension.isOpen {
                weight *= dimension.categories[combination[place]].weight
                wanted = dimension.categories[combination[place]].target
            }
            let others = sizes.reduce(1, *) / sizes[place]
            target = min(target, max(1, (wanted + others - 1) / others))
        }
        return (weight, cross.target ?? target)
    }

    private static func sorted(_ names: [String], isOpen: Bool) -> [Int] {
        guard isOpen else { return Array(names.indices) }
        return names.indices.sorted { names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8) }
    }

    private static func pairwise(
        _ taxonomy: Taxonomy, _ counts: CellCounts
    ) -> (covered: Int, all: Int)? {
        var (covered, all) = (0, 0)
        for (table, dimensions) in counts.tables.enumerated() where dimensions.count == 2 {
            covered += counts.combined[table].count
            all += counts.counts[dimensions[0]].count * counts.counts[dimensions[1]].count
        }
        return all > 0 ? (covered, all) : nil
    }

    private static func plan(_ parts: [Part], _ rows: [KeptRows.Row]) -> Plan {
        var gaps: [(part: Int, gap: Gap)] = []
        for (number, part) in parts.enumerated() where part.isStated {
            gaps += part.measures.gaps.map { (number, $0) }
        }
        gaps.sort {
            ($1.gap.priority, $0.part, $0.gap.name) < ($0.gap.priority, $1.part, $1.gap.name)
        }
        var byCell: [KeptRows.Cell: [Int]] = [:]
        for (number, entry) in gaps.enumerated() {
            byCell[parts[entry.part].cells[entry.gap.index][0], default: []].append(number)
        }
        let needs = gaps.map { entry in
            let part = parts[entry.part]
            let total = part.counts.reduce(0) { $0 + $1.weight }
            let weight = total > 0 ? part.counts[entry.gap.index].weight / total : 0
            return ExpansionPlan.Need(
                deficit: entry.gap.deficit,
                gain: part.weight * weight / Double(entry.gap.target))
        }
        let pool = rows.filter { $0.key.isPool && $0.leader.isPool }
        let candidates = pool.map { row in
            let filled = row.cells.flatMap { byCell[KeptRows.Cell(value: $0)] ?? [] }
                .filter { number in
                    parts[gaps[number].part].cells[gaps[number].gap.index]
                        .allSatisfy { row.cells.contains($0.value) }
                }
            return ExpansionPlan.Candidate(
                needs: filled.sorted(), confidence: Double(row.confidence),
                family: row.leader.value)
        }
        let chosen = ExpansionPlan(needs, candidates)
        var plan = Plan()
        plan.items = gaps.enumerated().map { number, entry in
            Plan.Item(
                part: entry.part, gap: entry.gap,
                fromPool: entry.gap.deficit - chosen.missing[number],
                missing: chosen.missing[number])
        }
        plan.taken = zip(chosen.taken, chosen.reasons).map {
            (pool[$0].key.row, $1, Double(pool[$0].confidence))
        }
        return plan
    }
}

/// How many records of each category and combination are near copies of another one in it.
struct CopyTally {
    private var cells: [KeptRows.Cell: Int] = [:]
    private var combined: [[UInt64: Int]]
    /// Records of the data that are near copies of an earlier one.
    private(set) var count = 0
    /// Of records that are near copies, or have some, the first of those alike.
    private(set) var leaders: [Int: RowKey] = [:]

    private struct Member: Hashable {
        let leader: RowKey
        let table: Int
        let key: UInt64
    }

    init(_ rows: [KeptRows.Row], tables: [[Int]]) {
        combined = tables.map { _ in [:] }
        // Leaders of more than themselves; the others have no copies.
        let led = Set(rows.filter { $0.leader != $0.key && !$0.key.isPool }.map(\.leader))
        var seen: Set<Member> = []
        var keys: [UInt64] = []
        for row in rows where !row.key.isPool && led.contains(row.leader) {
            if row.leader != row.key { count += 1 }
            leaders[row.key.row] = row.leader
            for cell in row.cells {
                let member = Member(leader: row.leader, table: -1, key: UInt64(cell))
                if !seen.insert(member).inserted {
                    cells[KeptRows.Cell(value: cell), default: 0] += 1
                }
            }
            for (table, dimensions) in tables.enumerated() {
                CopyTally.collect(&keys, dimensions, row.cells)
                for key in keys {
                    let member = Member(leader: row.leader, table: table, key: key)
                    if !seen.insert(member).inserted { combined[table][key, default: 0] += 1 }
                }
            }
        }
    }

    /// Makes `keys` those of every combination of a row's categories of some dimensions.
    private static func collect(
        _ keys: inout [UInt64], _ dimensions: [Int], _ cells: ArraySlice<UInt32>
    ) {
        keys.removeAll(keepingCapacity: true)
        keys.append(0)
        for dimension in dimensions {
            let heads = keys.count
            for place in 0..<heads {
                for value in cells where KeptRows.Cell(value: value).dimension == dimension {
                    keys.append(keys[place] << 20 | UInt64(KeptRows.Cell(value: value).category))
                }
            }
            keys.removeSubrange(0..<heads)
        }
    }

    func copies(_ dimension: Int, _ category: Int) -> Int {
        cells[KeptRows.Cell(dimension: dimension, category: Int32(category)), default: 0]
    }

    func copies(table: Int, _ key: UInt64) -> Int { combined[table][key, default: 0] }
}
