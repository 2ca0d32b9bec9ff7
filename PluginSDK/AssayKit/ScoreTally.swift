import JSONText

/// What is kept of many scores: enough for mean, quantiles, histogram and the highest.
///
/// A value; merging is associative and an empty tally is neutral, to the last bit: sums are whole
/// numbers. Scores are 0 to 1. Quantiles are exact to 0.001.
public struct ScoreTally: Sendable, Equatable {
    /// A record and its score.
    public struct Place: Sendable, Equatable {
        /// The row within the data.
        public let row: Int
        /// 0 to 1.
        public let score: Double
    }

    /// How many of the highest are kept.
    public static let highestCount = 10
    static let binCount = 1000
    private static let one = 1_073_741_824.0
    /// Two to the power of 52: numbers from here to the double of it are whole.
    private static let large = 4_503_599_627_370_496.0

    /// Records with a score.
    public private(set) var scored = 0
    /// Records without a score.
    public private(set) var unscored = 0
    /// The highest, of equal ones the first rows.
    public private(set) var highest: [Place] = []
    private var sum = 0
    private var bins = [Int](repeating: 0, count: ScoreTally.binCount)

    /// No scores.
    public init() {}

    /// Adds the scores of consecutive rows; what is no number counts as unscored, what lies outside of 0...1 is cut.
    ///
    /// Makes each of `scores` what was added; an unscored one stays no number. No allocation; O(n).
    public mutating func add(_ scores: inout MutableSpan<Double>, firstRow: Int) {
        let (count, before) = (scores.count, unscored)
        scores.withUnsafeMutableBufferPointer { scores in
            // Locals: nothing of self is written for every row.
            var absent = 0
            for index in 0..<count {
                let given = scores[index]
                absent &+= given == given ? 0 : 1
                let raised = given > 0 ? given : 0
                let score = raised < 1 ? raised : 1
                scores[index] = given == given ? score : ScoreTally.none
            }
            scored += count - absent
            unscored += absent
            // The low bits of a number this large count in ones; what has no score counts as 0.
            var total: UInt64 = 0
            for index in 0..<count {
                let score = scores[index] > 0 ? scores[index] : 0
                total &+= (score * ScoreTally.one + ScoreTally.large).bitPattern
            }
            sum += Int(truncatingIfNeeded: total &- UInt64(count) &* ScoreTally.large.bitPattern)
            bins.withUnsafeMutableBufferPointer { bins in
                for index in 0..<count where scores[index] >= 0 {
                    let bin = Int(truncatingIfNeeded: Int32(scores[index] * 1000))
                    bins[bin < ScoreTally.binCount ? bin : ScoreTally.binCount - 1] &+= 1
                }
            }
        }
        let absent = unscored - before
        keepHighest(of: scores.span, firstRow: firstRow)
        guard absent > 0 else { return }
        for index in scores.indices where scores[index] == ScoreTally.none {
            scores[index] = .nan
        }
    }

    /// Stands for no score while others are added: below every score.
    private static let none = -1.0

    private mutating func keepHighest(of scores: Span<Double>, firstRow: Int) {
        var lowest = highest.count < ScoreTally.highestCount ? ScoreTally.none : lowestKept
        for index in scores.indices where scores[index] > lowest {
            keep(Place(row: firstRow + index, score: scores[index]))
            lowest = highest.count < ScoreTally.highestCount ? ScoreTally.none : lowestKept
        }
    }

    private var lowestKept: Double { highest.last?.score ?? ScoreTally.none }

    private mutating func keep(_ place: Place) {
        let index =
            highest.firstIndex {
                $0.score < place.score || $0.score == place.score && $0.row > place.row
            } ?? highest.count
        guard index < ScoreTally.highestCount else { return }
        if highest.count == ScoreTally.highestCount { highest.removeLast() }
        highest.insert(place, at: index)
    }

    /// Adds the tally of the next higher rows.
    public mutating func merge(_ other: ScoreTally) {
        scored += other.scored
        unscored += other.unscored
        sum += other.sum
        for index in bins.indices { bins[index] += other.bins[index] }
        for place in other.highest { keep(place) }
    }

    /// Mean score; 0 without scores.
    public var mean: Double {
        scored == 0 ? 0 : Double(sum) / ScoreTally.one / Double(scored)
    }

    /// The score that a share of the records does not exceed, to 0.001; 0 without scores.
    public func quantile(_ share: Double) -> Double {
        guard scored > 0 else { return 0 }
        let wanted = Int((share * Double(scored)).rounded(.up))
        var seen = 0
        for (index, count) in bins.enumerated() {
            seen += count
            if seen >= max(wanted, 1) {
                return (Double(index) + 0.5) / Double(ScoreTally.binCount)
            }
        }
        return 1
    }

    /// States mean, quantiles and unscored records under a name, and shows the histogram and the highest.
    ///
    /// `name` is the metrics' prefix, such as `shouting`.
    public func report(as name: String, to sink: Sink) throws {
        try sink.state(
            Metric(
                "\(name).mean", mean, unit: "score", n: scored, direction: .lowerIsBetter,
                help: "mean score, 0 to 1, higher is worse"))
        for (label, share) in [("median", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            try sink.state(
                Metric(
                    "\(name).\(label)", quantile(share), unit: "score", n: scored,
                    direction: .lowerIsBetter,
                    help: "score that \(Int(share * 100)) % of the records do not exceed"))
        }
        try sink.state(
            Metric(
                "\(name).unscored", Double(unscored), unit: "records", n: scored + unscored,
                direction: .lowerIsBetter, help: "records without the text, or without a score"))
        let width = ScoreTally.binCount / 20
        let shown: [JSONValue] = (0..<20).map { bar in
            [
                "low": .number(Double(bar) / 20), "high": .number(Double(bar + 1) / 20),
                "value": JSONValue(bins[bar * width..<(bar + 1) * width].reduce(0, +)),
            ]
        }
        try sink.show(
            "histogram", "scores of \(name)", ["unit": "records", "bins": .array(shown)])
        try sink.show(
            "table", "highest scores of \(name)",
            [
                "columns": ["record", "score"],
                "rows": .array(
                    highest.map { .array([JSONValue($0.row + 1), .number($0.score)]) }),
            ])
    }

    /// Writes the tally.
    public func save(to writer: inout StateWriter) {
        for value in [scored, unscored, sum] { writer.write(value) }
        writer.write(bins) { $0.write($1) }
        writer.write(highest) {
            $0.write($1.row)
            $0.write($1.score.bitPattern)
        }
    }

    /// Reads what `save` wrote; the bytes are hostile.
    public init(from reader: inout StateReader) throws {
        scored = try reader.integer()
        unscored = try reader.integer()
        sum = try reader.integer()
        bins = try reader.list(size: 8) { try $0.integer() }
        highest = try reader.list(size: 16) {
            Place(row: try $0.integer(), score: Double(bitPattern: try $0.unsigned()))
        }
        let most = 1 << 31
        let fits =
            (0..<most).contains(scored) && (0..<most).contains(unscored)
            && (0...Int(ScoreTally.one) * scored).contains(sum)
            && bins.count == ScoreTally.binCount
            && bins.allSatisfy { (0...scored).contains($0) } && bins.reduce(0, +) == scored
            && highest.count == min(scored, ScoreTally.highestCount)
            && highest.allSatisfy { (0..<most).contains($0.row) && $0.score >= 0 && $0.score <= 1 }
            && zip(highest, highest.dropFirst()).allSatisfy { $0.score >= $1.score }
        guard fits else { throw AnalyzerError("the saved scores do not fit themselves") }
    }
}
