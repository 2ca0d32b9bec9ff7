import Records

/// Takes the parts of a JSON record out of its tape as a mapping says.
struct RecordMapper {
    private let mapping: FieldMapping
    private let prompt: [[[UInt8]]]
    private let response: [[UInt8]]?
    private let rejected: [[UInt8]]?
    private let system: [[UInt8]]?
    private let label: [[UInt8]]?
    private let turns: [[UInt8]]?
    private let roleKey: [[UInt8]]
    private let textKey: [[UInt8]]
    private let history: [[UInt8]]?
    static let contentKeys = ["content", "value", "text"].map { [Array($0.utf8)] }
    /// Where a turn without a text of its own says what it does.
    static let silentKeys = ["tool_calls", "function_call", "reasoning_content"].map {
        [Array($0.utf8)]
    }

    init(_ mapping: FieldMapping) {
        self.mapping = mapping
        prompt = mapping.prompt.map(RecordMapper.path)
        response = mapping.response.map(RecordMapper.path)
        rejected = mapping.rejected.map(RecordMapper.path)
        system = mapping.system.map(RecordMapper.path)
        label = mapping.label.map(RecordMapper.path)
        turns = (mapping.turns?.pointer).map(RecordMapper.path)
        roleKey = [Array((mapping.turns?.roleKey ?? "").utf8)]
        textKey = [Array((mapping.turns?.textKey ?? "").utf8)]
        history = mapping.history.map(RecordMapper.path)
    }

    /// The unescaped steps of a JSON pointer.
    static func path(_ pointer: String) -> [[UInt8]] {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { step in
            var bytes: [UInt8] = []
            var rest = step.utf8[...]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "~"), let next = rest.popFirst() {
                    bytes.append(next == UInt8(ascii: "1") ? UInt8(ascii: "/") : UInt8(ascii: "~"))
                } else {
                    bytes.append(byte)
                }
            }
            return bytes
        }
    }

    func map(_ tape: JSONTape, into row: inout RowBuilder) {
        if let system { append(tape, at: system, to: &row.system) }
        if let history { addHistory(tape, at: history, to: &row) }
        if let turns, let list = tape.find(turns) { addTurns(tape, list, to: &row) }
        addPrompt(tape, to: &row)
        if let response, let node = tape.find(response), tape.kind(node) != .null {
            addResponse(tape, node, to: &row)
        }
        if let rejected, let node = tape.find(rejected) {
            append(tape, RecordMapper.answer(tape, node), to: &row.rejected)
        }
        if let label { append(tape, at: label, to: &row.label) }
        if mapping.kind == .fields, !tape.nodes.isEmpty {
            withScratch(&row) { scratch in
                appendStrings(tape, 0, to: &scratch)
            } then: {
                $0.addTurn(.user, $1)
            }
        }
    }

    /// Adds the value at a path to a text; adds nothing for an absent value and for `null`.
    func append(_ tape: JSONTape, at path: [[UInt8]], to text: inout RowText) {
        if let node = tape.find(path) { append(tape, node, to: &text) }
    }

    /// Adds the text of a value: strings as they are, numbers in their own digits, lists and contents
    /// joined by line breaks; nothing for `null`.
    private func append(_ tape: JSONTape, _ node: Int, to text: inout RowText) {
        switch tape.kind(node) {
        case .null: break
        case .string, .number, .true, .false: text.join(tape.bytes(node))
        case .array:
            text.begin()
            tape.forEachChild(of: node) { _, child in append(tape, child, to: &text) }
        case .object:
            for key in RecordMapper.contentKeys {
                if let found = tape.find(key, from: node) {
                    return append(tape, found, to: &text)
                }
            }
            text.begin()
            appendStrings(tape, node, to: &text)
        }
    }

    private func appendStrings(_ tape: JSONTape, _ node: Int, to text: inout RowText) {
        switch tape.kind(node) {
        case .string: text.join(tape.bytes(node))
        case .array, .object:
            tape.forEachChild(of: node) { _, child in appendStrings(tape, child, to: &text) }
        default: break
        }
    }

    /// Puts a text together in the row's scratch and hands it on if there is one.
    private func withScratch(
        _ row: inout RowBuilder, _ body: (inout RowText) -> Void,
        then: (inout RowBuilder, UnsafeBufferPointer<UInt8>) -> Void
    ) {
        var scratch = RowText()
        swap(&scratch, &row.scratch)
        scratch.clear()
        body(&scratch)
        scratch.withBytes { if let text = $0 { then(&row, text) } }
        swap(&scratch, &row.scratch)
    }

    /// Joins the stated parts; one that is empty counts only when it is the first.
    private func addPrompt(_ tape: JSONTape, to row: inout RowBuilder) {
        withScratch(&row) { scratch in
            for path in prompt { append(tape, at: path, to: &scratch) }
        } then: {
            $0.addTurn(.user, $1)
        }
    }

    /// What an answer says: of a list of messages the last.
    static func answer(_ tape: JSONTape, _ node: Int) -> Int {
        var last: Int?
        if tape.kind(node) == .array { tape.forEachChild(of: node) { last = $1 } }
        return last.flatMap { tape.kind($0) == .object ? $0 : nil } ?? node
    }

    private func addResponse(_ tape: JSONTape, _ node: Int, to row: inout RowBuilder) {
        var last: Int?
        if tape.kind(node) == .array {
            tape.forEachChild(of: node) { _, child in last = child }
        }
        // A list of messages as the chosen answer: its last turn is the answer, and where the record
        // has no prompt of its own the turns before it are.
        guard let last, tape.kind(last) == .object else {
            return addTurn(.assistant, tape, node, to: &row)
        }
        if !row.prompt.isPresent {
            tape.forEachChild(of: node) { _, turn in
                if turn != last { addTurn(.user, tape, turn, to: &row) }
            }
        }
        addTurn(.assistant, tape, last, to: &row)
    }

    /// Adds a turn with the text of a value, an empty one where it has none.
    private func addTurn(
        _ role: TurnRole, _ tape: JSONTape, _ node: Int?, to row: inout RowBuilder
    ) {
        if let node, tape.kind(node) == .string { return row.addTurn(role, tape.bytes(node)) }
        withScratch(&row) { scratch in
            scratch.begin()
            if let node { append(tape, node, to: &scratch) }
        } then: {
            $0.addTurn(role, $1)
        }
    }

    private func addHistory(_ tape: JSONTape, at path: [[UInt8]], to row: inout RowBuilder) {
        guard let list = tape.find(path) else { return }
        var position = 0
        tape.forEachChild(of: list) { _, pair in
            tape.forEachChild(of: pair) { _, side in
                addTurn(position % 2 == 0 ? .user : .assistant, tape, side, to: &row)
                position += 1
            }
        }
    }

    /// What a turn says: its text, or where that is empty the calls of tools or the thoughts that it has instead.
    static func spoken(_ tape: JSONTape, _ turn: Int, _ text: Int?) -> Int? {
        guard isSilent(tape, text) else { return text }
        for key in silentKeys {
            if let found = tape.find(key, from: turn), !isSilent(tape, found) { return found }
        }
        return text
    }

    private static func isSilent(_ tape: JSONTape, _ text: Int?) -> Bool {
        guard let text else { return true }
        switch tape.kind(text) {
        case .null: return true
        case .string: return tape.bytes(text).allSatisfy(SourceFormat.isSpace)
        case .array:
            var isEmpty = true
            tape.forEachChild(of: text) { _, child in isEmpty = isEmpty && isSilent(tape, child) }
            return isEmpty
        default: return false
        }
    }

    private func addTurns(_ tape: JSONTape, _ list: Int, to row: inout RowBuilder) {
        var speakers = TurnRole.Speakers()
        tape.forEachChild(of: list) { _, turn in
            let role = speakers.next(word: tape.find(roleKey, from: turn).map { tape.bytes($0) })
            var text = tape.find(textKey, from: turn)
            text = RecordMapper.spoken(tape, turn, text)
            addTurn(role, tape, text, to: &row)
        }
    }
}
