import Numerics

/// How a text is written, whatever its words: marks, capitals, digits, lines, scripts.
public struct TextStyle: Sendable {
    private var byteCount = 0
    private var counts = SIMD8<Int32>.zero
    private var first: UInt8 = 0
    private var last: UInt8 = 0

    /// The class of each byte: sentence marks, capitals, digits, line breaks, bytes beyond ASCII, other
    /// marks; 7 for what is none of these.
    private static let classes: [UInt8] = (0..<256).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"),
            UInt8(ascii: "!"), UInt8(ascii: "?"):
            0
        case 65...90: 1
        case 48...57: 2
        case 10: 3
        case 128...255: 4
        case 33...47, 58...64, 91...96, 123...126: 5
        default: 7
        }
    }

    /// Nothing read.
    public init() {}

    /// Reads a further part of the text.
    ///
    /// O(bytes).
    public mutating func add(_ text: Span<UInt8>) {
        guard !text.isEmpty else { return }
        let classes = TextStyle.classes.span
        var found = SIMD8<Int32>.zero
        for index in text.indices { found[Int(classes[Int(text[index])])] += 1 }
        counts &+= found
        if byteCount == 0 { first = text[0] }
        last = text[text.count - 1]
        byteCount += text.count
    }

    /// Roots of the shares of the classes, then whether the text ends in a letter or digit and whether it
    /// begins with a capital; 0 to 1, all 0 for no text.
    public var features: SIMD8<Float> {
        guard byteCount > 0 else { return .zero }
        var features = (SIMD8<Float>(counts) / Float(byteCount)).squareRoot()
        features[6] = TextStyle.isAlphanumeric(last) ? 1 : 0
        features[7] = (65...90).contains(first) ? 1 : 0
        return features
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || byte >= 128
    }
}
