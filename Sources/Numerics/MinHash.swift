/// MinHash signatures of sets of 32-bit numbers, and the keys under which alike sets meet.
///
/// 64 hash functions, a·x + b modulo 2^16 of the low half of a mixed x, a odd: the share of functions in which
/// two sets agree estimates their Jaccard similarity (Broder 1997). Sixteen bits are enough to find what is
/// to be compared: disjoint sets of n numbers agree in a function with a chance of about n / 131,072.
///
/// A key is a hash of some of the 64 values; sets that share one meet (locality-sensitive hashing; Leskovec,
/// Rajaraman and Ullman, Mining of Massive Datasets, 3.4).
public struct MinHash: Sendable {
    /// Hash functions.
    public static let hashCount = 64
    /// Numbers of a signature, two values in each.
    public static let width = hashCount / 2
    private static let laneCount = hashCount / 8

    private let factors: [SIMD8<UInt16>]
    private let offsets: [SIMD8<UInt16>]

    /// Hash functions drawn from `seed`.
    public init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed, stream: 0x4D69_6E48)
        func draw() -> SIMD8<UInt16> {
            var lane = SIMD8<UInt16>.zero
            for index in 0..<8 {
                lane[index] = UInt16(truncatingIfNeeded: generator.next() >> 40)
            }
            return lane
        }
        factors = (0..<MinHash.laneCount).map { _ in draw() | 1 }
        offsets = (0..<MinHash.laneCount).map { _ in draw() }
    }

    /// Appends the signature of a set, whose numbers may repeat; of an empty set all numbers are the same.
    ///
    /// O(numbers).
    public func append(_ numbers: Span<UInt32>, to signatures: inout [UInt32]) {
        append(numbers, 0, to: &signatures)
        append(numbers, 4, to: &signatures)
    }

    /// Appends the signature of two sets that must both be alike: half of the functions for each.
    ///
    /// A short part so tells as much as a long one: the keys of what shares a long part and not the short one
    /// differ. Where one set is empty, the other has all functions. O(numbers).
    public func append(
        _ first: Span<UInt32>, _ second: Span<UInt32>, to signatures: inout [UInt32]
    ) {
        if first.isEmpty || second.isEmpty {
            append(first.isEmpty ? second : first, to: &signatures)
        } else {
            append(first, 0, to: &signatures)
            append(second, 4, to: &signatures)
        }
    }

    /// Four lanes of functions from `first` on: the smallest values stay in registers through all numbers.
    @inline(__always)
    private func append(
        _ numbers: Span<UInt32>, _ first: Int, to signatures: inout [UInt32]
    ) {
        let (a0, b0) = (factors[first], offsets[first])
        let (a1, b1) = (factors[first + 1], offsets[first + 1])
        let (a2, b2) = (factors[first + 2], offsets[first + 2])
        let (a3, b3) = (factors[first + 3], offsets[first + 3])
        var m0 = SIMD8<Int16>(repeating: .max)
        var (m1, m2, m3) = (m0, m0, m0)
        for index in numbers.indices {
            let mixed = numbers[index] &* 0x9E37_79B1
            let half = SIMD8<UInt16>(
                repeating: UInt16(truncatingIfNeeded: mixed ^ (mixed &>> 16)))
            MinHash.lower(&m0, to: half &* a0 &+ b0)
            MinHash.lower(&m1, to: half &* a1 &+ b1)
            MinHash.lower(&m2, to: half &* a2 &+ b2)
            MinHash.lower(&m3, to: half &* a3 &+ b3)
        }
        MinHash.append(m0, to: &signatures)
        MinHash.append(m1, to: &signatures)
        MinHash.append(m2, to: &signatures)
        MinHash.append(m3, to: &signatures)
    }

    @inline(__always)
    private static func append(_ lane: SIMD8<Int16>, to signatures: inout [UInt32]) {
        let pairs = unsafe unsafeBitCast(lane, to: SIMD4<UInt32>.self)
        for index in 0..<4 { signatures.append(pairs[index]) }
    }

    /// The smaller of both in every place; signed, because every machine has that in one instruction.
    @inline(__always)
    private static func lower(_ least: inout SIMD8<Int16>, to values: SIMD8<UInt16>) {
        let values = SIMD8<Int16>(truncatingIfNeeded: values)
        least.replace(with: values, where: values .< least)
    }

    /// What an empty set has in all places.
    static let none = UInt32(0x7FFF_7FFF)

    /// In how many functions two signatures agree at least in either half, that begin at two places.
    ///
    /// O(1).
    @inline(__always)
    static func agreement(_ signatures: Span<UInt32>, _ first: Int, _ second: Int) -> Int {
        let half = width / 2
        return min(
            agreement(signatures, first, second, half),
            agreement(signatures, first + half, second + half, half))
    }

    @inline(__always)
    private static func agreement(
        _ signatures: Span<UInt32>, _ first: Int, _ second: Int, _ count: Int
    ) -> Int {
        var agreement = 0
        for index in 0..<count {
            let other = signatures[first + index] ^ signatures[second + index]
            agreement &+= other & 0xFFFF == 0 ? 1 : 0
            agreement &+= other >> 16 == 0 ? 1 : 0
        }
        return agreement
    }
}
