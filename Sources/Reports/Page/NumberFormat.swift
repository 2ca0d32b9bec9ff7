import JSONText

/// Numbers as people read them.
public enum NumberFormat {
    /// Three digits that count, or all of a whole number; a share as a percentage; thousands set apart.
    public static func text(_ value: Double, unit: String = "") -> String {
        guard (value * 100).isFinite else { return unit.hasPrefix("share") ? "–" : plain(value) }
        return unit.hasPrefix("share") ? "\(plain(value * 100)) %" : plain(value)
    }

    /// Digits after the point: none of whole numbers, else so many that three digits count.
    private static func plain(_ value: Double) -> String {
        let size = abs(value)
        guard size < 1e15 else { return value.isFinite ? JSONWriter.text(of: value) : "–" }
        if value == value.rounded(), size < 1e15 { return grouped(value, 0) }
        if size >= 1000 { return grouped(value, 0) }
        if size >= 10 { return grouped(value, 1) }
        if size >= 1 { return grouped(value, 2) }
        if size >= 0.1 { return grouped(value, 3) }
        if size >= 0.01 { return grouped(value, 4) }
        if size >= 0.001 { return grouped(value, 5) }
        if size >= 0.0001 { return grouped(value, 6) }
        return value < 0 ? "above −0.0001" : "below 0.0001"
    }

    private static func grouped(_ value: Double, _ places: Int) -> String {
        let scale = [1, 10, 100, 1000, 1e4, 1e5, 1e6][places]
        let rounded = (abs(value) * scale).rounded()
        let whole = (rounded / scale).rounded(.down)
        var digits = Array(String(Int(whole)))
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        var text = String(digits)
        var rest = String(Int(rounded - whole * scale))
        if rest != "0" {
            rest = String(repeating: "0", count: places - rest.count) + rest
            while rest.last == "0" { rest.removeLast() }
            text += ".\(rest)"
        }
        return value < 0 && text != "0" ? "−\(text)" : text
    }

    /// A coordinate of a drawing.
    static func coordinate(_ value: Double) -> String {
        JSONWriter.text(of: value.isFinite ? (value * 100).rounded() / 100 : 0)
    }
}
