public import JSONText

/// What was done to every row of a dataset, and the bytes that were there before.
///
/// Its first line describes both files; every other line is one change. The input is the output with the
/// bytes of each change put back.
public struct Ledger: Sendable {
    /// A file as the ledger knows it.
    public struct File: Sendable, Equatable {
        /// As the user named it.
        public let name: String
        /// Bytes after decompression.
        public let byteCount: Int
        /// SHA-256 of those bytes, in hexadecimal.
        public let sha256: String

        /// Describes a file.
        public init(name: String, byteCount: Int, sha256: String) {
            self.name = name
            self.byteCount = byteCount
            self.sha256 = sha256
        }

        var json: JSONValue {
            .object([
                "name": .string(name), "bytes": JSONValue(byteCount), "sha256": .string(sha256),
            ])
        }

        init?(_ value: JSONValue?) {
            guard let name = value?["name"]?.stringValue, let count = value?["bytes"]?.intValue,
                let sha256 = value?["sha256"]?.stringValue
            else { return nil }
            self.init(name: name, byteCount: count, sha256: sha256)
        }
    }

    /// One change.
    public struct Entry: Sendable {
        /// Row of the input, from 0.
        public let row: Int
        /// Line of the input, from 1.
        public let line: Int
        /// What was done, such as `inject`.
        public let action: String
        /// Why and how: code, plugin, confidence; of an injection its kind.
        public let account: JSONObject
        /// Bytes of the output that stand where the original stood.
        public let output: Range<Int>
        /// Bytes of the input that stood there.
        public let original: [UInt8]

        /// Describes a change.
        public init(
            row: Int, line: Int, action: String, account: JSONObject, output: Range<Int>,
            original: [UInt8]
        ) {
            self.row = row
            self.line = line
            self.action = action
            self.account = account
            self.output = output
            self.original = original
        }
    }

    /// The version of the format.
    static let schema = "assay.ledger/1"

    /// The input.
    public let source: File
    /// What was written.
    public let output: File
    /// The changes, in the order of the output.
    public let entries: [Entry]

    /// Describes the changes between two files.
    public init(source: File, output: File, entries: [Entry]) {
        self.source = source
        self.output = output
        self.entries = entries
    }
}

extension Ledger {
    /// One JSON object a line.
    ///
    /// O(bytes of the entries).
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(
            .object([
                "schema": .string(Ledger.schema), "source": source.json, "output": output.json,
                "changes": JSONValue(entries.count),
            ]))
        writer.newline()
        for entry in entries {
            writer.value(entry.json)
            writer.newline()
        }
        return writer.bytes
    }

    /// Reads a ledger; `name` is for the errors.
    ///
    /// - Throws: `PlanningError` naming the line, what was found and what is expected.
    public init(_ bytes: [UInt8], name: String) throws {
        var header: JSONValue?
        var entries: [Entry] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated() where line.contains(where: { $0 > 0x20 })
        {
            let place = "\(name) line \(index + 1)"
            let value: JSONValue
            do {
                value = try JSONValue(parsing: Array(line))
            } catch {
                throw PlanningError(
                    "\(place): \(error)", help: "a ledger has one JSON object a line")
            }
            if header == nil {
                header = value
            } else if let entry = Entry(value),
                entry.output.lowerBound >= entries.last?.output.upperBound ?? 0
            {
                entries.append(entry)
            } else {
                throw PlanningError(
                    "\(place): expected a change behind the one before it, found \(value.text.prefix(80))",
                    help: "use the ledger as it was written")
            }
        }
        guard header?["schema"]?.stringValue == Ledger.schema, let source = File(header?["source"]),
            let output = File(header?["output"])
        else {
            throw PlanningError(
                "\(name) line 1: expected the head of a ledger (\"schema\": \"\(Ledger.schema)\")",
                help: "name the ledger that was written beside the output")
        }
        guard header?["changes"]?.intValue == entries.count else {
            throw PlanningError(
                "\(name): has \(entries.count) changes, its head says "
                    + "\(header?["changes"]?.text ?? "nothing")",
                help: "the ledger was cut off or added to; use it as it was written")
        }
        self.init(source: source, output: output, entries: entries)
    }
}

extension Ledger.Entry {
    /// The keys of a ledger's own; an account has others.
    private static let keys: Set<String> = [
        "row_index", "line", "action", "offset", "length", "original", "original_hex",
    ]

    var json: JSONValue {
        var object: JSONObject = [
            "row_index": JSONValue(row), "line": JSONValue(line), "action": .string(action),
        ]
        for (key, value) in account.members { object[key] = value }
        object["offset"] = JSONValue(output.lowerBound)
        object["length"] = JSONValue(output.count)
        if let text = String(validating: original, as: UTF8.self) {
            object["original"] = .string(text)
        } else {
            object["original_hex"] = .string(Hexadecimal.text(original))
        }
        return .object(object)
    }

    init?(_ value: JSONValue) {
        guard case .object(let object) = value, let row = value["row_index"]?.intValue,
            let line = value["line"]?.intValue, let action = value["action"]?.stringValue,
            let offset = value["offset"]?.intValue, let length = value["length"]?.intValue,
            offset >= 0, length >= 0, length <= Int.max - offset,
            let original = value["original"]?.stringValue.map({ Array($0.utf8) })
                ?? value["original_hex"]?.stringValue.flatMap(Hexadecimal.bytes)
        else { return nil }
        var account = JSONObject()
        for (key, value) in object.members where !Ledger.Entry.keys.contains(key) {
            account[key] = value
        }
        self.init(
            row: row, line: line, action: action, account: account,
            output: offset..<offset + length,
            original: original)
    }
}
