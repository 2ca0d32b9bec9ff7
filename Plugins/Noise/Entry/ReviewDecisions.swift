import AssayKit
import JSONText

/// What people decided about earlier findings.
struct ReviewDecisions: Sendable {
    /// A decision about a row under one code.
    enum Decision: String {
        /// The finding is right.
        case accept
        /// The finding is wrong.
        case reject
        /// The label is wrong, and the right one is known.
        case relabel
    }

    private var decisions: [Int: [String: Decision]] = [:]
    private(set) var labels: [Int: String] = [:]
    /// Accepted and rejected findings by code.
    private(set) var counts: [String: (accepted: Int, rejected: Int)] = [:]

    /// Reads the setting `review`; of two decisions about the same the later counts.
    init(_ setting: JSONValue?) {
        for entry in setting?.arrayValue ?? [] {
            guard let row = entry["row_index"]?.intValue, let code = entry["code"]?.stringValue,
                // Other strategies' findings are reviewed in the same file.
                code.hasPrefix("NSE"),
                let decision = entry["decision"]?.stringValue.flatMap(Decision.init(rawValue:))
            else { continue }
            decisions[row, default: [:]][code] = decision
            if decision == .relabel, let label = entry["label"]?.stringValue { labels[row] = label }
        }
        for entry in decisions.values {
            for (code, decision) in entry {
                if decision == .reject {
                    counts[code, default: (0, 0)].rejected += 1
                } else {
                    counts[code, default: (0, 0)].accepted += 1
                }
            }
        }
    }

    /// Whether nothing was decided.
    var isEmpty: Bool { decisions.isEmpty }

    /// The decision about a row; `nil` for none.
    func decision(_ row: Int, _ code: String) -> Decision? {
        decisions.isEmpty ? nil : decisions[row]?[code]
    }

    /// Whether the finding was found wrong.
    func rejects(_ row: Int, _ code: String) -> Bool { decision(row, code) == .reject }

    /// Rows with a decision about the check that learns under this code: whether it was right.
    func verdicts(_ code: String) -> [Int: Bool] {
        decisions.compactMapValues { $0[code].map { $0 != .reject } }
    }
}
