import AssayKit
import DiversityAlgorithm
import Numerics

/// Which rows are copies, and of which row that stays.
struct Removals {
    /// A row that is a copy.
    struct Copy {
        let row: Int
        let survivor: Int
        let similarity: Double
        let isExact: Bool
    }

    /// Copies by row.
    let copies: [Copy]
    let exactCount: Int
    let nearCount: Int
    /// Rows that are copies.
    let copyRows: Set<UInt32>
    /// Rows that are proposed to go: copies and leaks.
    let rows: Set<UInt32>

    /// Groups what the two passes found.
    init(_ look: DiversityLook, _ partial: DiversityPartial, threshold: Double) {
        let kept = look.kept
        // What leaks goes anyway: it stays for no copy.
        let leaks = Set(partial.leaks.map(\.row))
        let places = (0..<kept.count).map { index in
            let row = UInt32(kept.row(index))
            return leaks.contains(row) ? -1 : Removals.place(of: row, in: partial.rows)
        }
        let near = NearCopies(kept, partial.shingles, places: places, threshold: threshold)
        var copies: [Copy] = []
        for index in 0..<kept.count where near.survivors[index] != index {
            copies.append(
                Copy(
                    row: kept.row(index), survivor: kept.row(Int(near.survivors[index])),
                    similarity: Double(near.similarity[index]), isExact: false))
        }
        nearCount = copies.count
        for (row, leader) in zip(look.copies, look.copyLeaders) where !leaks.contains(row) {
            // What it repeats may itself be a near copy of a record that stays.
            let survivor = Int(near.survivors[Int(leader)])
            copies.append(
                Copy(
                    row: Int(row), survivor: kept.row(survivor),
                    similarity: Double(near.similarity[Int(leader)]),
                    isExact: survivor == leader))
        }
        exactCount = look.copies.count
        self.copies = copies.sorted { $0.row < $1.row }
        copyRows = Set(copies.map { UInt32($0.row) })
        rows = copyRows.union(leaks)
    }

    /// The place of a row in an ascending list; −1 where it is not there.
    static func place(of row: UInt32, in rows: [UInt32]) -> Int {
        SortedSearch.place(of: row, in: rows) ?? -1
    }
}
