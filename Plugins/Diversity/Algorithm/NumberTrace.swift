/// The numbers and signs of operations that stand in a text, in their order, as one hash.
///
/// Two texts that differ in a number say different things, however alike they are; so do two lines of code, or
/// formulas, that differ in an operator, of which words see nothing.
public enum NumberTrace {
    /// The hash of all numbers and signs; 0 without any.
    ///
    /// Numbers are runs of digits with the points and commas inside and the minus before; signs are those of
    /// plus, division, comparison, logic and powers, and minus and times between spaces behind a word. O(bytes).
    public static func hash(_ text: Span<UInt8>) -> UInt32 {
        var hash: UInt32 = 0
        var isInside = false
        func isDigit(_ index: Int) -> Bool {
            index >= 0 && index < text.count && text[index] &- 48 < 10
        }
        for index in text.indices {
            let byte = text[index]
            guard isDigit(index) else {
                let isMark = byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",")
                isInside = isInside && isMark && isDigit(index + 1)
                if isInside || isOperator(text, index) { hash = mixed(hash, UInt32(byte)) }
                continue
            }
            if !isInside {
                hash = mixed(hash, isNegative(text, index) ? 0x2D : 0x20)
                isInside = true
            }
            hash = mixed(hash, UInt32(byte))
        }
        return hash
    }

    /// Whether a mark is the sign of an operation, not one of a list or of emphasis.
    private static func isOperator(_ text: Span<UInt8>, _ index: Int) -> Bool {
        switch text[index] {
        case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "="), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "%"),
            UInt8(ascii: "^"), UInt8(ascii: "~"):
            return true
        case UInt8(ascii: "-"), UInt8(ascii: "*"):
            return index > 1 && index + 1 < text.count && text[index - 1] == 32
                && text[index + 1] == 32 && text[index - 2] > 32
        default: return false
        }
    }

    /// Whether a minus stands before a place that belongs to the number: not one that joins words or numbers.
    private static func isNegative(_ text: Span<UInt8>, _ index: Int) -> Bool {
        guard index > 0, text[index - 1] == UInt8(ascii: "-") else { return false }
        return index == 1 || text[index - 2] <= 32 || text[index - 2] == UInt8(ascii: "(")
            || text[index - 2] == UInt8(ascii: "=")
    }

    @inline(__always)
    private static func mixed(_ hash: UInt32, _ value: UInt32) -> UInt32 {
        let product = (hash ^ (value &+ 0x9E37_79B9)) &* 0x85EB_CA6B
        return product ^ (product &>> 13)
    }
}
