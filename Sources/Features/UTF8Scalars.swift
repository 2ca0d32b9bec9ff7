/// Scalars of valid UTF-8, one at a time.
enum UTF8Scalars {
    /// Decodes one scalar and moves `index` behind it; a cut-off one at the end gives 0.
    @inline(__always)
    static func decode(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32 {
        let first = UInt32(text[index])
        let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        guard index + length <= text.count else {
            index = text.count
            return 0
        }
        var scalar = length == 1 ? first : first & (0x7F >> UInt32(length))
        for offset in 1..<max(length, 1) {
            scalar = scalar << 6 | UInt32(text[index + offset]) & 0x3F
        }
        index += length
        return scalar
    }

    /// Writes a scalar beyond ASCII and returns the number of bytes, two to four.
    @inline(__always)
    static func encode(_ scalar: UInt32, to place: UnsafeMutablePointer<UInt8>) -> Int {
        let length = scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
        let lead: UInt32 = length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0
        place[0] = UInt8(truncatingIfNeeded: scalar >> UInt32(6 * (length - 1)) | lead)
        for index in 1..<length {
            let bits = scalar >> UInt32(6 * (length - 1 - index)) & 0x3F
            place[index] = UInt8(truncatingIfNeeded: bits | 0x80)
        }
        return length
    }
}
