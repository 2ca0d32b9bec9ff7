import JSONText
import Orchestrator
import Records

/// Everything that one run of one analyzer needs, beside the batch memory.
struct AnalyzerRequest: Sendable {
    var libraryPath: String
    /// The manifest; its folder is the bundle, whose files the plugin may read.
    var manifestPath: String
    /// What else it may read.
    var readablePaths: [String] = []
    var pluginID: String
    var analyzerID: String
    var version: String
    var stateFormat: Int
    var columns: [String]
    /// One JSON object, checked and complete.
    var configuration: [UInt8]
    var seed: UInt64
    var threads: Int
    var skipped: [SkippedRow] = []
    /// Saves and loads every partial before it is merged: the result must not change.
    var reloadsPartials = false
    /// Scans these rows of one role only, to find out whether they crash the plugin.
    var probe: (role: Role, rows: Range<Int>)?
    /// Bytes of address space beside the batches.
    var memoryBytes: Int
    /// The run's embedding table, for analyzers that may ask for it.
    var embeddingFolder: String?
    /// A check to make instead of a run.
    var check: LifeCheck?

    /// As JSON, for a worker.
    var json: JSONValue {
        .object([
            "library": .string(libraryPath), "manifest": .string(manifestPath),
            "readable": .array(readablePaths.map { .string($0) }), "plugin": .string(pluginID),
            "analyzer": .string(analyzerID), "version": .string(version),
            "state_format": JSONValue(stateFormat),
            "columns": .array(columns.map { .string($0) }),
            "configuration": .string(String(decoding: configuration, as: UTF8.self)),
            "seed": .string(String(seed)), "threads": JSONValue(threads),
            "skipped": .array(
                skipped.map { .array([JSONValue(Int($0.role.rawValue)), JSONValue($0.row)]) }),
            "reload": .bool(reloadsPartials),
            "probe": probe.map {
                .array([
                    JSONValue(Int($0.role.rawValue)), JSONValue($0.rows.lowerBound),
                    JSONValue($0.rows.upperBound),
                ])
            } ?? .null,
            "memory": JSONValue(memoryBytes),
            "embedding": embeddingFolder.map { .string($0) } ?? .null,
            "check": check.map { .string($0.rawValue) } ?? .null,
        ])
    }

    /// Reads what `json` wrote; `nil` for anything else.
    init?(json: JSONValue) {
        guard let libraryPath = json["library"]?.stringValue,
            let manifestPath = json["manifest"]?.stringValue,
            let pluginID = json["plugin"]?.stringValue,
            let analyzerID = json["analyzer"]?.stringValue,
            let version = json["version"]?.stringValue,
            let stateFormat = json["state_format"]?.intValue,
            let columns = json["columns"]?.arrayValue,
            let configuration = json["configuration"]?.stringValue,
            let seed = json["seed"]?.stringValue.flatMap(UInt64.init),
            let threads = json["threads"]?.intValue,
            let skipped = json["skipped"]?.arrayValue, let memory = json["memory"]?.intValue
        else { return nil }
        self.init(
            libraryPath: libraryPath, manifestPath: manifestPath, pluginID: pluginID,
            analyzerID: analyzerID, version: version, stateFormat: stateFormat,
            columns: columns.compactMap(\.stringValue), configuration: Array(configuration.utf8),
            seed: seed, threads: threads, memoryBytes: memory)
        readablePaths = json["readable"]?.arrayValue?.compactMap(\.stringValue) ?? []
        self.skipped = skipped.compactMap { pair in
            guard let role = pair.arrayValue?.first?.intValue,
                let row = pair.arrayValue?.last?.intValue
            else { return nil }
            return Role(rawValue: Int32(role)).map { SkippedRow(role: $0, row: row) }
        }
        embeddingFolder = json["embedding"]?.stringValue
        check = json["check"]?.stringValue.flatMap(LifeCheck.init)
        reloadsPartials = json["reload"]?.boolValue ?? false
        if let probe = json["probe"]?.arrayValue?.compactMap(\.intValue), probe.count == 3,
            let role = Role(rawValue: Int32(probe[0])), probe[1] <= probe[2]
        {
            self.probe = (role, probe[1]..<probe[2])
        }
    }

    init(
        libraryPath: String, manifestPath: String, pluginID: String, analyzerID: String,
        version: String, stateFormat: Int, columns: [String], configuration: [UInt8], seed: UInt64,
        threads: Int,
        memoryBytes: Int
    ) {
        self.libraryPath = libraryPath
        self.manifestPath = manifestPath
        self.pluginID = pluginID
        self.analyzerID = analyzerID
        self.version = version
        self.stateFormat = stateFormat
        self.columns = columns
        self.configuration = configuration
        self.seed = seed
        self.threads = threads
        self.memoryBytes = memoryBytes
    }
}

/// Why an analyzer's own functions failed.
struct AnalyzerFailure: Error {
    /// The function that failed.
    var call: String
    /// What it said.
    var message: String
    /// The row it named, if any.
    var row: Int64 = -1
    /// Whether it refused its configuration.
    var isConfigurationFault = false
    /// What it returned; 0 where it returned nothing.
    var status: Int32 = 0
}
