import JSONText
import Records

/// Points of records, coloured by their group; the page's script shows them one by one, and colours
/// them by what was found or by where they come from.
struct ScatterPlot {
    private static let height = 300.0
    private static let margin = 8.0
    /// Groups with a colour of their own.
    private static let mostGroups = 9
    /// Points drawn; of more, evenly spread ones.
    private static let mostPoints = 4000

    private let body: Cited
    private let records: any RecordAccess
    private let points: [Cited]
    private let places: [(x: Double, y: Double)]

    init(_ body: Cited, records: any RecordAccess) {
        self.body = body
        self.records = records
        let all = body["points"].elements.filter { $0["x"].number != nil && $0["y"].number != nil }
        let stride = max(1, (all.count + ScatterPlot.mostPoints - 1) / ScatterPlot.mostPoints)
        points = all.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
        func spread(_ values: [Double], _ room: Double) -> [Double] {
            let (low, high) = (values.min() ?? 0, values.max() ?? 1)
            let scale = (room - 2 * ScatterPlot.margin) / max(high - low, 1e-12)
            return values.map { ScatterPlot.margin + ($0 - low) * scale }
        }
        places = zip(
            spread(points.map { $0["x"].size }, Plots.width),
            spread(points.map { -$0["y"].size }, ScatterPlot.height)
        ).map { ($0, $1) }
    }

    /// Groups by number of points, the largest first, those without a name left out.
    private var groups: [(name: String, count: Int)] {
        var counts: [String: Int] = [:]
        for point in points where !point["group"].text.isEmpty {
            counts[point["group"].text, default: 0] += 1
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// What a group is called.
    private var groupName: String {
        body["group_label"].text.isEmpty ? "group" : body["group_label"].text
    }

    var drawn: String {
        guard points.count > 1 else { return "" }
        let groups = groups
        let numbers = Dictionary(
            groups.prefix(ScatterPlot.mostGroups).enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first })
        let other = groups.isEmpty ? 0 : 9
        var paths = [String](repeating: "", count: 10)
        for (point, place) in zip(points, places) {
            paths[numbers[point["group"].text] ?? other] +=
                "M\(NumberFormat.coordinate(place.x)) \(NumberFormat.coordinate(place.y))h0"
        }
        let dots = paths.enumerated().filter { !$0.element.isEmpty }.map {
            "<path class=\"dots c\($0.offset)\" d=\"\($0.element)\"/>"
        }.joined()
        var legend = groups.prefix(ScatterPlot.mostGroups).enumerated().map {
            "<li><i class=\"swatch c\($0.offset)\"></i>\(PageText.isolated($0.element.name, limit: 60))</li>"
        }.joined()
        if groups.count > ScatterPlot.mostGroups {
            legend += "<li><i class=\"swatch c9\"></i>others</li>"
        }
        let axes = [body["x_label"], body["y_label"]].filter { !$0.text.isEmpty }.map { $0.drawn() }
        let largest = groups.prefix(3).map(\.name).joined(separator: ", ")
        return
            "<div class=\"map\" data-map=\"\(PageText.escape(groupName))\">"
            + Plots.figure(
                height: ScatterPlot.height,
                description: "Scatter plot of \(points.count) points"
                    + (largest.isEmpty ? "" : "; the largest groups are \(largest)"), dots)
            + "<ul class=\"legend\">\(legend)</ul>\(data)</div>"
            + (axes.isEmpty ? "" : "<p class=\"muted\">\(axes.joined(separator: "; "))</p>")
    }

    /// What the script needs, which no browser runs.
    private var data: String {
        var writer = JSONWriter()
        writer.beginArray()
        for (point, place) in zip(points, places) {
            let row = point["row_index"].row
            writer.value([
                .number((place.x * 100).rounded() / 100), .number((place.y * 100).rounded() / 100),
                .string(PageData.excerpt(point["label"].text, 100)),
                row.map { JSONValue($0) } ?? .null,
                .string(PageData.excerpt(point["group"].text, 60)),
                .string(row.flatMap { records.place(.data, $0)?.file } ?? ""),
            ])
        }
        writer.endArray()
        return PageData.island(writer.bytes, "class=\"points\"")
    }
}
