/// Pieces of HTML.
///
/// Everything that comes from data goes through `escape` or `isolated`.
enum PageText {
    /// Bytes of a text that is shown, unless said otherwise.
    static let mostBytes = 400

    /// Text that is safe in HTML and in attributes, cut to a length in bytes.
    ///
    /// Marks that would turn the direction of what follows, and control characters, are shown as
    /// U+FFFD. O(limit), however long the text is.
    static func escape(_ text: String, limit: Int = mostBytes) -> String {
        var escaped = ""
        var used = 0
        for scalar in text.unicodeScalars {
            used += UTF8.width(scalar)
            if used > limit { return escaped + "…" }
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\n", "\t": escaped.unicodeScalars.append(scalar)
            default: escaped.unicodeScalars.append(isHarmless(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return escaped
    }

    /// Whether a scalar only shows itself.
    static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: false
        default: true
        }
    }

    /// Text from data: whatever direction it is read in, what stands around it keeps its own.
    static func isolated(_ text: String, limit: Int = mostBytes) -> String {
        "<bdi>\(escape(text, limit: limit))</bdi>"
    }

    /// A table that scrolls within its own width; `head` and `rows` are HTML already.
    static func table(
        _ head: [String], _ rows: [String], name: String = "", numbers: Set<Int> = []
    ) -> String {
        let cells = head.enumerated().map {
            "<th scope=\"col\"\(numbers.contains($0) ? " class=\"n\"" : "")>\($1)</th>"
        }.joined()
        return scrolling(
            "<table\(name.isEmpty ? "" : " class=\"\(name)\"")><thead><tr>\(cells)</tr></thead>"
                + "<tbody>\(rows.joined())</tbody></table>")
    }

    /// What may be wider than the page; it can be reached and scrolled with the keyboard.
    static func scrolling(_ content: String) -> String {
        "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">\(content)</div>"
    }

    /// A row of cells, HTML already; `numbers` stand on the right, the first cell heads the row.
    static func row(_ cells: [String], numbers: Set<Int> = [], isHeaded: Bool = false) -> String {
        let drawn = cells.enumerated().map { index, cell in
            if index == 0, isHeaded { return "<th scope=\"row\">\(cell)</th>" }
            return "<td\(numbers.contains(index) ? " class=\"n\"" : "")>\(cell)</td>"
        }
        return "<tr>\(drawn.joined())</tr>"
    }

    /// The id of a code's findings: letters, digits and hyphens, whatever the code is.
    static func anchor(_ analyzer: Int, _ code: String) -> String {
        var id = "code-\(analyzer)-"
        for byte in code.utf8.prefix(80) {
            let isPlain =
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            id += isPlain ? String(UnicodeScalar(byte)) : "-\(byte)-"
        }
        return id
    }
}
