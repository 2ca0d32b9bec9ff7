public import Numerics

/// How much of a reference, real use, is covered by the data.
///
/// *Coverage* and *density* are those of Naeem et al. 2020: the share of reference records in whose
/// neighbourhood of k reference records a record of the data lies, and how many do, over how many would
/// if both came from one source. k is the smallest for which one source would give 0.95. *Uncovered* is
/// judged against a null: a part of the data takes the reference's place, and a reference record
/// is uncovered when the records around it are the reference's own to a degree that 2 in 100 records of
/// the data reach.
public struct ReferenceCoverage: Sendable {
    /// Share of reference records with a record of the data in their neighbourhood, 0 to 1.
    public let coverage: Double
    /// Records of the data around a reference record over how many were to be expected; 1 for one
    /// source.
    public let density: Double
    /// Reference records that a neighbourhood holds.
    public let neighbourCount: Int
    /// Which reference records nothing in the data is like.
    public let isUncovered: [Bool]
    /// Share of the reference that is uncovered; under one source `falseAlarms`.
    public let uncovered: Double
    /// Whether more is uncovered than chance explains (three standard errors).
    public let isShort: Bool
    /// Chance that the next record of real use is like none in the reference (Good 1953): the share of
    /// reference records that are alone of their kind.
    public let unseen: Double

    /// Share of covered records that are taken for uncovered.
    public static let falseAlarms = 0.02
    /// Vectors of each side without which nothing is judged.
    public static let leastCount = 50
    private static let expected = 0.95
    private static let graphNeighbours = 10
    private static let rounds = 3

    /// Measures unit vectors of data and reference; `nil` below `leastCount` of the reference or four
    /// times as many of the data.
    ///
    /// O(n √n d).
    public init?(
        data: VectorSet, reference: VectorSet, seed: UInt64, work: some WorkSharing
    ) {
        guard reference.count >= ReferenceCoverage.leastCount,
            data.count >= 4 * ReferenceCoverage.leastCount
        else { return nil }
        let (n, m) = (reference.count, data.count)
        var (k, missed) = (0, 1.0)
        while missed > 1 - ReferenceCoverage.expected, k < 64, k < n - 1 {
            missed *= Double(n - 1 - k) / Double(n - 1 + m - k)
            k += 1
        }
        neighbourCount = k
        let size = k
        let own = VectorIndex(reference, seed: seed, work: work)
        let other = VectorIndex(data, seed: seed, work: work)
        let around = work.mapShares(n) { range in
            var found: [VectorIndex.Neighbour] = []
            return range.map { index -> (nearest: Float, radius: Float, inside: Int) in
                own.search(reference, index, count: size, except: Int32(index), into: &found)
                let (nearest, radius) = (found.first?.likeness ?? 0, found.last?.likeness ?? 0)
                other.search(reference, index, count: 8 * size, into: &found)
                return (nearest, radius, found.prefix { $0.likeness >= radius }.count)
            }
        }
        coverage = Double(around.filter { $0.inside > 0 }.count) / Double(n)
        let inside = around.reduce(0) { $0 + $1.inside }
        density = Double(inside) / (Double(n) * Double(size) * Double(m) / Double(n))
        // Alike is what half of the neighbourhoods hold together.
        let alike = around.map { Double($0.radius) }.sorted()
        let limit = Float(Quantiles.quantile(0.5, ofSorted: alike) ?? 0)
        unseen = Double(around.filter { $0.nearest < limit }.count) / Double(n)

        // A third of the data, as many as the reference at most, takes the reference's place.
        let draws = (0..<m).map { (StableHash.mix(seed ^ StableHash.mix(UInt64($0))), $0) }
        let order = draws.sorted { $0 < $1 }.map(\.1)
        let heldOut = min(n, m / 3)
        func part(_ range: Range<Int>) -> VectorSet {
            var part = VectorSet(dimensions: data.dimensions)
            for place in range { part.append(order[place], of: data) }
            return part
        }
        let rest = part(heldOut..<m)
        let null = ReferenceCoverage.foreignness(
            part(0..<heldOut), among: rest, seed: seed, work: work
        ).map(Double.init).sorted()
        let found = ReferenceCoverage.foreignness(reference, among: rest, seed: seed, work: work)
        let most =
            Quantiles.quantile(1 - ReferenceCoverage.falseAlarms, ofSorted: null) ?? 1
        isUncovered = found.map { Double($0) > most }
        uncovered = Double(isUncovered.filter { $0 }.count) / Double(n)
        let alarms = ReferenceCoverage.falseAlarms
        let error = (alarms * (1 - alarms) * (1 / Double(n) + 1 / Double(heldOut))).squareRoot()
        isShort = uncovered > alarms + 3 * error
    }

    /// How far the neighbourhood of each vector of one set is its own set's and not the other's, 0 to
    /// 1, after a walk of a few steps along near neighbours.
    private static func foreignness(
        _ vectors: VectorSet, among others: VectorSet, seed: UInt64, work: some WorkSharing
    ) -> [Float] {
        let nodes = joined(vectors, others)
        let index = VectorIndex(nodes, seed: seed, work: work)
        let neighbours = work.mapShares(nodes.count) { range in
            var found: [VectorIndex.Neighbour] = []
            return range.map { node in
                index.search(
                    nodes, node, count: graphNeighbours, except: Int32(node), into: &found)
                return found
            }
        }
        let graph = NeighbourGraph(neighbours)
        // Both sets weigh the same, however large.
        let weight = Float(vectors.count) / Float(others.count)
        var own = (0..<nodes.count).map { $0 < vectors.count ? Float(1) : 0 }
        var foreign = (0..<nodes.count).map { $0 < vectors.count ? Float(0) : weight }
        for _ in 0..<rounds {
            own = graph.step(own)
            foreign = graph.step(foreign)
        }
        return (0..<vectors.count).map { own[$0] / max(own[$0] + foreign[$0], 1e-12) }
    }

    private static func joined(_ first: VectorSet, _ second: VectorSet) -> VectorSet {
        var all = first
        all.reserveCapacity(first.count + second.count)
        for index in 0..<second.count { all.append(index, of: second) }
        return all
    }
}
