public import JSONText

/// What one check found of one analyzer, or of the bundle as a whole.
public struct CheckResult: Sendable {
    /// How a check ended.
    public enum Verdict: String, Sendable, CaseIterable {
        /// The law holds.
        case passed
        /// It was broken.
        case failed
        /// It holds, but a reader of the manifest or a user would stumble.
        case warning
        /// There was nothing to check.
        case skipped
        /// The plugin's process ended, or had to be ended, in the middle.
        case crashed

        /// Whether a plugin with it may not be published.
        public var isFault: Bool { self == .failed || self == .crashed }
    }

    /// Such as `algebra.batches`.
    public let name: String
    /// The rule, as the ABI has it.
    public let law: String
    /// The analyzer's id; empty for the bundle.
    public let analyzer: String
    /// How it ended.
    public let verdict: Verdict
    /// What was found; may be empty.
    public let detail: String
    /// Seconds it took.
    public let seconds: Double

    /// As one line of JSON has it.
    public var json: JSONValue {
        .object([
            "check": .string(name), "law": .string(law), "analyzer": .string(analyzer),
            "verdict": .string(verdict.rawValue), "detail": .string(detail),
            "seconds": .number((seconds * 1000).rounded() / 1000),
        ])
    }
}

/// What a check says inside, before it has a name and a time.
struct CheckFinding: Sendable {
    var verdict: CheckResult.Verdict
    var detail = ""
    /// What two processes have to agree on.
    var lines: [String] = []

    /// Characters that a worker's word is cut to.
    private static let mostDetail = 2000

    static let passed = CheckFinding(verdict: .passed)

    static func failed(_ detail: String) -> CheckFinding {
        CheckFinding(verdict: .failed, detail: detail)
    }

    static func warning(_ detail: String) -> CheckFinding {
        CheckFinding(verdict: .warning, detail: detail)
    }

    static func skipped(_ detail: String) -> CheckFinding {
        CheckFinding(verdict: .skipped, detail: detail)
    }

    var json: JSONValue {
        .object([
            "verdict": .string(verdict.rawValue), "detail": .string(detail),
            "lines": .array(lines.map { .string($0) }),
        ])
    }

    /// Reads what `json` wrote; `nil` for anything else.
    init?(json: JSONValue) {
        guard let word = json["verdict"]?.stringValue,
            let verdict = CheckResult.Verdict(rawValue: word),
            let detail = json["detail"]?.stringValue
        else { return nil }
        self.verdict = verdict
        self.detail = String(detail.prefix(CheckFinding.mostDetail))
        lines = json["lines"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    init(verdict: CheckResult.Verdict, detail: String = "", lines: [String] = []) {
        self.verdict = verdict
        self.detail = detail
        self.lines = lines
    }
}
