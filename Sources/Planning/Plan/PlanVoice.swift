/// One proposal of one analyzer for a row of the data, as the plan hears it.
public struct PlanVoice: Sendable, Equatable {
    /// What is proposed.
    public enum Action: String, Sendable, CaseIterable {
        case review, drop, repair, relabel, weight, duplicate, keep
    }

    /// The analyzer's id.
    public let analyzer: String
    /// The analyzer's version.
    public let version: String
    /// Whether it is part of a draw, of which no finding about the row speaks.
    public let isDrawn: Bool
    /// The finding's code.
    public let code: String
    /// What is proposed.
    public let action: Action
    /// Row of the data, from 0.
    public let row: Int
    /// Of a copy: the row that stays for it, plus 1; of one to keep: its cell; 0 for none.
    public let group: UInt64
    /// 0 to 1.
    public let confidence: Double
    /// Weight, further copies, or how many rows of the group are to stay.
    public let number: Double
    /// The column of a repair.
    public let column: String
    /// The new text or label, or what a group is called.
    public let text: String

    /// Makes a voice.
    public init(
        analyzer: String, version: String, isDrawn: Bool = false, code: String, action: Action,
        row: Int, group: UInt64 = 0, confidence: Double = 1, number: Double = 0,
        column: String = "",
        text: String = ""
    ) {
        self.analyzer = analyzer
        self.version = version
        self.isDrawn = isDrawn
        self.code = code
        self.action = action
        self.row = row
        self.group = group
        self.confidence = confidence
        self.number = number
        self.column = column
        self.text = text
    }

    /// What it is about, by the order in which a plan is resolved.
    enum Stage: Int {
        case repair, quality, copies, quota, balance
    }

    var stage: Stage {
        switch action {
        case .repair: .repair
        case .weight, .duplicate: .balance
        case .drop: group > 0 ? .copies : isDrawn ? .balance : .quality
        case .relabel, .review: .quality
        case .keep: .quota
        }
    }

    /// Whether it comes before another of the same row, whatever the order in which they were made.
    static func precedes(_ left: PlanVoice, _ right: PlanVoice) -> Bool {
        let (one, other) = (
            (left.row, left.stage.rawValue, right.confidence, left.analyzer, left.code),
            (right.row, right.stage.rawValue, left.confidence, right.analyzer, right.code)
        )
        return one == other
            ? (left.action.rawValue, left.column, left.text, left.group, left.number)
                < (right.action.rawValue, right.column, right.text, right.group, right.number)
            : one < other
    }
}
