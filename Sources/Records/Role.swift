/// What a dataset is in a run.
///
/// The raw values are those of the plugin ABI.
public enum Role: Int32, Sendable, CaseIterable, Comparable {
    /// The records to be judged.
    case data = 0
    /// A sample of real use.
    case reference = 1
    /// Known good records.
    case trusted = 2
    /// Candidates to add.
    case pool = 3
    /// Records that must not leak into the data.
    case eval = 4

    /// The word used in options and reports.
    public var name: String {
        switch self {
        case .data: "data"
        case .reference: "reference"
        case .trusted: "trusted"
        case .pool: "pool"
        case .eval: "eval"
        }
    }

    /// In the order of the raw values.
    public static func < (left: Role, right: Role) -> Bool { left.rawValue < right.rawValue }
}
