import AssayKit
import NoiseAlgorithm

/// The columns of a batch that the checks look at.
struct NoiseColumns {
    let prompts: TextColumn
    let responses: TextColumn
    /// Answers that the responses are preferred to.
    let rejected: TextColumn?
    let systems: TextColumn?
    let labels: TextColumn?
    let inputs: TextColumn?
    let tools: TextColumn?
    let turns: TurnsColumn?
    let tokens: TokenColumn
    let promptTokens: TokenColumn
    let responseTokens: TokenColumn
    /// Of all text; only where the data has labels.
    let vectors: VectorColumn?
    /// Probabilities of the classes by the user's own model, where they were given.
    let probabilities: VectorColumn?
    /// What a record is given beside its prompt: system prompt, tools, and what fields that are not read say.
    let given: [TextColumn?]
    /// Prompt, response, what is rejected and what fields that are not read say, with their names.
    let taught: [(name: String, column: TextColumn)]

    init?(_ batch: Batch) {
        guard let prompts = batch.text("text.prompt"), let responses = batch.text("text.response"),
            let tokens = batch.tokens("feature.tokens.all/1"),
            let promptTokens = batch.tokens("feature.tokens.prompt/1"),
            let responseTokens = batch.tokens("feature.tokens.response/1")
        else { return nil }
        self.prompts = prompts
        self.responses = responses
        self.tokens = tokens
        self.promptTokens = promptTokens
        self.responseTokens = responseTokens
        rejected = batch.text("text.rejected")
        systems = batch.text("text.system")
        labels = batch.text("label")
        inputs = batch.text("field:/input")
        tools = batch.text("field:/tools")
        turns = batch.turns
        vectors = batch.vectors("feature.embedding.all/1")
        probabilities = batch.vectors("given.pred_probs/1")
        given = [systems, tools, batch.text("text.other")]
        taught =
            [("text.prompt", prompts), ("text.response", responses)]
            + [("text.rejected", rejected), ("text.other", batch.text("text.other"))].compactMap {
                name, column in column.map { (name, $0) }
            }
    }

    /// Whether a row has words in both its prompt and its response.
    func hasPair(_ position: Int) -> Bool {
        promptTokens.count(position) > 0 && responseTokens.count(position) > 0
    }

    /// Whether the user speaks more than once.
    func isConversation(_ position: Int) -> Bool {
        guard let turns, turns.count(position) > 2 else { return false }
        var count = 0
        for turn in 0..<turns.count(position) where turns.role(position, turn: turn) == "user" {
            count += 1
        }
        return count > 1
    }

    /// What is said of a response that is cut off: `nil` for the usual.
    func cutMessage(_ position: Int) -> String? {
        responses.withBytes(position) { TextChecks.openFence($0) != nil }
            ? "the response has a code fence without its pair" : nil
    }

    /// Whether somebody speaks more than once.
    func hasTurns(_ position: Int) -> Bool { turns?.count(position) ?? 0 > 2 }

    /// Calls `body` with a row of a column of numbers, an empty one where there is no column.
    static func withVector<Result>(
        _ column: VectorColumn?, _ position: Int, _ body: (Span<Float>) -> Result
    ) -> Result {
        guard let column else {
            return body(UnsafeBufferPointer<Float>(start: nil, count: 0).span)
        }
        return column.withVector(position, body)
    }
}

/// What was found in one row.
struct RowFaults {
    struct Fault {
        let check: NoiseCheck
        let column: String
        let place: TextFault
        let message: String
        let severity: Severity
        /// Its score before a person was sure of it.
        var ownScore: Double
    }

    private(set) var list: [Fault] = []
    /// Texts as they should be, by column.
    private var repairs: [(column: String, text: String)] = []

    /// Whether one of them is of severity medium or high.
    var isOfWeight: Bool { list.contains { $0.severity.rawValue >= Severity.medium.rawValue } }

    /// Takes out the faults of which `body` says so.
    mutating func remove(where isOut: (Fault) -> Bool) { list.removeAll(where: isOut) }

    /// Whether a check has found something.
    func has(_ check: NoiseCheck) -> Bool { list.contains { $0.check == check } }

    /// Takes out what a review has rejected, and is sure of what it has accepted.
    mutating func apply(_ review: ReviewDecisions, row: Int) {
        guard !list.isEmpty else { return }
        list = list.compactMap { fault in
            switch review.decision(row, fault.check.rawValue) {
            case .reject: nil
            case nil: fault
            default:
                Fault(
                    check: fault.check, column: fault.column,
                    place: TextFault(span: fault.place.span), message: fault.message,
                    severity: fault.severity, ownScore: fault.ownScore)
            }
        }
    }

    /// Adds a fault of the whole column.
    mutating func add(
        _ check: NoiseCheck, _ column: String, message: String? = nil, severity: Severity? = nil
    ) {
        add(check, column, TextFault(span: 0..<0), message: message, severity: severity)
    }

    /// Adds a fault when there is one.
    mutating func add(
        _ check: NoiseCheck, _ column: String, _ place: TextFault?, message: String? = nil,
        severity: Severity? = nil
    ) {
        guard let place else { return }
        list.append(
            Fault(
                check: check, column: column, place: place, message: message ?? check.message,
                severity: severity ?? check.severity, ownScore: place.score))
    }
}

extension RowFaults {
    /// Puts together how the columns would read with everything repaired that can be.
    ///
    /// All repairs of a column are one text, so that they do not contradict each other.
    mutating func repair(_ columns: NoiseColumns, _ position: Int) {
        if list.isEmpty { return }
        if has(.placeholderInput) { repairs.append(("field:/input", "")) }
        for (name, column) in columns.taught {
            let checks = list.filter { $0.column == name }.map(\.check)
            guard checks.contains(where: \.isRepairable) else { continue }
            column.withBytes(position) { text in
                var repaired: [UInt8] = []
                for index in text.indices { repaired.append(text[index]) }
                if checks.contains(.mojibake) {
                    // A text of which something is lost is left for a person as a whole.
                    guard let read = TextRepair.mojibake(repaired.span) else { return }
                    repaired = read
                }
                if checks.contains(.controlCharacters) {
                    repaired = TextRepair.controlCharacters(repaired.span)
                }
                if checks.contains(.htmlResidue) {
                    repaired = TextRepair.htmlResidue(repaired.span)
                }
                if checks.contains(.secret) {
                    repaired = TextChecks.secretsTakenOut(of: repaired.span)
                }
                if checks.contains(.personalData) {
                    repaired = PersonalData.takenOut(of: repaired.span)
                }
                // Of the first line of a key alone there is nothing to take out.
                let isChanged =
                    repaired.count != text.count
                    || repaired.indices.contains { repaired[$0] != text[$0] }
                guard isChanged else { return }
                repairs.append((name, String(decoding: repaired, as: UTF8.self)))
            }
        }
    }

    /// What mends the faults that a check has found, column by column; none where a person has to look.
    func repairs(for check: NoiseCheck) -> [(column: String, text: String)] {
        if repairs.isEmpty || !check.isRepairable { return [] }
        let columns = list.filter { $0.check == check }.map(\.column)
        return repairs.filter { columns.contains($0.column) }
    }
}

/// What is wrong with the order of a conversation's turns.
enum TurnOrder {
    case lateSystem
    case startsWithAssistant
    case userTwice
    case assistantTwice
    case endsWithUser

    /// `nil` when turns after the system prompt begin with the user, alternate, and end with the
    /// assistant.
    ///
    /// Turns of tools stand where they like.
    init?(_ turns: TurnsColumn, _ row: Int) {
        let count = turns.count(row)
        guard count > 1 else { return nil }
        var last = ""
        var spoken = 0
        var found: TurnOrder?
        for turn in 0..<count {
            let role = turns.role(row, turn: turn)
            if role == "system" {
                if turn > 0 { found = found ?? .lateSystem }
            } else if role != "tool" {
                if spoken == 0, role == "assistant" { found = found ?? .startsWithAssistant }
                if role == "user", last == "user" { found = found ?? .userTwice }
                if role == "assistant", last == "assistant", turns.role(row, turn: turn - 1) == role
                {
                    found = found ?? .assistantTwice
                }
                last = role
                spoken += 1
            }
        }
        if found == nil, spoken > 1, last == "user" { found = .endsWithUser }
        guard let found else { return nil }
        self = found
    }

    var message: String {
        switch self {
        case .lateSystem: "a system turn stands in the middle of the conversation"
        case .startsWithAssistant: "the conversation begins with the assistant"
        case .userTwice: "two turns of the user follow each other"
        case .assistantTwice: "two turns of the assistant follow each other"
        case .endsWithUser: "the conversation ends with the user: its last turn teaches nothing"
        }
    }

    /// A trainer leaves a last user turn out, and two answers may be meant; the other faults change what is
    /// learnt.
    var severity: Severity { self == .endsWithUser || self == .assistantTwice ? .low : .medium }
}
