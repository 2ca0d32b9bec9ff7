public import Numerics

extension TextChecks {
    private static let residue = PhraseSearch(phrases: [
        "</div>", "</p>", "</span>", "</a>", "<br>", "<br/>", "<br />", "</li>", "</ul>", "</ol>",
        "</h1>", "</h2>", "</h3>", "</h4>", "</td>", "</tr>", "</table>", "</strong>", "</em>",
        "</section>", "</article>", "</header>", "</footer>", "</nav>", "</blockquote>",
        "&nbsp;", "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&copy;", "&mdash;", "&ndash;",
        "&hellip;", "&rsquo;", "&lsquo;", "&ldquo;", "&rdquo;", "&apos;",
    ])
    private static let markup = PhraseSearch(
        phrases: ["`"],
        words: [
            "html", "xml", "xhtml", "css", "jsx", "dom", "tag", "tags", "markup", "react",
            "angular", "vue", "php", "javascript", "svg", "selenium", "beautifulsoup", "doctype",
            "script", "code",
        ])

    /// HTML tags or entities in a record of which no part speaks of markup or code: there they are
    /// meant.
    ///
    /// `other` is the record's other side.
    public static func htmlResidue(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil, besides other: Span<UInt8>
    ) -> TextFault? {
        if let inventory, !inventory.holds(UInt8(ascii: "<")), !inventory.holds(UInt8(ascii: "&")) {
            return nil
        }
        // Residue is rarer than talk of markup: it is looked for first.
        guard let match = residue.next(in: text), !markup.isIn(text), !markup.isIn(other) else {
            return nil
        }
        return TextFault(span: match.range, score: 0.9)
    }
}
