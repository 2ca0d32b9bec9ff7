/// Which proposals a plan may apply.
public enum PlanLimit: Sendable, Equatable {
    /// What loses nothing: exact copies, records that are certainly worthless, repairs.
    case safe
    /// Everything that its analyzer thinks more likely right than wrong.
    case all
    /// Everything of at least this confidence, 0 to 1.
    case confidence(Double)

    /// Reads `safe`, `all` or a number from 0 to 1; `nil` for anything else.
    public init?(_ text: String) {
        switch text {
        case "safe": self = .safe
        case "all": self = .all
        default:
            guard let value = Double(text), (0...1).contains(value) else { return nil }
            self = .confidence(value)
        }
    }

    /// Whether a proposal may be applied.
    func allows(_ voice: PlanVoice) -> Bool {
        switch (self, voice.stage) {
        // What was drawn was asked for; its number is no chance of an error.
        case (_, .balance): self != .safe
        case (_, .quota): true
        case (.safe, .repair): voice.confidence >= PlanQuotas.certain
        case (.safe, _): voice.action == .drop && voice.confidence >= 1
        case (.all, _): voice.confidence >= 0.5
        case (.confidence(let least), _): voice.confidence >= least
        }
    }

    /// Whether a record of the pool that is asked for with some confidence may be added.
    public func allowsAddition(_ confidence: Double) -> Bool {
        switch self {
        case .safe: false
        case .all: confidence >= 0.5
        case .confidence(let least): confidence >= least
        }
    }

    /// As the user says it.
    public var text: String {
        switch self {
        case .safe: "safe"
        case .all: "all"
        case .confidence(let value): "\(value)"
        }
    }
}
