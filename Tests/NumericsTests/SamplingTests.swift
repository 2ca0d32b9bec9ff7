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
        for byte in bytes { one.append(byte) }
        var two = Fingerprint()
        two.appendCollapsed(bytes.span)
        #expect(one == two)
        #expect(one.bytes.count == 16)
    }

    @Test("white space collapses the same way eight bytes at a time and one at a time")
    func collapsedFingerprints() {
        var generator = SeededGenerator(seed: 5, stream: 0)
        let alphabet = Array("ab \t\n\r".utf8) + [0x00, 0x1F, 0x7F, 0x80, 0xE4]
        for round in 0..<4000 {
            let bytes = (0..<round % 37).map { _ in
                alphabet[Int(generator.below(UInt64(alphabet.count)))]
            }
            // The obvious way: words joined by single spaces.
            let words = bytes.split(whereSeparator: ByteSearch.isSpace)
            var slow = Fingerprint()
            for byte in words.joined(separator: [0x20]) { slow.append(byte) }
            var fast = Fingerprint()
            fast.appendCollapsed(bytes.span)
            #expect(fast == slow, "\(bytes)")
            // Behind other text, where the eight bytes do not begin a word of the hash.
            slow.append(1)
            fast.append(1)
            for byte in words.joined(separator: [0x20]) { slow.append(byte) }
            fast.appendCollapsed(bytes.span)
            #expect(fast == slow, "\(bytes)")
        }
    }

    @Test("capitals of ASCII, Latin-1, Greek and Cyrillic are folded, whatever stands before them")
    func foldedFingerprints() {
        var generator = SeededGenerator(seed: 6, stream: 0)
        let alphabet = Array("aZ É×ßÞ ÿΑΣΩΤЀЯЖП中ABCDEFGH")
        for round in 0..<4000 {
            let text = String(
                (0..<round % 29).map { _ in alphabet[Int(generator.below(UInt64(alphabet.count)))] }
            )
            // One scalar at a time: a final sigma is no capital's small letter here.
            let folded = String(
                String.UnicodeScalarView(
                    text.unicodeScalars.flatMap { $0.properties.lowercaseMapping.unicodeScalars }))
            var fast = Fingerprint()
            fast.appendCollapsed(Array(text.utf8).span, foldingCase: true)
            var slow = Fingerprint()
            slow.appendCollapsed(Array(folded.utf8).span)
            #expect(fast == slow, "\(text)")
        }
    }

    @Test("counts in a table are those of a dictionary, also after it was cleared")
    func countTable() {
        var table = CountTable(capacity: 50)
        for seed in 0..<3 {
            var generator = SeededGenerator(seed: UInt64(seed), stream: 1)
            var counts: [UInt64: Int] = [:]
            table.clear()
            #expect(table.distinctShare == 0)
            for _ in 0..<500 {
                let value = StableHash.mix(generator.below(50))
                table.add(value)
                counts[value, default: 0] += 1
            }
            #expect(table.counts.sorted() == counts.values.sorted())
            #expect(table.distinctCount == counts.count && table.total == 500)
        }
    }

    @Test("an inventory holds the bytes of a text and no others")
    func inventory() {
        let bytes = Array("ab€".utf8)
        let inventory = ByteInventory(bytes.span)
        for byte in UInt8.min...UInt8.max { #expect(inventory.holds(byte) == bytes.contains(byte)) }
        #expect(!inventory.holdsAny(of: 0...0x60) && inventory.holdsAny(of: 0x60...0x61))
    }
}
