/// Rows that repeat each other, over any number of steps: disjoint sets with halved paths (Tarjan, van Leeuwen 1984).
struct RowFamilies {
    private var parents: [Int: Int] = [:]
    private var lists: [Int: [Int]] = [:]

    private mutating func root(of row: Int) -> Int {
        var row = row
        while let parent = parents[row], parent != row {
            let above = parents[parent] ?? parent
            parents[row] = above
            row = above
        }
        return row
    }

    /// Puts two rows into one family.
    mutating func join(_ one: Int, _ other: Int) {
        let (left, right) = (root(of: one), root(of: other))
        for row in [one, other] where parents[row] == nil {
            parents[row] = row
            lists[row] = [row]
        }
        guard left != right else { return }
        let (kept, merged) =
            (lists[left]?.count ?? 0) >= (lists[right]?.count ?? 0) ? (left, right) : (right, left)
        parents[merged] = kept
        lists[kept, default: []] += lists.removeValue(forKey: merged) ?? []
    }

    /// The rows of a row's family, ascending; itself alone where it repeats none.
    func members(of row: Int) -> [Int] {
        var root = row
        while let parent = parents[root], parent != root { root = parent }
        return (lists[root] ?? [row]).sorted()
    }
}
