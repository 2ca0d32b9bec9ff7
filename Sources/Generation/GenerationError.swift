/// Why records cannot be asked for.
public struct GenerationError: Error, CustomStringConvertible {
    /// One line: what was found and what was expected.
    public let description: String
    /// What to do.
    public let help: String

    /// Makes an error.
    public init(_ description: String, help: String) {
        self.description = description
        self.help = help
    }
}
