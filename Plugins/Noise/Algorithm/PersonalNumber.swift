import Numerics

/// Numbers of people: cards, accounts, identities, telephones.
enum PersonalNumber {
    /// Digits in groups, with marks between them.
    private struct Digits {
        static let most = 20
        static let mostGroups = 6

        private(set) var values = InlineArray<20, UInt8>(repeating: 0)
        private(set) var count = 0
        private(set) var groupCount = 1
        /// Digits up to the end of each group, and where in the text it ends.
        private(set) var counts = InlineArray<6, Int>(repeating: 0)
        private(set) var ends = InlineArray<6, Int>(repeating: 0)
        /// What stands before each group but the first: a mark, or 0 for two of them.
        private(set) var marks = InlineArray<6, UInt8>(repeating: 0)

        /// Reads from a digit on.
        init(_ text: Span<UInt8>, _ start: Int) {
            var index = start
            while index < text.count {
                let digit = text[index] &- 0x30
                if digit < 10 {
                    guard count < Digits.most else { break }
                    values[count] = digit
                    count += 1
                    index += 1
                    counts[groupCount - 1] = count
                    ends[groupCount - 1] = index
                    continue
                }
                // One mark, or a bracket and a space.
                var next = index
                while next < text.count, next < index + 2, Digits.isMark(text[next]) { next += 1 }
                guard next > index, next < text.count, text[next] &- 0x30 < 10,
                    groupCount < Digits.mostGroups
                else { break }
                marks[groupCount] = next == index + 1 ? text[index] : 0
                groupCount += 1
                index = next
            }
        }

        private static func isMark(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x2D || byte == 0x2E || byte == 0x29 || byte == 0x28
        }

        /// Whether the first groups have these lengths, and the same of some marks between them.
        func begins(with lengths: [Int], marks allowed: [UInt8] = spaceOrHyphen) -> Bool {
            guard groupCount >= lengths.count else { return false }
            var sum = 0
            for (group, length) in lengths.enumerated() {
                sum += length
                if counts[group] != sum { return false }
                if group > 0, !allowed.contains(marks[group]) || marks[group] != marks[1] {
                    return false
                }
            }
            return true
        }

        func number(_ range: Range<Int>) -> Int { range.reduce(0) { $0 * 10 + Int(values[$1]) } }

        /// Different digits among the first ones.
        func variety(_ count: Int) -> Int {
            (0..<count).reduce(UInt16(0)) { $0 | 1 << UInt16(values[$1]) }.nonzeroBitCount
        }
    }

    // Made once: every number of nine digits and more is held against them.
    private static let cardGroups = [[4, 4, 4, 4, 3], [4, 4, 4, 4], [4, 6, 5], [4, 6, 4]]
    private static let securityGroups = [3, 2, 4]
    private static let americanGroups = [3, 3, 4]
    private static let mobileGroups = [3, 4, 4]
    private static let spaceOrHyphen: [UInt8] = [0x20, 0x2D]
    private static let hyphen: [UInt8] = [0x2D]
    private static let hyphenOrDot: [UInt8] = [0x2D, 0x2E]
    private static let knownExamples = [123_456_789, 78_051_120, 219_099_999]
    private static let freeLines = [800, 833, 844, 855, 866, 877, 888, 900]
    private static let residentWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

    /// The number that begins, or whose first digit stands, at a place; `nil` when it is none of a person's.
    static func at(_ start: Int, in text: Span<UInt8>) -> PersonalData? {
        if let account = bankAccount(start, text) { return account }
        let before = start > 0 ? text[start - 1] : 0x20
        guard !ByteSearch.isLetterOrDigit(before), !isJoint(before) else { return nil }
        let digits = Digits(text, start)
        guard digits.count >= 9 else { return nil }
        func found(
            _ kind: PersonalData.Kind, groups: Int, from first: Int = start, _ score: Double = 0.9
        ) -> PersonalData? {
            let end = digits.ends[groups - 1]
            // A longer number, a decimal or a name goes on.
            if end < text.count, ByteSearch.isLetterOrDigit(text[end]) || text[end] == 0x25 {
                return nil
            }
            if end + 1 < text.count, text[end] == 0x2E || text[end] == 0x2C,
                text[end + 1] &- 0x30 < 10
            {
                return nil
            }
            let isExample = digits.variety(digits.counts[groups - 1]) <= 4
            return PersonalData(
                kind: kind, span: first..<end, score: isExample ? PersonalData.exampleScore : score)
        }
        if before == UInt8(ascii: "+") {
            let isSum = start > 1 && ByteSearch.isLetterOrDigit(text[start - 2])
            return !isSum && isInternational(digits)
                ? found(.phone, groups: digits.groupCount, from: start - 1, 0.8) : nil
        }
        for groups in cardGroups
        where digits.begins(with: groups) && isCard(digits, groups.reduce(0, +)) {
            return found(.card, groups: groups.count)
        }
        let length = digits.counts[0]
        if (13...19).contains(length), length != 18, isCard(digits, length) {
            return found(.card, groups: 1, 0.8)
        }
        if length == 17 || length == 18, let resident = resident(digits, text, start) {
            return resident
        }
        if digits.begins(with: securityGroups, marks: hyphen), isSocialSecurity(digits) {
            return found(.socialSecurity, groups: 3)
        }
        if isAmerican(digits, isBracketed: before == 0x28) {
            return found(.phone, groups: 3, from: before == 0x28 ? start - 1 : start, 0.8)
        }
        let isMobile = length == 11 || digits.begins(with: mobileGroups)
        if isMobile, digits.values[0] == 1, digits.values[1] >= 3, nearIdeographs(text, start) {
            return found(.phone, groups: length == 11 ? 1 : 3, 0.8)
        }
        return nil
    }

    /// Whether a mark before a number makes it a part of something else: a decimal, a path, a variable.
    private static func isJoint(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x23...0x26, 0x2C...0x2F, 0x3D, 0x5F: true
        default: false
        }
    }

    /// Issuer's beginning and Luhn's check digit.
    private static func isCard(_ digits: Digits, _ count: Int) -> Bool {
        let (two, three, four) = (
            digits.number(0..<2), digits.number(0..<3), digits.number(0..<4)
        )
        let isIssued =
            switch count {
            case 15: two == 34 || two == 37
            case 14: (300...305).contains(three) || two == 36 || two == 38 || two == 39
            case 13: digits.values[0] == 4
            default:
                digits.values[0] == 4 || (51...55).contains(two) || (2221...2720).contains(four)
                    || four == 6011 || two == 65 || (644...649).contains(three) || two == 62
                    || (3528...3589).contains(four)
            }
        guard isIssued else { return false }
        var sum = 0
        for place in 0..<count {
            let digit = Int(digits.values[count - 1 - place])
            let doubled = place % 2 == 1 ? digit * 2 : digit
            sum += doubled > 9 ? doubled - 9 : doubled
        }
        return sum % 10 == 0
    }

    /// Area, group and serial that are given out, and none that is known from examples.
    private static func isSocialSecurity(_ digits: Digits) -> Bool {
        let (area, group, serial) = (
            digits.number(0..<3), digits.number(3..<5), digits.number(5..<9)
        )
        if digits.groupCount > 3, digits.marks[3] == 0x2D { return false }
        return area > 0 && area != 666 && area < 900 && group > 0 && serial > 0
            && !knownExamples.contains(digits.number(0..<9))
    }

    /// A number of North America that is a person's: no free line, no 555.
    private static func isAmerican(_ digits: Digits, isBracketed: Bool) -> Bool {
        let isGrouped =
            digits.begins(with: americanGroups, marks: hyphenOrDot)
            || isBracketed && digits.groupCount >= 3 && digits.counts[0] == 3
                && digits.counts[1] == 6 && digits.counts[2] == 10
        if !isGrouped || digits.groupCount > 3 && digits.marks[3] == 0x2D { return false }
        let (area, exchange) = (digits.number(0..<3), digits.number(3..<6))
        return area >= 200 && exchange >= 200 && area != 555 && exchange != 555
            && !freeLines.contains(area)
            && digits.number(0..<10) != 1_234_567_890
    }

    /// Digits after a +, of a length that telephone numbers have (ITU-T E.164).
    private static func isInternational(_ digits: Digits) -> Bool {
        guard (10...15).contains(digits.count), digits.values[0] > 0 else { return false }
        if digits.values[0] == 1 {
            return digits.count == 11 && digits.number(1..<4) >= 200 && digits.number(1..<4) != 555
                && digits.number(4..<7) != 555 && digits.number(4..<7) >= 200
        }
        return true
    }

    /// Place, day of birth and check digit of a Chinese resident.
    private static func resident(
        _ digits: Digits, _ text: Span<UInt8>, _ start: Int
    ) -> PersonalData? {
        let end = start + 18
        guard text.count >= end, digits.counts[0] >= 17 else { return nil }
        let last = text[end - 1]
        let isX = ByteSearch.lower(last) == UInt8(ascii: "x")
        guard isX || last &- 0x30 < 10, end == text.count || !ByteSearch.isLetterOrDigit(text[end])
        else { return nil }
        guard (11...82).contains(digits.number(0..<2)),
            (1900...2099).contains(digits.number(6..<10)),
            (1...12).contains(digits.number(10..<12)), (1...31).contains(digits.number(12..<14))
        else { return nil }
        let sum = residentWeights.indices.reduce(0) {
            $0 + residentWeights[$1] * Int(digits.values[$1])
        }
        guard (12 - sum % 11) % 11 == (isX ? 10 : Int(last &- 0x30)) else { return nil }
        return PersonalData(kind: .resident, span: start..<end, score: 0.9)
    }

    /// Whether an ideograph stands within a few bytes before or after.
    private static func nearIdeographs(_ text: Span<UInt8>, _ start: Int) -> Bool {
        let reach = max(0, start - 48)..<min(text.count, start + 64)
        return reach.contains { (0xE4...0xE9).contains(text[$0]) }
    }

    /// Lengths by country: the IBAN registry of SWIFT.
    private static let accountLengths: [UInt16: Int] = {
        let lengths = """
            AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 \
            ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 \
            LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 \
            QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
            """
        var found: [UInt16: Int] = [:]
        for entry in lengths.split(separator: " ") {
            let code = Array(entry.utf8)
            found[UInt16(code[0]) << 8 | UInt16(code[1])] = Int(entry.dropFirst(2))
        }
        return found
    }()

    /// An IBAN whose first digit stands at a place.
    private static func bankAccount(_ digit: Int, _ text: Span<UInt8>) -> PersonalData? {
        guard digit >= 2, digit + 2 < text.count, text[digit - 1] &- 0x41 < 26,
            text[digit - 2] &- 0x41 < 26, text[digit + 1] &- 0x30 < 10,
            digit < 3 || !ByteSearch.isLetterOrDigit(text[digit - 3]),
            let length = accountLengths[UInt16(text[digit - 2]) << 8 | UInt16(text[digit - 1])]
        else { return nil }
        var signs = InlineArray<32, UInt8>(repeating: 0)
        var (count, index) = (0, digit - 2)
        while index < text.count, count < length {
            let byte = text[index]
            if byte &- 0x30 < 10 || byte &- 0x41 < 26 {
                signs[count] = byte
                count += 1
            } else if byte != 0x20 || text[index - 1] == 0x20 {
                return nil
            }
            index += 1
        }
        guard count == length, index == text.count || !ByteSearch.isLetterOrDigit(text[index])
        else { return nil }
        var remainder = 0
        for place in 0..<length {
            let sign = Int(signs[(place + 4) % length])
            remainder =
                sign < 0x40
                ? (remainder * 10 + sign - 0x30) % 97 : (remainder * 100 + sign - 0x37) % 97
        }
        guard remainder == 1 else { return nil }
        return PersonalData(kind: .bankAccount, span: digit - 2..<index, score: 0.9)
    }
}
