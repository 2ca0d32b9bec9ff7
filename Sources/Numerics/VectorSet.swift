/// Vectors of one length, eight numbers to a lane, one after the other.
///
/// Inner products run over whole lanes; what is short of a lane is filled with zeros.
public struct VectorSet: Sendable {
    /// Numbers of a vector.
    public let dimensions: Int
    /// Number of vectors.
    public private(set) var count = 0
    /// Lanes of a vector.
    let laneCount: Int
    private var lanes: [SIMD8<Float>] = []

    /// No vectors of `dimensions` numbers.
    public init(dimensions: Int) {
        self.dimensions = dimensions
        laneCount = (dimensions + 7) / 8
    }

    /// Room for so many vectors.
    public mutating func reserveCapacity(_ count: Int) { lanes.reserveCapacity(count * laneCount) }

    /// Forgets all vectors and keeps their room.
    public mutating func removeAll() {
        lanes.removeAll(keepingCapacity: true)
        count = 0
    }

    /// Adds a vector; numbers beyond `dimensions` are left out, missing ones are 0.
    ///
    /// O(d).
    public mutating func append(_ vector: Span<Float>) {
        let whole = min(dimensions, vector.count) / 8
        for lane in 0..<whole {
            lanes.append(VectorSet.lane(vector, at: lane &* 8))
        }
        for lane in whole..<laneCount {
            var values = SIMD8<Float>.zero
            for index in lane * 8..<max(lane * 8, min(lane * 8 + 8, vector.count, dimensions)) {
                values[index & 7] = vector[index]
            }
            lanes.append(values)
        }
        count += 1
    }

    /// Eight numbers from a place on, all of which must be there.
    @inline(__always)
    private static func lane(_ numbers: Span<Float>, at place: Int) -> SIMD8<Float> {
        precondition(place >= 0 && place &+ 8 <= numbers.count)
        return unsafe SIMD8(
            numbers[unchecked: place], numbers[unchecked: place &+ 1],
            numbers[unchecked: place &+ 2], numbers[unchecked: place &+ 3],
            numbers[unchecked: place &+ 4], numbers[unchecked: place &+ 5],
            numbers[unchecked: place &+ 6], numbers[unchecked: place &+ 7])
    }

    /// Adds a vector by its lanes.
    mutating func append(lanes vector: [SIMD8<Float>]) {
        precondition(vector.count == laneCount)
        lanes += vector
        count += 1
    }

    /// Adds a vector of another set of the same length.
    public mutating func append(_ index: Int, of other: VectorSet) {
        for lane in 0..<laneCount { lanes.append(other.lanes[index * laneCount + lane]) }
        count += 1
    }

    /// Adds all vectors of another set of the same length.
    public mutating func append(contentsOf other: VectorSet) {
        precondition(dimensions == other.dimensions)
        lanes.append(contentsOf: other.lanes)
        count += other.count
    }

    /// The inner product of a vector with one of another set of the same length.
    ///
    /// Lanes are added in order: the same on every machine. O(d).
    @inline(__always)
    public func dot(_ index: Int, _ other: borrowing VectorSet, _ otherIndex: Int) -> Float {
        precondition(index < count && otherIndex < other.count && laneCount == other.laneCount)
        let (own, foreign) = (lanes.span, other.lanes.span)
        var (first, second) = (index &* laneCount, otherIndex &* laneCount)
        let end = first &+ laneCount
        var sums = SIMD8<Float>.zero
        var others = SIMD8<Float>.zero
        // Two chains of additions; all places lie within the spans, which the precondition has checked.
        while first &+ 1 < end {
            sums += unsafe own[unchecked: first] * foreign[unchecked: second]
            others += unsafe own[unchecked: first &+ 1] * foreign[unchecked: second &+ 1]
            first &+= 2
            second &+= 2
        }
        if first < end { sums += unsafe own[unchecked: first] * foreign[unchecked: second] }
        return (sums + others).sum()
    }

    /// Calls `body` with the index of each vector of a range of another set of the same length, and what
    /// `dot` gives for it; two at a time.
    ///
    /// O(range · d).
    @inline(__always)
    public func forEachDot(
        _ index: Int, with other: borrowing VectorSet, _ range: Range<Int>,
        _ body: (Int, Float) -> Void
    ) {
        precondition(
            index < count && range.lowerBound >= 0 && range.upperBound <= other.count
                && laneCount == other.laneCount)
        let (own, foreign) = (lanes.span, other.lanes.span)
        let beginning = index &* laneCount
        var place = range.lowerBound
        while place &+ 1 < range.upperBound {
            var (a, b) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
            var (c, d) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
            var (lane, first) = (0, place &* laneCount)
            // All places lie within the spans, which the precondition has checked.
            while lane &+ 1 < laneCount {
                let query = unsafe own[unchecked: beginning &+ lane]
                let next = unsafe own[unchecked: beginning &+ lane &+ 1]
                let second = first &+ laneCount
                a += unsafe query * foreign[unchecked: first]
                c += unsafe query * foreign[unchecked: second]
                b += unsafe next * foreign[unchecked: first &+ 1]
                d += unsafe next * foreign[unchecked: second &+ 1]
                lane &+= 2
                first &+= 2
            }
            if lane < laneCount {
                let query = unsafe own[unchecked: beginning &+ lane]
                a += unsafe query * foreign[unchecked: first]
                c += unsafe query * foreign[unchecked: first &+ laneCount]
            }
            body(place, (a + b).sum())
            body(place &+ 1, (c + d).sum())
            place &+= 2
        }
        if place < range.upperBound { body(place, dot(index, other, place)) }
    }

    /// Eight numbers of a vector, the last ones filled up with zeros.
    @inline(__always)
    func lane(_ lane: Int, of index: Int) -> SIMD8<Float> { lanes[index * laneCount + lane] }

    /// The numbers of a vector.
    public func vector(_ index: Int) -> [Float] {
        (0..<dimensions).map { lanes[index * laneCount + $0 / 8][$0 & 7] }
    }

    /// Replaces a vector by the sum of it and one of another set of the same length.
    ///
    /// O(d).
    public mutating func add(_ otherIndex: Int, of other: VectorSet, to index: Int) {
        for lane in 0..<laneCount {
            lanes[index * laneCount + lane] += other.lanes[otherIndex * laneCount + lane]
        }
    }

    /// Makes the length of a vector 1; `false` for a vector of zeros, which stays.
    @discardableResult
    public mutating func normalize(_ index: Int) -> Bool {
        let length = dot(index, self, index).squareRoot()
        guard length > 0, length.isFinite else { return false }
        for lane in 0..<laneCount { lanes[index * laneCount + lane] /= length }
        return true
    }
}
