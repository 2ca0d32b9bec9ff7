/// A check that runs an analyzer's code, in a worker of its own.
enum LifeCheck: String, CaseIterable, Sendable {
    case loadLibrary = "load.library"
    case loadManifest = "load.manifest"
    case outputValid = "output.valid"
    case outputSections = "output.sections"
    case hostLarger = "abi.host-larger"
    case hostShorter = "abi.host-shorter"
    case unknownExtension = "abi.unknown-extension"
    case errorBuffers = "abi.error-buffers"
    case writerFails = "abi.writer-fails"
    case sinkRefuses = "abi.sink-refuses"
    case configExtremes = "config.extremes"
    case noRows = "data.no-rows"
    case oneRow = "data.one-row"
    case emptyBatch = "data.empty-batch"
    case nulls = "data.nulls"
    case emptyTexts = "data.empty-texts"
    case characters = "data.characters"
    case longRow = "data.long-row"
    case guardPage = "data.guard-page"
    case seed = "algebra.seed"
    case batches = "algebra.batches"
    case shards = "algebra.shards"
    case association = "algebra.association"
    case neutral = "algebra.neutral"
    case reload = "algebra.save-load"
    case threads = "concurrency.partials"
    case instances = "concurrency.instances"
    case stateRepeated = "state.repeated"
    case stateEmpty = "state.empty"
    case stateTruncated = "state.truncated"
    case stateFlipped = "state.flipped"
    case stateForeign = "state.foreign"
    case hygieneThreads = "hygiene.threads"
    case hygieneDescriptors = "hygiene.descriptors"
    case hygieneProcess = "hygiene.process"
    case hygieneSignals = "hygiene.signals"
    case hygieneOutput = "hygiene.output"
    case hygieneMemory = "hygiene.memory"
    case cancellation = "cancel.any-call"
    case fuzz = "fuzz.records"

    /// The rule, in the words of the ABI.
    var law: String {
        switch self {
        case .loadLibrary:
            "assay_library_v1 returns one static table, without I/O, threads or delay"
        case .loadManifest: "the library has what its manifest says, and nothing else"
        case .outputValid:
            "codes stand in the manifest, rows exist, numbers are finite, texts are UTF-8"
        case .outputSections: "the body of a section has the shape of its kind"
        case .hostLarger: "a host's structs may be larger than the plugin knows"
        case .hostShorter: "of a struct no more is read than its struct_size says"
        case .unknownExtension: "get_extension returns null for an id it does not know"
        case .errorBuffers:
            "an error goes into the caller's buffer, as far as there is one, and a status is one of ASSAY_E"
        case .writerFails: "what a writer refuses ends the call with the writer's status"
        case .sinkRefuses: "what a sink refuses ends the call with the sink's status"
        case .configExtremes:
            "every configuration that fits the manifest's schema is taken, or refused with a message"
        case .noRows: "a dataset without rows is a dataset"
        case .oneRow: "a dataset of one row is a dataset"
        case .emptyBatch: "a batch without rows changes nothing"
        case .nulls: "any value may be absent"
        case .emptyTexts: "a text may be empty"
        case .characters:
            "a text may hold any character: U+0000, marks without end, any script"
        case .longRow: "a text may be as long as the file it came from"
        case .guardPage: "of a text no more is read than its length and 64 bytes"
        case .seed: "the same seed gives the same bytes, in every process"
        case .batches: "results do not depend on the size of batches"
        case .shards: "results do not depend on how rows are cut into shards"
        case .association: "merge is associative over adjacent shards"
        case .neutral: "an empty partial is neutral"
        case .reload: "a save and a load in between change nothing"
        case .threads: "partials are scanned side by side"
        case .instances: "instances have nothing in common"
        case .stateRepeated: "the same partial gives the same bytes"
        case .stateEmpty: "any state gives a partial or an error: the empty one"
        case .stateTruncated: "any state gives a partial or an error: one that was cut off"
        case .stateFlipped: "any state gives a partial or an error: one with changed bits"
        case .stateForeign: "any state gives a partial or an error: bytes of somebody else's"
        case .hygieneThreads: "a plugin starts no threads"
        case .hygieneDescriptors: "a plugin leaves no file open"
        case .hygieneProcess:
            "a plugin leaves folder, environment, locale and umask of its process alone"
        case .hygieneSignals: "a plugin leaves the handling of signals alone"
        case .hygieneOutput: "a plugin writes nothing to standard output or error"
        case .hygieneMemory: "discard and destroy give back all memory"
        case .cancellation: "in a cancelled run a call succeeds or returns ASSAY_E_CANCELLED"
        case .fuzz: "the laws hold for any records"
        }
    }

    /// The records it needs.
    var records: CheckRecords {
        switch self {
        case .longRow: .long
        case .characters: .characters
        case .emptyTexts: .emptyTexts
        case .fuzz: .drawn
        case .noRows: .none
        default: .ordinary
        }
    }

    /// Whether two processes have to say the same.
    var comparesProcesses: Bool { self == .seed }
}
