public import JSONText

/// A plugin that scores one text at a time: the shortest way to an analyzer.
///
///     struct Shouting: RowScorer {
///         static let id: StaticString = "org.example.shouting"
///         static let version: StaticString = "1.0.0"
///         func score(_ text: Span<UInt8>) -> Double { ... }
///     }
///     private let library = PluginLibrary(AnyAnalyzer(RowScoring<Shouting>.self))
///
/// What comes of it: a score of every record; a finding and a proposal to review for those at or
/// above the setting `threshold` (0.5 unless the manifest's `config` says otherwise); mean,
/// quantiles, histogram and the highest. The name of all that is the last part of the id, with
/// underscores; the finding's code is its letters and digits in capitals with 001 behind them
/// (`SHOUTING001`), and has to stand in the manifest.
public protocol RowScorer: Sendable {
    /// Reverse-DNS name, equal to the manifest's.
    static var id: StaticString { get }
    /// Version, equal to the manifest's.
    static var version: StaticString { get }
    /// The column that is scored; the manifest has to name it.
    static var column: String { get }

    /// A scorer without settings.
    init()
    /// Makes a scorer of a configuration that the host has checked and filled with defaults.
    ///
    /// Not needed by a scorer without settings of its own.
    init(configuration: JSONValue) throws

    /// 0 for a good text, 1 for a bad one; no number for one that cannot be judged.
    ///
    /// Called from several threads at once, for records that have the text.
    func score(_ text: Span<UInt8>) -> Double
}

extension RowScorer {
    /// The settings are not looked at.
    public init(configuration: JSONValue) throws { self.init() }

    /// What the record says as a whole.
    public static var column: String { "text.all" }
}

/// The analyzer around a row scorer.
public struct RowScoring<Scorer: RowScorer>: Analyzer {
    /// The scorer's.
    public static var id: StaticString { Scorer.id }
    /// The scorer's.
    public static var version: StaticString { Scorer.version }
    /// Of saved partials.
    public static var stateFormat: UInt32 { 1 }

    let scorer: Scorer
    let threshold: Double
    let names: ScorerNames

    /// Makes the scorer; the setting `threshold` is the analyzer's own.
    public init(configuration: JSONValue, host: HostServices) throws {
        scorer = try Scorer(configuration: configuration)
        threshold = configuration["threshold"]?.doubleValue ?? 0.5
        names = ScorerNames(id: Scorer.id.description)
    }

    /// Nothing scored yet.
    public func begin(_ pass: Pass) throws -> RowScores<Scorer> { RowScores(self) }

    /// States what came of the scores.
    public func finish(_ partial: RowScores<Scorer>, to sink: Sink) throws {
        try sink.state(
            Metric(
                "\(names.name).flagged",
                partial.tally.scored == 0
                    ? 0 : Double(partial.flagged) / Double(partial.tally.scored),
                unit: "share", n: partial.tally.scored, direction: .lowerIsBetter,
                help: "share of records at or above the threshold"))
        try partial.tally.report(as: names.name, to: sink)
    }

    /// Reads what `RowScores.save` wrote; the bytes are hostile.
    public func load(_ reader: inout StateReader, pass: Pass) throws -> RowScores<Scorer> {
        var partial = RowScores(self)
        partial.flagged = try reader.integer()
        partial.tally = try ScoreTally(from: &reader)
        guard (0...partial.tally.scored).contains(partial.flagged) else {
            throw AnalyzerError("the saved scores do not fit themselves")
        }
        return partial
    }
}

/// What a row scorer has seen of some rows.
public struct RowScores<Scorer: RowScorer>: AnalyzerPartial {
    private let analyzer: RowScoring<Scorer>
    /// The scores.
    public internal(set) var tally = ScoreTally()
    var flagged = 0

    init(_ analyzer: RowScoring<Scorer>) { self.analyzer = analyzer }

    /// Scores a batch of the data; other roles are not judged.
    public mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard batch.role == .data else { return }
        guard let column = batch.text(Scorer.column) else {
            throw AnalyzerError("the manifest does not name the column \(Scorer.column)")
        }
        var scores = [Double](repeating: .nan, count: batch.rowCount)
        for row in 0..<batch.rowCount where column.isPresent(row) {
            scores[row] = column.withBytes(row, analyzer.scorer.score)
        }
        var span = scores.mutableSpan
        tally.add(&span, firstRow: batch.firstRow)
        try sink.score(analyzer.names.name, role: .data, firstRow: batch.firstRow, scores)
        for (row, score) in scores.enumerated() where score >= analyzer.threshold {
            flagged += 1
            var finding = Finding(
                code: analyzer.names.code, row: batch.firstRow + row,
                message:
                    "the score is \(NumberText.short(score)), the threshold is \(analyzer.threshold)"
            )
            finding.severity = .low
            finding.column = Scorer.column
            finding.score = score
            try sink.report(finding)
            var proposal = Proposal(.review, row: batch.firstRow + row, code: finding.code)
            proposal.confidence = score
            try sink.propose(proposal)
        }
    }

    /// Adds the partial of the next higher shard.
    public mutating func merge(_ other: RowScores<Scorer>) throws {
        flagged += other.flagged
        tally.merge(other.tally)
    }

    /// Writes the partial.
    public func save(to writer: inout StateWriter) {
        writer.write(flagged)
        tally.save(to: &writer)
    }
}

/// What an id gives a scorer's output as names.
public struct ScorerNames: Sendable {
    /// The last part of the id, lower-case, with underscores: of metrics and scores.
    public let name: String
    /// Its letters and digits in capitals: what codes begin with.
    public let prefix: String

    /// The code of the only finding.
    public var code: String { prefix + "001" }

    /// The names that an id gives.
    public init(id: String) {
        let last = id.split(separator: ".").last.map(String.init) ?? id
        name = String(
            last.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        prefix = last.uppercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }
}
