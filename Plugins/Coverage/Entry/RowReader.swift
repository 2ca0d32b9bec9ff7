import AssayKit
import CoverageAlgorithm
import Numerics

/// A part of a record that rules look at.
enum RowPart: String, CaseIterable {
    case prompt, response, all
}

/// The columns that rules look at.
struct RowReader {
    let prompts: TextColumn?
    private let responses: TextColumn?
    let promptWords: TokenColumn?
    private let responseWords: TokenColumn?
    private let allWords: TokenColumn?
    private let turns: TurnsColumn?
    private let languages: LanguageColumn?

    init(_ batch: Batch) {
        prompts = batch.text("text.prompt")
        responses = batch.text("text.response")
        promptWords = batch.tokens("feature.tokens.prompt/1")
        responseWords = batch.tokens("feature.tokens.response/1")
        allWords = batch.tokens("feature.tokens.all/1")
        turns = batch.turns
        languages = batch.languages("feature.language/1")
    }

    /// Words of a part of a row; `nil` when the host did not pass them.
    func wordCount(_ part: RowPart, _ position: Int) -> Int? {
        switch part {
        case .prompt: promptWords?.count(position)
        case .response: responseWords?.count(position)
        case .all: allWords?.count(position)
        }
    }

    func turnCount(_ position: Int) -> Int { turns?.count(position) ?? 1 }

    /// Calls `body` with what copies are told by: the words of the prompt, of a record without one all
    /// words.
    func withSituation<Result>(
        _ position: Int, _ body: (Span<UInt32>) throws -> Result
    ) rethrows -> Result? {
        if let promptWords, promptWords.count(position) > 0 {
            return try promptWords.withTokens(position, body)
        }
        return try allWords?.withTokens(position, body)
    }

    /// Calls `body` with the language tag of a row.
    func withLanguage(_ position: Int, _ body: (Span<UInt8>) -> Void) {
        languages?.tags.withBytes(position, body)
    }

    /// Calls `body` with the texts of a part of a row; all text is that of its turns.
    func forEachText(
        of part: RowPart, _ position: Int, _ body: (Span<UInt8>) -> Void
    ) {
        switch part {
        case .prompt: prompts?.withBytes(position, body)
        case .response: responses?.withBytes(position, body)
        case .all:
            guard let turns else { return }
            for turn in 0..<turns.count(position) {
                turns.withBytes(position, turn: turn, body)
            }
        }
    }
}
