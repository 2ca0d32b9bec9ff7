/// A text of the current record: bytes that are kept from row to row, and whether there is a text.
struct RowText {
    private(set) var bytes: [UInt8] = []
    /// An absent text is not the same as an empty one.
    private(set) var isPresent = false

    var isEmpty: Bool { bytes.isEmpty }

    /// Makes it absent, without giving its memory back.
    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        isPresent = false
    }

    /// Makes an absent text an empty one.
    mutating func begin() { isPresent = true }

    /// Adds text after a line break, where there is text on both sides.
    mutating func join(_ text: UnsafeBufferPointer<UInt8>) {
        if !bytes.isEmpty, !text.isEmpty { bytes.append(0x0A) }
        bytes.append(contentsOf: text)
        isPresent = true
    }

    /// Adds text after a line break, where there is text on both sides.
    mutating func join(_ text: ArraySlice<UInt8>) {
        text.withUnsafeBufferPointer { join($0) }
    }

    /// Calls `body` with the bytes; `nil` for an absent text.
    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>?) -> Result) -> Result {
        guard isPresent else { return body(nil) }
        return bytes.withUnsafeBufferPointer { body($0) }
    }
}
