public import Numerics

/// What leads to a person or to their money, of forms that can be told from other text.
///
/// Forms with check digits are verified: payment cards (ISO/IEC 7812: Luhn's digit, the issuers' beginnings), bank
/// accounts (ISO 13616: lengths by country, remainder of 97) and Chinese resident numbers (GB 11643-1999).
public struct PersonalData: Sendable, Equatable {
    /// What it is.
    public enum Kind: Sendable, CaseIterable {
        case mailAddress, card, bankAccount, socialSecurity, resident, phone

        /// In a sentence, with its article.
        public var phrase: String {
            switch self {
            case .mailAddress: "a personal e-mail address"
            case .card: "a payment card number"
            case .bankAccount: "a bank account number"
            case .socialSecurity: "a social security number"
            case .resident: "a resident identity number"
            case .phone: "a phone number"
            }
        }

        /// What stands in its place once it is taken out.
        public var placeholder: String {
            switch self {
            case .mailAddress: "[e-mail address]"
            case .card: "[card number]"
            case .bankAccount: "[bank account]"
            case .socialSecurity: "[social security number]"
            case .resident: "[identity number]"
            case .phone: "[phone number]"
            }
        }
    }

    /// What it is.
    public let kind: Kind
    /// Bytes of the text.
    public let span: Range<Int>
    /// How sure it is, 0 to 1; `exampleScore` where it has the look of an example.
    public let score: Double

    /// Score of numbers that are published for tests or made of few digits.
    public static let exampleScore = 0.6

    /// The first from a place on; `nil` when there is none.
    ///
    /// Addresses of offices (`support@`) and what belongs to nobody (`example.com`, telephone numbers with 555, free
    /// ones) are left out. O(n) of the text up to it.
    public static func next(
        in text: Span<UInt8>, from start: Int = 0, holding inventory: ByteInventory? = nil
    ) -> PersonalData? {
        if let inventory, !inventory.holds(UInt8(ascii: "@")), !inventory.holdsAny(of: 0x30...0x39)
        {
            return nil
        }
        var index = start
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "@") {
                if let span = MailAddress.span(in: text, around: index, from: start) {
                    return PersonalData(kind: .mailAddress, span: span, score: 0.9)
                }
            } else if byte &- 0x30 < 10 {
                if let found = PersonalNumber.at(index, in: text) { return found }
                // What begins inside a number is none.
                while index + 1 < text.count, text[index + 1] &- 0x30 < 10 { index += 1 }
            }
            index += 1
        }
        return nil
    }

    /// A text with all of it taken out.
    ///
    /// O(n).
    public static func takenOut(of text: Span<UInt8>) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(text.count)
        var from = 0
        while let found = next(in: text, from: from) {
            for index in from..<found.span.lowerBound { kept.append(text[index]) }
            kept.append(contentsOf: found.kind.placeholder.utf8)
            from = found.span.upperBound
        }
        for index in from..<text.count { kept.append(text[index]) }
        return kept
    }
}
