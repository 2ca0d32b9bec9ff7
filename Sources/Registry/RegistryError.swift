/// Why a registry or a layout directory cannot be used.
public struct RegistryError: Error, CustomStringConvertible {
    /// What was found and what was expected, with the place.
    public let reason: String
    /// One thing to do.
    public let help: String

    /// Makes an error.
    public init(_ reason: String, help: String) {
        self.reason = reason
        self.help = help
    }

    /// One line.
    public var description: String { reason }
}
