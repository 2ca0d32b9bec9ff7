extension TextChecks {
    private static let residue = [
        "</div>", "</p>", "</span>", "</a>", "<br>", "<br/>", "<br />", "</li>", "&nbsp;", "&amp;",
        "&lt;", "&gt;", "&quot;", "&#39;",
    ].map { Array($0.utf8) }
    private static let markupWords = [
        "html", "xml", "xhtml", "css", "jsx", "dom", "tag", "tags", "markup", "react", "angular",
        "vue", "php", "javascript", "svg", "selenium", "beautifulsoup", "doctype", "script", "code",
    ].map { Array($0.utf8) }
    private static let fence = Array("```".utf8)

    /// Whether a text speaks of markup or code, so that tags and entities in it are meant.
    public static func speaksOfMarkup(_ text: Span<UInt8>) -> Bool {
        ByteSearch.find(fence, in: text) != nil
            || markupWords.contains { ByteSearch.findWord($0, in: text) != nil }
    }

    /// HTML tags or entities; to be asked only where neither side of the record speaks of markup.
    public static func htmlResidue(_ text: Span<UInt8>) -> TextFault? {
        for word in residue {
            guard let position = ByteSearch.find(word, in: text) else { continue }
            return TextFault(span: position..<position + word.count, score: 0.9)
        }
        return nil
    }
}
