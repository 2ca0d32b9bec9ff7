/// Splits text into tokens and hashes each to 32 bits.
///
/// A token is a run of letters, marks and digits of any script, lower-cased by the simple mapping;
/// each ideograph, kana and Hangul-less CJK sign is a token of its own, because Chinese and Japanese
/// do not separate words. Apostrophes inside a word belong to it (`don't` is one token). Everything
/// else separates. One definition for all strategies. O(bytes), no allocation once the tables of
/// the scripts in the text exist.
///
/// An instance belongs to one thread: it fills its tables as it meets characters.
public struct Tokenizer {
    private enum Class {
        static let separator: UInt32 = 0
        static let word: UInt32 = 1
        static let single: UInt32 = 2
    }

    /// Pages of 256 characters: lower-cased scalar in the low 24 bits, class above.
    private var pages: [[UInt32]?] = Array(repeating: nil, count: 0x1100)

    /// The entries of ASCII, for ever at one place: most text needs no other.
    private nonisolated(unsafe) static let ascii: UnsafePointer<UInt32> = {
        let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 128)
        table.initialize(from: Array(page(0)[..<128]), count: 128)
        return UnsafePointer(table)
    }()

    /// A tokenizer with empty tables.
    public init() {}

    /// Appends the tokens of `text`, valid UTF-8, to `tokens`.
    public mutating func tokenize(_ text: UnsafeBufferPointer<UInt8>, into tokens: inout [UInt32]) {
        let ascii = Tokenizer.ascii
        var index = 0
        var state: UInt32 = 0
        var isInWord = false
        while index < text.count {
            let scalar: UInt32
            let entry: UInt32
            let byte = text[index]
            if byte < 0x80 {
                scalar = UInt32(byte)
                entry = ascii[Int(byte)]
                index += 1
            } else {
                scalar = UTF8Scalars.decode(text, &index)
                entry = lookup(scalar)
            }
            switch entry >> 24 {
            case Class.word:
                if !isInWord {
                    state = 0x811C_9DC5
                    isInWord = true
                }
                state = Tokenizer.mix(state, entry & 0xFF_FFFF)
            case Class.single:
                if isInWord { tokens.append(Tokenizer.finish(state)) }
                isInWord = false
                tokens.append(Tokenizer.finish(Tokenizer.mix(0x811C_9DC5, entry & 0xFF_FFFF)))
            default:
                guard isInWord else { continue }
                if scalar == 0x27 || scalar == 0x2019, index < text.count {
                    var next = index
                    let following = UTF8Scalars.decode(text, &next)
                    if lookup(following) >> 24 == Class.word {
                        state = Tokenizer.mix(state, 0x27)
                        continue
                    }
                }
                tokens.append(Tokenizer.finish(state))
                isInWord = false
            }
        }
        if isInWord { tokens.append(Tokenizer.finish(state)) }
    }

    /// The hash of one token given as text, as `tokenize` gives it; `nil` unless it is one token.
    public mutating func hash(of token: String) -> UInt32? {
        var tokens: [UInt32] = []
        var token = token
        token.withUTF8 { tokenize($0, into: &tokens) }
        return tokens.count == 1 ? tokens[0] : nil
    }

    private mutating func lookup(_ scalar: UInt32) -> UInt32 {
        let number = Int(scalar >> 8)
        if let page = pages[number] { return page[Int(scalar & 0xFF)] }
        let page = Tokenizer.page(number)
        pages[number] = page
        return page[Int(scalar & 0xFF)]
    }

    private static func page(_ number: Int) -> [UInt32] {
        (0..<256).map { low in
            guard let scalar = Unicode.Scalar(UInt32(number << 8 | low)) else { return 0 }
            let properties = scalar.properties
            if properties.isIdeographic || isKana(scalar) {
                return Class.single << 24 | scalar.value
            }
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                .otherLetter,
                .decimalNumber, .letterNumber, .nonspacingMark, .spacingMark:
                let lower = properties.lowercaseMapping.unicodeScalars
                let mapped = lower.count == 1 ? lower.first ?? scalar : scalar
                return Class.word << 24 | mapped.value
            default: return Class.separator << 24
            }
        }
    }

    private static func isKana(_ scalar: Unicode.Scalar) -> Bool {
        (0x3041...0x30FF).contains(scalar.value) && scalar.value != 0x30FB
    }

    @inline(__always)
    private static func mix(_ state: UInt32, _ scalar: UInt32) -> UInt32 {
        (state ^ scalar) &* 0x0100_0193 ^ (state >> 15)
    }

    @inline(__always)
    private static func finish(_ state: UInt32) -> UInt32 {
        var hash = state
        hash = (hash ^ (hash >> 16)) &* 0x85EB_CA6B
        hash = (hash ^ (hash >> 13)) &* 0xC2B2_AE35
        return hash ^ (hash >> 16)
    }
}
