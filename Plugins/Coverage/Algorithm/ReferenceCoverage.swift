public import Numerics

/// How much of a reference, real use, is covered by the data.
///
/// *Coverage* and *density* are those of Naeem et al. 2020: the share of reference records in whose
/// neighbourhood of k reference records a record of the data lies, and how many do, over how many would
/// if both came from one source. k is the smallest for which one source would give 0.95. Whether anything is
/// *uncovered* is judged against a null: a part of the data takes the reference's place, and a reference
/// record is surely uncovered when the records around it are the reference's own to a degree that 2 in 100
/// records of the data reach. How much is, is estimated from what tells these from the data (`LackingShare`).
public struct ReferenceCoverage: Sendable {
    /// Share of reference records with a record of the data in their neighbourhood, 0 to 1.
    public let coverage: Double
    /// Records of the data around a reference record over how many were to be expected; 1 for one
    /// source.
    public let density: Double
    /// Reference records that a neighbourhood holds.
    public let neighbourCount: Int
    /// Groups of reference records that the data lacks or has far too few of, the largest first; none where chance
    /// (three standard errors) or other proportions explain what is found.
    public let regions: [UncoveredRegion]
    /// Share of the reference that the data lacks of such kinds, 0 to 1; 0 where there is none.
    public let uncovered: Double
    /// Standard error of `uncovered`.
    public let uncoveredError: Double
    /// Chance that the next record of real use is like none in the reference (Good 1953, Turing's
    /// estimate): the share of reference records that no other is like, by `sameKind`.
    public let unseen: Double

    /// Share of covered records that are taken for uncovered.
    public static let falseAlarms = 0.02
    /// Vectors of each side without which nothing is judged.
    public static let leastCount = 50
    private static let expected = 0.95
    /// Cosine from which on two records are of one kind.
    ///
    /// With the built-in table two queries of CLINC150 at this cosine share their intent in one case of
    /// two (measured on all pairs of 6,000: 0.49 and 0.52; at 0.75 0.23).
    public static let sameKind: Float = 0.8
    private static let graphNeighbours = 10
    private static let rounds = 3

    /// Measures unit vectors of data and reference, with their texts where they are known; `nil` below `leastCount` of the reference or four
    /// times as many of the data.
    ///
    /// O(n m d) for n of the reference and m of the data.
    public init?(
        data: VectorSet, reference: VectorSet,
        texts: (data: [[UInt8]], reference: [[UInt8]])? = nil,
        seed: UInt64, work: some WorkSharing
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
        let own = VectorIndex(reference, seed: seed, isExact: true, work: work)
        let size = k
        let around = work.map(n, keeping: VectorIndex.Scratch.init) { index, scratch in
            own.search(reference, index, count: size, except: Int32(index), &scratch)
            let radius = scratch.found.last?.likeness ?? 2
            let nearest = scratch.found.first?.likeness ?? -1
            var inside = 0
            for other in 0..<m where reference.dot(index, data, other) >= radius { inside += 1 }
            return (nearest: nearest, inside: inside)
        }
        coverage = Double(around.count { $0.inside > 0 }) / Double(n)
        let inside = around.reduce(0) { $0 + $1.inside }
        density = Double(inside) / (Double(size) * Double(m))
        let alone = around.count { $0.nearest < ReferenceCoverage.sameKind }
        unseen = Double(alone) / Double(n)

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
        let sure = found.map { Double($0) > most }
        let share = Double(sure.count { $0 }) / Double(n)
        let alarms = ReferenceCoverage.falseAlarms
        let error = (alarms * (1 - alarms) * (1 / Double(n) + 1 / Double(heldOut))).squareRoot()
        let lacking =
            share > alarms + 3 * error
            ? LackingShare(
                data: data, reference: reference,
                words: texts.map {
                    ReferenceCoverage.words($0.reference + $0.data, work: work)
                }, sure: sure, seed: seed, work: work) : nil
        regions = lacking?.regions ?? []
        uncovered = lacking?.share ?? 0
        uncoveredError = lacking?.error ?? error
    }

    private static let rowsOfShare = 512

    /// Words and pairs of words of texts.
    private static func words(_ texts: [[UInt8]], work: some WorkSharing) -> TextFeatures {
        let parts = work.map((texts.count + rowsOfShare - 1) / rowsOfShare) { part in
            texts[part * rowsOfShare..<min(texts.count, (part + 1) * rowsOfShare)].map { text in
                var words: [UInt32] = []
                let bytes = text.span
                WordScan.forEachWord(bytes, in: bytes.indices) {
                    words.append(UInt32(truncatingIfNeeded: WordScan.hash(bytes, $0)))
                }
                return words
            }
        }
        var starts = [0]
        for part in parts {
            for row in part { starts.append(starts[starts.count - 1] + row.count) }
        }
        return TextFeatures(
            tokens: parts.flatMap { $0.flatMap { $0 } }, starts: starts, work: work)
    }

    /// How far the neighbourhood of each vector of one set is its own set's and not the other's, 0 to
    /// 1, after a walk of a few steps along near neighbours.
    private static func foreignness(
        _ vectors: VectorSet, among others: VectorSet, seed: UInt64, work: some WorkSharing
    ) -> [Float] {
        var nodes = vectors
        nodes.append(contentsOf: others)
        let index = VectorIndex(nodes, seed: seed, work: work)
        let neighbours = index.neighbours(count: graphNeighbours, work: work)
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
}
