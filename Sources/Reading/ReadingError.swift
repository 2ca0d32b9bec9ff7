/// Why a source could not be read at all.
public struct ReadingError: Error, CustomStringConvertible {
    /// The file as the user named it.
    public let file: String
    /// What was found and what was expected.
    public let reason: String
    /// One thing to do.
    public let help: String

    /// One line.
    public var description: String { "\(file): \(reason)" }
}

/// A record that could not be read.
///
/// Its bytes are kept.
public struct RejectedRecord: Sendable {
    /// The file as the user named it.
    public let file: String
    /// 1-based line on which the record begins.
    public let line: Int
    /// Offset of the record's first byte in the (decompressed) file.
    public let byteOffset: Int
    /// What was found and what was expected.
    public let reason: String
    /// The record's bytes as they stand in the file.
    public let bytes: [UInt8]
}
