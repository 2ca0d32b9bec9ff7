/// Why a change, a ledger or a way back was refused.
public struct PlanningError: Error, CustomStringConvertible {
    /// What was found and expected, with the file.
    public let description: String
    /// One thing to do.
    public let help: String

    /// Makes an error.
    public init(_ description: String, help: String) {
        self.description = description
        self.help = help
    }
}
