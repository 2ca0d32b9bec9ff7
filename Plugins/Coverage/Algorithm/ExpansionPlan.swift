/// Which records of a pool to take so that gaps close, the most useful first.
///
/// The value of a set of records is the gain in capped sample coverage, Σ w·min(n, n*)/n* over the
/// cells that lack records: it is submodular, so that taking the best record again and again comes
/// within 1 − 1/e of the best set (Nemhauser, Wolsey, Fisher 1978). Gains only fall as records are
/// taken, so a record's old gain bounds its new one (lazy evaluation, Minoux 1978).
public struct ExpansionPlan: Sendable {
    /// A cell that lacks records.
    public struct Need: Sendable {
        /// Records missing, at least 1.
        public let deficit: Int
        /// Gain of one record in it: weight over target.
        public let gain: Double

        /// Makes a need.
        public init(deficit: Int, gain: Double) {
            self.deficit = deficit
            self.gain = gain
        }
    }

    /// A record of the pool.
    public struct Candidate: Sendable {
        /// The needs that it fills, by index.
        public let needs: [Int]
        /// How sure its assignment is, 0 to 1.
        public let confidence: Double
        /// Records with the same number are near copies of each other: one of them is taken.
        public let family: Int

        /// Makes a candidate.
        public init(needs: [Int], confidence: Double, family: Int) {
            self.needs = needs
            self.confidence = confidence
            self.family = family
        }
    }

    /// Candidates taken, in the order of taking.
    public let taken: [Int]
    /// The need that each of them was taken for: that of the largest gain.
    public let reasons: [Int]
    /// Records still missing of each need.
    public let missing: [Int]

    /// Chooses among candidates; of equal ones the earlier.
    ///
    /// O(n log n) and the gains that are looked at again.
    public init(_ needs: [Need], _ candidates: [Candidate]) {
        var missing = needs.map(\.deficit)
        var taken: [Int] = []
        var reasons: [Int] = []
        var families: Set<Int> = []
        func gain(_ index: Int) -> Double {
            let candidate = candidates[index]
            return candidate.needs.reduce(0) { $0 + (missing[$1] > 0 ? needs[$1].gain : 0) }
                * candidate.confidence
        }
        var heap = GainHeap(candidates.indices.map { ($0, gain($0)) }.filter { $0.1 > 0 })
        while let (index, bound) = heap.popFirst() {
            let now = gain(index)
            guard now > 0, !families.contains(candidates[index].family) else { continue }
            if now < bound {
                heap.insert(index, now)
                continue
            }
            families.insert(candidates[index].family)
            taken.append(index)
            let open = candidates[index].needs.filter { missing[$0] > 0 }
            reasons.append(open.max { (needs[$0].gain, $1) < (needs[$1].gain, $0) } ?? 0)
            for need in open { missing[need] -= 1 }
        }
        self.taken = taken
        self.reasons = reasons
        self.missing = missing
    }
}

/// Candidates by falling gain, then by index.
private struct GainHeap {
    private var entries: [(index: Int, gain: Double)]

    init(_ entries: [(Int, Double)]) {
        // A sorted array is a heap.
        self.entries = entries.map { (index: $0.0, gain: $0.1) }
            .sorted { GainHeap.isBefore($0, $1) }
    }

    private static func isBefore(
        _ left: (index: Int, gain: Double), _ right: (index: Int, gain: Double)
    ) -> Bool {
        left.gain != right.gain ? left.gain > right.gain : left.index < right.index
    }

    mutating func popFirst() -> (index: Int, gain: Double)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        guard !entries.isEmpty else { return first }
        entries[0] = last
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count,
                GainHeap.isBefore(entries[child + 1], entries[child])
            {
                child += 1
            }
            guard GainHeap.isBefore(entries[child], entries[place]) else { break }
            entries.swapAt(child, place)
            place = child
        }
        return first
    }

    mutating func insert(_ index: Int, _ gain: Double) {
        entries.append((index, gain))
        var place = entries.count - 1
        while place > 0, GainHeap.isBefore(entries[place], entries[(place - 1) / 2]) {
            entries.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }
}
