/// Why a feature cannot be computed: a model folder that cannot be used, a column that does not fit.
public struct FeatureError: Error, CustomStringConvertible, Sendable {
    /// The file at fault.
    public let file: String
    /// Value found, value expected.
    public let reason: String
    /// One thing to do.
    public let help: String

    /// Makes an error.
    public init(file: String, reason: String, help: String) {
        self.file = file
        self.reason = reason
        self.help = help
    }

    /// One line.
    public var description: String { "\(file): \(reason)" }
}
