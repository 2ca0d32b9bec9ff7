public import Numerics

extension TextChecks {
    /// Beginnings of keys with the letters and digits that follow at least; a private key block.
    private static let keyForms: [(prefix: [UInt8], length: Int)] = [
        ("AKIA", 16), ("ASIA", 16), ("AIza", 35), ("sk-", 20), ("sk_live_", 20), ("rk_live_", 20),
        ("ghp_", 36), ("gho_", 36), ("ghs_", 36), ("ghu_", 36), ("github_pat_", 40),
        ("glpat-", 20), ("xoxb-", 20), ("xoxp-", 20), ("hf_", 30), ("npm_", 36), ("pypi-", 50),
        ("shpat_", 32), ("dop_v1_", 64), ("PRIVATE KEY-----", 0), ("eyJ", 10), ("://", 0),
    ].map { (Array($0.0.utf8), $0.1) }
    private static let keys = PhraseSearch(bytes: keyForms.map(\.prefix), firstWord: .max)

    /// A key of a well-known form: access key ids of AWS and Google, tokens of OpenAI, Stripe, GitHub, GitLab, Slack,
    /// Hugging Face, npm, PyPI, Shopify and DigitalOcean, JSON web tokens,
    /// private key blocks, the password of an address.
    public static func secret(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil
    ) -> TextFault? {
        // Every form has one of these signs.
        if let inventory,
            !["-", "_", "I", "@"].contains(where: { inventory.holds(UInt8(ascii: $0)) })
        {
            return nil
        }
        return nextSecret(in: text, from: 0)
    }

    /// What a key is replaced by.
    private static let placeholder = "[SECRET]"

    /// A text with all keys taken out: of a private key its lines from the first to the one that ends it.
    ///
    /// A first line without a key behind it stays. O(n).
    public static func secretsTakenOut(of text: Span<UInt8>) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(text.count)
        var (from, search) = (0, 0)
        while let found = nextSecret(in: text, from: search) {
            search = found.span.upperBound
            var span: Range<Int>? = found.span
            if isBlockMark(text, found.span) {
                span = block(in: text, around: found.span, notBefore: from)
            }
            guard let span else { continue }
            for index in from..<span.lowerBound { kept.append(text[index]) }
            kept.append(contentsOf: placeholder.utf8)
            from = span.upperBound
            search = max(search, from)
        }
        for index in from..<text.count { kept.append(text[index]) }
        return kept
    }

    private static func isBlockMark(_ text: Span<UInt8>, _ span: Range<Int>) -> Bool {
        span.count == blockMark.count
            && blockMark.indices.allSatisfy { text[span.lowerBound + $0] == blockMark[$0] }
    }

    /// The lines of a private key around the mark in its first one; `nil` where no key stands behind it.
    private static func block(
        in text: Span<UInt8>, around mark: Range<Int>, notBefore start: Int
    ) -> Range<Int>? {
        let begin =
            (max(start, mark.lowerBound - mostOpening)..<mark.lowerBound).first { place in
                opening.indices.allSatisfy { text[place + $0] == opening[$0] }
            } ?? mark.lowerBound
        var (end, digits, place) = (mark.upperBound, 0, mark.upperBound)
        while true {
            place = behindBreaks(text, place)
            var stop = place
            while stop < text.count,
                ByteSearch.isLetterOrDigit(text[stop]) && text[stop] < 0x80
                    || text[stop] == 0x2B || text[stop] == 0x2F || text[stop] == 0x3D
            {
                stop += 1
            }
            // Lines of a key are long, but for the last.
            guard stop > place, stop - place >= leastLine || digits > 0 && ends(text, stop) else {
                break
            }
            digits += stop - place
            (place, end) = (stop, stop)
        }
        guard digits >= leastKey else { return nil }
        if ends(text, end) {
            while end < text.count, text[end] != 0x2D { end += 1 }
            var next = end
            while next < text.count, next < end + mostOpening + blockMark.count + 8 {
                if next + blockMark.count <= text.count,
                    isBlockMark(text, next..<next + blockMark.count)
                {
                    return begin..<next + blockMark.count
                }
                next += 1
            }
        }
        return begin..<end
    }

    /// Whether the next that is no white space is a dash.
    private static func ends(_ text: Span<UInt8>, _ start: Int) -> Bool {
        let place = behindBreaks(text, start)
        return place < text.count && text[place] == 0x2D
    }

    /// The first byte that is neither white space nor a line break that is written out, as in JSON.
    private static func behindBreaks(_ text: Span<UInt8>, _ start: Int) -> Int {
        var place = start
        while place < text.count,
            ByteSearch.isSpace(text[place])
                || text[place] == 0x5C && place + 1 < text.count && text[place + 1] == 0x6E
        {
            place += text[place] == 0x5C ? 2 : 1
        }
        return place
    }

    private static let opening = Array("-----BEGIN ".utf8)
    /// Bytes between the beginning of a block's first line and its mark.
    private static let mostOpening = 32
    /// Characters of a key's line at least, and of a key.
    private static let leastLine = 16
    private static let leastKey = 32
    private static let blockMark = Array("PRIVATE KEY-----".utf8)

    private static func nextSecret(in text: Span<UInt8>, from start: Int) -> TextFault? {
        var from = start
        while let match = keys.next(in: text, from: from) {
            from = match.range.lowerBound + 1
            let (start, form) = (match.range.lowerBound, keyForms[match.phrase])
            let isExact = form.prefix.indices.allSatisfy { text[start + $0] == form.prefix[$0] }
            guard isExact else { continue }
            if form.prefix == addressMark {
                guard let password = password(in: text, from: match.range.upperBound) else {
                    continue
                }
                return TextFault(span: password)
            }
            if form.length == 0 { return TextFault(span: match.range) }
            if start > 0, ByteSearch.isLetterOrDigit(text[start - 1]) { continue }
            var end = match.range.upperBound
            var digits = 0
            while end < text.count,
                ByteSearch.isLetterOrDigit(text[end]) || text[end] == 0x2D || text[end] == 0x5F
            {
                if (0x30...0x39).contains(text[end]) { digits += 1 }
                end += 1
            }
            if form.prefix == tokenMark {
                guard let whole = tokenEnd(in: text, head: end, least: form.length) else {
                    continue
                }
                end = whole
            }
            if end - match.range.upperBound >= form.length, digits > 0 {
                return TextFault(span: start..<end, score: 0.95)
            }
        }
        return nil
    }

    private static let tokenMark = Array("eyJ".utf8)
    private static let addressMark = Array("://".utf8)

    /// Where a JSON web token (RFC 7519) ends whose head ends at `head`: its content, which begins as the head
    /// does, and its signature come after dots; `nil` for anything else.
    private static func tokenEnd(in text: Span<UInt8>, head: Int, least: Int) -> Int? {
        var end = head
        for part in 0..<2 {
            guard end < text.count, text[end] == 0x2E else { return nil }
            let start = end + 1
            end = start
            while end < text.count,
                ByteSearch.isLetterOrDigit(text[end]) || text[end] == 0x2D || text[end] == 0x5F
            {
                end += 1
            }
            guard end - start >= least else { return nil }
            let isObject = tokenMark.indices.allSatisfy { text[start + $0] == tokenMark[$0] }
            if part == 0, !isObject { return nil }
        }
        return end
    }

    /// The password in `user:password@host` (RFC 3986, 3.2.1); `nil` where there is none and where it is the
    /// stand-in of an example.
    private static func password(in text: Span<UInt8>, from start: Int) -> Range<Int>? {
        var (colon, sign) = (-1, -1)
        var index = start
        while index < min(text.count, start + mostAddressBytes), text[index] > 0x20 {
            let byte = text[index]
            if byte == 0x2F || byte == 0x22 || byte == 0x27 || byte == 0x3C || byte == 0x60 {
                break
            }
            if byte == 0x3A, colon < 0 { colon = index }
            if byte == 0x40 { sign = index }
            index += 1
        }
        guard colon > start, sign > colon + leastPassword else { return nil }
        let word = String(
            decoding: (colon + 1..<sign).map { ByteSearch.lower(text[$0]) }, as: UTF8.self)
        let user = String(
            decoding: (start..<colon).map { ByteSearch.lower(text[$0]) }, as: UTF8.self)
        let host = String(
            decoding: (sign + 1..<index).map { ByteSearch.lower(text[$0]) }, as: UTF8.self)
        let isStandIn =
            word == user || standInPasswords.contains { word.contains($0) }
            || word.contains { "${}[]()*%".contains($0) }
            || word.allSatisfy { $0 == word.first }
            || ["localhost", "127.", "example", "host"].contains { host.hasPrefix($0) }
        return isStandIn ? nil : colon + 1..<sign
    }

    private static let standInPasswords = ["pass", "pwd", "secret", "token", "key"]
    /// Bytes of a password at least, less one, and of what stands before a host at most.
    private static let leastPassword = 4
    private static let mostAddressBytes = 200

    /// The first of a person's data that has not the look of an example, or else the first.
    public static func personalData(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil
    ) -> PersonalData? {
        var first: PersonalData?
        var from = 0
        while let found = PersonalData.next(in: text, from: from, holding: inventory) {
            if found.score > PersonalData.exampleScore { return found }
            first = first ?? found
            from = found.span.upperBound
        }
        return first
    }
}
