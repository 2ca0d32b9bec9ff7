/// Who speaks, in the words of the `turns` column.
enum TurnRole: Int {
    case system, user, assistant, tool

    private static let words: [[UInt8]] = ["system", "user", "assistant", "tool"].map {
        Array($0.utf8)
    }

    /// The word as UTF-8.
    var bytes: [UInt8] { TurnRole.words[rawValue] }

    /// The words of datasets, with what they stand for.
    private static let known: [(word: [UInt8], role: TurnRole)] = [
        (.user, ["user", "human", "client", "customer", "patient", "question"]),
        (
            .assistant,
            [
                "assistant", "gpt", "bot", "model", "chatgpt", "bing", "bard", "function_call",
                "counselor", "agent", "doctor", "answer",
            ]
        ),
        (.system, ["system"]), (.tool, ["tool", "function", "observation", "tool_response"]),
    ].flatMap { (role: TurnRole, words: [String]) in words.map { (Array($0.utf8), role) } }

    /// The role that a dataset's own word stands for, whatever its case; `nil` for a word that says
    /// nothing.
    init?(word: UnsafeBufferPointer<UInt8>) {
        func isSame(_ known: [UInt8]) -> Bool {
            guard known.count == word.count else { return false }
            for index in 0..<known.count {
                let byte = word[index]
                let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
                if lower != known[index] { return false }
            }
            return true
        }
        for entry in TurnRole.known where isSame(entry.word) {
            self = entry.role
            return
        }
        return nil
    }
}

extension TurnRole {
    /// Tells who speaks, turn after turn.
    ///
    /// Of unknown words who speaks first is the user, everybody else answers.
    struct Speakers {
        private var first: UnsafeBufferPointer<UInt8>?

        /// The role of the next turn, by its word.
        mutating func next(word: UnsafeBufferPointer<UInt8>?) -> TurnRole {
            let word = word ?? UnsafeBufferPointer(start: nil, count: 0)
            let role =
                TurnRole(word: word)
                ?? (first.map { $0.elementsEqual(word) } ?? true ? .user : .assistant)
            if role != .system, first == nil { first = word }
            return role
        }
    }
}
