import JSONText

/// Pieces of HTML.
///
/// Everything that comes from data goes through `escape`.
enum HTMLText {
    /// A table with its head; `rows` are HTML already.
    static func table(_ head: [String], _ rows: [String]) -> String {
        let cells = head.map { "<th>\(escape($0))</th>" }.joined()
        return "<div class=\"wide\"><table><tr>\(cells)</tr>\(rows.joined())</table></div>"
    }

    /// A row of cells; `numbers` stand on the right, `classes` colour a cell.
    static func row(
        _ cells: [String], numbers: Set<Int> = [], classes: [Int: String] = [:]
    ) -> String {
        let drawn = cells.enumerated().map { index, cell in
            let name = numbers.contains(index) ? "n" : classes[index] ?? ""
            return "<td\(name.isEmpty ? "" : " class=\"\(name)\"")>\(escape(cell))</td>"
        }
        return "<tr>\(drawn.joined())</tr>"
    }

    /// `79.9 %`.
    static func percent(_ value: Double) -> String { "\(short((value * 1000).rounded() / 10)) %" }

    /// A number with four digits after the point at most.
    static func short(_ value: Double) -> String {
        JSONWriter.text(of: (value * 10000).rounded() / 10000)
    }

    /// Text that is safe in HTML and in attributes, cut to a length.
    static func escape(_ text: String, limit: Int = 400) -> String {
        var escaped = ""
        var count = 0
        for character in text {
            if count == limit { return escaped + "…" }
            count += 1
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    /// The page's style: two palettes, chosen by the reader's system.
    static let style = """
        :root{color-scheme:light dark;--fg:#1c2330;--bg:#fbfbfa;--line:#d8dbe0;--bar:#3b6ea8;\
        --other:#c77a1b;--high:#a8322a;--medium:#8a5a00;--low:#4b5563}
        @media(prefers-color-scheme:dark){:root{--fg:#e6e8ec;--bg:#14171c;--line:#333a45;\
        --bar:#7fb0e6;--other:#f0b05a;--high:#ff8a7d;--medium:#f0c674;--low:#a3acb9}}
        body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
        main{max-width:62rem;margin:auto;padding:1.5rem}
        h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
        h2 small{font-weight:400;font-size:.6em;opacity:.7}h3{margin:1.6rem 0 .4rem}
        .wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9em}
        td,th{text-align:left;padding:.3rem .7rem;border-bottom:1px solid var(--line);\
        vertical-align:top;overflow-wrap:break-word}th{white-space:nowrap}
        .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .high{color:var(--high)}.medium{color:var(--medium)}.low,.info{color:var(--low)}
        .scores{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:1rem}
        .scores li{border:1px solid var(--line);border-radius:.5rem;padding:.6rem 1rem;\
        display:flex;flex-direction:column}.scores span{font-size:1.6em}
        details{margin:.3rem 0}summary{cursor:pointer}
        blockquote{margin:.4rem 0;padding:.3rem .8rem;border-left:3px solid var(--line);\
        white-space:pre-wrap;overflow-wrap:break-word}
        figure{margin:0}figcaption{font-size:.85em;opacity:.8}
        svg{width:100%;max-width:46rem;font-size:12px}svg text{fill:var(--fg)}
        .bar{fill:var(--bar)}.mark{stroke:var(--other);stroke-width:2.5}
        .other{fill:none;stroke:var(--other);stroke-width:1.5}
        .axis{stroke:var(--line)}.dot{fill:var(--bar);fill-opacity:.6}
        """
}
