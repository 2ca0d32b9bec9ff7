import JSONText
import Orchestrator

/// Draws the sections of analyzers by their kind alone: a plugin that was never seen is drawn as well.
///
/// The shapes of the bodies are in `PluginSDK/ABI.md`. A body of another shape draws as nothing.
enum SectionDrawing {
    /// HTML of a section; a kind that is not known is named with its title and not drawn.
    static func draw(_ section: Section) -> String {
        let title = "<h3>\(HTMLText.escape(section.title))</h3>"
        switch section.kind {
        case "bars": return title + bars(section.body)
        case "histogram": return title + histogram(section.body)
        case "matrix": return title + matrix(section.body)
        case "scatter": return title + scatter(section.body)
        case "examples": return title + examples(section.body)
        case "table": return title + table(section.body)
        case "text":
            return title + "<p>\(HTMLText.escape(section.body["text"]?.stringValue ?? ""))</p>"
        default: return title
        }
    }

    private static func table(_ body: JSONValue) -> String {
        let rows = (body["rows"]?.arrayValue ?? []).map { row -> String in
            let cells = row.arrayValue ?? []
            let numbers = cells.indices.filter { cells[$0].doubleValue != nil }
            return HTMLText.row(cells.map(cell), numbers: Set(numbers))
        }
        return HTMLText.table((body["columns"]?.arrayValue ?? []).map(cell), rows)
    }

    private static func cell(_ value: JSONValue) -> String {
        value.stringValue ?? value.doubleValue.map(HTMLText.short) ?? value.text
    }

    private static func figure(
        _ body: JSONValue, width: Int = 700, height: Int, _ drawn: String, legend: String = ""
    ) -> String {
        let unit = body["unit"]?.stringValue ?? ""
        let caption = [unit, legend].filter { !$0.isEmpty }.joined(separator: "; ")
        return """
            <figure><svg viewBox="0 0 \(width) \(height)" role="img">\(drawn)</svg>\
            <figcaption>\(HTMLText.escape(caption))</figcaption></figure>
            """
    }

    private static func number(_ value: Double) -> String {
        JSONWriter.text(of: (value * 100).rounded() / 100)
    }

    // MARK: Bars

    private static let (labelWidth, barWidth, barHeight) = (220.0, 400.0, 24)

    private static func bars(_ body: JSONValue) -> String {
        let bars = body["bars"]?.arrayValue ?? []
        let largest = max(
            bars.flatMap { [$0["value"]?.doubleValue, $0["target"]?.doubleValue] }
                .compactMap { $0 }.max() ?? 1, 1e-12)
        let drawn = bars.enumerated().map { index, bar in
            let value = bar["value"]?.doubleValue ?? 0
            let width = max(0, value) / largest * barWidth
            let y = index * barHeight
            let target = bar["target"]?.doubleValue.map { target -> String in
                let x = number(labelWidth + max(0, target) / largest * barWidth)
                return
                    "<line class=\"mark\" x1=\"\(x)\" x2=\"\(x)\" y1=\"\(y + 2)\" y2=\"\(y + 20)\">"
                    + "<title>\(HTMLText.short(target))</title></line>"
            }
            return "<text x=\"\(labelWidth - 8)\" y=\"\(y + 16)\" text-anchor=\"end\">"
                + "\(HTMLText.escape(bar["label"]?.stringValue ?? "", limit: 30))</text>"
                + "<rect class=\"bar\" x=\"\(labelWidth)\" y=\"\(y + 4)\" width=\"\(number(width))\""
                + " height=\"14\" rx=\"2\"/>\(target ?? "")"
                + "<text x=\"\(number(labelWidth + barWidth + 12))\" y=\"\(y + 16)\">"
                + "\(HTMLText.short(value))</text>"
        }
        let hasTarget = bars.contains { $0["target"]?.doubleValue != nil }
        return figure(
            body, height: bars.count * barHeight, drawn.joined(),
            legend: hasTarget ? "mark: \(body["target_label"]?.stringValue ?? "target")" : "")
    }

    // MARK: Histogram

    private static func histogram(_ body: JSONValue) -> String {
        let bins = body["bins"]?.arrayValue ?? []
        guard !bins.isEmpty else { return "" }
        let largest = max(
            bins.flatMap { [$0["value"]?.doubleValue, $0["reference"]?.doubleValue] }
                .compactMap { $0 }.max() ?? 1, 1e-12)
        let step = 640.0 / Double(bins.count)
        let drawn = bins.enumerated().map { index, bin in
            let x = 40 + Double(index) * step
            func column(_ key: String, _ name: String, _ inset: Double) -> String {
                guard let value = bin[key]?.doubleValue else { return "" }
                let height = max(0, value) / largest * 160
                return
                    "<rect class=\"\(name)\" x=\"\(number(x + inset))\" y=\"\(number(170 - height))\""
                    + " width=\"\(number(max(1, step - 2 * inset)))\" height=\"\(number(height))\">"
                    + "<title>\(HTMLText.escape(label(bin))): \(HTMLText.short(value))</title></rect>"
            }
            let text =
                "<text x=\"\(number(x + step / 2))\" y=\"186\" text-anchor=\"middle\""
                + " font-size=\"10\">\(HTMLText.escape(label(bin), limit: 14))</text>"
            return column("value", "bar", 2) + column("reference", "other", 5)
                + (bins.count <= 16 ? text : "")
        }
        let hasReference = bins.contains { $0["reference"]?.doubleValue != nil }
        let axis = "<line class=\"axis\" x1=\"40\" x2=\"680\" y1=\"170\" y2=\"170\"/>"
        return figure(
            body, height: 192, axis + drawn.joined(),
            legend: hasReference ? "filled: data, outlined: reference" : "")
    }

    private static func label(_ bin: JSONValue) -> String {
        if let stated = bin["label"]?.stringValue { return stated }
        let (low, high) = (bin["low"]?.doubleValue, bin["high"]?.doubleValue)
        return [low, high].compactMap { $0.map(HTMLText.short) }.joined(separator: "–")
    }

    // MARK: Matrix

    private static func matrix(_ body: JSONValue) -> String {
        let columns = (body["columns"]?.arrayValue ?? []).map(cell)
        let names = (body["rows"]?.arrayValue ?? []).map(cell)
        let values = (body["values"]?.arrayValue ?? []).map {
            ($0.arrayValue ?? []).map { $0.doubleValue ?? 0 }
        }
        let largest = max(values.joined().max() ?? 1, 1e-12)
        let rows = zip(names, values).map { name, values in
            let cells = values.map { value in
                let share = Int((max(0, value) / largest * 70).rounded())
                return "<td class=\"n\" style=\"background:color-mix(in srgb,var(--bar) \(share)%,"
                    + "transparent)\">\(HTMLText.short(value))</td>"
            }
            return "<tr><th>\(HTMLText.escape(name, limit: 40))</th>\(cells.joined())</tr>"
        }
        return HTMLText.table([""] + columns, rows)
    }

    // MARK: Scatter

    /// Points drawn; of more, evenly spread ones.
    private static let mostPoints = 4000

    private static func scatter(_ body: JSONValue) -> String {
        let all = (body["points"]?.arrayValue ?? []).compactMap {
            point -> (Double, Double, String)? in
            guard let x = point["x"]?.doubleValue, let y = point["y"]?.doubleValue else {
                return nil
            }
            return (x, y, point["label"]?.stringValue ?? "")
        }
        let stride = max(1, (all.count + mostPoints - 1) / mostPoints)
        let points = all.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
        guard let lowX = points.map(\.0).min(), let highX = points.map(\.0).max(),
            let lowY = points.map(\.1).min(), let highY = points.map(\.1).max()
        else { return "" }
        let drawn = points.map { x, y, label in
            let across = 50 + (x - lowX) / max(highX - lowX, 1e-12) * 620
            let up = 370 - (y - lowY) / max(highY - lowY, 1e-12) * 350
            return "<circle class=\"dot\" cx=\"\(number(across))\" cy=\"\(number(up))\" r=\"3\">"
                + "<title>\(HTMLText.escape(label, limit: 80))</title></circle>"
        }
        let axes =
            "<line class=\"axis\" x1=\"45\" x2=\"680\" y1=\"375\" y2=\"375\"/>"
            + "<line class=\"axis\" x1=\"45\" x2=\"45\" y1=\"15\" y2=\"375\"/>"
            + "<text x=\"680\" y=\"392\" text-anchor=\"end\">"
            + "\(HTMLText.escape(body["x_label"]?.stringValue ?? ""))</text>"
            + "<text x=\"50\" y=\"12\">\(HTMLText.escape(body["y_label"]?.stringValue ?? ""))</text>"
        return figure(body, height: 400, axes + drawn.joined())
    }

    // MARK: Examples

    private static func examples(_ body: JSONValue) -> String {
        (body["examples"]?.arrayValue ?? []).map { example in
            let row = example["row_index"]?.intValue.map { "row \($0 + 1)" }
            let note = [row, example["note"]?.stringValue].compactMap { $0 }.joined(separator: ": ")
            return "<p>\(HTMLText.escape(note))</p><blockquote>"
                + "\(HTMLText.escape(example["text"]?.stringValue ?? "", limit: 1200))</blockquote>"
        }.joined()
    }
}
