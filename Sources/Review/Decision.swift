public import JSONText

/// What a person decided about one finding of one record.
public struct Decision: Sendable, Equatable {
    /// What was decided.
    public enum Kind: String, Sendable, CaseIterable {
        /// The finding is right.
        case accept
        /// The finding is wrong.
        case reject
        /// The label is wrong, and the right one is known.
        case relabel
        /// The finding is right, and here is the text as it should be.
        case edit
        /// The finding is right, and the record is to be left out.
        case drop
    }

    /// The record, counted from 0.
    public let row: Int
    /// The finding's code.
    public let code: String
    /// What was decided.
    public let kind: Kind
    /// The right label of a `relabel`, the text of an `edit`; empty otherwise.
    public let text: String
    /// The column of an `edit`; empty otherwise.
    public let column: String
    /// A hash of the record's bytes, by which it is known in another file; `nil` where nobody wrote it.
    public let content: String?

    /// Bytes of a text at most.
    static let mostBytes = 1 << 20

    /// Reads one.
    ///
    /// - Throws: `ReviewError` that names the member, what was found and what is expected.
    public init(_ entry: JSONValue) throws {
        func fault(_ key: String, _ expected: String) -> ReviewError {
            let found = entry[key].map { "is \(Decision.cut($0.text))" } ?? "is missing"
            return ReviewError(
                "\"\(key)\" \(found), expected \(expected)",
                help:
                    "for example {\"row_index\": 12, \"code\": \"NSE041\", \"decision\": \"reject\"}"
            )
        }
        guard let row = entry["row_index"]?.intValue, (0..<Int(Int32.max)).contains(row) else {
            throw fault("row_index", "the number of a record, from 0")
        }
        guard let code = entry["code"]?.stringValue, !code.isEmpty else {
            throw fault("code", "the code of a finding")
        }
        guard let kind = entry["decision"]?.stringValue.flatMap(Kind.init(rawValue:)) else {
            throw fault("decision", Kind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        var (text, column) = ("", "")
        if kind == .relabel {
            text = entry["label"]?.stringValue ?? ""
            if text.isEmpty { throw fault("label", "the right label") }
        }
        if kind == .edit {
            column = entry["column"]?.stringValue ?? ""
            if column.isEmpty { throw fault("column", "the column of the new text") }
            guard let new = entry["text"]?.stringValue else { throw fault("text", "the new text") }
            text = new
        }
        guard text.utf8.count <= Decision.mostBytes else {
            throw fault(kind == .edit ? "text" : "label", "1 MiB at most")
        }
        (self.row, self.code, self.kind, self.text, self.column) = (row, code, kind, text, column)
        content = entry["content"]?.stringValue
    }

    /// As a line of a review file.
    public var json: JSONValue {
        var object: JSONObject = [
            "row_index": JSONValue(row), "code": .string(code),
            "decision": .string(kind.rawValue),
        ]
        if kind == .relabel { object["label"] = .string(text) }
        if kind == .edit {
            object["column"] = .string(column)
            object["text"] = .string(text)
        }
        if let content { object["content"] = .string(content) }
        return .object(object)
    }

    /// As analyzers are told: that somebody wrote the text anew, or left the record out, says of the finding
    /// that it was right.
    public var setting: JSONValue {
        guard kind == .edit || kind == .drop, var object = json.objectValue else { return json }
        object["decision"] = .string(Kind.accept.rawValue)
        return .object(object)
    }

    /// The same about another row, whose bytes are not known.
    public func about(_ row: Int) -> Decision {
        Decision(row: row, code: code, kind: kind, text: text, column: column)
    }

    private init(row: Int, code: String, kind: Kind, text: String, column: String) {
        (self.row, self.code, self.kind, self.text, self.column) = (row, code, kind, text, column)
        content = nil
    }

    private static func cut(_ text: String) -> String {
        text.count > 80 ? text.prefix(80) + "…" : text
    }
}
