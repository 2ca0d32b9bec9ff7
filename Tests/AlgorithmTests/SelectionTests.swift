import DiversityAlgorithm
import Numerics
import Support
import Testing

@Suite struct SelectionTests {
    /// Groups around centres, of very uneven size.
    private func groups(_ sizes: [Int], seed: UInt64) -> (vectors: VectorSet, groups: [Int]) {
        var generator = SeededGenerator(seed: seed)
        var set = VectorSet(dimensions: 32)
        var owners: [Int] = []
        for (group, size) in sizes.enumerated() {
            for _ in 0..<size {
                var row = (0..<32).map { _ in 0.05 * Float(generator.normals().0) }
                row[group] += 1
                let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
                let unit = row.map { $0 / length }
                set.append(unit.span)
                owners.append(group)
            }
        }
        return (set, owners)
    }

    private let sizes = [400, 300, 200, 60, 20, 10, 5, 5]

    @Test("a subset of as many records as there are groups has one of each")
    func facilityLocation() {
        let (set, owners) = groups(sizes, seed: 1)
        let even = [Float](repeating: 1, count: set.count)
        let chosen = SubsetSelection.facilityLocation(
            set, quality: even, size: 40, seed: 1, work: TestThreads())
        #expect(chosen.count == 40)
        #expect(chosen == chosen.sorted() && Set(chosen).count == 40)
        #expect(Set(chosen.map { owners[$0] }).count == sizes.count)
        let again = SubsetSelection.facilityLocation(
            set, quality: even, size: 40, seed: 1, work: SerialWork())
        #expect(chosen == again, "threads change nothing")
    }

    @Test("of records that are alike the better one is taken")
    func quality() {
        let (set, _) = groups([200, 200], seed: 2)
        let quality = (0..<400).map { Float($0 % 10 == 0 ? 1 : 0.1) }
        let chosen = SubsetSelection.facilityLocation(
            set, quality: quality, size: 20, seed: 1, work: TestThreads())
        #expect(chosen.count { quality[$0] == 1 } >= 18)
    }

    @Test("k-centre takes the farthest first")
    func kCenter() {
        let (set, owners) = groups(sizes, seed: 3)
        let even = [Float](repeating: 1, count: set.count)
        let chosen = SubsetSelection.kCenter(
            set, quality: even, size: sizes.count, seed: 1, work: TestThreads())
        #expect(Set(chosen.map { owners[$0] }).count == sizes.count)
    }

    @Test("sizes of nothing, of all and of more")
    func bounds() {
        let (set, _) = groups([30], seed: 4)
        let even = [Float](repeating: 1, count: 30)
        for (size, expected) in [(0, 0), (30, 30), (99, 30), (29, 29), (1, 1)] {
            let chosen = SubsetSelection.facilityLocation(
                set, quality: even, size: size, seed: 1, work: TestThreads())
            #expect(chosen.count == expected)
            #expect(
                SubsetSelection.kCenter(
                    set, quality: even, size: size, seed: 1, work: TestThreads()
                ).count
                    == expected)
        }
    }

    /// 60, 30 and 10 records with a cap of 2: a third each would be 33.3, of which the rarest can have 20; the
    /// others share 80.
    @Test("weights make the values equally common, as far as the cap lets them")
    func balance() {
        #expect(Balance.weights([50, 25], most: 5) == [0.75, 1.5])
        let capped = Balance.weights([60, 30, 10], most: 2)
        #expect(abs(capped[0] - 40.0 / 60) < 1e-12 && abs(capped[1] - 40.0 / 30) < 1e-12)
        #expect(capped[2] == 2)
        #expect(Balance.evenness([50, 25], [0.75, 1.5]) == 1)
        #expect(Balance.evenness([7], [1]) == 1)
        #expect(Balance.weights([], most: 2) == [])
        #expect(Balance.copies(count: 4, weight: 1.5, most: 5) == [2, 2, 1, 1])
        #expect(Balance.copies(count: 3, weight: 0.34, most: 5) == [1, 0, 0])
        #expect(Balance.copies(count: 2, weight: 9, most: 3) == [3, 3])
    }

    @Test("weights keep the sum and the cap, whatever the counts")
    func balanceProperties() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            let counts = (0..<(1 + generator.below(30))).map { _ in Int(1 + generator.below(500)) }
            let most = 1 + Double(generator.below(8))
            let weights = Balance.weights(counts, most: most)
            #expect(weights.allSatisfy { $0 > 0 && $0 <= most + 1e-12 })
            let sum = zip(counts, weights).reduce(0.0) { $0 + Double($1.0) * $1.1 }
            #expect(abs(sum - Double(counts.reduce(0, +))) < 1e-6)
            #expect(
                Balance.evenness(counts, weights)
                    >= Balance.evenness(counts, counts.map { _ in 1 }) - 1e-12)
        }
    }

    @Test("neighbours on the map are neighbours in the vectors; the same seed gives the same map")
    func layout() {
        let (set, owners) = groups([60, 60, 60, 60], seed: 6)
        let points = NeighbourLayout.points(set, seed: 1, work: TestThreads())
        #expect(points == NeighbourLayout.points(set, seed: 1, work: SerialWork()))
        #expect(points.allSatisfy { abs($0.x) <= 1.001 && abs($0.y) <= 1.001 })
        var right = 0
        for index in points.indices {
            let nearest = points.indices.filter { $0 != index }.min {
                let (one, other) = (points[$0] - points[index], points[$1] - points[index])
                return (one * one).sum() < (other * other).sum()
            }
            if let nearest, owners[nearest] == owners[index] { right += 1 }
        }
        #expect(Double(right) >= 0.95 * Double(points.count), "\(right)")
    }
}
