public import Numerics

/// Near neighbours among unit vectors, by an inverted file: vectors lie in cells around centres, and a
/// search looks into the few cells nearest to it (Sivic and Zisserman 2003).
///
/// Up to 1,024 vectors all are looked at and the answer is exact.
public struct VectorIndex: Sendable {
    /// A neighbour: its index and the cosine with it.
    public struct Neighbour: Sendable, Equatable {
        /// Index of the vector.
        public let index: Int32
        /// Cosine, −1 to 1.
        public let likeness: Float
    }

    /// Cells that a search looks into.
    private static let probes = 6
    private static let mostExact = 1024
    /// Vectors that centres are learnt from.
    private static let mostLearnt = 4096

    /// The vectors.
    public let vectors: VectorSet
    private let centers: VectorSet
    /// Vectors cell by cell.
    private let members: [Int32]
    private let starts: [Int]

    /// Indexes unit vectors; vectors of zeros are never found.
    ///
    /// O(n √n d).
    public init(_ vectors: VectorSet, seed: UInt64, work: some WorkSharing) {
        self.vectors = vectors
        let cells =
            vectors.count <= VectorIndex.mostExact
            ? 1 : Int(Double(vectors.count).squareRoot())
        var learnt = VectorSet(dimensions: vectors.dimensions)
        let step = max(1, vectors.count / VectorIndex.mostLearnt)
        for index in stride(from: 0, to: vectors.count, by: step) {
            learnt.append(index, of: vectors)
        }
        let centers = SphericalMeans(learnt, count: cells, rounds: 3, seed: seed, work: work)
            .centers
        let cellOf = work.mapShares(vectors.count) { range in
            range.map { index -> Int32 in
                guard vectors.dot(index, vectors, index) > 0.5 else { return -1 }
                var (best, likeness): (Int32, Float) = (0, -2)
                for center in 0..<centers.count {
                    let found = vectors.dot(index, centers, center)
                    if found > likeness { (best, likeness) = (Int32(center), found) }
                }
                return best
            }
        }
        var starts = [Int](repeating: 0, count: centers.count + 1)
        for cell in cellOf where cell >= 0 { starts[Int(cell) + 1] += 1 }
        for cell in 0..<centers.count { starts[cell + 1] += starts[cell] }
        var members = [Int32](repeating: 0, count: starts[centers.count])
        var ends = starts
        for (index, cell) in cellOf.enumerated() where cell >= 0 {
            members[ends[Int(cell)]] = Int32(index)
            ends[Int(cell)] += 1
        }
        self.centers = centers
        self.members = members
        self.starts = starts
    }

    /// The nearest `count` vectors of `queries[index]`, the nearest first, except `own`; written over
    /// `found`.
    ///
    /// O(√n d) on average.
    public func search(
        _ queries: VectorSet, _ index: Int, count: Int, except own: Int32 = -1,
        into found: inout [Neighbour]
    ) {
        found.removeAll(keepingCapacity: true)
        var cells: [(cell: Int32, likeness: Float)] = []
        cells.reserveCapacity(VectorIndex.probes + 1)
        for center in 0..<centers.count {
            let likeness = queries.dot(index, centers, center)
            if cells.count < VectorIndex.probes || likeness > cells[cells.count - 1].likeness {
                var place = cells.count
                while place > 0, cells[place - 1].likeness < likeness { place -= 1 }
                cells.insert((Int32(center), likeness), at: place)
                if cells.count > VectorIndex.probes { cells.removeLast() }
            }
        }
        for entry in cells {
            for place in starts[Int(entry.cell)]..<starts[Int(entry.cell) + 1]
            where members[place] != own {
                let likeness = queries.dot(index, vectors, Int(members[place]))
                guard found.count < count || likeness > found[found.count - 1].likeness else {
                    continue
                }
                var position = found.count
                while position > 0, found[position - 1].likeness < likeness { position -= 1 }
                found.insert(Neighbour(index: members[place], likeness: likeness), at: position)
                if found.count > count { found.removeLast() }
            }
        }
    }
}
