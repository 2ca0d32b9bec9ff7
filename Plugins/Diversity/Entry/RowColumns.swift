import AssayKit
import DiversityAlgorithm
import Numerics

/// The columns of a batch that diversity looks at.
struct RowColumns {
    let prompts: TextColumn?
    let responses: TextColumn?
    let promptTokens: TokenColumn
    let responseTokens: TokenColumn
    let labels: TextColumn?
    let files: TextColumn?
    private let turns: TurnsColumn?
    /// What must be equal beside prompt and response.
    private let contexts: [TextColumn]
    private let qualities: TextColumn?
    private let balanced: TextColumn?
    private let domains: (column: TextColumn, field: DomainField)?
    let vectors: VectorColumn?

    init?(_ batch: Batch, _ settings: Settings) {
        guard let prompt = batch.tokens("feature.tokens.prompt/1"),
            let response = batch.tokens("feature.tokens.response/1")
        else { return nil }
        promptTokens = prompt
        responseTokens = response
        prompts = batch.text("text.prompt")
        responses = batch.text("text.response")
        labels = batch.text("label")
        files = batch.text("source.file")
        turns = batch.turns
        contexts = RowColumns.contextColumns.compactMap { batch.text($0) }
        qualities = settings.qualityField.flatMap { batch.text("field:\($0)") }
        if case .field(let name) = settings.balanced {
            balanced = batch.text("field:\(name)")
        } else {
            balanced = nil
        }
        domains = settings.domain.flatMap { domain in
            batch.text("field:\(domain.field)").map { ($0, domain) }
        }
        vectors = batch.vectors("feature.embedding.all/1")
    }

    /// The record's category in the taxonomy; empty for none.
    func domain(_ position: Int) -> String {
        guard let domains, let value = domains.column.string(position) else { return "" }
        return domains.field.category(of: value)
    }

    /// Columns that make records different whose prompts and responses are the same: what schemas keep
    /// beside them and a model is shown, and what may be: texts in fields that are not read.
    private static let contextColumns =
        ["text.system", "text.rejected", "text.other", "label"]
        + [
            "tools", "functions", "context", "passage", "document", "choices",
            "options", "images", "image",
        ].map { "field:/\($0)" }

    /// The hash of a part, white space aside; 0 for none.
    static func hash(_ column: TextColumn?, _ position: Int) -> UInt64 {
        guard let column, column.byteCount(position) > 0 else { return 0 }
        var fingerprint = Fingerprint()
        column.withBytes(position) { fingerprint.appendCollapsed($0) }
        return RowColumns.number(fingerprint)
    }

    private static func number(_ fingerprint: Fingerprint) -> UInt64 {
        let bytes = fingerprint.bytes
        var number: UInt64 = 0
        for index in 0..<8 { number = number << 8 | UInt64(bytes[index]) }
        return number | 1
    }

    /// The hash of system prompt, label, the fields that a model is shown, and of a conversation of several
    /// turns who says what.
    func context(_ position: Int) -> UInt32 {
        let turnCount = turns?.count(position) ?? 0
        guard turnCount > 2 || contexts.contains(where: { $0.byteCount(position) > 0 }) else {
            return 0
        }
        var fingerprint = Fingerprint()
        for column in contexts {
            fingerprint.append(column.isPresent(position) ? 1 : 2)
            column.withBytes(position) { fingerprint.appendCollapsed($0) }
            fingerprint.append(0)
        }
        if let turns, turnCount > 2 {
            for turn in 0..<turnCount {
                fingerprint.append(turns.role(position, turn: turn).utf8.first ?? 0)
                turns.withBytes(position, turn: turn) { fingerprint.appendCollapsed($0) }
                fingerprint.append(0)
            }
        }
        return UInt32(truncatingIfNeeded: RowColumns.number(fingerprint) >> 32)
    }

    /// Calls `body` with the hash of what is said up to each answer of a conversation, and how many turns come
    /// after it.
    ///
    /// `prompt` and `response` are the hashes of these columns: of a single exchange nothing is read again.
    /// O(bytes) of conversations.
    func forEachBeginning(
        _ position: Int, prompt: UInt64, response: UInt64,
        _ body: (_ hash: UInt64, _ left: Int) -> Void
    ) {
        guard let turns else { return }
        let count = turns.count(position)
        guard count >= 2 else { return }
        var hash = fieldHash(position)
        if count == 2 {
            hash = Beginnings.adding(prompt, role: RowColumns.user, to: hash)
            return body(Beginnings.adding(response, role: RowColumns.assistant, to: hash), 0)
        }
        for turn in 0..<count {
            let role = turns.role(position, turn: turn).utf8.first ?? 0
            var fingerprint = Fingerprint()
            turns.withBytes(position, turn: turn) { fingerprint.appendCollapsed($0) }
            let isEmpty = turns.byteCount(position, turn: turn) == 0
            hash = Beginnings.adding(
                isEmpty ? 0 : RowColumns.number(fingerprint), role: role, to: hash)
            if role == RowColumns.assistant || turn == count - 1 { body(hash, count - 1 - turn) }
        }
    }

    /// The hash of what the record is given beside its turns; 0 for nothing.
    private func fieldHash(_ position: Int) -> UInt64 {
        // System prompts are turns, where there are turns.
        let fields = contexts.dropFirst()
        guard fields.contains(where: { $0.byteCount(position) > 0 }) else { return 0 }
        var fingerprint = Fingerprint()
        for column in fields {
            fingerprint.append(column.isPresent(position) ? 1 : 2)
            column.withBytes(position) { fingerprint.appendCollapsed($0) }
            fingerprint.append(0)
        }
        return RowColumns.number(fingerprint)
    }

    private static let user = UInt8(ascii: "u")
    private static let assistant = UInt8(ascii: "a")

    /// The hash of the numbers in prompt and response.
    func trace(_ position: Int) -> UInt32 {
        let prompt = prompts?.withBytes(position) { NumberTrace.hash($0) } ?? 0
        let response = responses?.withBytes(position) { NumberTrace.hash($0) } ?? 0
        return prompt &* 31 &+ response
    }

    /// Of a record without the stated number: below any.
    static let unknownQuality = -Float.greatestFiniteMagnitude

    /// How good the record is: the stated field's number, or what its text shows.
    func quality(_ position: Int) -> Float {
        if let qualities {
            let text = qualities.string(position) ?? ""
            if let value = Float(text), value.isFinite { return value }
            return RowColumns.unknownQuality
        }
        let isAnswered = (responses?.byteCount(position) ?? 0) > 0
        let column = isAnswered ? responses : prompts
        let words = isAnswered ? responseTokens.count(position) : promptTokens.count(position)
        return column?.withBytes(position) { RecordQuality.score(of: $0, words: words) } ?? 0
    }

    /// The words of the prompt, or of the response where there is no prompt.
    func asked(_ position: Int) -> TokenColumn {
        promptTokens.count(position) > 0 ? promptTokens : responseTokens
    }

    /// How often somebody asked and was answered.
    func exchanges(_ position: Int) -> Int {
        guard let turns else { return 1 }
        return max(1, (turns.count(position) + 1) / 2)
    }

    /// The value that the record is balanced by; empty for none.
    func balancedValue(_ position: Int, _ balanced: Settings.Balanced) -> String {
        switch balanced {
        case .label: return labels?.string(position) ?? ""
        case .file: return files?.string(position) ?? ""
        case .field: return self.balanced?.string(position) ?? ""
        case .length:
            let words = promptTokens.count(position) + responseTokens.count(position)
            return
                "up to \(1 << max(3, Int.bitWidth - max(1, words - 1).leadingZeroBitCount)) words"
        case .form: return RecordTraits.form(of: responses?.string(position) ?? "").name
        case .opener:
            return RecordTraits(
                prompt: prompts?.string(position) ?? "",
                response: responses?.string(position) ?? "", wordCount: 0, exchanges: 1
            ).opener
        }
    }
}
