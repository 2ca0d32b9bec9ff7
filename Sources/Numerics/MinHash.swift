/// MinHash signatures of sets of 32-bit numbers, folded into bands for locality-sensitive hashing.
///
/// 64 hash functions (a·x + b modulo 2^32 of a mixed x, a odd), four to a band: two sets of Jaccard
/// similarity s share a band with chance 1 − (1 − s⁴)¹⁶, which is 0.98 at 0.7 and above 0.999 at 0.8
/// (Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4).
public struct MinHash: Sendable {
    /// Bands of a signature.
    public static let bandCount = 16
    /// Hash functions folded into a band.
    private static let rowsOfBand = 4
    private static let laneCount = bandCount * rowsOfBand / 8

    private let factors: [SIMD8<UInt32>]
    private let offsets: [SIMD8<UInt32>]

    /// Hash functions drawn from `seed`.
    public init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed, stream: 0x4D69_6E48)
        func draw() -> SIMD8<UInt32> {
            var lane = SIMD8<UInt32>.zero
            for index in 0..<8 {
                lane[index] = UInt32(truncatingIfNeeded: generator.next() >> 32)
            }
            return lane
        }
        factors = (0..<MinHash.laneCount).map { _ in draw() | 1 }
        offsets = (0..<MinHash.laneCount).map { _ in draw() }
    }

    /// Appends the bands of a set, whose numbers may repeat; an empty set has bands of zeros.
    ///
    /// O(numbers).
    public func append(_ numbers: Span<UInt32>, to bands: inout [UInt32]) {
        guard !numbers.isEmpty else {
            for _ in 0..<MinHash.bandCount { bands.append(0) }
            return
        }
        // Pairs of lanes: the smallest stay in registers through all numbers.
        for lane in stride(from: 0, to: MinHash.laneCount, by: 2) {
            let (factor, other) = (factors[lane], factors[lane + 1])
            let (offset, otherOffset) = (offsets[lane], offsets[lane + 1])
            var least = SIMD8<UInt32>(repeating: .max)
            var otherLeast = least
            for index in numbers.indices {
                let number = SIMD8<UInt32>(repeating: numbers[index] &* 0x9E37_79B1)
                let mixed = number ^ (number &>> 15)
                least = pointwiseMin(least, mixed &* factor &+ offset)
                otherLeast = pointwiseMin(otherLeast, mixed &* other &+ otherOffset)
            }
            MinHash.fold(least, to: &bands)
            MinHash.fold(otherLeast, to: &bands)
        }
    }

    /// Two bands of eight smallest values.
    private static func fold(_ least: SIMD8<UInt32>, to bands: inout [UInt32]) {
        for first in [0, 4] {
            var hash: UInt64 = 0
            for index in first..<first + 4 { hash = StableHash.mix(hash ^ UInt64(least[index])) }
            // 0 is kept for empty sets.
            bands.append(UInt32(truncatingIfNeeded: hash >> 32) | 1)
        }
    }
}
