import Numerics
import Testing

@Suite struct SamplingTests {
    private func sample(_ rows: some Sequence<Int>, capacity: Int = 50) -> BottomSample<Int> {
        var sample = BottomSample<Int>(capacity: capacity, seed: 3)
        for row in rows where sample.admits(row: row) { sample.add(row: row, row * 2) }
        return sample
    }

    @Test("the sample does not depend on order, cuts or bracketing")
    func merge() {
        let whole = sample(0..<1000).entries.map(\.row)
        #expect(whole.count == 50)
        #expect(sample((0..<1000).reversed()).entries.map(\.row) == whole)
        for cut in [0, 1, 7, 500, 999, 1000] {
            var left = sample(0..<cut)
            left.merge(sample(cut..<1000))
            #expect(left.entries.map(\.row) == whole)
        }
    }

    @Test("fewer rows than the capacity are all kept")
    func small() {
        #expect(Set(sample(0..<20).entries.map(\.row)) == Set(0..<20))
        #expect(sample(0..<0).entries.isEmpty)
    }

    @Test("every row is as likely to be drawn")
    func fairness() {
        // 400 seeds, 50 of 100 rows each: a row is drawn 200 times, standard deviation 10.
        var counts = [Int](repeating: 0, count: 100)
        for seed in 0..<400 {
            var sample = BottomSample<Int>(capacity: 50, seed: UInt64(seed))
            for row in 0..<100 where sample.admits(row: row) { sample.add(row: row, 0) }
            for entry in sample.entries { counts[entry.row] += 1 }
        }
        #expect(counts.allSatisfy { (150...250).contains($0) }, "\(counts)")
    }

    @Test("a generator is a function of seed and stream")
    func generator() {
        var (a, b, c) = (
            SeededGenerator(seed: 1), SeededGenerator(seed: 1), SeededGenerator(seed: 1, stream: 1)
        )
        let first = (0..<8).map { _ in a.next() }
        #expect(first == (0..<8).map { _ in b.next() })
        #expect(first != (0..<8).map { _ in c.next() })
        #expect((0..<1000).allSatisfy { _ in a.below(7) < 7 })
    }

    @Test("hashes are the same in every process")
    func stableHash() {
        let bytes = Array("assay".utf8)
        let value = StableHash.hash(bytes.span)
        #expect(value == StableHash.hash(Array("assay".utf8).span))
        #expect(value != StableHash.hash(bytes.span, seed: 1))
        var one = Fingerprint()
        one.append(bytes.span)
        var two = Fingerprint()
        for byte in bytes { two.append(byte) }
        #expect(one == two)
        #expect(one.bytes.count == 16)
    }
}
