/// Why a loop of rounds ended.
public enum StopReason: Sendable, Equatable {
    /// The goals hold.
    case goalMet
    /// Nothing is left to apply, or nothing got better by as much as was asked for.
    case noProgress
    /// As many rounds as were allowed.
    case roundLimit
    /// All that a round would have done undoes what an earlier one did.
    case oscillation

    /// Decides after an analysis; `nil` to go on.
    ///
    /// `gain` is the largest improvement of a goal's metric over the round before, `nil` before the first
    /// round.
    public static func afterAnalysis(
        isGoalMet: Bool, round: Int, mostRounds: Int, gain: Double?, leastGain: Double
    ) -> StopReason? {
        if isGoalMet { return .goalMet }
        if let gain, gain < leastGain { return .noProgress }
        return round >= mostRounds ? .roundLimit : nil
    }

    /// Decides after a plan; `nil` to go on.
    public static func afterPlan(_ addition: PlanHistory.Addition) -> StopReason? {
        if addition.changes > 0 { return nil }
        return addition.undoing > 0 ? .oscillation : .noProgress
    }

    /// One line.
    public var text: String {
        switch self {
        case .goalMet: "the goals are met"
        case .noProgress: "nothing gets better any more"
        case .roundLimit: "the limit of rounds is reached"
        case .oscillation: "a further round would only undo what an earlier one did"
        }
    }
}
