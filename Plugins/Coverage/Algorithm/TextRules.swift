import Numerics

/// Rules that put a text into a category.
///
/// All stated rules must hold; of the keywords one.
public struct TextRules: Sendable {
    /// Texts of which one must occur; compared without regard to ASCII case.
    public var keywords: [String] = [] {
        didSet { search = keywords.isEmpty ? nil : PhraseSearch(phrases: keywords) }
    }
    /// How long texts may be.
    public var bounds = LengthBounds()
    private var search: PhraseSearch?

    /// No rules: holds for nothing.
    public init() {}

    /// Whether nothing is stated.
    public var isEmpty: Bool { search == nil && bounds.isEmpty }

    /// Whether a text of so many words and turns is in the category.
    ///
    /// O(text).
    public func hold(for text: Span<UInt8>, wordCount: Int, turnCount: Int) -> Bool {
        guard !isEmpty, bounds.hold(wordCount: wordCount, turnCount: turnCount) else {
            return false
        }
        return search?.isIn(text) ?? true
    }
}
