public import JSONText

/// A strategy: what a plugin author writes.
///
/// An analyzer is a parallel aggregate. The host begins a partial per shard, has it scan batches,
/// merges partials in ascending order, and asks for the verdict. The value itself is immutable and
/// shared by all threads; partials are values that belong to one thread at a time.
public protocol Analyzer: Sendable {
    /// What is collected of some rows.
    associatedtype Partial: AnalyzerPartial

    /// Reverse-DNS name, equal to the manifest's.
    static var id: StaticString { get }
    /// Version, equal to the manifest's.
    static var version: StaticString { get }
    /// Of saved partials; a change makes old ones unreadable.
    static var stateFormat: UInt32 { get }

    /// Makes an analyzer of a configuration that the host has checked and filled with defaults.
    ///
    /// - Throws: `AnalyzerError` for a configuration that means nothing.
    init(configuration: JSONValue, host: HostServices) throws

    /// A new empty partial.
    func begin(_ pass: Pass) throws -> Partial

    /// After the merge of all partials: finish, or look at the data again.
    func endPass(_ partial: Partial) throws -> PassDecision

    /// Says what the data is like.
    func finish(_ partial: Partial, to sink: Sink) throws

    /// Reads what `Partial.save` wrote; the bytes are hostile.
    func load(_ reader: inout StateReader, pass: Pass) throws -> Partial
}

extension Analyzer {
    /// One pass.
    public func endPass(_ partial: Partial) throws -> PassDecision { .finish }
}

/// What is collected of some rows.
///
/// A value.
///
/// Laws: merging is associative over adjacent shards, an empty partial is neutral, and the result
/// depends neither on batch size nor on shard cuts.
public protocol AnalyzerPartial {
    /// Looks at one batch.
    mutating func scan(_ batch: Batch, to sink: Sink) throws
    /// Adds the partial of the next higher shard.
    mutating func merge(_ other: Self) throws
    /// Writes the partial; the same partial gives the same bytes.
    func save(to writer: inout StateWriter)
}

/// A partial that also looks at rows brought together by a key (`assay.groups/1`).
public protocol GroupingPartial: AnalyzerPartial {
    /// Looks at all rows that were emitted with one key.
    mutating func group(_ group: Group, to sink: Sink) throws
}

/// What follows a pass.
public enum PassDecision: Sendable {
    /// Nothing: `finish` is called.
    case finish
    /// Another pass, which is given these bytes.
    case again(broadcast: [UInt8])
}

/// What a partial is begun for.
public struct Pass: Sendable {
    /// 0 for the first.
    public let number: Int
    /// The dataset of the rows to come.
    public let role: Role
    /// The run's seed; draw from a function of (seed, row).
    public let seed: UInt64
    /// What `endPass` of the pass before gave.
    public let broadcast: [UInt8]
}

/// What a dataset is in this run.
public enum Role: Int32, Sendable {
    case data = 0
    case reference = 1
    case trusted = 2
    case pool = 3
    case eval = 4
}

/// Why an analyzer cannot go on.
public struct AnalyzerError: Error, Sendable {
    /// One line: value found, value expected.
    public let message: String
    /// Whether it is the configuration's fault.
    public let isConfiguration: Bool
    /// What the host said when it refused something, which is what the call is to return; 0 for an error of the
    /// analyzer's own.
    let hostStatus: Int32

    /// Makes an error.
    public init(_ message: String, isConfiguration: Bool = false) {
        self.message = message
        self.isConfiguration = isConfiguration
        hostStatus = 0
    }

    init(_ message: String, hostStatus: Int32) {
        self.message = message
        isConfiguration = false
        self.hostStatus = hostStatus
    }
}
