import CAssay

/// Rows emitted under keys, kept in one arena: no allocation a row.
struct EmittedRows {
    struct Row {
        let prefix: UInt64
        let key: Range<Int>
        let payload: Range<Int>
        let role: Int32
        let row: UInt64
        var source: Int
    }

    private(set) var rows: [Row] = []
    private(set) var arena: [UInt8] = []

    mutating func append(key: assay_bytes, role: Int32, row: UInt64, payload: assay_bytes) {
        let start = arena.count
        if let pointer = key.ptr {
            arena.append(contentsOf: UnsafeBufferPointer(start: pointer, count: Int(key.len)))
        }
        let middle = arena.count
        if let pointer = payload.ptr {
            arena.append(contentsOf: UnsafeBufferPointer(start: pointer, count: Int(payload.len)))
        }
        // The first eight bytes, most significant first, decide most comparisons.
        var prefix: UInt64 = 0
        for index in 0..<8 {
            prefix = prefix << 8 | (start + index < middle ? UInt64(arena[start + index]) : 0)
        }
        rows.append(
            Row(
                prefix: prefix, key: start..<middle, payload: middle..<arena.count, role: role,
                row: row, source: 0))
    }
}

/// The emitted rows of all shards, brought together by key.
///
/// Keys ascend in byte order, members of a key by role and row: nothing depends on which shard or
/// thread emitted them. O(n log n).
struct GroupedRows {
    private let sources: [[UInt8]]
    private let rows: [EmittedRows.Row]
    /// Runs of whole keys with about equally many rows.
    let runs: [Range<Int>]

    /// Rows of a run, at least.
    private static let runRows = 16_384

    init(_ emitted: [EmittedRows]) {
        var all: [EmittedRows.Row] = []
        all.reserveCapacity(emitted.reduce(0) { $0 + $1.rows.count })
        for (source, part) in emitted.enumerated() {
            for var row in part.rows {
                row.source = source
                all.append(row)
            }
        }
        let arenas = emitted.map(\.arena)
        all.sort { left, right in
            if left.prefix != right.prefix { return left.prefix < right.prefix }
            let (a, b) = (arenas[left.source][left.key], arenas[right.source][right.key])
            if !a.elementsEqual(b) { return a.lexicographicallyPrecedes(b) }
            return (left.role, left.row) < (right.role, right.row)
        }
        sources = arenas
        rows = all
        var runs: [Range<Int>] = []
        var start = 0
        while start < all.count {
            var end = min(start + GroupedRows.runRows, all.count)
            while end < all.count, GroupedRows.haveSameKey(all[end - 1], all[end], arenas) {
                end += 1
            }
            runs.append(start..<end)
            start = end
        }
        self.runs = runs
    }

    private static func haveSameKey(
        _ left: EmittedRows.Row, _ right: EmittedRows.Row, _ arenas: [[UInt8]]
    ) -> Bool {
        left.prefix == right.prefix
            && arenas[left.source][left.key].elementsEqual(arenas[right.source][right.key])
    }

    /// Calls `body` once for every key of a run.
    func forEachKey(
        in run: Range<Int>,
        _ body: (assay_bytes, UnsafeBufferPointer<assay_member>) throws -> Void
    ) rethrows {
        try withArenas(0, []) { bases in
            func view(_ row: EmittedRows.Row, _ range: Range<Int>) -> assay_bytes {
                assay_bytes(
                    ptr: bases[row.source].map { $0 + range.lowerBound }, len: UInt64(range.count))
            }
            var members: [assay_member] = []
            var start = run.lowerBound
            while start < run.upperBound {
                members.removeAll(keepingCapacity: true)
                var end = start
                while end < run.upperBound,
                    GroupedRows.haveSameKey(rows[start], rows[end], sources)
                {
                    let row = rows[end]
                    members.append(
                        assay_member(
                            role: row.role, reserved: 0, row: row.row,
                            payload: view(row, row.payload)))
                    end += 1
                }
                try members.withUnsafeBufferPointer {
                    try body(view(rows[start], rows[start].key), $0)
                }
                start = end
            }
        }
    }

    /// Pins every arena for the time of `body`.
    private func withArenas(
        _ index: Int, _ bases: [UnsafePointer<UInt8>?],
        _ body: ([UnsafePointer<UInt8>?]) throws -> Void
    ) rethrows {
        guard index < sources.count else { return try body(bases) }
        try sources[index].withUnsafeBufferPointer {
            try withArenas(index + 1, bases + [$0.baseAddress], body)
        }
    }
}
