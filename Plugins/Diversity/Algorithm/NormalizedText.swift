public import Numerics

/// Text as duplicates compare it: white space at the ends is dropped, inside it counts as one space.
public enum NormalizedText {
    /// Adds a text to a fingerprint, followed by a mark that keeps neighbouring texts apart.
    ///
    /// O(n).
    public static func append(_ text: Span<UInt8>, to fingerprint: inout Fingerprint) {
        var isPending = false
        var hasText = false
        for index in text.indices {
            let byte = text[index]
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                isPending = hasText
                continue
            }
            if isPending { fingerprint.append(0x20) }
            isPending = false
            hasText = true
            fingerprint.append(byte)
        }
        fingerprint.append(0)
    }
}
