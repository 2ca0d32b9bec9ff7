public import Records

/// Rows of one batch.
public struct RowRange: Sendable, Equatable {
    /// Index of the batch in the store.
    public let batch: Int
    /// Rows counted from the batch's first.
    public let rows: Range<Int>

    /// Makes a range.
    public init(batch: Int, rows: Range<Int>) {
        self.batch = batch
        self.rows = rows
    }
}

/// A contiguous run of batches of one role.
public struct Shard: Sendable, Equatable {
    /// The role of its rows.
    public let role: Role
    /// What to scan, in order.
    public let ranges: [RowRange]
}

/// Cuts the batches of all roles into shards.
public enum ShardPlan {
    /// Most shards of one role: enough to keep threads busy, few enough that partials stay small.
    static let mostShards = 64

    /// The shards of a pass, ascending; rows in `skipped` are left out by cutting around them.
    ///
    /// The cuts depend on the batches alone, not on threads. O(batches + skipped).
    public static func shards(
        batches: [(role: Role, firstRow: Int, rowCount: Int)], skipped: Set<SkippedRow> = []
    ) -> [Shard] {
        var shards: [Shard] = []
        for role in Role.allCases {
            let indices = batches.indices.filter { batches[$0].role == role }
            let step = max(1, (indices.count + mostShards - 1) / mostShards)
            var start = 0
            while start < indices.count {
                let end = min(start + step, indices.count)
                let ranges = indices[start..<end].flatMap { index in
                    rowRanges(
                        batch: index, firstRow: batches[index].firstRow,
                        rowCount: batches[index].rowCount,
                        skipped: skipped.filter { $0.role == role }.map(\.row))
                }
                shards.append(Shard(role: role, ranges: ranges))
                start = end
            }
        }
        return shards
    }

    private static func rowRanges(
        batch: Int, firstRow: Int, rowCount: Int, skipped: [Int]
    ) -> [RowRange] {
        var ranges: [RowRange] = []
        var start = 0
        for row in skipped.sorted() where row >= firstRow && row < firstRow + rowCount {
            if row - firstRow > start {
                ranges.append(RowRange(batch: batch, rows: start..<(row - firstRow)))
            }
            start = row - firstRow + 1
        }
        if start < rowCount { ranges.append(RowRange(batch: batch, rows: start..<rowCount)) }
        return ranges
    }
}

/// A row that an analyzer is not shown any more.
public struct SkippedRow: Hashable, Sendable {
    /// The dataset.
    public let role: Role
    /// The row within the role.
    public let row: Int

    /// Makes a skipped row.
    public init(role: Role, row: Int) {
        self.role = role
        self.row = row
    }
}
