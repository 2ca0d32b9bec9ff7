/// Seeded, unkeyed hashing whose values are the same on every machine and in every run.
///
/// Swift's `Hasher` is seeded per process; nothing of that may reach a result.
public enum StableHash {
    /// Mixes 64 bits so that every input bit reaches every output bit (the finaliser of splitmix64;
    /// Steele, Lea, Flood 2014).
    @inlinable
    public static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A hash of bytes: FNV-1a over eight-byte words with a strong finish.
    ///
    /// O(n).
    @inlinable
    public static func hash(_ bytes: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        var state = mix(seed ^ UInt64(bytes.count))
        var index = 0
        while index + 8 <= bytes.count {
            var word: UInt64 = 0
            for offset in 0..<8 { word |= UInt64(bytes[index + offset]) << UInt64(8 * offset) }
            state = (state ^ word) &* 0x9FB2_1C65_1E98_DF25
            state ^= state >> 32
            index += 8
        }
        while index < bytes.count {
            state = (state ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
            index += 1
        }
        return mix(state)
    }
}

/// Two independent 64-bit hashes of a stream of bytes: equal texts have equal fingerprints, and two
/// different texts share one with a chance of about 2^-128.
public struct Fingerprint: Hashable, Sendable {
    /// First half.
    public var high: UInt64 = 0x243F_6A88_85A3_08D3
    /// Second half.
    public var low: UInt64 = 0x1319_8A2E_0370_7344
    @usableFromInline var word: UInt64 = 0
    @usableFromInline var count: UInt64 = 0

    /// The fingerprint of no bytes.
    public init() {}

    /// Adds one byte.
    ///
    /// O(1).
    @inlinable
    public mutating func append(_ byte: UInt8) {
        word |= UInt64(byte) << ((count & 7) * 8)
        count &+= 1
        if count & 7 == 0 { absorb() }
    }

    /// Adds a text with white space at its ends dropped and every run inside as one space; on demand with
    /// the capitals of ASCII, Latin-1, Greek and Cyrillic as small letters.
    ///
    /// Eight bytes at a time where they hold nothing but single spaces and no capital beyond ASCII. O(n).
    public mutating func appendCollapsed(_ text: Span<UInt8>, foldingCase: Bool = false) {
        let kept = ByteSearch.trimmed(text)
        let raw = unsafe text.bytes
        var index = kept.lowerBound
        while index < kept.upperBound {
            if index + 8 < kept.upperBound {
                let loaded = unsafe raw.unsafeLoadUnaligned(
                    fromByteOffset: index, as: UInt64.self)
                let word = UInt64(littleEndian: loaded)
                // The eighth byte may be the first of two spaces.
                let endsInSpace = word >> 56 == 0x20 && ByteSearch.isSpace(text[index + 8])
                if !endsInSpace, Fingerprint.isCollapsed(word),
                    !(foldingCase && Fingerprint.mayHoldCapitals(word))
                {
                    append(word: foldingCase ? Fingerprint.lower(word) : word)
                    index += 8
                    continue
                }
            }
            let stop = min(index + 8, kept.upperBound)
            while index < stop {
                let byte = text[index]
                if ByteSearch.isSpace(byte) {
                    append(0x20)
                    while ByteSearch.isSpace(text[index]) { index += 1 }
                } else if foldingCase, Fingerprint.isCapitalLead(byte), index + 1 < kept.upperBound
                {
                    // Both bytes at once, so that no character is split at a step of eight.
                    let (first, second) = Fingerprint.lower(byte, text[index + 1])
                    append(first)
                    append(second)
                    index += 2
                } else {
                    append(foldingCase ? ByteSearch.lower(byte) : byte)
                    index += 1
                }
            }
        }
    }

    /// Eight bytes with the ASCII capitals among them as small letters.
    private static func lower(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low = word & (0x7F * ones)
        // The high bit of each byte: from A on, beyond Z.
        let fromA = low &+ (0x80 - 0x41) * ones
        let beyondZ = low &+ (0x7F - 0x5A) * ones
        let capitals = (fromA ^ beyondZ) & ~word & (0x80 * ones)
        return word | capitals >> 2
    }

    /// Whether eight bytes hold the first byte of a capital beyond ASCII, or may do so.
    private static func mayHoldCapitals(_ word: UInt64) -> Bool {
        let (ones, high): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        guard word & high != 0 else { return false }
        var found: UInt64 = 0
        for lead: UInt64 in [0xC3, 0xCE, 0xD0] {
            let other = word ^ (lead * ones)
            found |= (other &- ones) & ~other & high
        }
        return found != 0
    }

    /// Whether a byte is the first of a two-byte capital's.
    private static func isCapitalLead(_ byte: UInt8) -> Bool {
        byte == 0xC3 || byte == 0xCE || byte == 0xD0
    }

    /// A two-byte capital of Latin-1, Greek or Cyrillic as its small letter; other bytes as they are.
    private static func lower(_ first: UInt8, _ second: UInt8) -> (UInt8, UInt8) {
        switch (first, second) {
        case (0xC3, 0x80...0x9E) where second != 0x97: (0xC3, second + 0x20)
        case (0xCE, 0x91...0x9F): (0xCE, second + 0x20)
        case (0xCE, 0xA0...0xA9): (0xCF, second - 0x20)
        case (0xD0, 0x90...0x9F): (0xD0, second + 0x20)
        case (0xD0, 0xA0...0xAF): (0xD1, second - 0x20)
        case (0xD0, 0x80...0x8F): (0xD1, second + 0x10)
        default: (first, ByteSearch.lower(second))
        }
    }

    /// Whether eight bytes hold no white space but spaces that stand alone.
    private static func isCollapsed(_ word: UInt64) -> Bool {
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let ones: UInt64 = 0x0101_0101_0101_0101
        // The high bit of each byte: below 0x20 (which holds tabs and line ends), equal to 0x20.
        let control = ~(((word & low) &+ 0x60 * ones) | word) & ~low
        let other = word ^ (0x20 * ones)
        let space = ~(((other & low) &+ low) | other) & ~low
        return control == 0 && space & (space << 8) == 0
    }

    private mutating func append(word other: UInt64) {
        let shift = (count & 7) * 8
        word |= other << shift
        absorb()
        if shift > 0 { word = other >> (64 - shift) }
        count &+= 8
    }

    /// The sixteen bytes of the fingerprint of everything added so far.
    ///
    /// No allocation.
    public var bytes: InlineArray<16, UInt8> {
        var end = self
        end.absorb()
        let first = StableHash.mix(end.high ^ count)
        let second = StableHash.mix(end.low &+ count)
        return InlineArray { index in
            UInt8(truncatingIfNeeded: (index < 8 ? first : second) >> (56 - 8 * UInt64(index & 7)))
        }
    }

    @usableFromInline
    mutating func absorb() {
        high = (high ^ word) &* 0x9FB2_1C65_1E98_DF25
        high ^= high >> 29
        low = (low &+ word) &* 0xD6E8_FEB8_6659_FD93
        low ^= low >> 31
        word = 0
    }
}
