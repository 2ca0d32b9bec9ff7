/// Why a plugin cannot be used.
public struct PluginError: Error, CustomStringConvertible {
    /// What was found and what was expected, with the file.
    public let reason: String
    /// One thing to do.
    public let help: String

    /// Makes an error.
    public init(_ reason: String, help: String) {
        self.reason = reason
        self.help = help
    }

    /// A text of somebody else's as it can stand in a line: without control characters, and not long.
    public static func shown(_ text: String, most: Int = 120) -> String {
        let plain = text.unicodeScalars.map { scalar -> Character in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                ? "\u{FFFD}" : Character(scalar)
        }
        return plain.count > most ? String(plain.prefix(most)) + "…" : String(plain)
    }

    /// One line.
    public var description: String { reason }
}
