/// Which bytes occur in a text: what needs one that does not need not be looked for.
public struct ByteInventory: Sendable {
    private var seen = InlineArray<256, UInt8>(repeating: 0)

    /// Takes stock of a text.
    ///
    /// O(n), one store a byte.
    public init(_ text: Span<UInt8>) {
        for index in text.indices { seen[Int(text[index])] = 1 }
    }

    /// Whether a byte occurs.
    public func holds(_ byte: UInt8) -> Bool { seen[Int(byte)] != 0 }

    /// Whether any of the bytes occurs.
    ///
    /// O(bytes).
    public func holdsAny(of bytes: ClosedRange<UInt8>) -> Bool { bytes.contains(where: holds) }
}
