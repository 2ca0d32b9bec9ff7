import Numerics

/// A symmetric graph of near neighbours, weighted by how alike they are.
struct NeighbourGraph {
    /// Edges of every node, one after the other.
    private let starts: [Int]
    private let ends: [Int32]
    /// Weights over the roots of both nodes' sums of weights.
    private let weights: [Float]

    /// The weight of a cosine: its third power, 0 below 0.
    static func weight(_ likeness: Float) -> Float {
        let positive = max(0, likeness)
        return positive * positive * positive
    }

    /// Makes a graph of every node's neighbours; an edge stands where either is the other's neighbour.
    ///
    /// O(edges log edges).
    init(_ neighbours: [[VectorIndex.Neighbour]]) {
        var edges: [(from: Int32, to: Int32, weight: Float)] = []
        for (node, found) in neighbours.enumerated() {
            for neighbour in found {
                let weight = NeighbourGraph.weight(neighbour.likeness)
                guard weight > 0 else { continue }
                edges.append((Int32(node), neighbour.index, weight))
                edges.append((neighbour.index, Int32(node), weight))
            }
        }
        edges.sort { ($0.from, $0.to) < ($1.from, $1.to) }
        var starts = [0]
        var (ends, weights): ([Int32], [Float]) = ([], [])
        var sums = [Float](repeating: 0, count: neighbours.count)
        var place = 0
        for node in neighbours.indices {
            while place < edges.count, edges[place].from == Int32(node) {
                if ends.count == starts[node] || ends[ends.count - 1] != edges[place].to {
                    ends.append(edges[place].to)
                    weights.append(edges[place].weight)
                    sums[node] += edges[place].weight
                }
                place += 1
            }
            starts.append(ends.count)
        }
        for node in neighbours.indices {
            for edge in starts[node]..<starts[node + 1] {
                weights[edge] /= (sums[node] * sums[Int(ends[edge])]).squareRoot()
            }
        }
        self.starts = starts
        self.ends = ends
        self.weights = weights
    }

    /// What a value of every node becomes when each passes it on to its neighbours.
    ///
    /// O(edges).
    func step(_ values: [Float]) -> [Float] {
        values.indices.map { node in
            var sum: Float = 0
            for edge in starts[node]..<starts[node + 1] {
                sum += weights[edge] * values[Int(ends[edge])]
            }
            return sum
        }
    }

    /// Spreads what is given over the graph: beliefs of so many classes a node, which add up to 1
    /// where anything has arrived.
    ///
    /// `given` has the class of a node or −1; given nodes keep theirs. O(rounds · edges · classes).
    func spread(
        _ given: [Int32], classCount: Int, share: Float, rounds: Int, work: some WorkSharing
    ) -> [Float] {
        let count = given.count
        var beliefs = [Float](repeating: 0, count: count * classCount)
        for (node, category) in given.enumerated() where category >= 0 {
            beliefs[node * classCount + Int(category)] = 1
        }
        for _ in 0..<rounds {
            let now = beliefs
            beliefs = work.mapShares(count, share: 512) { range in
                var result = [Float](repeating: 0, count: range.count * classCount)
                var sums = result.mutableSpan
                let now = now.span
                for node in range {
                    let first = (node - range.lowerBound) * classCount
                    for edge in starts[node]..<starts[node + 1] {
                        let weight = share * weights[edge]
                        let other = Int(ends[edge]) * classCount
                        // Ends are nodes, of which each has so many beliefs.
                        for category in 0..<classCount {
                            unsafe sums[unchecked: first &+ category] +=
                                weight * now[unchecked: other &+ category]
                        }
                    }
                    if given[node] >= 0 { sums[first + Int(given[node])] += 1 - share }
                }
                return result
            }
        }
        for node in 0..<count {
            let range = node * classCount..<(node + 1) * classCount
            if given[node] >= 0 {
                for place in range { beliefs[place] = 0 }
                beliefs[node * classCount + Int(given[node])] = 1
            } else {
                let total = beliefs[range].reduce(0, +)
                guard total > 0 else { continue }
                for place in range { beliefs[place] /= total }
            }
        }
        return beliefs
    }
}
