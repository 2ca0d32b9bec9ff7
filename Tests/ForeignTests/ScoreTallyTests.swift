import AssayKit
import Testing

/// What is kept of scores, by hand and however they are cut.
@Suite struct ScoreTallyTests {
    private func tally(_ scores: [Double], firstRow: Int = 0) -> ScoreTally {
        var scores = scores
        var tally = ScoreTally()
        var span = scores.mutableSpan
        tally.add(&span, firstRow: firstRow)
        return tally
    }

    @Test("mean, quantiles, highest and what has no score")
    func oracle() {
        var scores = [0.25, .nan, 0.75, 2, -1, 0.5]
        var tally = ScoreTally()
        var span = scores.mutableSpan
        tally.add(&span, firstRow: 100)
        #expect(scores[1].isNaN)
        #expect(scores.filter { !$0.isNaN } == [0.25, 0.75, 1, 0, 0.5])
        #expect(tally.scored == 5 && tally.unscored == 1 && tally.mean == 0.5)
        #expect(abs(tally.quantile(0.5) - 0.5) <= 0.001 && tally.quantile(1) > 0.999)
        #expect(tally.highest.map(\.row) == [103, 102, 105, 100, 104])
        #expect(ScoreTally().mean == 0 && ScoreTally().quantile(0.5) == 0)
    }

    @Test("any cut gives the same, to the last bit; of equal scores the first rows are kept")
    func cuts() {
        let scores = (0..<500).map { (row: Int) -> Double in
            let step: Int = row * 7919 % 101
            return row % 50 == 7 ? Double.nan : Double(step) / 101.0
        }
        let whole = tally(scores)
        let rows = whole.highest.map(\.row)
        for (row, next) in zip(rows, rows.dropFirst()) {
            let isFirst: Bool = scores[row] > scores[next]
            let isEqual: Bool = scores[row] == scores[next]
            #expect(isFirst || isEqual && row < next)
        }
        for size in [1, 3, 64, 499] {
            let parts = stride(from: 0, to: 500, by: size).map {
                tally(Array(scores[$0..<min($0 + size, 500)]), firstRow: $0)
            }
            var left = ScoreTally()
            for part in parts { left.merge(part) }
            #expect(left == whole)
            let right = parts.reversed().reduce(ScoreTally()) { sum, part in
                var joined = part
                joined.merge(sum)
                return joined
            }
            #expect(right == whole)
        }
    }

    @Test("what is saved is loaded; what is cut, or does not fit itself, is refused")
    func states() throws {
        let scores = (0..<100).map { (row: Int) -> Double in Double(row) / 100.0 }
        let whole = tally(scores)
        var writer = StateWriter()
        whole.save(to: &writer)
        var reader = StateReader(reading: writer.bytes)
        #expect(try ScoreTally(from: &reader) == whole)
        for place in stride(from: 0, to: writer.bytes.count, by: 97) {
            var cut = StateReader(reading: Array(writer.bytes.prefix(place)))
            #expect(throws: AnalyzerError.self) { try ScoreTally(from: &cut) }
        }
        // Counts, the sum, and the row of the highest, each in the byte that makes it too large.
        let rows = writer.bytes.count - 16 * 10
        for place in [7, 4, 15, 12, 23, rows + 7, rows + 4] {
            var bytes = writer.bytes
            bytes[place] = 0x7F
            var other = StateReader(reading: bytes)
            #expect(throws: AnalyzerError.self) { try ScoreTally(from: &other) }
        }
    }
}
