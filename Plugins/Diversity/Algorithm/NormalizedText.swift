public import Numerics

/// Text as duplicates compare it: white space at the ends is dropped, inside it counts as one space.
public enum NormalizedText {
    /// Adds a text to a fingerprint, followed by a mark that keeps neighbouring texts apart.
    ///
    /// O(n).
    public static func append(_ text: Span<UInt8>, to fingerprint: inout Fingerprint) {
        fingerprint.appendCollapsed(text)
        fingerprint.append(0)
    }
}
