import Numerics

/// An e-mail address of a person; those of an office (`support@`) and those that belong to nobody
/// (`example.com`) are left alone.
enum MailAddress {
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

    private static func isStandIn(
        _ text: Span<UInt8>, name: Range<Int>, domain: Range<Int>
    ) -> Bool {
        func lowered(_ range: Range<Int>) -> String {
            String(decoding: range.map { ByteSearch.lower(text[$0]) }, as: UTF8.self)
        }
        let domain = lowered(domain)
        return roleNames.contains(lowered(name)) || standInDomains.contains(domain)
            || standInEndings.contains { domain.hasSuffix($0) }
            || domain.hasPrefix("example") || domain.contains(".example.")
    }

    /// Whether what begins at `start` is the password of an address: `scheme://user:password@host`.
    private static func isPassword(
        _ text: Span<UInt8>, before start: Int, from first: Int
    ) -> Bool {
        guard start > first, text[start - 1] == 0x3A else { return false }
        var index = start - 2
        while index > max(first + 1, start - 64), text[index] > 0x20 {
            if text[index] == 0x2F, text[index - 1] == 0x2F { return true }
            index -= 1
        }
        return false
    }

    /// The address around an @; `nil` when it is none of a person.
    ///
    /// O(length of the address).
    static func span(in text: Span<UInt8>, around index: Int, from first: Int) -> Range<Int>? {
        var start = index
        while start > first,
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
            if text[end] == 0x2E, end + 1 < text.count, ByteSearch.isLetterOrDigit(text[end + 1]) {
                dots += 1
            }
            end += 1
        }
        guard index - start >= 3, dots >= 1, !isPassword(text, before: start, from: first) else {
            return nil
        }
        while end > index + 1, !ByteSearch.isLetterOrDigit(text[end - 1]) { end -= 1 }
        return isStandIn(text, name: start..<index, domain: index + 1..<end) ? nil : start..<end
    }
}
