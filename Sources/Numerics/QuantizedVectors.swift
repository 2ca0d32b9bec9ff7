/// Unit vectors in 16 bits a number, to find out which are near each other.
///
/// A number x is held as 32,766 x, rounded. Inner products are exact sums of these whole numbers, so that neither
/// the order of addition nor the machine matters, and one instruction makes eight products and adds them in
/// pairs: less than half the time of `VectorSet`, in half the memory. The product of two unit vectors of d
/// numbers is off by √d / 32,766 at most, by 0.00002 as a rule: what is found near is to be measured again with the
/// vectors themselves.
struct QuantizedVectors: Sendable {
    private typealias Lane = SIMD16<Int16>

    /// Number of vectors.
    private(set) var count = 0
    private let laneCount: Int
    private var lanes: [SIMD16<Int16>] = []

    /// Twice its square is the largest sum of two products that 32 bits hold.
    private static let scale: Float = 32_766
    /// 1.5 · 2^23: a small number added to it leaves its whole part in the lowest bits.
    private static let roundingOffset: Float = 12_582_912

    /// No vectors of `dimensions` numbers.
    init(dimensions: Int) { laneCount = (dimensions + 15) / 16 }

    /// All vectors of a set, whose lengths are 1 or 0.
    init(_ set: VectorSet) {
        self.init(dimensions: set.dimensions)
        reserveCapacity(set.count)
        for index in 0..<set.count { append(index, of: set) }
    }

    /// Room for so many vectors.
    mutating func reserveCapacity(_ count: Int) { lanes.reserveCapacity(count * laneCount) }

    /// Whether vectors of a set have as many lanes as these.
    func hasLength(of set: VectorSet) -> Bool { (set.dimensions + 15) / 16 == laneCount }

    /// Forgets all vectors and keeps their room.
    mutating func removeAll() {
        lanes.removeAll(keepingCapacity: true)
        count = 0
    }

    /// Adds a vector of a set of the same length, whose length is 1 or 0.
    ///
    /// O(d).
    mutating func append(_ index: Int, of set: VectorSet) {
        precondition(hasLength(of: set), "vectors of another length")
        for lane in 0..<laneCount {
            let low = QuantizedVectors.round(set.lane(2 * lane, of: index))
            let isLast = 2 * lane + 1 == set.laneCount
            let high = isLast ? .zero : QuantizedVectors.round(set.lane(2 * lane + 1, of: index))
            lanes.append(Lane(lowHalf: low, highHalf: high))
        }
        count += 1
    }

    @inline(__always)
    private static func round(_ values: SIMD8<Float>) -> SIMD8<Int16> {
        let one = SIMD8<Float>(repeating: 1)
        let scaled = values.clamped(lowerBound: -one, upperBound: one) * scale + roundingOffset
        let bits = unsafe unsafeBitCast(scaled, to: SIMD8<UInt32>.self)
        return SIMD8<Int16>(truncatingIfNeeded: bits)
    }

    /// Puts the inner products of a vector with a range of another set of the same length into a list, in units of
    /// 1 / 32,766².
    ///
    /// O(range · d).
    func dots(
        _ index: Int, with other: borrowing QuantizedVectors, _ range: Range<Int>,
        into products: inout [Int32]
    ) {
        precondition(laneCount == other.laneCount, "vectors of another length")
        products.removeAll(keepingCapacity: true)
        products.append(contentsOf: repeatElement(0, count: range.count))
        let (own, foreign) = (lanes.span, other.lanes.span)
        var found = products.mutableSpan
        QuantizedVectors.multiply(
            own.extracting(index * laneCount..<(index + 1) * laneCount),
            foreign.extracting(range.lowerBound * laneCount..<range.upperBound * laneCount),
            into: &found)
    }

    /// Multiplies a vector with as many vectors as there is room for products.
    ///
    /// A function of its own and with these very loops, which are compiled to multiply-and-add of pairs (pmaddwd
    /// and its like): `make bench-instructions` shows whether they still are.
    @inline(never)
    private static func multiply(
        _ query: Span<Lane>, _ vectors: Span<Lane>, into products: inout MutableSpan<Int32>
    ) {
        let laneCount = query.count
        precondition(vectors.count == products.count * laneCount)
        for place in products.indices {
            var sums = SIMD16<Int32>.zero
            let first = place &* laneCount
            for lane in 0..<laneCount {
                sums &+=
                    unsafe SIMD16<Int32>(truncatingIfNeeded: query[unchecked: lane])
                    &* SIMD16<Int32>(truncatingIfNeeded: vectors[unchecked: first &+ lane])
            }
            products[place] = sums.wrappedSum()
        }
    }

    /// The index of the vector of another set of the same length with the largest inner product, the first of
    /// equal ones; 0 where there is none.
    ///
    /// O(vectors · d).
    func nearest(
        _ index: Int, of other: borrowing QuantizedVectors, _ products: inout [Int32]
    ) -> Int32 {
        dots(index, with: other, 0..<other.count, into: &products)
        var (best, most) = (0, Int32.min)
        for place in products.indices where products[place] > most {
            (best, most) = (place, products[place])
        }
        return Int32(best)
    }
}
