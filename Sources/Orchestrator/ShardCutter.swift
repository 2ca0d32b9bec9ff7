public import Records

/// Rows of one batch.
public struct RowRange: Sendable, Equatable {
    /// Number of the batch in the order the batches came.
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

/// Cuts batches into shards as they come, role after role.
///
/// The cuts depend on the batches alone, not on threads nor on how many are to come. Shards grow: the
/// first sixteen of a role have one batch, the next sixteen two, then four, so that the first can be
/// scanned at once and the number of partials grows with the logarithm of the batches.
public struct ShardCutter: Sendable {
    /// Shards of one size.
    static let shardsOfSize = 16

    private let skipped: Set<SkippedRow>
    private var role: Role?
    private var batches: [RowRange] = []
    private var batchCount = 0
    private var gathered = 0
    private var shardsOfRole = 0

    /// A cutter that leaves `skipped` rows out by cutting around them.
    public init(skipped: Set<SkippedRow> = []) { self.skipped = skipped }

    /// Takes the next batch and returns the shards that are complete with it, ascending.
    ///
    /// O(skipped).
    public mutating func add(role: Role, firstRow: Int, rowCount: Int) -> [Shard] {
        var complete: [Shard] = []
        if role != self.role {
            if let last = finish() { complete.append(last) }
            self.role = role
            shardsOfRole = 0
        }
        batches += ranges(firstRow: firstRow, rowCount: rowCount, role: role)
        batchCount += 1
        gathered += 1
        if gathered == 1 << min(shardsOfRole / ShardCutter.shardsOfSize, 20),
            let full = finish()
        {
            complete.append(full)
        }
        return complete
    }

    /// The shard of the batches that are left; `nil` when there are none.
    public mutating func finish() -> Shard? {
        guard gathered > 0, let role else { return nil }
        let shard = Shard(role: role, ranges: batches)
        batches = []
        gathered = 0
        shardsOfRole += 1
        return shard
    }

    private func ranges(firstRow: Int, rowCount: Int, role: Role) -> [RowRange] {
        var ranges: [RowRange] = []
        var start = 0
        let left = skipped.filter { $0.role == role }.map { $0.row - firstRow }.sorted()
        for row in left where (0..<rowCount).contains(row) {
            if row > start { ranges.append(RowRange(batch: batchCount, rows: start..<row)) }
            start = row + 1
        }
        if start < rowCount {
            ranges.append(RowRange(batch: batchCount, rows: start..<rowCount))
        }
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
