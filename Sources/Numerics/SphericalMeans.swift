/// Spherical k-means: groups of unit vectors around unit centres (Dhillon and Modha 2001).
///
/// Centres are drawn with k-means++ (Arthur and Vassilvitskii 2007, distance 1 − cosine) from a seed.
/// The same seed gives the same groups, whatever the threads.
public struct SphericalMeans: Sendable {
    /// Unit vectors, as many as there are groups.
    public let centers: VectorSet
    /// The group of every vector; −1 for a vector of zeros.
    public let groups: [Int32]
    /// Cosine of every vector with its centre.
    public let likeness: [Float]

    /// Groups `vectors` into at most `count` groups; fewer when there are fewer vectors.
    ///
    /// O(n k d) a round.
    public init(
        _ vectors: VectorSet, count: Int, rounds: Int, seed: UInt64, work: some WorkSharing
    ) {
        let usable = (0..<vectors.count).filter { vectors.dot($0, vectors, $0) > 0.5 }
        var centers = SphericalMeans.start(vectors, usable, count: count, seed: seed, work: work)
        let quantized = QuantizedVectors(vectors)
        var nearest = SphericalMeans.nearest(quantized, usable, centers, work)
        for _ in 0..<rounds where centers.count > 0 {
            var sums = VectorSet(dimensions: vectors.dimensions)
            let zero = [Float](repeating: 0, count: vectors.dimensions)
            for _ in 0..<centers.count { sums.append(zero.span) }
            for (place, index) in usable.enumerated() {
                sums.add(index, of: vectors, to: Int(nearest[place]))
            }
            // A centre whose group is empty stays where it is.
            var moved = VectorSet(dimensions: vectors.dimensions)
            for center in 0..<centers.count {
                if sums.normalize(center) {
                    moved.append(center, of: sums)
                } else {
                    moved.append(center, of: centers)
                }
            }
            centers = moved
            let before = nearest
            nearest = SphericalMeans.nearest(quantized, usable, centers, work)
            if before == nearest { break }
        }
        var groups = [Int32](repeating: -1, count: vectors.count)
        var likeness = [Float](repeating: 0, count: vectors.count)
        for (place, index) in usable.enumerated() where centers.count > 0 {
            groups[index] = nearest[place]
            likeness[index] = vectors.dot(index, centers, Int(nearest[place]))
        }
        self.centers = centers
        self.groups = groups
        self.likeness = likeness
    }

    /// Vectors with the mean of all taken off, of length 1 again: what all texts of a dataset share, their
    /// manner and their subject, would otherwise decide where they lie (Mu and Viswanath 2018).
    public static func centered(_ vectors: VectorSet) -> VectorSet {
        var mean = [Float](repeating: 0, count: vectors.dimensions)
        for index in 0..<vectors.count {
            let vector = vectors.vector(index)
            for place in mean.indices { mean[place] += vector[place] }
        }
        for place in mean.indices { mean[place] /= Float(max(1, vectors.count)) }
        var centered = VectorSet(dimensions: vectors.dimensions)
        centered.reserveCapacity(vectors.count)
        for index in 0..<vectors.count {
            var vector = vectors.vector(index)
            // A text without a word stays without a place.
            if vector.contains(where: { $0 != 0 }) {
                for place in mean.indices { vector[place] -= mean[place] }
            }
            centered.append(vector.span)
            centered.normalize(index)
        }
        return centered
    }

    private static func start(
        _ vectors: VectorSet, _ usable: [Int], count: Int, seed: UInt64, work: some WorkSharing
    ) -> VectorSet {
        var centers = VectorSet(dimensions: vectors.dimensions)
        guard !usable.isEmpty, count > 0 else { return centers }
        var generator = SeededGenerator(seed: seed, stream: 0x6B6D)
        centers.append(usable[Int(generator.below(UInt64(usable.count)))], of: vectors)
        var distances = [Float](repeating: .infinity, count: usable.count)
        while centers.count < min(count, usable.count) {
            let last = centers.count - 1
            let next = centers
            let found = work.mapShares(usable.count, share: 2048) { range in
                range.map { max(0, 1 - vectors.dot(usable[$0], next, last)) }
            }
            var total = 0.0
            for place in distances.indices {
                distances[place] = min(distances[place], found[place])
                total += Double(distances[place] * distances[place])
            }
            guard total > 1e-9 else { break }
            var left = Double(generator.next() >> 11) * 0x1p-53 * total
            var chosen = usable.count - 1
            for place in distances.indices {
                left -= Double(distances[place] * distances[place])
                if left < 0 {
                    chosen = place
                    break
                }
            }
            centers.append(usable[chosen], of: vectors)
        }
        return centers
    }

    /// The centre of the largest cosine, the first of equal ones; told by quantized vectors.
    private static func nearest(
        _ vectors: QuantizedVectors, _ usable: [Int], _ centers: VectorSet,
        _ work: some WorkSharing
    ) -> [Int32] {
        let centers = QuantizedVectors(centers)
        return work.mapShares(usable.count) { range in
            var products: [Int32] = []
            return range.map { vectors.nearest(usable[$0], of: centers, &products) }
        }
    }
}
