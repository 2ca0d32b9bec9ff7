import JSONText

/// Numbers as a reader wants them.
enum NumberText {
    /// Three digits that count, at most six behind the point.
    static func short(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return "0" }
        var scale = 1.0
        while abs(value) * scale < 100 && scale < 1e6 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return JSONWriter.text(of: rounded == 0 ? 0 : rounded)
    }
}
