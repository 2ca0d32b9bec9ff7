/// Near neighbours among unit vectors, by an inverted file: vectors lie in cells around centres, and a
/// search looks into the few cells nearest to it (Sivic and Zisserman 2003).
///
/// Up to 1,024 vectors all are looked at. Which are near is told by vectors in 16 bits a number, how near by the
/// vectors themselves: of neighbours that differ by some 0.00002 of cosine the last may be the other one.
public struct VectorIndex: Sendable {
    /// A neighbour: its index and the cosine with it.
    public struct Neighbour: Sendable, Equatable {
        /// Index of the vector.
        public let index: Int32
        /// Cosine, −1 to 1.
        public let likeness: Float
    }

    /// A place and the product that quantized vectors have there.
    fileprivate struct Candidate {
        let place: Int32
        let product: Int32
    }

    /// What a search works with; belongs to one thread.
    public struct Scratch: Sendable {
        /// What was found last, the nearest first.
        public fileprivate(set) var found: [Neighbour] = []
        fileprivate var query = QuantizedVectors(dimensions: 0)
        fileprivate var products: [Int32] = []
        fileprivate var cells: [Candidate] = []
        fileprivate var nearest: [Candidate] = []

        /// Nothing found yet.
        public init() {}

        /// Puts an entry into a list of the `most` largest products.
        @inline(__always)
        fileprivate static func insert(
            _ entry: Candidate, into list: inout [Candidate], most: Int
        ) {
            if list.count == most {
                if entry.product <= list[most - 1].product { return }
            } else {
                list.append(entry)
            }
            sift(entry, &list)
        }

        /// Puts an entry into its place; the last of the list falls out.
        @inline(never)
        private static func sift(_ entry: Candidate, _ list: inout [Candidate]) {
            var place = list.count - 1
            while place > 0, list[place - 1].product < entry.product {
                list[place] = list[place - 1]
                place -= 1
            }
            list[place] = entry
        }

        /// Puts a neighbour into its place among the found ones, behind those that are as near.
        fileprivate mutating func take(_ neighbour: Neighbour) {
            found.append(neighbour)
            var place = found.count - 1
            while place > 0, found[place - 1].likeness < neighbour.likeness {
                found[place] = found[place - 1]
                place -= 1
            }
            found[place] = neighbour
        }
    }

    /// Cells that a search looks into.
    private static let probes = 6
    private static let mostExact = 1024
    /// Vectors that a search looks at, after which it enters no further cell: texts that repeat fill
    /// cells, and more of them say no more.
    private static let mostLooked = 1024
    /// Vectors that centres are learnt from.
    private static let mostLearnt = 4096

    /// The vectors.
    public let vectors: VectorSet
    private let centers: QuantizedVectors
    /// Indices of the vectors cell by cell, and the vectors in that order.
    private let members: [Int32]
    private let ordered: QuantizedVectors
    /// Vectors that a search looks at.
    private let mostLooked: Int
    private let starts: [Int]

    /// Indexes unit vectors; vectors of zeros are never found.
    ///
    /// With `isExact` all vectors are looked at whatever their number. O(n √n d).
    public init(
        _ vectors: VectorSet, seed: UInt64, isExact: Bool = false, work: some WorkSharing
    ) {
        self.vectors = vectors
        let cells =
            isExact || vectors.count <= VectorIndex.mostExact
            ? 1 : Int(Double(vectors.count).squareRoot())
        var learnt = VectorSet(dimensions: vectors.dimensions)
        let step = max(1, vectors.count / VectorIndex.mostLearnt)
        for index in stride(from: 0, to: vectors.count, by: step) {
            learnt.append(index, of: vectors)
        }
        let centers = QuantizedVectors(
            SphericalMeans(learnt, count: cells, rounds: 3, seed: seed, work: work).centers)
        let cellOf = work.mapShares(vectors.count) { range in
            var query = QuantizedVectors(dimensions: vectors.dimensions)
            var products: [Int32] = []
            return range.map { index -> Int32 in
                guard vectors.dot(index, vectors, index) > 0.5 else { return -1 }
                query.removeAll()
                query.append(index, of: vectors)
                return query.nearest(0, of: centers, &products)
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
        var ordered = QuantizedVectors(dimensions: vectors.dimensions)
        ordered.reserveCapacity(members.count)
        for member in members { ordered.append(Int(member), of: vectors) }
        self.ordered = ordered
        mostLooked = cells == 1 ? vectors.count : VectorIndex.mostLooked
        self.centers = centers
        self.members = members
        self.starts = starts
    }

    /// Finds the nearest `count` vectors of `queries[index]`, a unit vector, `count` above 0, except `own`.
    ///
    /// Quantized vectors tell which they are, the vectors themselves how near. O(√n d) on average; no allocation
    /// once the scratch is warm.
    public func search(
        _ queries: VectorSet, _ index: Int, count: Int, except own: Int32 = -1,
        _ scratch: inout Scratch
    ) {
        scratch.found.removeAll(keepingCapacity: true)
        scratch.nearest.removeAll(keepingCapacity: true)
        scratch.cells.removeAll(keepingCapacity: true)
        if !scratch.query.hasLength(of: queries) {
            scratch.query = QuantizedVectors(dimensions: queries.dimensions)
        }
        scratch.query.removeAll()
        scratch.query.append(index, of: queries)
        scratch.query.dots(0, with: centers, 0..<centers.count, into: &scratch.products)
        for (center, product) in scratch.products.enumerated() {
            Scratch.insert(
                Candidate(place: Int32(center), product: product), into: &scratch.cells,
                most: VectorIndex.probes)
        }
        // The nearest cell first.
        var left = mostLooked
        for cell in scratch.cells where left > 0 {
            let start = starts[Int(cell.place)]
            let end = min(starts[Int(cell.place) + 1], start + left)
            left -= end - start
            scratch.query.dots(0, with: ordered, start..<end, into: &scratch.products)
            for (place, product) in scratch.products.enumerated()
            where members[start + place] != own {
                Scratch.insert(
                    Candidate(place: members[start + place], product: product),
                    into: &scratch.nearest, most: count)
            }
        }
        for candidate in scratch.nearest {
            let likeness = queries.dot(index, vectors, Int(candidate.place))
            scratch.take(Neighbour(index: candidate.place, likeness: likeness))
        }
    }

    /// The nearest `count` other vectors of every vector of the index, the nearest first.
    ///
    /// O(n √n d).
    public func neighbours(count: Int, work: some WorkSharing) -> [[Neighbour]] {
        // Cell by cell: searches one after the other look into the same cells, which are in the cache then.
        var isMember = [Bool](repeating: false, count: vectors.count)
        for member in members { isMember[Int(member)] = true }
        let order = members.map { Int($0) } + isMember.indices.filter { !isMember[$0] }
        let found = work.map(order.count, keeping: Scratch.init) { place, scratch in
            let node = order[place]
            search(vectors, node, count: count, except: Int32(node), &scratch)
            return scratch.found
        }
        var neighbours = [[Neighbour]](repeating: [], count: vectors.count)
        for (place, node) in order.enumerated() { neighbours[node] = found[place] }
        return neighbours
    }
}
