import JSONText

/// Parts of a whole as areas (squarified: Bruls, Huizing and van Wijk 2000).
enum TreeMap {
    private static let height = 260.0
    private static let mostTiles = 500
    /// About what a letter takes, and a line.
    private static let letterWidth = 7.0
    private static let lineHeight = 12.0

    private struct Tile {
        var x, y, width, height: Double
    }

    static func drawn(_ body: Cited) -> String {
        let all = body["tiles"].first(mostTiles).filter { $0["value"].size > 0 }
        let largest = all.map { $0["value"].size }.max() ?? 1
        // As shares of the largest, so that no size is too large or small to add up.
        var byGroup: [String: (sum: Double, members: [(part: Cited, size: Double)])] = [:]
        for part in all {
            let size = max(part["value"].size / largest, 1e-9)
            byGroup[part["group"].text, default: (0, [])].sum += size
            byGroup[part["group"].text, default: (0, [])].members.append((part, size))
        }
        let groups = byGroup.sorted { ($1.value.sum, $0.key) < ($0.value.sum, $1.key) }
        let members = groups.map { $0.value.members.sorted { $1.size < $0.size } }
        let parts = members.joined().map(\.part)
        guard !parts.isEmpty else { return "" }
        let colours = groups.enumerated().flatMap { index, group in
            group.value.members.map { _ in index % 9 }
        }
        // Groups lie together, and within each its parts.
        let areas = layout(
            groups.map(\.value.sum),
            in: Tile(x: 0, y: 0, width: Plots.width, height: height))
        let tiles = zip(members, areas).flatMap { members, area in
            layout(members.map(\.size), in: area)
        }
        let drawn = zip(zip(parts, colours), tiles).map { known, tile -> String in
            let (part, colour) = known
            let name = part["label"].text
            var piece =
                "<g><rect class=\"tile c\(colour)\" x=\"\(NumberFormat.coordinate(tile.x + 0.5))\" "
                + "y=\"\(NumberFormat.coordinate(tile.y + 0.5))\" "
                + "width=\"\(NumberFormat.coordinate(max(0.5, tile.width - 1)))\" "
                + "height=\"\(NumberFormat.coordinate(max(0.5, tile.height - 1)))\" rx=\"1.5\">"
                + "<title>\(PageText.escape(name, limit: 80))</title></rect>"
            for (number, line) in lines(name, tile).enumerated() {
                piece +=
                    "<text class=\"on\" x=\"\(NumberFormat.coordinate(tile.x + 4))\" "
                    + "y=\"\(NumberFormat.coordinate(tile.y + 2 + lineHeight * Double(number + 1)))\">"
                    + "\(PageText.escape(line))</text>"
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

    /// A name in as many lines as its tile has room for; none where a word would be cut.
    private static func lines(_ name: String, _ tile: Tile) -> [String] {
        let letters = max(0, Int((tile.width - 6) / letterWidth))
        let most = max(0, Int((tile.height - 4) / lineHeight))
        var lines: [String] = []
        for word in name.split(separator: " ").prefix(20) {
            guard word.count <= letters else { return [] }
            if let last = lines.last, last.count + 1 + word.count <= letters {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.count <= most ? lines : []
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
