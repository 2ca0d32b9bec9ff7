import Numerics
import Testing

@Suite struct CopyGroupTests {
    private func bands(_ sets: [[UInt32]]) -> [UInt32] {
        let hasher = MinHash(seed: 1)
        var bands: [UInt32] = []
        for set in sets { hasher.append(set.span, to: &bands) }
        return bands
    }

    private func groups(_ sets: [[UInt32]], _ bands: [UInt32]) -> CopyGroups {
        var ranges: [Range<Int>] = []
        for set in sets {
            let start = ranges.last?.upperBound ?? 0
            ranges.append(start..<start + set.count)
        }
        return CopyGroups(
            numbers: sets.flatMap { $0 }, ranges: ranges, signatures: bands, threshold: 0.8)
    }

    private func serial(_ count: Int, _ body: @Sendable (Int) -> [Int32]) -> [[Int32]] {
        (0..<count).map(body)
    }

    /// Eight of ten shared is 0.8; seven of ten is not.
    @Test func thresholdIsReachedExactly() {
        let whole = [UInt32](1...9)
        #expect(CopyGroups.reaches(0.8, whole, Array(1...8) + [99]))
        #expect(CopyGroups.reaches(0.8, Array(1...10), Array(1...8)))
        #expect(!CopyGroups.reaches(0.8, Array(1...10), Array(1...7)))
        #expect(CopyGroups.reaches(1, [], []))
    }

    @Test func copiesOfOneSetJoinItAndStrangersStayAlone() {
        var generator = SeededGenerator(seed: 3)
        func draw(_ count: Int) -> [UInt32] {
            Set((0..<count).map { _ in UInt32(truncatingIfNeeded: generator.next()) }).sorted()
        }
        let original = draw(20)
        var sets = (0..<200).map { _ in draw(20) }
        sets.insert(original, at: 0)
        for place in 0..<500 {
            var copy = original
            copy[place % 20] = UInt32(truncatingIfNeeded: generator.next())
            sets.append(copy.sorted())
        }
        let signatures = bands(sets)
        let candidates = CopyGroups.candidates(
            signatures, stride: MinHash.width, threshold: 0.8, shares: serial)
        let groups = groups(sets, signatures)
        #expect(groups.leaders[..<201].elementsEqual(0..<201))
        #expect(groups.leaders[201...].allSatisfy { $0 == 0 })
        #expect(candidates.filter { $0 > 200 }.count == 500)
        for (index, leader) in groups.leaders.enumerated() {
            #expect(CopyGroups.reaches(0.8, sets[index], sets[leader]))
            #expect(groups.leaders[leader] == leader)
        }
    }

    @Test func repeatsWithinASetChangeNothingAndEmptySetsAreNoCopies() {
        #expect(bands([[5, 6, 7]]) == bands([[7, 5, 6, 6, 5]]))
        let empty = bands([[], []])
        #expect(
            CopyGroups.candidates(empty, stride: MinHash.width, threshold: 0.8, shares: serial)
                .isEmpty)
        #expect(groups([[], []], empty).leaders == [0, 1])
    }
}
