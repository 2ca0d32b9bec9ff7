import JSONText

/// Numbers as a reader wants them.
public enum NumberText {
    /// Three digits that count, at most six behind the point.
    public static func short(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return "0" }
        var scale = 1.0
        while abs(value) * scale < 100 && scale < 1e6 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return JSONWriter.text(of: rounded == 0 ? 0 : rounded)
    }

    /// A share as hundredths, with its sign.
    public static func percent(_ share: Double) -> String { "\(short(share * 100)) %" }
}
