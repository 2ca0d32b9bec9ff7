import Numerics
import Testing

@Suite struct SortTests {
    /// Patterns that quicksort with the median of three finds hard, beside random ones.
    @Test func sortsAsTheStandardLibraryDoesAndLeavesWhatStandsBefore() {
        var generator = SeededGenerator(seed: 5)
        var sorter = HashSorter()
        for count in [0, 1, 2, 3, 15, 16, 17, 40, 100, 1000, 5000] {
            let patterns: [[UInt32]] = [
                (0..<count).map { _ in UInt32(truncatingIfNeeded: generator.next()) },
                (0..<count).map { _ in UInt32(generator.below(4)) },
                (0..<count).map { UInt32($0) }, (0..<count).map { UInt32(count - $0) },
                (0..<count).map { UInt32(min($0, count - $0)) },
                (0..<count).map { UInt32($0 % 2 == 0 ? $0 : count + $0 / 2) },
                [UInt32](repeating: 7, count: count),
            ]
            for pattern in patterns {
                var numbers: [UInt32] = [9, 1] + pattern
                InPlaceSort.sort(&numbers, from: 2)
                #expect(numbers == [9, 1] + pattern.sorted())
                var others: [UInt32] = [9, 1] + pattern
                sorter.sort(&others, from: 2)
                #expect(others == numbers)
            }
        }
    }
}
