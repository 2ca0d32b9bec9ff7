import Numerics

/// A group of reference records that are alike and that the data lacks or has few of.
public struct UncoveredRegion: Sendable {
    /// Rows of the reference, those nearest to the group's middle first.
    public let rows: [Int]
    /// How many of the records around the group's the data has, over how many it would have if both were of one
    /// source: 0 where it has none, 1 where it has its share.
    public let presence: Double

    /// From this presence on it is not said that the data lacks a region.
    ///
    /// Measured on CLINC150 and bitext_cs with one category taken out and two thinned to a fifth: regions of what was
    /// taken out 0 to 0.25, of what was thinned 0.11 to 0.37, of what chance had dealt to the reference 0.24 to
    /// 1.03.
    public static let lackingPresence = 0.35
    /// Below this presence the data has nothing of a region worth speaking of.
    public static let nothing = 0.1

    /// Records of a region on average; fewer where that would be less than four regions.
    private static let regionSize = 40
    private static let leastSize = 8
    private static let fewRegions = 4
    private static let mostRegions = 12
    /// Records without which it is no region.
    private static let leastRows = 5

    /// Groups rows of a reference by likeness; the largest region first.
    ///
    /// `near` has the neighbours of every node, the reference's records first and then those of the data. O(rows ·
    /// regions) a round.
    static func among(
        _ rows: [Int], of reference: VectorSet, near: [[VectorIndex.Neighbour]], dataCount: Int,
        seed: UInt64, work: some WorkSharing
    ) -> [UncoveredRegion] {
        guard !rows.isEmpty else { return [] }
        var vectors = VectorSet(dimensions: reference.dimensions)
        for row in rows { vectors.append(row, of: reference) }
        let count = max(1, rows.count / regionSize, min(fewRegions, rows.count / leastSize))
        let groups = SphericalMeans(
            vectors, count: min(mostRegions, count), rounds: 20, seed: seed, work: work)
        let regions = (0..<groups.centers.count).map { region -> UncoveredRegion in
            let members = rows.indices.filter { groups.groups[$0] == Int32(region) }
                .sorted { (groups.likeness[$1], $0) < (groups.likeness[$0], $1) }
            let around = members.flatMap { near[rows[$0]] }
            let own = around.count { Int($0.index) < reference.count }
            let share = Double(around.count - own) / Double(dataCount)
            return UncoveredRegion(
                rows: members.map { rows[$0] },
                presence: share * Double(reference.count) / Double(max(1, own)))
        }
        return regions.filter { $0.rows.count >= leastRows }
            .sorted { ($1.rows.count, $0.rows[0]) < ($0.rows.count, $1.rows[0]) }
    }
}
