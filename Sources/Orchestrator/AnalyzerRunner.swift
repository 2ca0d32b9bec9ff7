/// One analyzer that can be run over the datasets of a run.
///
/// What lies behind it (a worker process, a library in this process) is no concern of the
/// orchestrator.
public protocol AnalyzerRunner: Sendable {
    /// What is known of it without running it.
    var identity: AnalyzerIdentity { get }
    /// Runs all passes over all datasets.
    func run() -> AnalyzerResult
}

/// What the manifest says of an analyzer.
public struct AnalyzerIdentity: Sendable {
    /// Reverse-DNS name of the analyzer.
    public let id: String
    /// Reverse-DNS name of its plugin.
    public let plugin: String
    /// Version of the plugin.
    public let version: String
    /// The strategy it implements.
    public let strategy: String
    /// SHA-256 of the plugin's library; empty as long as nobody has computed it.
    public var digest: String
    /// Names of the codes it may use: `NSE010` → `label-error`.
    public let codeNames: [String: String]
    /// What they mean, by code.
    public let codeNotes: [String: CodeNotes]

    /// Makes an identity.
    public init(
        id: String, plugin: String, version: String, strategy: String, digest: String = "",
        codeNames: [String: String], codeNotes: [String: CodeNotes] = [:]
    ) {
        self.id = id
        self.plugin = plugin
        self.version = version
        self.strategy = strategy
        self.digest = digest
        self.codeNames = codeNames
        self.codeNotes = codeNotes
    }
}

/// What a code means, in the words of its author.
public struct CodeNotes: Sendable {
    /// What it finds, in plain words of at most 40 characters; `nil` where the author gives none.
    public let title: String?
    /// What it measures.
    public let what: String?
    /// Why it matters.
    public let why: String?
    /// What to do about it.
    public let todo: String?
    /// The command that does it, in which `DATA` stands for the arguments of the run, `OUT` for a new file and
    /// `REPORT` for the report's folder.
    public let command: String?

    /// Makes notes of an author's headings and texts; other headings are left out.
    public init(title: String? = nil, _ help: [(heading: String, text: String)]) {
        self.title = title
        func text(_ heading: String) -> String? {
            help.first { $0.heading == heading }?.text
        }
        what = text("What it measures")
        why = text("Why it matters")
        todo = text("What to do")
        command = text("What to type")
    }
}

/// How an analyzer's run ended.
public struct AnalyzerResult: Sendable {
    /// Whether all, some or nothing of it can be used.
    public enum Status: String, Sendable {
        /// Everything went well.
        case ok
        /// Rows were quarantined, or parts of its output were refused.
        case partial
        /// Nothing of it can be used.
        case failed
    }

    /// Who it is.
    public var identity: AnalyzerIdentity
    /// How it ended.
    public var status: Status
    /// Why, when not ok.
    public var error: String?
    /// What it said.
    public var output: AnalyzerOutput
    /// Findings of the host about it: crashes, timeouts, faults.
    public var hostFindings: [Finding] = []
    /// Lines that it wrote to the run's log, sorted.
    public var log: [String] = []
    /// Protections that were in force, by name.
    public var protections: [String: Bool] = [:]
    /// Seconds from start to end.
    public var seconds = 0.0
    /// Most bytes that its workers held, shared batches included; 0 inside the host.
    public var peakMemoryBytes = 0
    /// Whether it failed because it refused its configuration.
    public var isConfigurationFault = false

    /// The host's findings about it, then its own.
    ///
    /// No copy when the host has none.
    public var allFindings: [Finding] {
        hostFindings.isEmpty ? output.findings : hostFindings + output.findings
    }

    /// Makes a result.
    public init(
        identity: AnalyzerIdentity, status: Status, error: String? = nil,
        output: AnalyzerOutput = AnalyzerOutput()
    ) {
        self.identity = identity
        self.status = status
        self.error = error
        self.output = output
    }
}
