/// Limits on words and turns; `nil` for no limit.
public struct LengthBounds: Sendable, Equatable {
    /// Words at least.
    public var minimumWords: Int?
    /// Words at most.
    public var maximumWords: Int?
    /// Turns at least.
    public var minimumTurns: Int?
    /// Turns at most.
    public var maximumTurns: Int?

    /// No limits.
    public init() {}

    /// Whether nothing is stated.
    public var isEmpty: Bool { self == LengthBounds() }

    /// Whether so many words and turns are within all limits.
    public func hold(wordCount: Int, turnCount: Int) -> Bool {
        wordCount >= minimumWords ?? 0 && wordCount <= maximumWords ?? .max
            && turnCount >= minimumTurns ?? 0 && turnCount <= maximumTurns ?? .max
    }
}
