import Records

/// What a record says in fields that its mapping does not read: passages, schemas, rejected answers.
///
/// Two records whose prompts and responses are the same may differ in what a template of the user's puts
/// beside them. Names, dates, numbers, links and paths are no texts.
struct OtherTexts {
    /// Keys that the mapping reads.
    private let used: Set<[UInt8]>
    /// Whether there are any others.
    private let hasOthers: Bool

    /// Words from which on a field says something.
    private static let leastWords = 4
    /// Ideographs that say as much as a word.
    private static let ideographsPerWord = 2

    init(_ mapping: FieldMapping) {
        let pointers =
            mapping.prompt
            + [
                mapping.response, mapping.rejected, mapping.system, mapping.label,
                mapping.turns?.pointer,
                mapping.history,
            ].compactMap { $0 }
        let steps = pointers.map { RecordMapper.path($0).first }
        used = Set(steps.compactMap { $0 })
        // Where all fields are read, or the record is one value, there are none.
        hasOthers = mapping.kind != .fields && steps.allSatisfy { $0 != nil }
    }

    /// Adds the texts of a record, line by line in its order.
    ///
    /// O(bytes of the fields that are not read).
    func append(_ tape: JSONTape, to text: inout RowText) {
        forEachText(tape) { text.join(tape.bytes($0)) }
    }

    /// Calls `body` with every text of a record, in its order.
    func forEachText(_ tape: JSONTape, _ body: (_ node: Int) -> Void) {
        guard hasOthers, !tape.nodes.isEmpty, tape.kind(0) == .object else { return }
        tape.forEachChild(of: 0) { key, value in
            guard let key, !used.contains(where: { tape.bytes(key).elementsEqual($0) }) else {
                return
            }
            forEachText(tape, value, body)
        }
    }

    private func forEachText(_ tape: JSONTape, _ node: Int, _ body: (_ node: Int) -> Void) {
        switch tape.kind(node) {
        case .string where OtherTexts.says(tape.bytes(node)): body(node)
        case .array, .object:
            // A list of short texts says something as a whole.
            var halves = 0
            var isList = tape.kind(node) == .array
            tape.forEachChild(of: node) { _, child in
                if tape.kind(child) == .string {
                    halves += OtherTexts.halfWords(tape.bytes(child))
                } else {
                    isList = false
                }
            }
            let isSaying = isList && halves >= 2 * OtherTexts.leastWords
            tape.forEachChild(of: node) { _, child in
                if isSaying {
                    body(child)
                } else {
                    forEachText(tape, child, body)
                }
            }
        default: break
        }
    }

    /// Numbers of the cells of a table that the mapping does not read.
    func cells(_ header: [String]) -> [Int] {
        guard hasOthers else { return [] }
        return header.indices.filter { !used.contains(Array(header[$0].utf8)) }
    }

    /// Whether a text is more than a name, a date or a link.
    static func says(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        halfWords(text) >= 2 * leastWords
    }

    /// Words that begin with a letter, counted twice, and ideographs; counted no further than is asked.
    private static func halfWords(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        var halves = 0
        var isInside = false
        for byte in text {
            if byte <= 0x20 {
                isInside = false
            } else if (0xE3...0xE9).contains(byte) {
                // The first byte of an ideograph or kana.
                halves += 2 / ideographsPerWord
                isInside = true
            } else if !isInside {
                let isLetter = (0x41...0x5A).contains(byte & 0xDF) || byte >= 0xC3
                let isDigit = (0x30...0x39).contains(byte)
                if isLetter { halves += 2 }
                // Quotes and brackets may stand before a word.
                isInside = isLetter || isDigit
            }
            if halves >= 2 * leastWords { break }
        }
        return halves
    }
}
