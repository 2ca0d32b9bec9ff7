/// Turns one piece of normalised text into ids.
protocol SubwordModel: Sendable {
    /// The id of what is not known; `nil` when the vocabulary knows every text.
    var unknownID: UInt32? { get }
    /// Appends the ids of `piece`, valid UTF-8.
    func encode(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [UInt32])
}
