/// Standard base64 with padding (RFC 4648).
public enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Bytes as text.
    public static func text(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word = 0
            for place in 0..<3 {
                word = word << 8 | (place < count ? Int(bytes[start + place]) : 0)
            }
            for place in 0..<4 {
                result.append(
                    place <= count ? digits[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The bytes of a text; `nil` for anything that `text` would not have written.
    public static func bytes(_ text: String) -> [UInt8]? {
        let source = Array(text.utf8)
        guard source.count % 4 == 0 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(source.count / 4 * 3)
        for start in stride(from: 0, to: source.count, by: 4) {
            var (word, count) = (0, 0)
            for byte in source[start..<start + 4] {
                word <<= 6
                if let digit = digits.firstIndex(of: byte) {
                    word |= digit
                    count += 1
                }
            }
            guard count >= 2 else { return nil }
            result += [16, 8, 0].prefix(count - 1).map { UInt8(word >> $0 & 255) }
        }
        return Base64.text(result) == text ? result : nil
    }
}
