/// Why a review cannot go on.
public struct ReviewError: Error, CustomStringConvertible {
    /// One line.
    public let description: String
    /// One thing to do.
    public let help: String

    /// Makes an error.
    public init(_ description: String, help: String) {
        self.description = description
        self.help = help
    }
}
