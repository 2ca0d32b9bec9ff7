import Numerics

/// The words and pairs of the prompts and responses of some records, by which copies are verified.
public struct RecordShingles: Sendable {
    /// Sorted sets, one after the other: of each record the prompt's, then the response's.
    public private(set) var numbers: [UInt32] = []
    /// Where the sets begin, two a record, and the end.
    public private(set) var starts: [Int] = [0]
    private var sorter = HashSorter()

    /// Nothing yet.
    public init() {}

    /// Number of records.
    public var count: Int { starts.count / 2 }

    /// Adds a record.
    ///
    /// O(words log words).
    public mutating func append(prompt: Span<UInt32>, response: Span<UInt32>) {
        Shingles.append(prompt, to: &numbers)
        Shingles.sortUnique(&numbers, from: starts[starts.count - 1], &sorter)
        starts.append(numbers.count)
        Shingles.append(response, to: &numbers)
        Shingles.sortUnique(&numbers, from: starts[starts.count - 1], &sorter)
        starts.append(numbers.count)
    }

    /// Adds the records of another list.
    public mutating func append(contentsOf other: RecordShingles) {
        let first = numbers.count
        numbers += other.numbers
        starts += other.starts.dropFirst().map { $0 + first }
    }

    /// What was saved; `nil` where it does not fit itself.
    public init?(numbers: [UInt32], starts: [Int]) {
        guard starts.count % 2 == 1, starts.first == 0, starts.last == numbers.count,
            zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
        else { return nil }
        self.numbers = numbers
        self.starts = starts
    }

    /// A part of a record.
    public enum Part: Int, Sendable {
        case prompt, response
    }

    /// The set of a part of a record.
    public func set(_ index: Int, _ part: Part) -> Range<Int> {
        let place = 2 * index + part.rawValue
        return starts[place]..<starts[place + 1]
    }

    /// The Jaccard similarity of a part of two records, 0 to 1; 1 where both lack it.
    ///
    /// O(words).
    public func similarity(_ first: Int, _ second: Int, _ part: Part) -> Double {
        let (one, other) = (set(first, part), set(second, part))
        if one.isEmpty && other.isEmpty { return 1 }
        let numbers = numbers.span
        let shared = CopyGroups.shared(numbers.extracting(one), numbers.extracting(other))
        return Double(shared) / Double(one.count + other.count - shared)
    }

    /// The similarity of two records: the smaller of that of their prompts and of their responses.
    ///
    /// 0 where it is below `threshold`.
    public func similarity(_ first: Int, _ second: Int, atLeast threshold: Double) -> Double {
        // The shorter parts tell sooner.
        let numbers = numbers.span
        func reaches(_ part: Part) -> Bool {
            CopyGroups.reaches(
                threshold, numbers.extracting(set(first, part)),
                numbers.extracting(set(second, part)))
        }
        guard reaches(.response), reaches(.prompt) else { return 0 }
        return min(similarity(first, second, .prompt), similarity(first, second, .response))
    }

    /// Whether two records are the same template, filled otherwise.
    ///
    /// A slot is a word that only the one record has, in prompt and response, where the response of the other has
    /// a word of its own. Words that are `common` fill no slot. O(words).
    public func isFilledOtherwise(_ first: Int, _ second: Int, common: WordFrequencies) -> Bool {
        guard !set(first, .prompt).isEmpty, !set(first, .response).isEmpty else { return false }
        // Only what differs in the responses can be a slot.
        let (mine, foreign) = (own(first, second, .response), own(second, first, .response))
        func fills(_ words: [UInt32], _ index: Int, _ other: Int, beside others: [UInt32]) -> Bool {
            guard words.contains(where: { !common.isCommon($0) }),
                others.contains(where: { !common.isCommon($0) })
            else { return false }
            let prompt = own(index, other, .prompt)
            return words.contains { !common.isCommon($0) && prompt.contains($0) }
        }
        return fills(mine, first, second, beside: foreign)
            || fills(foreign, second, first, beside: mine)
    }

    /// The words that a part of a record has and that of another has not, sorted.
    private func own(_ index: Int, _ other: Int, _ part: Part) -> [UInt32] {
        let (mine, foreign) = (set(index, part), set(other, part))
        var found: [UInt32] = []
        var place = foreign.lowerBound
        for number in numbers[mine] where number & 1 == 0 {
            while place < foreign.upperBound, numbers[place] < number { place += 1 }
            if place == foreign.upperBound || numbers[place] != number { found.append(number) }
        }
        return found
    }
}
