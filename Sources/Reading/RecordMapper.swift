import Records

/// Takes the parts of a JSON record out of its tape as a mapping says.
struct RecordMapper {
    private let mapping: FieldMapping
    private let prompt: [[[UInt8]]]
    private let response: [[UInt8]]?
    private let system: [[UInt8]]?
    private let label: [[UInt8]]?
    private let turns: [[UInt8]]?
    private let roleKey: [UInt8]
    private let textKey: [UInt8]
    private let history: [[UInt8]]?

    init(_ mapping: FieldMapping) {
        self.mapping = mapping
        prompt = mapping.prompt.map(RecordMapper.path)
        response = mapping.response.map(RecordMapper.path)
        system = mapping.system.map(RecordMapper.path)
        label = mapping.label.map(RecordMapper.path)
        turns = (mapping.turns?.pointer).map(RecordMapper.path)
        roleKey = Array((mapping.turns?.roleKey ?? "").utf8)
        textKey = Array((mapping.turns?.textKey ?? "").utf8)
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
        if let system { row.system = text(tape, at: system) }
        if let history { addHistory(tape, at: history, to: &row) }
        if let turns, let list = tape.find(turns) { addTurns(tape, list, to: &row) }
        var stated: [UInt8]?
        for path in prompt {
            guard let part = text(tape, at: path) else { continue }
            if !part.isEmpty || stated == nil { RowBuilder.join(part, to: &stated) }
        }
        if let stated { add(.user, stated, to: &row) }
        if let response, let node = tape.find(response), tape.kind(node) != .null {
            addResponse(tape, node, to: &row)
        }
        if let label { row.label = text(tape, at: label) }
        if mapping.kind == .fields, !tape.nodes.isEmpty {
            var strings: [UInt8]?
            RecordMapper.collectStrings(tape, 0, into: &strings)
            if let strings { add(.user, strings, to: &row) }
        }
    }

    /// The text of a value: strings as they are, numbers in their own digits, lists and contents
    /// joined by line breaks; `nil` for an absent value and for `null`.
    func text(_ tape: JSONTape, at path: [[UInt8]]) -> [UInt8]? {
        guard let node = tape.find(path) else { return nil }
        return RecordMapper.text(tape, node)
    }

    static func text(_ tape: JSONTape, _ node: Int) -> [UInt8]? {
        switch tape.kind(node) {
        case .null: return nil
        case .string, .number, .true, .false: return Array(tape.bytes(node))
        case .array:
            var joined: [UInt8]? = []
            tape.forEachChild(of: node) { _, child in
                if let part = text(tape, child) { RowBuilder.join(part, to: &joined) }
            }
            return joined
        case .object:
            for key in ["content", "value", "text"] {
                if let found = tape.find([Array(key.utf8)], from: node) { return text(tape, found) }
            }
            var strings: [UInt8]? = []
            collectStrings(tape, node, into: &strings)
            return strings
        }
    }

    private static func collectStrings(_ tape: JSONTape, _ node: Int, into text: inout [UInt8]?) {
        switch tape.kind(node) {
        case .string: RowBuilder.join(tape.bytes(node), to: &text)
        case .array, .object:
            var collected = text
            tape.forEachChild(of: node) { _, child in
                collectStrings(tape, child, into: &collected)
            }
            text = collected
        default: break
        }
    }

    /// Keeps `turns` complete when a conversation is continued by single fields.
    private func add(_ role: TurnRole, _ text: [UInt8], to row: inout RowBuilder) {
        row.addTurn(role, text)
    }

    private func addResponse(_ tape: JSONTape, _ node: Int, to row: inout RowBuilder) {
        var last: Int?
        if tape.kind(node) == .array {
            tape.forEachChild(of: node) { _, child in last = child }
        }
        // A list of messages as the chosen answer: its last turn is the answer, and where the record
        // has no prompt of its own the turns before it are.
        if let last, tape.kind(last) == .object {
            if row.prompt == nil {
                var turns: [Int] = []
                tape.forEachChild(of: node) { _, child in turns.append(child) }
                for turn in turns.dropLast() {
                    add(.user, RecordMapper.text(tape, turn) ?? [], to: &row)
                }
            }
            add(.assistant, RecordMapper.text(tape, last) ?? [], to: &row)
        } else {
            add(.assistant, RecordMapper.text(tape, node) ?? [], to: &row)
        }
    }

    private func addHistory(_ tape: JSONTape, at path: [[UInt8]], to row: inout RowBuilder) {
        guard let list = tape.find(path) else { return }
        var texts: [[UInt8]] = []
        tape.forEachChild(of: list) { _, pair in
            tape.forEachChild(of: pair) { _, side in
                texts.append(RecordMapper.text(tape, side) ?? [])
            }
        }
        for (position, text) in texts.enumerated() {
            add(position % 2 == 0 ? .user : .assistant, text, to: &row)
        }
    }

    private func addTurns(_ tape: JSONTape, _ list: Int, to row: inout RowBuilder) {
        var firstWord: [UInt8]?
        var found: [(role: TurnRole, text: [UInt8])] = []
        tape.forEachChild(of: list) { _, turn in
            let word = tape.find([roleKey], from: turn).map { Array(tape.bytes($0)) } ?? []
            let role: TurnRole
            if let known = TurnRole(word: String(decoding: word, as: UTF8.self)) {
                role = known
            } else {
                // An unknown word: who speaks first is the user, everybody else answers.
                role = firstWord == nil || firstWord == word ? .user : .assistant
            }
            if role != .system, firstWord == nil { firstWord = word }
            var text = tape.find([textKey], from: turn).flatMap { RecordMapper.text(tape, $0) }
            if text == nil, let calls = tape.find([Array("tool_calls".utf8)], from: turn) {
                text = RecordMapper.text(tape, calls)
            }
            found.append((role, text ?? []))
        }
        for turn in found { row.addTurn(turn.role, turn.text) }
    }
}
