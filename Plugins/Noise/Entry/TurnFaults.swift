import AssayKit
import NoiseAlgorithm
import Numerics

/// What single turns of a conversation show: the checks of a record see all that one side says as one text.
extension RowFaults {
    /// One answer of a conversation.
    private struct Answer {
        /// Its number among the turns, from 1.
        let number: Int
        /// The turn in which the user spoke last; `nil` where nobody has spoken.
        let question: Int?
    }

    /// Refusals and answers without text.
    mutating func checkTurns(_ columns: NoiseColumns, _ position: Int) {
        forEachAnswer(columns, position) { answer, turns, faults in
            turns.withBytes(position, turn: answer.number - 1) { text in
                if ByteSearch.trimmed(text).isEmpty, !faults.has(.emptyResponse),
                    !faults.has(.missingText)
                {
                    faults.add(
                        .emptyResponse, "text.response", TextFault(span: 0..<0, score: 0.95),
                        message: "turn \(answer.number), of the assistant, is empty")
                }
                if !faults.has(.refusal), let refusal = TextChecks.refusal(text) {
                    faults.add(
                        .refusal, "text.response",
                        refusal.moved(
                            by: columns.range(position, turn: answer.number - 1).lowerBound),
                        message: "turn \(answer.number), of the assistant, is a refusal")
                }
            }
        }
    }

    /// Answers in another language than the user's, and such as say again what the user said.
    mutating func checkTurns(
        _ columns: NoiseColumns, _ position: Int, _ checks: LearnedChecks?
    ) {
        forEachAnswer(columns, position) { answer, turns, faults in
            guard let question = answer.question else { return }
            turns.withBytes(position, turn: answer.number - 1) { text in
                let (isEcho, isForeign) = turns.withBytes(position, turn: question) { asked in
                    (
                        PromptEcho.isSame(asked, text),
                        checks.map { checks in
                            checks.isInOtherLanguage(prompt: asked, response: text)
                                // What was said before may have asked for the language.
                                && columns.prompts.withBytes(position) {
                                    checks.isInOtherLanguage(prompt: $0, response: text)
                                }
                        } ?? false
                    )
                }
                guard isEcho || isForeign else { return }
                let span = columns.range(position, turn: answer.number - 1)
                if isEcho, !faults.has(.promptEcho) {
                    faults.add(
                        .promptEcho, "text.response", TextFault(span: span),
                        message: "turn \(answer.number), of the assistant, only repeats the user's")
                }
                if isForeign, !faults.has(.languageMismatch) {
                    faults.add(
                        .languageMismatch, "text.response", TextFault(span: span, score: 0.9),
                        message:
                            "turn \(answer.number), of the assistant, is in another language than the user's"
                    )
                }
            }
        }
    }

    /// Passages that one turn repeats: to ask the same again is none.
    mutating func checkRepetition(_ columns: NoiseColumns, _ position: Int) {
        guard let turns = columns.turns else { return }
        var tokens: [UInt32] = []
        for turn in 0..<turns.count(position) {
            let role = turns.role(position, turn: turn)
            guard role == "user" || role == "assistant" else { continue }
            let found = turns.withBytes(position, turn: turn) { text -> TextFault? in
                tokens.removeAll(keepingCapacity: true)
                TurnExample.appendTokens(of: text, to: &tokens)
                return TextChecks.repetition(text) ?? TextChecks.repeatedPassage(text, tokens.span)
            }
            let column = role == "user" ? "text.prompt" : "text.response"
            if let found, !list.contains(where: { $0.check == .repetition && $0.column == column })
            {
                add(
                    .repetition, column,
                    found.moved(by: columns.range(position, turn: turn).lowerBound),
                    message: "turn \(turn + 1), of the \(role), repeats a phrase on end")
            }
        }
    }

    /// Calls `body` with every answer where the assistant speaks more than once.
    private mutating func forEachAnswer(
        _ columns: NoiseColumns, _ position: Int,
        _ body: (Answer, TurnsColumn, inout RowFaults) -> Void
    ) {
        guard let turns = columns.turns, turns.count(position) > 2 else { return }
        let count = turns.count(position)
        var answers: [Answer] = []
        var question: Int?
        for turn in 0..<count {
            switch turns.role(position, turn: turn) {
            case "user": question = turn
            case "assistant":
                answers.append(Answer(number: turn + 1, question: question))
            default: break
            }
        }
        guard answers.count > 1 else { return }
        for answer in answers { body(answer, turns, &self) }
    }

    /// Responses and prompts that are not there where other records have them.
    mutating func checkMissing(
        _ columns: NoiseColumns, _ position: Int, _ tally: SecondLook.Tally
    ) {
        guard tally.expectsResponses, columns.labels?.isPresent(position) != true else { return }
        let place = TextFault(span: 0..<0, score: MissingText.doubtful)
        let isAsked = columns.prompts.withBytes(position) { !ByteSearch.trimmed($0).isEmpty }
        if isAsked, !columns.responses.isPresent(position),
            columns.turns?.count(position) ?? 0 <= 1
        {
            add(
                .emptyResponse, "text.response", place, message: "the record has no response",
                severity: .medium)
        }
        let isAnswered = columns.responses.withBytes(position) { !ByteSearch.trimmed($0).isEmpty }
        let isGiven =
            columns.systems?.withBytes(position) { !ByteSearch.trimmed($0).isEmpty } ?? false
        if !isAsked, isAnswered, !isGiven, columns.prompts.isPresent(position) {
            add(
                .missingText, "text.prompt", place, message: "the prompt is empty",
                severity: .medium)
        }
    }
}

extension NoiseColumns {
    /// Where a turn stands in the text of its side: texts are joined by line breaks, empty ones left out.
    ///
    /// O(turns).
    func range(_ position: Int, turn: Int) -> Range<Int> {
        guard let turns else { return 0..<0 }
        let role = turns.role(position, turn: turn)
        var offset = 0
        for other in 0..<turn where turns.role(position, turn: other) == role {
            let bytes = turns.byteCount(position, turn: other)
            offset += bytes > 0 ? bytes + 1 : 0
        }
        return offset..<offset + turns.byteCount(position, turn: turn)
    }
}

/// That a record has nothing to read.
enum MissingText {
    case texts, fields, words

    /// The score of what may be there where nothing is read.
    static let doubtful = 0.8

    /// `nil` where a record says something.
    ///
    /// A text of its own that is but dashes and dots says nothing either; of other signs a smiley may be made.
    init?(_ columns: NoiseColumns, _ position: Int) {
        guard columns.responses.withBytes(position, { ByteSearch.trimmed($0).isEmpty }) else {
            return nil
        }
        guard columns.prompts.isPresent(position) || columns.responses.isPresent(position) else {
            self = .fields
            return
        }
        let isPair = columns.responses.isPresent(position)
        let found = columns.prompts.withBytes(position) { text -> MissingText? in
            let core = ByteSearch.trimmed(text)
            if core.isEmpty { return .texts }
            if isPair { return nil }
            for index in core where !MissingText.fillers.contains(text[index]) { return nil }
            return .words
        }
        guard let found else { return nil }
        self = found
    }

    private static let fillers: [UInt8] = Array("-._/ ".utf8)

    var score: Double { self == .texts ? 1 : MissingText.doubtful }

    var message: String {
        switch self {
        case .texts: "the record has no text"
        case .fields: "the record has none of the fields that are read"
        case .words: "the text has no words"
        }
    }
}

extension TextFault {
    /// The same so many bytes further on.
    func moved(by offset: Int) -> TextFault {
        TextFault(span: span.lowerBound + offset..<span.upperBound + offset, score: score)
    }
}
