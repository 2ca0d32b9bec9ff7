import Numerics

/// A stretch of records whose responses go with the prompts of records so many places away: a row that was
/// lost or added in one of two columns.
///
/// Every prompt is compared with the responses a few places before and after its own by the words they have
/// in common; nothing need be learnt, for learning from pairs that are all wrong teaches nothing.
public struct ShiftedResponses: Sendable, Equatable {
    /// First and last row that was looked at of the stretch, from 0.
    public let rows: ClosedRange<Int>
    /// The response of row r goes with the prompt of row r + offset.
    public let offset: Int

    /// Places that are looked at, before and behind.
    private static let mostOffset = 10
    /// Pairs that a stretch takes at least.
    private static let leastPairs = 50
    /// By how many standard errors the shifted pairs are more alike than the own ones: the best of twenty
    /// offsets and of all stretches of pairs that have nothing to do with each other has two at most in trials.
    private static let leastErrors = 8.0
    /// How alike pairs of any other offset may be on the stretch, the own ones among them, between pairs at random
    /// (0) and the shifted ones (1): records of one matter may lie side by side, and in conversations cut into
    /// turns all later prompts hold a response.
    private static let mostOtherShare = 0.5

    /// Finds the clearest stretch; `nil` where there is none.
    ///
    /// `pairs` ascend by row. O(offsets · words).
    init?(_ pairs: [PairWords], weights: BucketWeights, work: some WorkSharing) {
        guard pairs.count >= ShiftedResponses.leastPairs else { return nil }
        let offsets = (-ShiftedResponses.mostOffset...ShiftedResponses.mostOffset).filter {
            $0 != 0
        }
        // Half of the records away: a pair at random.
        let stranger = pairs.count / 2
        let likenesses = work.map(pairs.count, keeping: BucketMarks.init) { index, marks in
            let prompt = pairs[index].prompt
            marks.clear()
            var own: Float = 0
            for bucket in prompt.buckets where marks.insert(bucket) { own += weights[bucket] }
            func likeness(_ place: Int) -> Double {
                var (other, shared): (Float, Float) = (0, 0)
                for bucket in pairs[place].response.buckets {
                    other += weights[bucket]
                    if marks.contains(bucket) { shared += weights[bucket] }
                }
                return own * other > 0 ? Double(shared / (own * other).squareRoot()) : 0
            }
            return (
                own: likeness(index), random: likeness((index + stranger) % pairs.count),
                others: offsets.map { offset -> Double? in
                    // The response lies `offset` rows before its prompt.
                    ShiftedResponses.place(ofRow: pairs[index].row - offset, in: pairs, near: index)
                        .map(likeness)
                }
            )
        }
        var best: (errors: Double, number: Int, range: Range<Int>, indices: [Int])?
        for number in offsets.indices {
            let indices = pairs.indices.filter { likenesses[$0].others[number] != nil }
            let gains = indices.map {
                (likenesses[$0].others[number] ?? 0) - likenesses[$0].own
            }
            guard let range = ShiftedResponses.bestStretch(gains),
                range.count >= ShiftedResponses.leastPairs
            else { continue }
            let errors = ShiftedResponses.errors(gains[range])
            guard errors >= max(ShiftedResponses.leastErrors, best?.errors ?? 0) else { continue }
            best = (errors, number, range, indices)
        }
        guard let best else { return nil }
        offset = offsets[best.number]
        let stretch = best.indices[best.range]
        func mean(_ value: (Int) -> Double?) -> Double {
            let values = stretch.compactMap(value)
            return values.reduce(0, +) / Double(max(1, values.count))
        }
        let random = mean { likenesses[$0].random }
        let gain = mean { likenesses[$0].others[best.number] } - random
        let rivals =
            [mean { likenesses[$0].own }]
            + offsets.indices.filter { $0 != best.number }
            .map { number in mean { likenesses[$0].others[number] } }
        guard rivals.allSatisfy({ $0 - random <= ShiftedResponses.mostOtherShare * gain }) else {
            return nil
        }
        // The rows of the responses.
        guard let top = stretch.first, let bottom = stretch.last else { return nil }
        let (first, last) = (pairs[top].row - offset, pairs[bottom].row - offset)
        rows = first...last
    }

    /// Where a row is, which lies at most ten places from another.
    private static func place(ofRow row: Int, in pairs: [PairWords], near index: Int) -> Int? {
        var place = index
        while place > 0, pairs[place].row > row { place -= 1 }
        while place < pairs.count - 1, pairs[place].row < row { place += 1 }
        return pairs[place].row == row ? place : nil
    }

    /// The stretch of the largest sum (Kadane's scan); `nil` where no number is positive.
    private static func bestStretch(_ gains: [Double]) -> Range<Int>? {
        var best: (sum: Double, range: Range<Int>)?
        var (sum, start) = (0.0, 0)
        for (index, gain) in gains.enumerated() {
            if sum <= 0 { (sum, start) = (0, index) }
            sum += gain
            if sum > best?.sum ?? 0 { best = (sum, start..<index + 1) }
        }
        return best?.range
    }

    /// The mean in units of its standard error.
    private static func errors(_ gains: ArraySlice<Double>) -> Double {
        let count = Double(gains.count)
        let mean = gains.reduce(0, +) / count
        let variance = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        // Of gains that are all the same there is no doubt.
        if variance <= 0 { return mean > 0 ? .infinity : 0 }
        return mean / (variance / count).squareRoot()
    }

    // MARK: Saving

    /// As numbers that a float holds exactly.
    var numbers: [Float] {
        [rows.lowerBound, rows.upperBound].flatMap { [Float($0 >> 20), Float($0 & 0xF_FFFF)] }
            + [Float(offset)]
    }

    /// How many numbers there are.
    static let numberCount = 5

    /// Reads what `numbers` gave; `nil` where it does not fit.
    init?(_ numbers: ArraySlice<Float>) {
        let all = Array(numbers)
        guard all.count == ShiftedResponses.numberCount,
            all.prefix(4).allSatisfy({ $0 >= 0 && $0 < 0x1p24 && $0 == $0.rounded() }),
            abs(all[4]) <= Float(ShiftedResponses.mostOffset)
        else { return nil }
        let first = Int(all[0]) << 20 | Int(all[1])
        let last = Int(all[2]) << 20 | Int(all[3])
        guard first <= last else { return nil }
        rows = first...last
        offset = Int(all[4])
    }
}
