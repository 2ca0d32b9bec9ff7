public import JSONText
import Numerics

/// Records that are wanted, as a generator hears it.
public struct RecordRequest: Sendable {
    /// What a record looks like.
    public struct Form: Sendable {
        /// `object` for JSON and tables, `text` for plain text.
        public let kind: String
        /// Where prompt, response, system prompt and label stand, as JSON pointers.
        public let fields: JSONObject
        /// Columns of a table, in order.
        public let columns: [String]

        /// Makes a form.
        public init(kind: String, fields: JSONObject, columns: [String] = []) {
            self.kind = kind
            self.fields = fields
            self.columns = columns
        }

        var json: JSONValue {
            var object: JSONObject = ["kind": .string(kind), "fields": .object(fields)]
            if !columns.isEmpty { object["columns"] = .array(columns.map { .string($0) }) }
            return .object(object)
        }
    }

    /// The version of the format.
    static let schema = "assay.request/1"

    /// The same for the same request.
    public let id: String
    /// What is wanted, in words.
    public let wanted: String
    /// The finding's code.
    public let code: String
    /// The analyzer that asks.
    public let analyzer: String
    /// What the analyzer says of the gap: its cell, what it has, what it wants.
    public let cell: JSONValue
    /// Records.
    public let count: Int
    /// Records that belong there.
    public let examples: [JSONValue]
    /// What a record looks like.
    public let form: Form

    /// Makes a request; `attempt` tells it from an earlier one for the same, `source` from one to somebody else.
    public init(
        wanted: String, code: String, analyzer: String, cell: JSONValue, count: Int,
        examples: [JSONValue], form: Form, attempt: Int, source: String
    ) {
        self.wanted = wanted
        self.code = code
        self.analyzer = analyzer
        self.cell = cell
        self.count = count
        self.examples = examples
        self.form = form
        let content = JSONValue.array([
            .string(wanted), .string(code), .string(analyzer), cell, JSONValue(count),
            .array(examples), form.json, JSONValue(attempt), .string(source),
        ])
        let hash = String(StableHash.hash(content.bytes.span), radix: 16)
        id = String(repeating: "0", count: 16 - hash.utf8.count) + hash
    }

    /// The request as one JSON object, for so many records.
    ///
    /// O(size of the examples).
    public func json(count: Int) -> JSONValue {
        .object([
            "schema": .string(RecordRequest.schema), "id": .string(id), "count": JSONValue(count),
            "wanted": .string(wanted), "code": .string(code), "analyzer": .string(analyzer),
            "cell": cell, "form": form.json, "examples": .array(examples),
        ])
    }
}

/// What happened while records were asked for.
public struct SupplyAccount: Sendable, Equatable {
    /// Calls that were made: HTTP requests, or starts of a program.
    public var calls = 0
    /// Records that came.
    public var records = 0
    /// Records of an earlier run that were taken from the log.
    public var resumed = 0
    /// Calls that took too long.
    public var timeouts = 0
    /// Calls that were answered with "too many requests".
    public var rateLimits = 0
    /// Calls that failed otherwise.
    public var failures = 0
    /// Answers, or lines, that were no records.
    public var malformed = 0
    /// Records beyond those asked for.
    public var surplus = 0
    /// Tokens that a model counted.
    public var tokens = 0
    /// Requests that were given up, each with the reason.
    public var givenUp: [String] = []

    /// Nothing happened yet.
    public init() {}

    /// Both together.
    public static func += (left: inout SupplyAccount, right: SupplyAccount) {
        left.calls += right.calls
        left.records += right.records
        left.resumed += right.resumed
        left.timeouts += right.timeouts
        left.rateLimits += right.rateLimits
        left.failures += right.failures
        left.malformed += right.malformed
        left.surplus += right.surplus
        left.tokens += right.tokens
        left.givenUp += right.givenUp
    }

    /// One line; nothing that did not happen is in it.
    public var text: String {
        let parts = [
            (calls, "call", "calls"), (records, "record", "records"),
            (resumed, "record of an earlier run", "records of an earlier run"),
            (tokens, "token", "tokens"), (timeouts, "time-out", "time-outs"),
            (rateLimits, "rate limit", "rate limits"), (failures, "failure", "failures"),
            (malformed, "malformed answer", "malformed answers"),
            (surplus, "record too many", "records too many"),
            (givenUp.count, "request given up", "requests given up"),
        ]
        let told = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.0 == 1 ? $0.1 : $0.2)" }
        return told.isEmpty ? "nothing asked" : told.joined(separator: ", ")
    }
}
