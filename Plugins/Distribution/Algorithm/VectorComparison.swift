public import Numerics

/// Compares two samples of unit vectors by maximum mean discrepancy with a Gaussian kernel.
///
/// Gretton et al. 2012, by random Fourier features (Rahimi and Recht 2007). The kernel's width is the median
/// distance of pairs from both sides.
public struct VectorComparison: Sendable {
    /// Squared discrepancy: 0 for equal distributions, at most 2.
    public let effect: Effect

    /// Frequencies; each gives a cosine and a sine.
    private static let frequencies = 128
    private static let pairs = 2000

    /// Compares samples of the same length.
    ///
    /// With an empty side nothing differs and p is 1. O(n d f + rounds · n f) for n vectors and f features.
    public init(
        _ left: VectorSet, _ right: VectorSet, rounds: Int, seed: UInt64, work: some WorkSharing
    ) {
        let (n, m) = (left.count, right.count)
        guard n > 0, m > 0 else {
            effect = .none
            return
        }
        var all = left
        all.append(contentsOf: right)
        let features = VectorComparison.features(all, seed: seed, work: work)
        let width = features.dimensions
        func zero() -> VectorSet {
            var sums = VectorSet(dimensions: width)
            let line = [Float](repeating: 0, count: width)
            sums.append(line.span)
            return sums
        }
        let (empty, drawn) = (zero(), min(n, m))
        func sum(_ range: Range<Int>) -> VectorSet {
            var sum = empty
            for index in range { sum.add(index, of: features, to: 0) }
            return sum
        }
        let total = sum(0..<n + m)
        /// The discrepancy when the sum of `count` of the vectors is `sum`.
        @Sendable func discrepancy(_ sum: VectorSet, _ count: Int) -> Double {
            let (own, whole) = (sum.vector(0), total.vector(0))
            var distance = 0.0
            for index in own.indices {
                let difference =
                    Double(own[index]) / Double(count)
                    - Double(whole[index] - own[index]) / Double(n + m - count)
                distance += difference * difference
            }
            return distance
        }
        let null = work.map(rounds) { round in
            var generator = SeededGenerator(seed: seed, stream: UInt64(2 * round))
            var order = (0..<Int32(n + m)).map { $0 }
            var sum = empty
            for index in 0..<drawn {
                order.swapAt(index, index + Int(generator.below(UInt64(n + m - index))))
                sum.add(Int(order[index]), of: features, to: 0)
            }
            return discrepancy(sum, drawn)
        }
        let bootstrap = work.map(rounds) { round in
            var generator = SeededGenerator(seed: seed, stream: UInt64(2 * round + 1))
            func mean(_ range: Range<Int>) -> [Float] {
                var sum = empty
                for _ in range {
                    let index = range.lowerBound + Int(generator.below(UInt64(range.count)))
                    sum.add(index, of: features, to: 0)
                }
                return sum.vector(0).map { $0 / Float(range.count) }
            }
            let first = mean(0..<n)
            return zip(first, mean(n..<n + m)).reduce(0.0) {
                let difference = Double($1.0) - Double($1.1)
                return $0 + difference * difference
            }
        }
        effect = Effect(discrepancy(sum(0..<n), n), null: null, bootstrap: bootstrap)
    }

    private static func features(
        _ vectors: VectorSet, seed: UInt64, work: some WorkSharing
    ) -> VectorSet {
        var generator = SeededGenerator(seed: seed, stream: 0x6D6D64)
        var distances: [Double] = []
        for _ in 0..<pairs {
            let (a, b) = (
                Int(generator.below(UInt64(vectors.count))),
                Int(generator.below(UInt64(vectors.count)))
            )
            if a == b { continue }
            let cosine = Double(vectors.dot(a, vectors, b))
            distances.append(max(0, 2 - 2 * cosine).squareRoot())
        }
        distances.sort()
        let width = max(1e-3, Quantiles.quantile(0.5, ofSorted: distances) ?? 1)
        var frequencies = VectorSet(dimensions: vectors.dimensions)
        for _ in 0..<VectorComparison.frequencies {
            var line: [Float] = []
            while line.count < vectors.dimensions {
                let (first, second) = generator.normals()
                line += [Float(first / width), Float(second / width)]
            }
            frequencies.append(line.span)
        }
        let count = VectorComparison.frequencies
        let scale = 1 / Double(count).squareRoot()
        let rows = work.mapShares(vectors.count) { [frequencies] range in
            range.map { index -> [Float] in
                var line = [Float](repeating: 0, count: 2 * count)
                vectors.forEachDot(index, with: frequencies, 0..<count) { frequency, angle in
                    line[frequency] = Float(Elementary.cos(Double(angle)) * scale)
                    line[count + frequency] = Float(Elementary.sin(Double(angle)) * scale)
                }
                return line
            }
        }
        var features = VectorSet(dimensions: 2 * count)
        features.reserveCapacity(vectors.count)
        for row in rows { features.append(row.span) }
        return features
    }
}
