import Records

/// Finds the values of a JSON record behind its columns, in the order in which `RecordMapper` joins them.
///
/// Apart from the mapper, whose loop copies bytes and remembers nothing of where they stood; tests hold
/// the two equal on every record of the shared sets.
struct PieceCollector {
    let tape: JSONTape
    let mapping: FieldMapping

    /// The pieces of a text column.
    func pieces(of column: ColumnName) -> [RecordPiece] {
        switch column {
        case .prompt: side(.user)
        case .response: side(.assistant)
        case .rejected:
            mapping.rejected.flatMap { tape.find(RecordMapper.path($0)) }
                .map { leaves(RecordMapper.answer(tape, $0)) } ?? []
        case .system: system()
        case .other: others()
        case .label: mapping.label.map { value(at: $0) } ?? []
        default: column.fieldPointer.map { value(at: $0) } ?? []
        }
    }

    private func others() -> [RecordPiece] {
        var pieces: [RecordPiece] = []
        OtherTexts(mapping).forEachText(tape) { pieces.append(piece($0)) }
        return pieces
    }

    private func value(at pointer: String) -> [RecordPiece] {
        tape.find(RecordMapper.path(pointer)).map(leaves) ?? []
    }

    private func system() -> [RecordPiece] {
        let own = mapping.system.map { value(at: $0) } ?? []
        return own + turns(of: .system)
    }

    /// What one side says: of the history, of the turns, of the stated fields.
    private func side(_ role: TurnRole) -> [RecordPiece] {
        if mapping.kind == .fields {
            guard role == .user, !tape.nodes.isEmpty else { return [] }
            return strings(0)
        }
        var pieces: [RecordPiece] = []
        if let history = mapping.history.flatMap({ tape.find(RecordMapper.path($0)) }) {
            var position = 0
            tape.forEachChild(of: history) { _, pair in
                tape.forEachChild(of: pair) { _, text in
                    if (position % 2 == 0) == (role == .user) { pieces += leaves(text) }
                    position += 1
                }
            }
        }
        pieces += turns(of: role)
        if role == .user { pieces += mapping.prompt.flatMap { value(at: $0) } }
        if let response = mapping.response, let node = tape.find(RecordMapper.path(response)) {
            pieces += answer(node, role, hasPrompt: !pieces.isEmpty || !mapping.prompt.isEmpty)
        }
        return pieces
    }

    /// A response: a text, or a list of messages of which the last is the answer.
    private func answer(_ node: Int, _ role: TurnRole, hasPrompt: Bool) -> [RecordPiece] {
        var messages: [Int] = []
        if tape.kind(node) == .array { tape.forEachChild(of: node) { messages.append($1) } }
        guard let last = messages.last, tape.kind(last) == .object else {
            return role == .assistant ? leaves(node) : []
        }
        if role == .assistant { return leaves(last) }
        return hasPrompt ? [] : messages.dropLast().flatMap(leaves)
    }

    private func turns(of role: TurnRole) -> [RecordPiece] {
        guard let turns = mapping.turns, let list = tape.find(RecordMapper.path(turns.pointer))
        else {
            return []
        }
        var pieces: [RecordPiece] = []
        var roles = TurnRole.Speakers()
        tape.forEachChild(of: list) { _, turn in
            let word = tape.find([Array(turns.roleKey.utf8)], from: turn).map { tape.bytes($0) }
            guard roles.next(word: word) == role else { return }
            let own = tape.find([Array(turns.textKey.utf8)], from: turn)
            let text = RecordMapper.spoken(tape, turn, own)
            if let text { pieces += leaves(text) }
        }
        return pieces
    }

    /// The values that make up a text, as `RecordMapper` takes them.
    private func leaves(_ node: Int) -> [RecordPiece] {
        switch tape.kind(node) {
        case .null: return []
        case .string, .number, .true, .false: return [piece(node)]
        case .array:
            var pieces: [RecordPiece] = []
            tape.forEachChild(of: node) { pieces += leaves($1) }
            return pieces
        case .object:
            for key in RecordMapper.contentKeys {
                if let found = tape.find(key, from: node) { return leaves(found) }
            }
            return strings(node)
        }
    }

    private func piece(_ node: Int) -> RecordPiece {
        RecordPiece(
            text: Array(tape.bytes(node)), extent: tape.extent(node),
            isBare: tape.kind(node) != .string)
    }

    /// All strings of a value.
    private func strings(_ node: Int) -> [RecordPiece] {
        switch tape.kind(node) {
        case .string: return [piece(node)]
        case .array, .object:
            var pieces: [RecordPiece] = []
            tape.forEachChild(of: node) { pieces += strings($1) }
            return pieces
        default: return []
        }
    }
}
