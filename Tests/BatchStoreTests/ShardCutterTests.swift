import Orchestrator
import Records
import Testing

@Suite struct ShardCutterTests {
    private func shards(
        _ batches: [(role: Role, rows: Int)], skipped: Set<SkippedRow> = []
    ) -> [Shard] {
        var cutter = ShardCutter(skipped: skipped)
        var shards: [Shard] = []
        var next: [Role: Int] = [:]
        for (role, rows) in batches {
            shards += cutter.add(role: role, firstRow: next[role, default: 0], rowCount: rows)
            next[role, default: 0] += rows
        }
        if let last = cutter.finish() { shards.append(last) }
        return shards
    }

    @Test("every row is in one shard, whatever the number of batches")
    func partition() {
        for count in [0, 1, 2, 15, 16, 17, 50, 200] {
            let cut = shards(Array(repeating: (.data, 10), count: count))
            let ranges = cut.flatMap(\.ranges)
            #expect(ranges == (0..<count).map { RowRange(batch: $0, rows: 0..<10) })
        }
    }

    // Sixteen of one batch, sixteen of two, then of four: 16 + 32 = 48 batches in 32 shards.
    @Test("shards grow, and what came first does not depend on what comes")
    func growth() {
        let cut = shards(Array(repeating: (.data, 10), count: 60))
        #expect(
            cut.map(\.ranges.count) == Array(repeating: 1, count: 16)
                + Array(repeating: 2, count: 16) + [4, 4, 4])
        let shorter = shards(Array(repeating: (.data, 10), count: 20))
        #expect(Array(cut.prefix(18)) == shorter)
    }

    @Test("a shard holds one role, and skipped rows are cut around")
    func rolesAndSkips() {
        let cut = shards(
            [(.data, 4), (.reference, 4), (.reference, 4)],
            skipped: [
                SkippedRow(role: .data, row: 0), SkippedRow(role: .reference, row: 5),
                SkippedRow(role: .reference, row: 7),
            ])
        #expect(cut.map(\.role) == [.data, .reference, .reference])
        #expect(cut[0].ranges == [RowRange(batch: 0, rows: 1..<4)])
        #expect(cut[1].ranges == [RowRange(batch: 1, rows: 0..<4)])
        #expect(
            cut[2].ranges == [RowRange(batch: 2, rows: 0..<1), RowRange(batch: 2, rows: 2..<3)])
    }
}
