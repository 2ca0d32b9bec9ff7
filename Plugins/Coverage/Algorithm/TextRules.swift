public import Numerics

/// Rules that put a text into a category.
///
/// All stated rules must hold; of the keywords one.
public struct TextRules: Sendable {
    /// Texts of which one must occur; compared without regard to ASCII case.
    public var keywords: [String] = [] {
        didSet { search = keywords.isEmpty ? nil : PhraseSearch(phrases: keywords) }
    }
    /// Words at least, `nil` for no bound.
    public var minimumWords: Int?
    /// Words at most, `nil` for no bound.
    public var maximumWords: Int?
    /// Turns at least, `nil` for no bound.
    public var minimumTurns: Int?
    /// Turns at most, `nil` for no bound.
    public var maximumTurns: Int?
    private var search: PhraseSearch?

    /// No rules: holds for nothing.
    public init() {}

    /// Whether nothing is stated.
    public var isEmpty: Bool {
        search == nil && minimumWords == nil && maximumWords == nil && minimumTurns == nil
            && maximumTurns == nil
    }

    /// Whether a text of so many words and turns is in the category.
    ///
    /// O(text).
    public func hold(for text: Span<UInt8>, wordCount: Int, turnCount: Int) -> Bool {
        hold(wordCount: wordCount, turnCount: turnCount) { $0.isIn(text) }
    }

    /// Whether a text in several pieces is in the category; `isFound` says whether one of the keywords
    /// is in one of them.
    public func hold(
        wordCount: Int, turnCount: Int, _ isFound: (PhraseSearch) -> Bool
    ) -> Bool {
        guard !isEmpty else { return false }
        if let minimumWords, wordCount < minimumWords { return false }
        if let maximumWords, wordCount > maximumWords { return false }
        if let minimumTurns, turnCount < minimumTurns { return false }
        if let maximumTurns, turnCount > maximumTurns { return false }
        return search.map(isFound) ?? true
    }
}
