import JSONText

/// A value of a report with its place in `report.json`, as a JSON pointer (RFC 6901).
///
/// Whatever number the page shows is drawn from one, so that page and file cannot differ.
struct Cited {
    let value: JSONValue
    let pointer: String

    /// The whole document.
    init(_ document: JSONValue) {
        value = document
        pointer = ""
    }

    private init(_ value: JSONValue, _ pointer: String) {
        self.value = value
        self.pointer = pointer
    }

    /// A member of an object; null, with the place it would have, when there is none.
    subscript(_ key: String) -> Cited {
        var escaped = ""
        for scalar in key.unicodeScalars {
            switch scalar {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return Cited(value[key] ?? .null, "\(pointer)/\(escaped)")
    }

    /// The elements of an array; none of anything else.
    var elements: [Cited] {
        (value.arrayValue ?? []).enumerated().map { Cited($1, "\(pointer)/\($0)") }
    }

    /// The members of an object; none of anything else.
    var members: [(key: String, value: Cited)] {
        (value.objectValue?.keys ?? []).map { ($0, self[$0]) }
    }

    /// The number of a row; `nil` for anything that cannot be one.
    var row: Int? { value.intValue.flatMap { (0..<Int(Int32.max)).contains($0) ? $0 : nil } }

    /// So many elements at most: what a plugin may state has no bound, a page has.
    func first(_ most: Int) -> [Cited] {
        (value.arrayValue ?? []).prefix(most).enumerated().map { Cited($1, "\(pointer)/\($0)") }
    }

    /// A line that says so where `first` has left something out.
    func rest(_ most: Int) -> String {
        (value.arrayValue?.count ?? 0) > most
            ? "<p class=\"muted\">The rest is in report.json.</p>" : ""
    }

    /// The text; empty for anything else.
    var text: String { value.stringValue ?? "" }

    /// The number; `nil` for anything else.
    var number: Double? { value.doubleValue }

    /// The number; 0 for anything else.
    var size: Double { value.doubleValue ?? 0 }

    /// As HTML: a text whose beginning is its name in plain words.
    func named() -> String {
        guard let name = Report.plainName(of: text) else { return drawn() }
        return "<data data-at=\"\(PageText.escape(pointer))\" value=\"\">"
            + "<bdi><b>\(PageText.escape(name))</b>\(PageText.escape(String(text.dropFirst(name.count))))</bdi></data>"
    }

    /// As HTML: a number or a text with its place, nothing for null.
    func drawn(unit: String = "", limit: Int = PageText.mostBytes) -> String {
        switch value {
        case .null: return ""
        case .string(let text):
            return "<data data-at=\"\(PageText.escape(pointer))\" value=\"\">"
                + "\(PageText.isolated(text, limit: limit))</data>"
        default:
            guard let number = value.doubleValue else { return PageText.isolated(value.text) }
            return
                "<data data-at=\"\(PageText.escape(pointer))\" value=\"\(PageText.escape(value.text))\">"
                + "\(NumberFormat.text(number, unit: unit))</data>"
        }
    }
}
