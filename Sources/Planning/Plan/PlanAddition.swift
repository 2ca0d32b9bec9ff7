public import JSONText

/// A record that a plan adds, with where it comes from and why.
public struct PlanAddition: Sendable, Equatable {
    /// Where a record comes from.
    public enum Origin: Sendable, Equatable {
        /// From a pool: its file, the line that it begins on, from 1, and its row, from 0.
        case pool(file: String, line: Int, row: Int)
        /// Made by rules, a program or a model, as `by` says, for a request; `like` is what it was made from.
        case made(by: String, request: String, like: JSONObject)
    }

    /// The record as it is written.
    public let record: [UInt8]
    /// Where it comes from.
    public let origin: Origin
    /// Who asked for it: code, analyzer, version, confidence.
    public let because: JSONObject
    /// One line, lower case, no full stop.
    public let explanation: String

    /// Makes an addition.
    public init(
        record: [UInt8], origin: Origin, because: JSONObject, explanation: String
    ) {
        self.record = record
        self.origin = origin
        self.because = because
        self.explanation = explanation
    }

    /// What a mark in the data says of it.
    var mark: JSONObject {
        switch origin {
        case .pool: ["origin": "pool"]
        case .made(let by, _, _): ["origin": .string(by)]
        }
    }

    /// Without the record, which the ledger has in the output.
    var account: JSONObject {
        var object: JSONObject = ["explanation": .string(explanation)]
        switch origin {
        case .pool(let file, let line, let row):
            object["file"] = .string(file)
            object["pool_line"] = JSONValue(line)
            object["pool_row_index"] = JSONValue(row)
        case .made(let by, let request, let like):
            object["made_by"] = .string(by)
            object["request"] = .string(request)
            if !like.members.isEmpty { object["made_from"] = .object(like) }
        }
        object["because"] = .array([.object(because)])
        return object
    }

    var json: JSONValue {
        var object = account
        object["add"] = .string(String(decoding: record, as: UTF8.self))
        return .object(object)
    }

    init?(_ value: JSONValue) {
        guard let record = value["add"]?.stringValue,
            let explanation = value["explanation"]?.stringValue,
            case .object(let because)? = value["because"]?.arrayValue?.first
        else { return nil }
        let origin: Origin
        if let by = value["made_by"]?.stringValue, let request = value["request"]?.stringValue {
            origin = .made(by: by, request: request, like: value["made_from"]?.objectValue ?? [:])
        } else if let file = value["file"]?.stringValue, let line = value["pool_line"]?.intValue,
            let row = value["pool_row_index"]?.intValue
        {
            origin = .pool(file: file, line: line, row: row)
        } else {
            return nil
        }
        self.init(
            record: Array(record.utf8), origin: origin, because: because, explanation: explanation)
    }
}
