/// A column of the input profile, by its name in manifests.
public struct ColumnName: RawRepresentable, Hashable, Sendable, Comparable {
    /// The name, such as `text.prompt` or `field:/category`.
    public let rawValue: String

    /// Makes a column name; whether a host can provide it is `isProvided`.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The user side's text.
    public static let prompt = ColumnName(rawValue: "text.prompt")
    /// What the model is to learn.
    public static let response = ColumnName(rawValue: "text.response")
    /// The system prompt.
    public static let system = ColumnName(rawValue: "text.system")
    /// All text of the record in its order.
    public static let all = ColumnName(rawValue: "text.all")
    /// The answer that is not to be learnt, of a preference pair.
    public static let rejected = ColumnName(rawValue: "text.rejected")
    /// What the record says in fields that no part is read from.
    public static let other = ColumnName(rawValue: "text.other")
    /// The class label.
    public static let label = ColumnName(rawValue: "label")
    /// The conversation.
    public static let turns = ColumnName(rawValue: "turns")
    /// Tokens of the prompt.
    public static let promptTokens = ColumnName(rawValue: "feature.tokens.prompt/1")
    /// Tokens of the response.
    public static let responseTokens = ColumnName(rawValue: "feature.tokens.response/1")
    /// Tokens of all text.
    public static let allTokens = ColumnName(rawValue: "feature.tokens.all/1")

    /// Language of all text.
    public static let language = ColumnName(rawValue: "feature.language/1")
    /// Language of the prompt.
    public static let promptLanguage = ColumnName(rawValue: "feature.language.prompt/1")
    /// Language of the response.
    public static let responseLanguage = ColumnName(rawValue: "feature.language.response/1")
    /// Embedding of the prompt.
    public static let promptEmbedding = ColumnName(rawValue: "feature.embedding.prompt/1")
    /// Embedding of the response.
    public static let responseEmbedding = ColumnName(rawValue: "feature.embedding.response/1")
    /// Embedding of all text.
    public static let allEmbedding = ColumnName(rawValue: "feature.embedding.all/1")

    /// Probabilities of the classes that the user gave with the data; not there when none were given.
    public static let predictedProbabilities = ColumnName(rawValue: "given.pred_probs/1")

    /// Name of the file that the record stands in, without folders and endings.
    public static let sourceFile = ColumnName(rawValue: "source.file")

    /// The fixed columns that this host computes or is given.
    public static let provided: [ColumnName] = [
        prompt, response, system, all, rejected, other, label, turns, promptTokens, responseTokens,
        allTokens,
        language, promptLanguage, responseLanguage, promptEmbedding, responseEmbedding,
        allEmbedding, predictedProbabilities, sourceFile,
    ]

    /// Whether it holds vectors.
    public var isEmbedding: Bool { rawValue.hasPrefix("feature.embedding.") }

    /// The pointer of a `field:` column.
    public var fieldPointer: String? {
        rawValue.hasPrefix("field:") ? FieldMapping.pointer(String(rawValue.dropFirst(6))) : nil
    }

    /// Whether this host can provide the column.
    public var isProvided: Bool { fieldPointer != nil || ColumnName.provided.contains(self) }

    /// By name, in byte order.
    public static func < (left: ColumnName, right: ColumnName) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}

/// Text of many rows: one buffer, offsets, and which rows have none.
public struct TextBuffer: Sendable {
    /// Row `i` is `bytes[offsets[i]..<offsets[i + 1]]`; count + 1 entries.
    public private(set) var offsets: [Int64] = [0]
    /// All texts, one after the other; valid UTF-8.
    public private(set) var bytes: [UInt8] = []
    /// Whether each row has a text; an absent one is not the same as an empty one.
    public private(set) var isPresent: [Bool] = []

    /// No rows.
    public init() {}

    /// No rows yet, with room for so many.
    public init(rows: Int) {
        offsets.reserveCapacity(rows + 1)
        isPresent.reserveCapacity(rows)
    }

    /// Number of rows.
    public var count: Int { isPresent.count }

    /// Adds a row; `nil` for one without a text.
    public mutating func append(_ text: UnsafeBufferPointer<UInt8>?) {
        if let text = unsafe text { unsafe bytes.append(contentsOf: text) }
        isPresent.append(unsafe text != nil)
        offsets.append(Int64(bytes.count))
    }

    /// Adds a row; `nil` for one without a text.
    public mutating func append(_ text: [UInt8]?) {
        if let text { bytes.append(contentsOf: text) }
        isPresent.append(text != nil)
        offsets.append(Int64(bytes.count))
    }
}

/// Lists of 32-bit numbers of many rows.
public struct TokenBuffer: Sendable {
    /// Row `i` is `values[offsets[i]..<offsets[i + 1]]`; count + 1 entries.
    public var offsets: [Int64] = [0]
    /// All lists, one after the other.
    public var values: [UInt32] = []

    /// No rows.
    public init() {}

    /// Ends the current row: what was appended to `values` since the last call is its list.
    public mutating func endRow() { offsets.append(Int64(values.count)) }
}

/// Conversations of many rows.
public struct TurnsBuffer: Sendable {
    /// Row `i` is the turns `offsets[i]..<offsets[i + 1]`; count + 1 entries.
    public private(set) var offsets: [Int64] = [0]
    /// Speaker of every turn.
    public private(set) var roles = TextBuffer()
    /// Text of every turn.
    public private(set) var texts = TextBuffer()

    /// No rows.
    public init() {}

    /// Adds a turn to the current row.
    public mutating func append(role: [UInt8], text: UnsafeBufferPointer<UInt8>?) {
        roles.append(role)
        unsafe texts.append(text)
    }

    /// Ends the current row.
    public mutating func endRow() { offsets.append(Int64(roles.count)) }
}

/// Vectors of many rows, all of one length.
public struct VectorBuffer: Sendable {
    /// Numbers of a vector.
    public let dimensions: Int
    /// Row `i` is `values[i * dimensions..<(i + 1) * dimensions]`.
    public var values: [Float] = []

    /// No rows.
    public init(dimensions: Int) { self.dimensions = dimensions }
}

/// Languages of many rows.
public struct LanguageBuffer: Sendable {
    /// BCP 47 tags; `und` where the text says nothing.
    public var tags = TextBuffer()
    /// 0 to 1.
    public var confidences: [Double] = []

    /// No rows.
    public init() {}
}

/// The rows of one column.
public enum ColumnData: Sendable {
    /// A text a row.
    case text(TextBuffer)
    /// A list of tokens a row.
    case tokens(TokenBuffer)
    /// A conversation a row.
    case turns(TurnsBuffer)
    /// A vector a row.
    case vectors(VectorBuffer)
    /// A language a row.
    case languages(LanguageBuffer)
}

/// Consecutive rows of one role, column by column, columns sorted by name.
public struct RecordBatch: Sendable {
    /// Number of rows.
    public let rowCount: Int
    /// The columns.
    public let columns: [(name: ColumnName, data: ColumnData)]

    /// Makes a batch; every column has `rowCount` rows.
    public init(rowCount: Int, columns: [(name: ColumnName, data: ColumnData)]) {
        self.rowCount = rowCount
        self.columns = columns.sorted { $0.name < $1.name }
    }
}
