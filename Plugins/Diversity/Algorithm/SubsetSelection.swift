public import Numerics

/// The records of a dataset that together stand for all of it.
public enum SubsetSelection {
    /// Records a chosen one is looked for among, for each that is chosen: more are not needed where few are.
    private static let mostPerChosen = 32
    private static let leastNeighbours = 16
    private static let mostNeighbours = 64

    /// Facility location: `size` vectors that every vector has one near to, weighted by quality.
    ///
    /// Greedy over the graph of near neighbours, the largest gain first (Nemhauser, Wolsey and Fisher 1978,
    /// with Minoux's lazy evaluation; Lin and Bilmes 2011). What is gained is, over all records, the
    /// cosine with the nearest chosen one, times the quality of the one that is chosen; 0 for quality counts
    /// as a little more. `vectors` are unit vectors; their mean is taken off first. The chosen indices,
    /// ascending. O(n √n d + n k log n).
    public static func facilityLocation(
        _ vectors: VectorSet, quality: [Float], size: Int, seed: UInt64, work: some WorkSharing
    ) -> [Int] {
        let n = vectors.count
        guard size > 0, size < n else { return size > 0 ? Array(0..<n) : [] }
        // Where few are wanted, they are chosen among, and for, a random part of the data.
        let looked = part(n, min(n, size * mostPerChosen), seed: seed)
        var set = VectorSet(dimensions: vectors.dimensions)
        for index in looked { set.append(index, of: vectors) }
        set = SphericalMeans.centered(set)
        let count = min(
            looked.count - 1, max(leastNeighbours, min(mostNeighbours, 2 * looked.count / size)))
        let index = VectorIndex(set, seed: seed, work: work)
        let neighbours = index.neighbours(count: count, work: work)
        let graph = Neighbours(neighbours)
        var covered = [Float](repeating: 0, count: looked.count)
        func gain(_ node: Int) -> Float {
            var sum = 1 - covered[node]
            for place in graph.starts[node]..<graph.starts[node + 1] {
                sum += max(0, graph.likeness[place] - covered[Int(graph.others[place])])
            }
            return sum * (0.05 + max(0, quality[looked[node]]))
        }
        var heap = LazyQueue(looked.indices.map { (gain($0), Int32($0)) })
        var chosen: [Int] = []
        while chosen.count < size, let node = heap.next(gain: { gain(Int($0)) }) {
            chosen.append(looked[Int(node)])
            covered[Int(node)] = 1
            for place in graph.starts[Int(node)]..<graph.starts[Int(node) + 1] {
                let other = Int(graph.others[place])
                covered[other] = max(covered[other], graph.likeness[place])
            }
        }
        return chosen.sorted()
    }

    /// Vectors that k-centre chooses among, or as many as are wanted twice over.
    private static let mostCentred = 20_000

    /// Greedy k-centre: each vector chosen is the farthest from those chosen before (Gonzalez 1985),
    /// distances weighted by quality; the first is the one nearest to the mean.
    ///
    /// Takes outliers first. Of more than 20,000 unit vectors, or twice the size, a random part is looked at. The
    /// chosen indices, ascending. O(n · size · d).
    public static func kCenter(
        _ all: VectorSet, quality allQualities: [Float], size: Int, seed: UInt64,
        work: some WorkSharing
    ) -> [Int] {
        guard size > 0, size < all.count else { return size > 0 ? Array(0..<all.count) : [] }
        let looked = part(all.count, min(all.count, max(mostCentred, 2 * size)), seed: seed)
        var vectors = VectorSet(dimensions: all.dimensions)
        for index in looked { vectors.append(index, of: all) }
        let quality = looked.map { allQualities[$0] }
        let n = vectors.count
        var mean = VectorSet(dimensions: vectors.dimensions)
        let zero = [Float](repeating: 0, count: vectors.dimensions)
        mean.append(zero.span)
        for index in 0..<n { mean.add(index, of: vectors, to: 0) }
        var first = (index: 0, likeness: -Float.infinity)
        for index in 0..<n {
            let likeness = vectors.dot(index, mean, 0)
            if likeness > first.likeness { first = (index, likeness) }
        }
        var chosen = [first.index]
        var isChosen = [Bool](repeating: false, count: n)
        isChosen[first.index] = true
        var distances = [Float](repeating: .infinity, count: n)
        while chosen.count < size {
            let last = chosen[chosen.count - 1]
            var best = (index: -1, value: -Float.infinity)
            vectors.forEachDot(last, with: vectors, 0..<n) { index, likeness in
                distances[index] = min(distances[index], 1 - likeness)
                let value = distances[index] * (0.05 + max(0, quality[index]))
                if value > best.value, !isChosen[index] { best = (index, value) }
            }
            guard best.index >= 0 else { break }
            chosen.append(best.index)
            isChosen[best.index] = true
            work.reportProgress(chosen.count, of: size)
        }
        return chosen.map { looked[$0] }.sorted()
    }

    /// `count` of n indices at random, ascending.
    private static func part(_ n: Int, _ count: Int, seed: UInt64) -> [Int] {
        guard count < n else { return Array(0..<n) }
        var generator = SeededGenerator(seed: seed, stream: 0x5375_6273)
        var order = Array(0..<n)
        for place in 0..<count {
            order.swapAt(place, place + Int(generator.below(UInt64(n - place))))
        }
        return order[..<count].sorted()
    }

    /// The records that would be covered by each, in one array.
    private struct Neighbours {
        var starts: [Int] = [0]
        var others: [Int32] = []
        var likeness: [Float] = []

        /// Turns lists of what is near to each around: of two that are neighbours either covers the other.
        init(_ lists: [[VectorIndex.Neighbour]]) {
            var edges: [(from: Int32, to: Int32, likeness: Float)] = []
            for (node, list) in lists.enumerated() {
                for other in list where other.likeness > 0 {
                    edges.append((Int32(node), other.index, other.likeness))
                    edges.append((other.index, Int32(node), other.likeness))
                }
            }
            edges.sort { ($0.from, $0.to) < ($1.from, $1.to) }
            var place = 0
            for node in 0..<lists.count {
                while place < edges.count, edges[place].from == Int32(node) {
                    if others.count == starts[node] || others[others.count - 1] != edges[place].to {
                        others.append(edges[place].to)
                        likeness.append(edges[place].likeness)
                    }
                    place += 1
                }
                starts.append(others.count)
            }
        }
    }
}

/// What could be chosen, the largest gain first; gains only fall.
private struct LazyQueue {
    private var heap: [(gain: Float, node: Int32)]

    init(_ entries: [(Float, Int32)]) {
        // Sorted, descending, is a heap.
        heap = entries.sorted { ($0.0, $1.1) > ($1.0, $0.1) }
    }

    /// Takes out the node whose gain, as it is now, is the largest; of equals the first.
    mutating func next(gain: (Int32) -> Float) -> Int32? {
        while let top = heap.first {
            let now = gain(top.node)
            if now >= top.gain {
                remove()
                return top.node
            }
            heap[0].gain = now
            sink(0)
            if heap[0].node == top.node {
                remove()
                return top.node
            }
        }
        return nil
    }

    private func isBefore(_ first: Int, _ second: Int) -> Bool {
        (heap[first].gain, heap[second].node) > (heap[second].gain, heap[first].node)
    }

    private mutating func remove() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        sink(0)
    }

    private mutating func sink(_ start: Int) {
        var place = start
        while true {
            var first = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < heap.count && isBefore(child, first) {
                first = child
            }
            if first == place { return }
            heap.swapAt(first, place)
            place = first
        }
    }
}
