public import Numerics

/// A map of vectors in two dimensions on which near neighbours stay near.
///
/// The graph of near neighbours with the weights of UMAP (McInnes, Healy and Melville 2018), laid out by
/// stochastic gradient descent with the heavy-tailed kernel 1 / (1 + d²) (Tang et al. 2016, LargeVis), from
/// the two main directions of the vectors. Distances between far groups mean little.
public enum NeighbourLayout {
    private static let neighbourCount = 12
    private static let rounds = 200
    private static let strangers = 5
    private static let reach: Float = 4

    /// A point for each unit vector, about within −1…1; the same for the same seed.
    ///
    /// O(n² d) for at most 1,024 vectors, O(n √n d) above, and 200 rounds over 12 neighbours each.
    public static func points(
        _ vectors: VectorSet, seed: UInt64, work: some WorkSharing
    ) -> [SIMD2<Float>] {
        let n = vectors.count
        guard n > 2 else { return (0..<n).map { SIMD2(Float($0), 0) } }
        let set = SphericalMeans.centered(vectors)
        var points = mainDirections(set)
        let index = VectorIndex(set, seed: seed, work: work)
        let edges = weights(index.neighbours(count: min(neighbourCount, n - 1), work: work))
        guard let most = edges.map(\.weight).max() else { return points }
        var generator = SeededGenerator(seed: seed, stream: 0x4D61_7032)
        // How far an edge is behind: it is taken when its share of rounds is due.
        var due = edges.map { _ in Float(0) }
        for round in 0..<rounds {
            let rate = 1 - Float(round) / Float(rounds)
            for (place, edge) in edges.enumerated() {
                due[place] += edge.weight / most
                guard due[place] >= 1 else { continue }
                due[place] -= 1
                let (own, other) = (Int(edge.from), Int(edge.to))
                let toward = points[own] - points[other]
                let pull = -2 / (1 + (toward * toward).sum()) * toward * rate
                points[own] += clipped(pull)
                points[other] -= clipped(pull)
                for _ in 0..<strangers {
                    let stranger = Int(generator.below(UInt64(n)))
                    if stranger == own { continue }
                    let away = points[own] - points[stranger]
                    let square = (away * away).sum()
                    points[own] += clipped(
                        2 / ((0.001 + square) * (1 + square)) * away * rate)
                }
            }
        }
        return scaled(points)
    }

    private static func clipped(_ step: SIMD2<Float>) -> SIMD2<Float> {
        step.clamped(
            lowerBound: SIMD2(repeating: -reach), upperBound: SIMD2(repeating: reach))
    }

    private static func scaled(_ points: [SIMD2<Float>]) -> [SIMD2<Float>] {
        var (low, high) = (points[0], points[0])
        for point in points {
            low = pointwiseMin(low, point)
            high = pointwiseMax(high, point)
        }
        let half = max(1e-9, (high - low).max() / 2)
        return points.map { ($0 - (low + high) / 2) / half }
    }

    /// Weights of neighbours: 1 for the nearest, falling so that they sum to the logarithm of their number;
    /// then of both directions a + b − a b.
    private static func weights(
        _ lists: [[VectorIndex.Neighbour]]
    ) -> [(from: Int32, to: Int32, weight: Float)] {
        var found: [UInt64: Float] = [:]
        for (node, list) in lists.enumerated() where !list.isEmpty {
            let distances = list.map { max(0, 1 - Double($0.likeness)) }
            let wanted = Elementary.log(Double(list.count)) / Elementary.log(2)
            var (low, high) = (1e-6, 4.0)
            for _ in 0..<40 {
                let middle = (low + high) / 2
                let sum = distances.reduce(0) {
                    $0 + Elementary.exp(-($1 - distances[0]) / middle)
                }
                if sum > wanted { high = middle } else { low = middle }
            }
            for (place, other) in list.enumerated() {
                let weight = Float(Elementary.exp(-(distances[place] - distances[0]) / low))
                let (first, second) = (min(Int32(node), other.index), max(Int32(node), other.index))
                let key = UInt64(first) << 32 | UInt64(second)
                let before = found[key] ?? 0
                found[key] = before + weight - before * weight
            }
        }
        return found.sorted { $0.key < $1.key }.map {
            (Int32($0.key >> 32), Int32(truncatingIfNeeded: $0.key), $0.value)
        }
    }

    /// Places along the two main directions of centred vectors, by power iteration.
    private static func mainDirections(_ set: VectorSet) -> [SIMD2<Float>] {
        let width = set.dimensions
        var directions: [[Float]] = []
        for axis in 0..<2 {
            var direction = (0..<width).map { Float($0 % (axis + 2) == 0 ? 1 : 0.5) }
            for _ in 0..<12 {
                var next = [Float](repeating: 0, count: width)
                for index in 0..<set.count {
                    let vector = set.vector(index)
                    var product: Float = 0
                    for place in 0..<width { product += vector[place] * direction[place] }
                    for place in 0..<width { next[place] += vector[place] * product }
                }
                for earlier in directions {
                    let product = zip(next, earlier).reduce(0) { $0 + $1.0 * $1.1 }
                    for place in 0..<width { next[place] -= product * earlier[place] }
                }
                let length = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
                guard length > 0 else { break }
                direction = next.map { $0 / length }
            }
            directions.append(direction)
        }
        return (0..<set.count).map { index in
            let vector = set.vector(index)
            let place = directions.map { axis in zip(vector, axis).reduce(0) { $0 + $1.0 * $1.1 } }
            return 10 * SIMD2(place[0], place[1])
        }
    }
}
