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
    private var texts: [ColumnName: TextBuffer] = [:]
    private var tokens: [ColumnName: TokenBuffer] = [:]
    private var turnsColumn: TurnsBuffer?

    init(columns: [ColumnName]) {
        for column in columns {
            switch column {
            case .promptTokens, .responseTokens, .allTokens: tokens[column] = TokenBuffer()
            case .turns: turnsColumn = TurnsBuffer()
            default: texts[column] = TextBuffer()
            }
        }
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
        if turns.isEmpty {
            if let system { turns.append((.system, system)) }
            if let prompt { turns.append((.user, prompt)) }
            if let response { turns.append((.assistant, response)) }
        } else if let system, !turns.contains(where: { $0.role == .system }) {
            turns.insert((.system, system), at: 0)
        }
        for turn in turns where !turn.text.isEmpty {
            if !all.isEmpty { all.append(0x0A) }
            all.append(contentsOf: turn.text)
        }
        for name in Array(texts.keys) {
            let text = value(of: name, field)
            texts[name]?.append(text)
        }
        for name in Array(tokens.keys) {
            let text = name == .promptTokens ? prompt : name == .responseTokens ? response : all
            guard var column = tokens.removeValue(forKey: name) else { continue }
            text?.withUnsafeBufferPointer { tokenizer.tokenize($0, into: &column.values) }
            column.endRow()
            tokens[name] = column
        }
        guard turnsColumn != nil else { return }
        for turn in turns { turnsColumn?.append(role: turn.role.bytes, text: turn.text) }
        turnsColumn?.endRow()
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
        for (name, buffer) in texts { columns.append((name, .text(buffer))) }
        for (name, buffer) in tokens { columns.append((name, .tokens(buffer))) }
        if let turnsColumn { columns.append((.turns, .turns(turnsColumn))) }
        return RecordBatch(rowCount: rowCount, columns: columns)
    }
}

/// Who speaks, in the words of the `turns` column.
enum TurnRole: String {
    case system, user, assistant, tool

    var bytes: [UInt8] { Array(rawValue.utf8) }

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
