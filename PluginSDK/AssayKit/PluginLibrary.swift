public import CAssay
import JSONText

/// What `assay_library_v1` returns.
public typealias LibraryTable = UnsafePointer<assay_library>?

/// The table of a plugin's library: a static of the plugin's entry file.
///
///     private let library = PluginLibrary(AnyAnalyzer(MyAnalyzer.self))
///
///     @c(assay_library_v1) @implementation
///     public func assay_library_v1() -> LibraryTable { library.table }
public final class PluginLibrary: Sendable {
    /// The table; the same pointer every time.
    public nonisolated(unsafe) let table: LibraryTable

    /// Makes the table of some analyzers.
    ///
    /// It lives for ever, as the ABI asks.
    public init(_ analyzers: AnyAnalyzer...) {
        let list = UnsafeMutablePointer<UnsafePointer<assay_analyzer>?>.allocate(
            capacity: analyzers.count)
        for (index, analyzer) in analyzers.enumerated() {
            list[index] = UnsafePointer(AnalyzerTable.make(for: analyzer.factory))
        }
        let library = UnsafeMutablePointer<assay_library>.allocate(capacity: 1)
        library.initialize(
            to: assay_library(
                struct_size: UInt64(MemoryLayout<assay_library>.size),
                abi_minor: UInt32(ASSAY_ABI_MINOR), analyzer_count: UInt32(analyzers.count),
                analyzers: UnsafePointer(list)))
        table = UnsafePointer(library)
    }
}

/// An analyzer type whose partials may or may not group.
public struct AnyAnalyzer: Sendable {
    let factory: AnalyzerFactory

    /// An analyzer that looks at rows one by one.
    public init<A: Analyzer>(_ type: A.Type) {
        factory = AnalyzerFactory(
            id: A.id, version: A.version, stateFormat: A.stateFormat, groups: false
        ) { try InstanceOf<A>(configuration: $0, host: $1, emitter: $2, group: nil) }
    }

    /// An analyzer whose partials also look at groups.
    public init<A: Analyzer>(_ type: A.Type) where A.Partial: GroupingPartial {
        factory = AnalyzerFactory(
            id: A.id, version: A.version, stateFormat: A.stateFormat, groups: true
        ) { configuration, host, emitter in
            try InstanceOf<A>(configuration: configuration, host: host, emitter: emitter) {
                try $0.group($1, to: $2)
            }
        }
    }
}

/// Makes instances of one analyzer type.
final class AnalyzerFactory: Sendable {
    let id: StaticString
    let version: StaticString
    let stateFormat: UInt32
    let groups: Bool
    /// Makes an instance of its configuration, the host and the host's side of grouping.
    typealias Make =
        @Sendable (JSONValue, HostServices, UnsafePointer<assay_group_emitter>?) throws -> Instance

    let make: Make

    init(
        id: StaticString, version: StaticString, stateFormat: UInt32, groups: Bool,
        make: @escaping Make
    ) {
        self.id = id
        self.version = version
        self.stateFormat = stateFormat
        self.groups = groups
        self.make = make
    }
}

/// An analyzer without its type: what the thunks see.
class Instance {
    func begin(_ pass: Pass) throws -> PartialBox { fatalError("abstract") }
    func load(_ state: [UInt8], _ pass: Pass) throws -> PartialBox { fatalError("abstract") }
    func endPass(_ partial: PartialBox) throws -> PassDecision { fatalError("abstract") }
    func finish(_ partial: PartialBox, _ sink: UnsafePointer<assay_sink>?) throws {
        fatalError("abstract")
    }
}

/// A partial without its type.
class PartialBox {
    func scan(_ batch: UnsafePointer<assay_batch>?, _ sink: UnsafePointer<assay_sink>?) throws {
        fatalError("abstract")
    }
    func merge(_ other: PartialBox) throws { fatalError("abstract") }
    func save() -> [UInt8] { fatalError("abstract") }
    func group(_ group: Group, _ sink: UnsafePointer<assay_sink>?) throws { fatalError("abstract") }
}

private final class InstanceOf<A: Analyzer>: Instance {
    typealias Grouping = @Sendable (inout A.Partial, Group, Sink) throws -> Void

    private let analyzer: A
    private let emitter: UnsafePointer<assay_group_emitter>?
    private let group: Grouping?

    init(
        configuration: JSONValue, host: HostServices,
        emitter: UnsafePointer<assay_group_emitter>?, group: Grouping?
    ) throws {
        analyzer = try A(configuration: configuration, host: host)
        self.emitter = emitter
        self.group = group
    }

    override func begin(_ pass: Pass) throws -> PartialBox {
        box(try analyzer.begin(pass), pass.role)
    }

    override func load(_ state: [UInt8], _ pass: Pass) throws -> PartialBox {
        var reader = StateReader(state)
        return box(try analyzer.load(&reader, pass: pass), pass.role)
    }

    override func endPass(_ partial: PartialBox) throws -> PassDecision {
        try analyzer.endPass(try value(of: partial))
    }

    override func finish(_ partial: PartialBox, _ sink: UnsafePointer<assay_sink>?) throws {
        guard let sink = Sink(sink, emitter: nil) else { throw AnalyzerError("no sink was given") }
        try analyzer.finish(try value(of: partial), to: sink)
    }

    private func box(_ partial: A.Partial, _ role: Role) -> PartialBox {
        PartialOf(partial, role: role, emitter: emitter, grouping: group)
    }

    private func value(of partial: PartialBox) throws -> A.Partial {
        guard let box = partial as? PartialOf<A.Partial> else {
            throw AnalyzerError("a partial of another analyzer was given")
        }
        return box.partial
    }
}

private final class PartialOf<Partial: AnalyzerPartial>: PartialBox {
    var partial: Partial
    private let role: Role
    private let emitter: UnsafePointer<assay_group_emitter>?
    private let grouping: ((inout Partial, Group, Sink) throws -> Void)?

    init(
        _ partial: Partial, role: Role, emitter: UnsafePointer<assay_group_emitter>?,
        grouping: ((inout Partial, Group, Sink) throws -> Void)?
    ) {
        self.partial = partial
        self.role = role
        self.emitter = emitter
        self.grouping = grouping
    }

    override func scan(
        _ batch: UnsafePointer<assay_batch>?, _ sink: UnsafePointer<assay_sink>?
    ) throws {
        guard let batch = Batch(batch, role: role), let sink = Sink(sink, emitter: emitter) else {
            throw AnalyzerError("no batch was given")
        }
        try partial.scan(batch, to: sink)
    }

    override func merge(_ other: PartialBox) throws {
        guard let other = other as? PartialOf<Partial> else {
            throw AnalyzerError("a partial of another analyzer was given")
        }
        try partial.merge(other.partial)
    }

    override func save() -> [UInt8] {
        var writer = StateWriter()
        partial.save(to: &writer)
        return writer.bytes
    }

    override func group(_ group: Group, _ sink: UnsafePointer<assay_sink>?) throws {
        guard let grouping, let sink = Sink(sink, emitter: nil) else {
            throw AnalyzerError("this analyzer has no groups")
        }
        try grouping(&partial, group, sink)
    }
}
