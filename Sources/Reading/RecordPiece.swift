/// One value of a record that makes up a part of it: the whole part, or one turn of a conversation.
public struct RecordPiece: Sendable, Equatable {
    /// Its text, unescaped.
    public let text: [UInt8]
    /// Its bytes in the record, with quotes.
    public let extent: Range<Int>
    /// Whether it is a JSON number, boolean or `null` and so written without quotes.
    let isBare: Bool
}

/// Why a part of a record cannot be replaced.
public struct RecordEditFault: Error, CustomStringConvertible {
    /// What was found and expected.
    public let description: String
}
