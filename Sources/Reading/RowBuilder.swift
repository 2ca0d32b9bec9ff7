import Features
import Records

/// Collects the columns of one batch, row by row.
///
/// Buffers are reused between rows.
struct RowBuilder {
    /// Texts of the current row; empty and present are different things.
    var prompt: [UInt8]?
    var response: [UInt8]?
    var system: [UInt8]?
    var all: [UInt8] = []
    var label: [UInt8]?
    var turns: [(role: TurnRole, text: [UInt8])] = []

    private var rowCount = 0
    /// Columns in the order asked for, so that no name is looked up per row.
    private var texts: [(name: ColumnName, buffer: TextBuffer)] = []
    private var tokens: [(name: ColumnName, buffer: TokenBuffer)] = []
    private var turnsColumn: TurnsBuffer?
    private let needsTurns: Bool
    private let needsAll: Bool

    init(columns: [ColumnName]) {
        for column in columns {
            switch column {
            case .promptTokens, .responseTokens, .allTokens: tokens.append((column, TokenBuffer()))
            case .turns: turnsColumn = TurnsBuffer()
            default: texts.append((column, TextBuffer()))
            }
        }
        needsAll = columns.contains(.all) || columns.contains(.allTokens)
        needsTurns = turnsColumn != nil || needsAll
    }

    mutating func beginRow() {
        prompt = nil
        response = nil
        system = nil
        label = nil
        all.removeAll(keepingCapacity: true)
        turns.removeAll(keepingCapacity: true)
    }

    /// Adds text to a part, after a line break when the part has text already.
    static func join(_ text: some Collection<UInt8>, to part: inout [UInt8]?) {
        if part == nil {
            part = Array(text)
        } else {
            if part?.isEmpty == false, !text.isEmpty { part?.append(0x0A) }
            part?.append(contentsOf: text)
        }
    }

    /// Adds one turn of a conversation to the parts it belongs to.
    mutating func addTurn(_ role: TurnRole, _ text: [UInt8]) {
        switch role {
        case .user: RowBuilder.join(text, to: &prompt)
        case .assistant: RowBuilder.join(text, to: &response)
        case .system: RowBuilder.join(text, to: &system)
        case .tool: break
        }
        turns.append((role, text))
    }

    /// Ends a row; `field` gives the value of a `field:` column.
    mutating func endRow(
        tokenizer: inout Tokenizer, field: (ColumnName) -> [UInt8]?
    ) {
        rowCount += 1
        if needsTurns { completeTurns() }
        for index in texts.indices {
            texts[index].buffer.append(value(of: texts[index].name, field))
        }
        for index in tokens.indices {
            let name = tokens[index].name
            let text = name == .promptTokens ? prompt : name == .responseTokens ? response : all
            text?.withUnsafeBufferPointer {
                tokenizer.tokenize($0, into: &tokens[index].buffer.values)
            }
            tokens[index].buffer.endRow()
        }
        guard turnsColumn != nil else { return }
        for turn in turns { turnsColumn?.append(role: turn.role.bytes, text: turn.text) }
        turnsColumn?.endRow()
    }

    /// A record without a conversation is one of single parts; all text is that of the turns.
    private mutating func completeTurns() {
        if turns.isEmpty {
            if let system { turns.append((.system, system)) }
            if let prompt { turns.append((.user, prompt)) }
            if let response { turns.append((.assistant, response)) }
        } else if let system, !turns.contains(where: { $0.role == .system }) {
            turns.insert((.system, system), at: 0)
        }
        guard needsAll else { return }
        for turn in turns where !turn.text.isEmpty {
            if !all.isEmpty { all.append(0x0A) }
            all.append(contentsOf: turn.text)
        }
    }

    private func value(of name: ColumnName, _ field: (ColumnName) -> [UInt8]?) -> [UInt8]? {
        switch name {
        case .prompt: prompt
        case .response: response
        case .system: system
        case .all: all
        case .label: label
        default: field(name)
        }
    }

    /// The batch of all rows so far.
    func batch() -> RecordBatch {
        var columns: [(name: ColumnName, data: ColumnData)] = []
        for text in texts { columns.append((text.name, .text(text.buffer))) }
        for token in tokens { columns.append((token.name, .tokens(token.buffer))) }
        if let turnsColumn { columns.append((.turns, .turns(turnsColumn))) }
        return RecordBatch(rowCount: rowCount, columns: columns)
    }
}

/// Who speaks, in the words of the `turns` column.
enum TurnRole: String {
    case system, user, assistant, tool

    /// The word as UTF-8.
    var bytes: [UInt8] { TurnRole.words[self] ?? [] }

    private static let words: [TurnRole: [UInt8]] = [
        .system: Array("system".utf8), .user: Array("user".utf8),
        .assistant: Array("assistant".utf8), .tool: Array("tool".utf8),
    ]

    /// The role that a dataset's own word stands for; `nil` for a word that says nothing.
    init?(word: String) {
        switch word.lowercased() {
        case "system": self = .system
        case "user", "human", "client", "customer", "patient", "question": self = .user
        case "assistant", "gpt", "bot", "model", "chatgpt", "bing", "bard", "function_call",
            "counselor", "agent", "doctor", "answer":
            self = .assistant
        case "tool", "function", "observation", "tool_response": self = .tool
        default: return nil
        }
    }
}
