public import Numerics

extension TextChecks {
    /// Beginnings of keys with the letters and digits that follow at least; a private key block.
    private static let keyForms: [(prefix: String, length: Int)] = [
        ("akia", 16), ("sk-", 20), ("ghp_", 36), ("xoxb-", 20), ("private key-----", 0),
    ]
    private static let awsForm = 0
    private static let keys = PhraseSearch(phrases: keyForms.map(\.prefix))

    /// A key of a well-known form: AWS access key ids, `sk-` and GitHub tokens, private key blocks.
    public static func secret(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil
    ) -> TextFault? {
        // Every form but that of AWS has one of the two signs, and that of AWS is of capitals.
        if let inventory, !["-", "_", "K"].contains(where: { inventory.holds(UInt8(ascii: $0)) }) {
            return nil
        }
        var from = 0
        while let match = keys.next(in: text, from: from) {
            from = match.range.lowerBound + 1
            let (start, needed) = (match.range.lowerBound, keyForms[match.phrase].length)
            if needed == 0 { return TextFault(span: match.range) }
            if match.phrase == awsForm, text[start + 1] != UInt8(ascii: "K") { continue }
            if start > 0, ByteSearch.isLetterOrDigit(text[start - 1]) { continue }
            var end = match.range.upperBound
            var digits = 0
            while end < text.count,
                ByteSearch.isLetterOrDigit(text[end]) || text[end] == 0x2D || text[end] == 0x5F
            {
                if (0x30...0x39).contains(text[end]) { digits += 1 }
                end += 1
            }
            if end - match.range.upperBound >= needed, digits > 0 {
                return TextFault(span: start..<end, score: 0.95)
            }
        }
        return nil
    }

    /// Names before the @ that stand for an office or for nobody.
    private static let roleNames: Set<String> = [
        "support", "info", "help", "sales", "contact", "noreply", "no-reply", "hello", "admin",
        "user", "username", "you", "your", "youremail", "your_email", "your.email", "your-email",
        "yourname", "me", "name", "email", "example", "sample", "test", "someone", "somebody",
        "recipient", "sender", "receiver", "from", "to", "customer", "foo", "bar", "webmaster",
        "john", "jane", "bob", "alice", "joe",
        "johndoe", "janedoe", "john.doe", "jane.doe", "jdoe", "john.smith", "jane.smith",
        "johnsmith", "janesmith", "postmaster", "abuse", "office", "service", "team", "press",
        "jobs", "privacy", "git",
    ]
    /// Domains that belong to nobody: RFC 2606 and what people write in its place.
    private static let standInDomains: Set<String> = [
        "example.com", "example.org", "example.net", "example.edu", "email.com", "mail.com",
        "domain.com", "company.com", "yourdomain.com", "yourcompany.com", "mydomain.com",
        "test.com",
        "website.com", "sample.com", "host.com", "server.com",
    ]
    private static let standInEndings = [".example", ".test", ".invalid", ".local", ".localhost"]

    private static func isStandIn(_ text: Span<UInt8>, name: Range<Int>, domain: Range<Int>) -> Bool
    {
        func lowered(_ range: Range<Int>) -> String {
            String(decoding: range.map { ByteSearch.lower(text[$0]) }, as: UTF8.self)
        }
        let domain = lowered(domain)
        return roleNames.contains(lowered(name)) || standInDomains.contains(domain)
            || standInEndings.contains { domain.hasSuffix($0) }
            || domain.hasPrefix("example") || domain.contains(".example.")
    }

    /// An e-mail address of a person; those of an office (`support@`) and those that belong to nobody
    /// (`example.com`) are left alone.
    public static func personalData(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil
    ) -> TextFault? {
        if let inventory, !inventory.holds(UInt8(ascii: "@")) { return nil }
        for index in text.indices where text[index] == UInt8(ascii: "@") {
            var start = index
            while start > 0,
                ByteSearch.isLetterOrDigit(text[start - 1])
                    || [0x2E, 0x5F, 0x2D, 0x2B].contains(text[start - 1])
            {
                start -= 1
            }
            var end = index + 1
            var dots = 0
            while end < text.count,
                ByteSearch.isLetterOrDigit(text[end]) || text[end] == 0x2E || text[end] == 0x2D
            {
                if text[end] == 0x2E, end + 1 < text.count,
                    ByteSearch.isLetterOrDigit(text[end + 1])
                {
                    dots += 1
                }
                end += 1
            }
            guard index - start >= 3, dots >= 1 else { continue }
            while end > index + 1, !ByteSearch.isLetterOrDigit(text[end - 1]) { end -= 1 }
            if !isStandIn(text, name: start..<index, domain: index + 1..<end) {
                return TextFault(span: start..<end, score: 0.9)
            }
        }
        return nil
    }
}
