import Numerics

/// Log-odds of positive events against all others, where the positive ones are few and may not be taken for
/// others.
///
/// Every positive event has a place of its own, of 14 and 24 bits of its hash; those never met as positive
/// share 8,192 places by how often they were met.
struct PhraseOdds: Sendable {
    private static let slotBits = 14
    private static let slotCount = 1 << slotBits
    private static let restCount = 1 << 13
    /// Events with places of their own, beyond which positive ones are passed over: half of the largest sample
    /// has 4,000.
    private static let mostEvents = slotCount * 3 / 4
    private static let smoothing = 0.5
    private static let empty: Float = -1

    /// By slot, 24 bits of a hash, which a float holds exactly.
    private var keys: [Float]
    private var odds: [Float]
    /// Of events never met as positive.
    private var rest: [Float] = []

    /// Makes a table of the hashes of positive and negative events.
    ///
    /// O(events).
    init(positive: [UInt64], negative: [UInt64]) {
        keys = Array(repeating: PhraseOdds.empty, count: PhraseOdds.slotCount)
        odds = Array(repeating: 0, count: PhraseOdds.slotCount)
        var counts = [(Double, Double)](repeating: (0, 0), count: PhraseOdds.slotCount)
        var restCounts = [Double](repeating: 0, count: PhraseOdds.restCount)
        var used = 0
        for hash in positive {
            let slot = slot(hash)
            if keys[slot] == PhraseOdds.empty {
                guard used < PhraseOdds.mostEvents else { continue }
                used += 1
                keys[slot] = PhraseOdds.key(hash)
            }
            counts[slot].0 += 1
        }
        for hash in negative {
            let slot = slot(hash)
            if keys[slot] == PhraseOdds.empty {
                restCounts[PhraseOdds.restPlace(hash)] += 1
            } else {
                counts[slot].1 += 1
            }
        }
        let prior = Elementary.log(
            (Double(positive.count) + 1) / (Double(negative.count) + 1))
        func value(_ positive: Double, _ negative: Double) -> Float {
            if positive + negative == 0 { return 0 }
            let own = (positive + PhraseOdds.smoothing) / (negative + PhraseOdds.smoothing)
            return Float(Elementary.log(own) - prior)
        }
        odds = counts.map { value($0.0, $0.1) }
        rest = restCounts.map { value(0, $0) }
    }

    private static func key(_ hash: UInt64) -> Float { Float(hash >> 16 & 0xFF_FFFF) }

    private static func restPlace(_ hash: UInt64) -> Int { Int(hash & UInt64(restCount - 1)) }

    /// The slot that has the hash, or the empty one where it would be.
    private func slot(_ hash: UInt64) -> Int {
        let key = PhraseOdds.key(hash)
        var slot = Int(hash >> UInt64(64 - PhraseOdds.slotBits))
        // A quarter of the slots is empty.
        while keys[slot] != PhraseOdds.empty, keys[slot] != key {
            slot = (slot + 1) & (PhraseOdds.slotCount - 1)
        }
        return slot
    }

    /// The logarithm of the odds that an event of this hash is a positive one, against all events; 0 for
    /// one never met.
    subscript(_ hash: UInt64) -> Float {
        let slot = slot(hash)
        return keys[slot] == PhraseOdds.empty ? rest[PhraseOdds.restPlace(hash)] : odds[slot]
    }

    // MARK: Saving

    /// How many numbers `numbers` has.
    static let numberCount = 2 * slotCount + restCount

    /// Everything that was learnt.
    var numbers: [Float] { keys + odds + rest }

    /// Reads what `numbers` gave; `nil` where it does not fit.
    init?(_ numbers: ArraySlice<Float>) {
        guard numbers.count == PhraseOdds.numberCount else { return nil }
        keys = Array(numbers.prefix(PhraseOdds.slotCount))
        odds = Array(numbers.dropFirst(PhraseOdds.slotCount).prefix(PhraseOdds.slotCount))
        rest = Array(numbers.dropFirst(2 * PhraseOdds.slotCount))
        guard keys.contains(PhraseOdds.empty) else { return nil }
    }
}
