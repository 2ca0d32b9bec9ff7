extension VectorSet {
    /// Directions that are shrunk at most, and numbers of a vector for each.
    private static let mostDirections = 16
    private static let numbersPerDirection = 16
    /// Numbers of all vectors that the directions are learnt from at most.
    private static let mostNumbers = 1 << 19
    /// Vectors that the centre is believed to stand for before any is seen.
    private static let doubt = 10

    /// The same vectors less what all have in common, of length 1; those of zeros stay.
    ///
    /// Embeddings of long texts, of texts in one language or of one template lie close together whatever they
    /// say. The centre is taken off, and the strongest directions are shrunk (`StrongDirections`), so that a
    /// cosine of two texts that have nothing in common but that is 0. O(n · d · directions).
    public func withoutCommonParts(seed: UInt64) -> VectorSet {
        var vectors = (0..<count).map { index in (0..<laneCount).map { lane($0, of: index) } }
        let present = vectors.indices.filter { dot($0, self, $0) > 0 }
        var centre = [SIMD8<Float>](repeating: .zero, count: laneCount)
        for index in present {
            for lane in centre.indices { centre[lane] += vectors[index][lane] }
        }
        let scale = 1 / Float(present.count + VectorSet.doubt)
        for index in present {
            for lane in centre.indices { vectors[index][lane] -= centre[lane] * scale }
        }
        let size = max(1, min(present.count, VectorSet.mostNumbers / max(1, dimensions)))
        let sample =
            present.isEmpty ? [] : (0..<size).map { vectors[present[$0 * present.count / size]] }
        let directions = StrongDirections(
            sample,
            count: min(VectorSet.mostDirections, dimensions / VectorSet.numbersPerDirection),
            seed: seed)
        var result = VectorSet(dimensions: dimensions)
        result.reserveCapacity(count)
        var next = present.makeIterator()
        var wanted = next.next()
        for index in vectors.indices {
            let isPresent = index == wanted
            if isPresent {
                directions.shrink(&vectors[index])
                wanted = next.next()
            }
            result.append(lanes: vectors[index])
            if isPresent { result.normalize(index) }
        }
        return result
    }
}
