import JSONText

/// Parts of a whole as areas (squarified: Bruls, Huizing and van Wijk 2000).
enum TreeMap {
    private static let height = 260.0
    /// Narrower or lower parts carry no text.
    private static let leastWidth = 34.0
    private static let leastHeight = 14.0

    private struct Tile {
        var x, y, width, height: Double
    }

    static func drawn(_ body: Cited) -> String {
        var sums: [String: Double] = [:]
        let all = body["tiles"].elements.filter { $0["value"].size > 0 }
        for part in all { sums[part["group"].text, default: 0] += part["value"].size }
        let groups = sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        let members = groups.map { group in
            all.filter { $0["group"].text == group }
                .sorted { $1["value"].size < $0["value"].size }
        }
        let parts = Array(members.joined())
        guard !parts.isEmpty else { return "" }
        // Groups lie together, and within each its parts.
        let areas = layout(
            groups.map { sums[$0, default: 0] },
            in: Tile(x: 0, y: 0, width: Plots.width, height: height))
        let tiles = zip(members, areas).flatMap { members, area in
            layout(members.map { $0["value"].size }, in: area)
        }
        let drawn = zip(parts, tiles).map { part, tile -> String in
            let colour = (groups.firstIndex(of: part["group"].text) ?? 0) % 9
            let name = part["label"].text
            var piece =
                "<g><rect class=\"tile c\(colour)\" x=\"\(NumberFormat.coordinate(tile.x + 0.5))\" "
                + "y=\"\(NumberFormat.coordinate(tile.y + 0.5))\" "
                + "width=\"\(NumberFormat.coordinate(max(0.5, tile.width - 1)))\" "
                + "height=\"\(NumberFormat.coordinate(max(0.5, tile.height - 1)))\" rx=\"1.5\">"
                + "<title>\(PageText.escape(name, limit: 80))</title></rect>"
            let room = Int((tile.width - 6) / 6.6)
            if tile.width >= leastWidth, tile.height >= leastHeight, room >= 4,
                name.unicodeScalars.count <= room
            {
                piece +=
                    "<text class=\"on\" x=\"\(NumberFormat.coordinate(tile.x + 4))\" "
                    + "y=\"\(NumberFormat.coordinate(tile.y + 12))\">"
                    + "\(PageText.escape(name))</text>"
            }
            return piece + "</g>"
        }
        let rows = parts.map {
            PageText.row(
                [$0["label"].drawn(), $0["value"].drawn(unit: body["unit"].text)], numbers: [1],
                isHeaded: true)
        }
        let first = parts.prefix(3).map { $0["label"].text }.joined(separator: ", ")
        return Plots.figure(
            height: height,
            description: "Tree map of \(parts.count) parts; the largest are \(first)",
            drawn.joined())
            + "<details><summary>Numbers</summary>"
            + PageText.table(["part", PageText.isolated(body["unit"].text)], rows, numbers: [1])
            + "</details>"
    }

    /// Rectangles of these areas, in order, none longer than need be.
    private static func layout(_ values: [Double], in whole: Tile) -> [Tile] {
        let scale = whole.width * whole.height / values.reduce(0, +)
        let areas = values.map { $0 * scale }
        var tiles: [Tile] = []
        var rest = whole
        var first = 0
        while first < areas.count {
            let side = max(min(rest.width, rest.height), 1e-9)
            func worst(_ row: ArraySlice<Double>) -> Double {
                let sum = row.reduce(0, +)
                return row.map {
                    max(side * side * $0 / (sum * sum), sum * sum / (side * side * $0))
                }
                .max() ?? .infinity
            }
            var end = first + 1
            while end < areas.count, worst(areas[first...end]) <= worst(areas[first..<end]) {
                end += 1
            }
            let sum = areas[first..<end].reduce(0, +)
            let thickness = sum / side
            var offset = 0.0
            for area in areas[first..<end] {
                let length = area / max(thickness, 1e-9)
                tiles.append(
                    rest.width >= rest.height
                        ? Tile(x: rest.x, y: rest.y + offset, width: thickness, height: length)
                        : Tile(x: rest.x + offset, y: rest.y, width: length, height: thickness))
                offset += length
            }
            if rest.width >= rest.height {
                rest.x += thickness
                rest.width -= thickness
            } else {
                rest.y += thickness
                rest.height -= thickness
            }
            first = end
        }
        return tiles
    }
}
