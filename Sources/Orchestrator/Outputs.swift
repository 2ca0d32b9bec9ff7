public import JSONText
public import Records

/// How much a finding matters.
///
/// The raw values are those of the plugin ABI.
public enum Severity: Int32, Sendable, CaseIterable {
    /// Worth knowing.
    case info = 0
    /// Probably harmless.
    case low = 1
    /// Should be looked at.
    case medium = 2
    /// Would teach the model something wrong.
    case high = 3

    /// The word used in reports.
    public var name: String {
        switch self {
        case .info: "info"
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        }
    }
}

/// A statement about a row, a group of rows, or the dataset.
public struct Finding: Sendable {
    /// The stable code.
    public var code: String
    /// How much it matters.
    public var severity: Severity
    /// The dataset it is about.
    public var role: Role
    /// The row within the role; `nil` for the dataset.
    public var row: Int?
    /// Equal for rows that belong together; 0 for none.
    public var group: UInt64
    /// The column of the span; may be empty.
    public var column: String
    /// Bytes of the column's text; empty for no span.
    public var span: Range<Int>
    /// 0 to 1, higher is worse.
    public var score: Double
    /// One line.
    public var message: String
    /// What it rests on.
    public var evidence: JSONValue

    /// Makes a finding.
    public init(
        code: String, severity: Severity, role: Role, row: Int?, group: UInt64 = 0,
        column: String = "", span: Range<Int> = 0..<0, score: Double, message: String,
        evidence: JSONValue = .null
    ) {
        self.code = code
        self.severity = severity
        self.role = role
        self.row = row
        self.group = group
        self.column = column
        self.span = span
        self.score = score
        self.message = message
        self.evidence = evidence
    }

    /// Rows of the data that the evidence names besides its own, by members whose names end in `row_index`,
    /// `row_indices` or `_rows`; a name that begins with another role's names that one's rows.
    public var relatedRows: [Int] {
        var rows: [Int] = []
        for (key, value) in evidence.objectValue?.members ?? []
        where !Role.allCases.contains(where: { $0 != .data && key.hasPrefix("\($0.name)_") }) {
            if key.hasSuffix("row_index"), let row = value.intValue { rows.append(row) }
            if key.hasSuffix("row_indices") || key.hasSuffix("_rows") {
                rows += (value.arrayValue ?? []).compactMap(\.intValue)
            }
        }
        return rows.filter { $0 >= 0 && (role != .data || $0 != row) }
    }

    /// What a finding about the whole dataset is about, such as a category: its evidence's `subject`.
    public var subject: String? {
        guard row == nil, let subject = evidence["subject"]?.stringValue, !subject.isEmpty else {
            return nil
        }
        return subject
    }

    /// The order in which findings are reported: by dataset, row, code and place; findings about the
    /// whole dataset first.
    public static func precedes(_ left: Finding, _ right: Finding) -> Bool {
        let (leftRow, rightRow) = (left.row ?? -1, right.row ?? -1)
        if left.role != right.role { return left.role < right.role }
        if leftRow != rightRow { return leftRow < rightRow }
        if left.code != right.code { return left.code < right.code }
        if left.column != right.column { return left.column < right.column }
        if left.span.lowerBound != right.span.lowerBound {
            return left.span.lowerBound < right.span.lowerBound
        }
        return left.message < right.message
    }
}

/// What a proposal suggests.
///
/// The raw values are those of the plugin ABI.
public enum Action: Int32, Sendable {
    case review = 0
    case drop = 1
    case repair = 2
    case relabel = 3
    case weight = 4
    case duplicate = 5
    case augment = 6
    case keep = 7

    /// The word used in reports.
    public var name: String { "\(self)" }
}

/// An action that an analyzer suggests for a row.
public struct Proposal: Sendable {
    /// What to do.
    public let action: Action
    /// The dataset.
    public let role: Role
    /// The row within the role; `nil` for none.
    public let row: Int?
    /// As in the finding it follows from.
    public let group: UInt64
    /// The finding's code.
    public let code: String
    /// 0 to 1.
    public let confidence: Double
    /// Weight, copies or count.
    public let number: Double
    /// What a repair changes.
    public let column: String
    /// The new text or label, or a description.
    public let text: String

    /// Whether it wants something done to its row, rather than names it as one of a cell.
    public var changesItsRow: Bool {
        action != .keep && (action != .augment || role == .pool || row == nil)
    }

    /// Makes a proposal.
    public init(
        action: Action, role: Role, row: Int?, group: UInt64, code: String, confidence: Double,
        number: Double, column: String, text: String
    ) {
        self.action = action
        self.role = role
        self.row = row
        self.group = group
        self.code = code
        self.confidence = confidence
        self.number = number
        self.column = column
        self.text = text
    }
}

/// Which way a metric is better.
///
/// The raw values are those of the plugin ABI.
public enum Direction: Int32, Sendable {
    case lowerIsBetter = -1
    case none = 0
    case higherIsBetter = 1

    /// The word used in reports.
    public var name: String {
        switch self {
        case .lowerIsBetter: "lower"
        case .none: "none"
        case .higherIsBetter: "higher"
        }
    }
}

/// One number about the dataset.
public struct Metric: Sendable {
    /// `strategy.name`.
    public let name: String
    /// What it is counted in.
    public let unit: String
    /// The value, finite.
    public let value: Double
    /// Records or draws it rests on.
    public let n: Int
    /// 95 % interval, when there is one.
    public let interval: ClosedRange<Double>?
    /// Which way is better.
    public let direction: Direction
    /// One sentence.
    public let help: String

    /// Makes a metric.
    public init(
        name: String, unit: String, value: Double, n: Int, interval: ClosedRange<Double>?,
        direction: Direction, help: String
    ) {
        self.name = name
        self.unit = unit
        self.value = value
        self.n = n
        self.interval = interval
        self.direction = direction
        self.help = help
    }
}

/// A piece of report that can be drawn without knowing the plugin.
public struct Section: Sendable {
    /// `table`, `bars`, `histogram`, `matrix`, `scatter`, `treemap`, `groups`, `examples` or `text`.
    public let kind: String
    /// Heading.
    public let title: String
    /// Shape by kind, see `PluginSDK/ABI.md`.
    public let body: JSONValue

    /// Makes a section.
    public init(kind: String, title: String, body: JSONValue) {
        self.kind = kind
        self.title = title
        self.body = body
    }
}

/// Scores of rows under one name.
public struct RowScores: Sendable {
    /// Name without the strategy: `label_error`.
    public let name: String
    /// The dataset.
    public let role: Role
    /// Score by row, 0 to 1, higher is worse.
    public var values: [Int: Double]

    /// Makes an empty or filled table.
    public init(name: String, role: Role, values: [Int: Double] = [:]) {
        self.name = name
        self.role = role
        self.values = values
    }
}

/// Everything one analyzer said, checked by the host.
public struct AnalyzerOutput: Sendable {
    /// In reporting order.
    public var findings: [Finding] = []
    /// By row.
    public var proposals: [Proposal] = []
    /// By name.
    public var scores: [RowScores] = []
    /// As the analyzer ordered them.
    public var metrics: [Metric] = []
    /// As the analyzer ordered them.
    public var sections: [Section] = []
    /// Codes of which more findings came than are kept, with the number dropped.
    public var truncated: [String: Int] = [:]
    /// What was wrong with its output, one line a kind.
    public var faults: [String] = []

    /// Nothing said.
    public init() {}
}
