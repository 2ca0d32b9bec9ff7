import JSONText
import Numerics

/// Histograms, intervals and what plots share.
enum Plots {
    /// Width of every drawing in its own units; about that of a telephone.
    static let width = 400.0

    /// A drawing with its description for those who do not see it.
    static func figure(height: Double, description: String, _ drawn: String) -> String {
        "<svg class=\"plot\" viewBox=\"0 0 \(Int(width)) \(NumberFormat.coordinate(height))\" role=\"img\" "
            + "aria-label=\"\(PageText.escape(description, limit: 600))\">\(drawn)</svg>"
    }

    /// `a to b`; empty without an interval.
    static func interval(_ low: Cited, _ high: Cited, unit: String) -> String {
        guard low.number != nil, high.number != nil else { return "" }
        return "\(low.drawn(unit: unit)) to \(high.drawn(unit: unit))"
    }

    // MARK: Histogram

    static func histogram(_ body: Cited) -> String {
        let bins = body["bins"].first(SectionDrawing.mostElements)
        guard !bins.isEmpty else { return "" }
        let unit = body["unit"].text
        let hasReference = bins.contains { $0["reference"].number != nil }
        let largest = max(
            bins.flatMap { [$0["value"].size, $0["reference"].size] }.max() ?? 1, 1e-12)
        let (left, bottom, top) = (6.0, 170.0, 10.0)
        let step = (width - 2 * left) / Double(bins.count)
        let isLogarithmic = body["scale"].text == "log"
        func height(_ value: Double) -> Double {
            let share =
                isLogarithmic
                ? Elementary.log(1 + max(0, value)) / Elementary.log(1 + largest)
                : max(0, value) / largest
            return share * (bottom - top)
        }
        var drawn = ""
        var outline = ""
        for (index, bin) in bins.enumerated() {
            let x = left + Double(index) * step
            let tall = height(bin["value"].size)
            drawn +=
                "<rect class=\"fill\" x=\"\(NumberFormat.coordinate(x + step * 0.08))\" "
                + "y=\"\(NumberFormat.coordinate(bottom - tall))\" "
                + "width=\"\(NumberFormat.coordinate(step * 0.84))\" "
                + "height=\"\(NumberFormat.coordinate(tall))\"/>"
            let other = bottom - height(bin["reference"].size)
            outline +=
                index == 0
                ? "M\(NumberFormat.coordinate(x)) \(NumberFormat.coordinate(bottom))" : ""
            outline += "V\(NumberFormat.coordinate(other))H\(NumberFormat.coordinate(x + step))"
        }
        if hasReference {
            drawn += "<path class=\"other\" d=\"\(outline)V\(NumberFormat.coordinate(bottom))\"/>"
        }
        drawn += "<path class=\"axis\" d=\"M\(Int(left)) \(Int(bottom))H\(Int(width - left))\"/>"
        if let place = cut(body, bins) {
            let x = NumberFormat.coordinate(left + place * step)
            drawn += "<path class=\"cut\" d=\"M\(x) 4V\(Int(bottom))\"/>"
        }
        let every = max(1, (bins.count + 6) / 7)
        for (index, bin) in bins.enumerated() where index % every == 0 {
            // A name belongs to the bin, a number to where it begins.
            let isName = bin["label"].value.stringValue != nil
            let x = NumberFormat.coordinate(left + (Double(index) + (isName ? 0.5 : 0)) * step)
            let anchor = isName || index > 0 ? "middle" : "start"
            drawn +=
                "<text x=\"\(x)\" y=\"186\" text-anchor=\"\(anchor)\">\(PageText.escape(label(bin), limit: 14))</text>"
        }
        let peak = bins.max { $0["value"].size < $1["value"].size }
        let described =
            "Histogram of \(bins.count) bins, \(unit); the largest is \(peak.map(label) ?? "") "
            + "with \(NumberFormat.text(peak?["value"].size ?? 0))"
        var legend = "<span><i class=\"swatch bar\"></i>data</span>"
        func add(_ swatch: String, _ name: String, _ value: String = "") {
            legend +=
                " <span><i class=\"swatch \(swatch)\"></i>\(PageText.isolated(name)) \(value)</span>"
        }
        if hasReference { add("line", body["reference_label"].value.stringValue ?? "reference") }
        if body["cut"].number != nil {
            add("mark", body["cut_label"].value.stringValue ?? "cut", body["cut"].drawn())
        }
        return figure(height: 192, description: described, drawn)
            + "<p class=\"muted legend\">\(legend) <span>\(isLogarithmic ? "height: logarithm of " : "height: ")"
            + "\(PageText.isolated(unit))</span></p>"
            + numbers(bins, hasReference: hasReference)
    }

    /// The same as a table.
    private static func numbers(_ bins: [Cited], hasReference: Bool) -> String {
        let rows = bins.map { bin -> String in
            let name =
                bin["label"].value.stringValue == nil
                ? "\(bin["low"].drawn()) to \(bin["high"].drawn())" : bin["label"].drawn()
            let cells =
                [name, bin["value"].drawn()] + (hasReference ? [bin["reference"].drawn()] : [])
            return PageText.row(cells, numbers: [1, 2], isHeaded: true)
        }
        return "<details><summary>Numbers</summary>"
            + PageText.table(
                ["bin", "data"] + (hasReference ? ["reference"] : []), rows, numbers: [1, 2])
            + "</details>"
    }

    /// Where the cut lies, in bins from the first.
    private static func cut(_ body: Cited, _ bins: [Cited]) -> Double? {
        guard let cut = body["cut"].number else { return nil }
        for (index, bin) in bins.enumerated() {
            guard let low = bin["low"].number, let high = bin["high"].number, high > low else {
                return nil
            }
            if cut < high || index == bins.count - 1 {
                return Double(index) + min(1, max(0, (cut - low) / (high - low)))
            }
        }
        return nil
    }

    private static func label(_ bin: Cited) -> String {
        if let stated = bin["label"].value.stringValue { return stated }
        // In a drawing there is room for where a bin begins.
        return bin["low"].number.map { NumberFormat.text($0) } ?? ""
    }
}
