public import JSONText

/// A record that a plan adds, with where it comes from and why.
public struct PlanAddition: Sendable, Equatable {
    /// The record as it is written.
    public let record: [UInt8]
    /// File that it comes from.
    public let file: String
    /// Line that it begins on, from 1.
    public let line: Int
    /// Row of the pool, from 0.
    public let poolRow: Int
    /// Who asked for it: code, analyzer, version, confidence.
    public let because: JSONObject
    /// One line, lower case, no full stop.
    public let explanation: String

    /// Makes an addition.
    public init(
        record: [UInt8], file: String, line: Int, poolRow: Int, because: JSONObject,
        explanation: String
    ) {
        self.record = record
        self.file = file
        self.line = line
        self.poolRow = poolRow
        self.because = because
        self.explanation = explanation
    }

    /// Without the record, which the ledger has in the output.
    var account: JSONObject {
        [
            "explanation": .string(explanation), "file": .string(file),
            "pool_line": JSONValue(line), "pool_row_index": JSONValue(poolRow),
            "because": .array([.object(because)]),
        ]
    }

    var json: JSONValue {
        var object = account
        object["add"] = .string(String(decoding: record, as: UTF8.self))
        return .object(object)
    }

    init?(_ value: JSONValue) {
        guard let record = value["add"]?.stringValue, let file = value["file"]?.stringValue,
            let line = value["pool_line"]?.intValue, let row = value["pool_row_index"]?.intValue,
            let explanation = value["explanation"]?.stringValue,
            case .object(let because)? = value["because"]?.arrayValue?.first
        else { return nil }
        self.init(
            record: Array(record.utf8), file: file, line: line, poolRow: row, because: because,
            explanation: explanation)
    }
}
