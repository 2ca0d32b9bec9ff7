@_spi(_Unicode) import Swift

/// What BERT's normaliser and word splitter do to each character, as a table filled on demand.
///
/// The rules are those of the `tokenizers` library: control characters go, white space separates,
/// ideographs and punctuation stand alone, accents are taken off the canonical decomposition, letters
/// are lower-cased one by one. An instance belongs to one thread.
struct BertTable {
    /// The switches of the normaliser.
    struct Options: Sendable {
        /// Takes control characters away.
        var cleansText = true
        /// Sets ideographs apart.
        var separatesIdeographs = true
        /// Takes non-spacing marks away.
        var stripsAccents = true
        /// Lower-cases.
        var lowercases = true

        /// The word splitter without a normaliser.
        static let none = Options(
            cleansText: false, separatesIdeographs: false, stripsAccents: false, lowercases: false)
    }

    /// Kinds of entries, in their top three bits.
    enum Kind {
        static let separator: UInt32 = 0
        static let word: UInt32 = 1
        static let alone: UInt32 = 2
        static let removed: UInt32 = 3
        /// The low bits are a place in `expansions`: a count, then as many entries.
        static let several: UInt32 = 4
    }

    private let options: Options
    private var pages: [[UInt32]?] = Array(repeating: nil, count: 0x1100)
    private(set) var expansions: [UInt32] = []

    /// Entries of the first 128 characters.
    private(set) var ascii: [UInt32] = []

    init(_ options: Options) {
        self.options = options
        _ = entry(0)
        ascii = Array((pages[0] ?? [])[..<128])
    }

    /// Kind in the top three bits, the mapped scalar below.
    @inline(__always)
    mutating func entry(_ scalar: UInt32) -> UInt32 {
        if let page = pages[Int(scalar >> 8)] { return page[Int(scalar & 0xFF)] }
        return fill(scalar)
    }

    @inline(never)
    private mutating func fill(_ scalar: UInt32) -> UInt32 {
        var page: [UInt32] = []
        for low in 0..<UInt32(256) {
            guard let character = Unicode.Scalar(scalar & ~0xFF | low) else {
                page.append(Kind.removed << 29)
                continue
            }
            let entries = entries(character)
            if entries.count == 1 {
                page.append(entries[0])
            } else if entries.isEmpty {
                page.append(Kind.removed << 29)
            } else {
                page.append(Kind.several << 29 | UInt32(expansions.count))
                expansions.append(UInt32(entries.count))
                expansions += entries
            }
        }
        pages[Int(scalar >> 8)] = page
        return page[Int(scalar & 0xFF)]
    }

    private func entries(_ scalar: Unicode.Scalar) -> [UInt32] {
        var scalar = scalar
        let category = scalar.properties.generalCategory
        if options.cleansText {
            if scalar.value == 0 || scalar.value == 0xFFFD { return [] }
            if BertTable.isOther(category), ![0x09, 0x0A, 0x0D].contains(scalar.value) {
                return []
            }
            if scalar.properties.isWhitespace { scalar = " " }
        }
        if options.separatesIdeographs, BertTable.isIdeograph(scalar.value) {
            // A compatibility ideograph is decomposed like any other character.
            return normalized(scalar).map { Kind.alone << 29 | $0.value }
        }
        return normalized(scalar).map { part in
            if part.properties.isWhitespace { return Kind.separator << 29 }
            return (BertTable.isPunctuation(part) ? Kind.alone : Kind.word) << 29 | part.value
        }
    }

    private func normalized(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        var parts = [scalar]
        if options.stripsAccents {
            parts = String(scalar)._nfd.filter { $0.properties.generalCategory != .nonspacingMark }
        }
        if options.lowercases {
            parts = parts.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }
        }
        return parts
    }

    private static func isOther(_ category: Unicode.GeneralCategory) -> Bool {
        switch category {
        case .control, .format, .surrogate, .privateUse: true
        default: false
        }
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 33...47, 58...64, 91...96, 123...126: return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            return true
        default: return false
        }
    }

    /// The blocks of BERT's reference code; the last but two begins where the `tokenizers` library has
    /// it, at U+2B920.
    private static func isIdeograph(_ value: UInt32) -> Bool {
        switch value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
            0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
