import JSONText
import Numerics

/// What is to be done with the records of one file, with what they were when it was made.
public struct Plan: Sendable {
    /// The version of the format.
    static let schema = "assay.plan/1"
    private static let digits = 8

    /// The data.
    public let source: Ledger.File
    /// What may be applied.
    public let limit: String
    /// A hash of each record's bytes: what the plan was made for.
    public let contents: [UInt32]
    /// What is done, by row.
    public let lines: [PlanLine]
    /// Records that are added behind all others.
    public let additions: [PlanAddition]
    /// The key under which copies, weights and added records are marked in the data; `nil` for no marks.
    public let mark: String?

    /// Where the texts of the records are, as far as that was stated: the plan's columns are these fields.
    public let fields: [(part: String, pointer: String)]

    /// Makes a plan.
    public init(
        source: Ledger.File, limit: String, contents: [UInt32], lines: [PlanLine],
        additions: [PlanAddition] = [], mark: String? = nil,
        fields: [(part: String, pointer: String)] = []
    ) {
        self.mark = mark
        self.fields = fields
        self.source = source
        self.limit = limit
        self.contents = contents
        self.lines = lines
        self.additions = additions
    }

    /// The hash of a record's bytes.
    ///
    /// O(bytes).
    public static func content(_ record: UnsafeBufferPointer<UInt8>) -> UInt32 {
        UInt32(truncatingIfNeeded: StableHash.hash(record.span) >> 32)
    }

    /// A hash in eight hexadecimal digits.
    public static func digits(_ content: UInt32) -> String {
        let hash = String(content, radix: 16)
        return String(repeating: "0", count: digits - hash.utf8.count) + hash
    }

    /// One JSON object a line: the head, what is done, and last the hashes of all records.
    ///
    /// O(lines + rows).
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        var head: JSONObject = [
            "schema": .string(Plan.schema), "source": source.json, "apply": .string(limit),
            "rows": JSONValue(contents.count), "lines": JSONValue(lines.count),
            "additions": JSONValue(additions.count),
        ]
        if let mark { head["mark"] = .string(mark) }
        if !fields.isEmpty {
            head["fields"] = .array(
                fields.map { .object(["part": .string($0.part), "field": .string($0.pointer)]) })
        }
        writer.value(.object(head))
        writer.newline()
        for line in lines {
            writer.value(line.json)
            writer.newline()
        }
        for addition in additions {
            writer.value(addition.json)
            writer.newline()
        }
        let text = contents.map { Plan.digits($0) }.joined()
        writer.value(.object(["contents": .string(text)]))
        writer.newline()
        return writer.bytes
    }

    /// Reads a plan; `name` is for the errors.
    ///
    /// - Throws: `PlanningError` naming the line, what was found and what is expected.
    public init(_ bytes: [UInt8], name: String) throws {
        var values: [JSONValue] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated() where line.contains(where: { $0 > 0x20 })
        {
            do {
                values.append(try JSONValue(parsing: Array(line)))
            } catch {
                throw PlanningError(
                    "\(name) line \(index + 1): \(error)", help: "a plan has one JSON object a line"
                )
            }
        }
        guard let head = values.first, head["schema"]?.stringValue == Plan.schema,
            let source = Ledger.File(head["source"]), let limit = head["apply"]?.stringValue
        else {
            throw PlanningError(
                "\(name) line 1: expected the head of a plan (\"schema\": \"\(Plan.schema)\")",
                help: "name a plan that assay optimize wrote")
        }
        let added = head["additions"]?.intValue ?? 0
        let body = values.dropFirst().dropLast()
        let lines = body.dropLast(max(0, added))
        let digits = Array((values.last?["contents"]?.stringValue ?? "?").utf8)
        guard let count = head["rows"]?.intValue, head["lines"]?.intValue == lines.count,
            added == body.count - lines.count,
            digits.count % Plan.digits == 0, digits.count / Plan.digits == count
        else {
            throw PlanningError(
                "\(name): has \(lines.count) lines, its head says \(head["lines"]?.text ?? "nothing")",
                help: "the plan was cut off or added to; use it as it was written")
        }
        var contents: [UInt32] = []
        for start in stride(from: 0, to: digits.count, by: Plan.digits) {
            let text = String(decoding: digits[start..<start + Plan.digits], as: UTF8.self)
            guard let content = UInt32(text, radix: 16) else {
                throw PlanningError(
                    "\(name): the hashes of the records are damaged, found \(text)",
                    help: "use the plan as it was written")
            }
            contents.append(content)
        }
        var last = -1
        self.lines = try lines.enumerated().map { index, value in
            guard let line = PlanLine(value), line.row > last, line.row < count else {
                throw PlanningError(
                    "\(name) line \(index + 2): expected a row behind the one before it, found "
                        + "\(value.text.prefix(80))",
                    help:
                        "use the plan as it was written, or leave lines out of it whole and correct "
                        + "\"lines\" in its head")
            }
            last = line.row
            return line
        }
        additions = try body.suffix(added).enumerated().map { index, value in
            guard let addition = PlanAddition(value) else {
                throw PlanningError(
                    "\(name) line \(index + 2 + lines.count): expected a record to add, found "
                        + "\(value.text.prefix(80))", help: "use the plan as it was written")
            }
            return addition
        }
        self.source = source
        self.limit = limit
        self.contents = contents
        mark = head["mark"]?.stringValue
        fields = try (head["fields"]?.arrayValue ?? []).map { field in
            guard let part = field["part"]?.stringValue, let pointer = field["field"]?.stringValue
            else {
                throw PlanningError(
                    "\(name) line 1: expected a part and its field, found \(field.text.prefix(80))",
                    help: "use the plan as it was written")
            }
            return (part, pointer)
        }
    }
}
