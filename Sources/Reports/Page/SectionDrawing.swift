import JSONText
import Orchestrator
import Records

/// Draws the sections of analyzers by their kind alone: a plugin that was never seen is drawn as well.
///
/// The shapes of the bodies are in `PluginSDK/ABI.md`. A body of another shape draws as its title.
struct SectionDrawing {
    let records: any RecordAccess
    /// The analyzer whose sections are drawn, and its place among all.
    let identity: AnalyzerIdentity
    let analyzer: Int

    /// A code of the analyzer's in plain words, leading to its findings; `nil` for a code it does not have.
    private func named(_ code: Cited) -> String? {
        guard identity.codeNames[code.text] != nil else { return nil }
        return "<a href=\"#\(PageText.anchor(analyzer, code.text))\">"
            + "\(PageText.isolated(Report.title(of: code.text, identity)))</a>"
    }

    /// What scores of records are called: as the code of their name, where there is one.
    func title(ofScores name: Cited) -> String {
        let code = identity.codeNames.filter {
            $0.value == String(name.text.map { $0 == "_" ? "-" : $0 })
        }.map(\.key).min()
        return code.map { PageText.isolated(Report.title(of: $0, identity)) } ?? name.drawn()
    }

    /// Rows of a table that are shown at once; the rest opens.
    private static let mostRows = 15
    /// Elements of a section that are drawn at all, and columns of a table.
    static let mostElements = 1000
    private static let mostColumns = 100

    /// HTML of a section with its heading.
    func draw(_ section: Cited) -> String {
        let body = section["body"]
        let title = "<h3>\(section["title"].drawn())</h3>"
        let drawn: String
        switch section["kind"].text {
        case "bars": drawn = bars(body)
        case "histogram": drawn = Plots.histogram(body)
        case "matrix": drawn = matrix(body)
        case "scatter": drawn = ScatterPlot(body, records: records).drawn
        case "treemap": drawn = TreeMap.drawn(body)
        case "groups": drawn = groups(body)
        case "examples": drawn = examples(body)
        case "table": drawn = table(body)
        case "text": drawn = "<p>\(body["text"].drawn(limit: 4000))</p>"
        default:
            drawn =
                "<p class=\"muted\">A section of the kind “\(PageText.isolated(section["kind"].text))”, "
                + "which this version cannot draw; its content is in report.json.</p>"
        }
        let isWide = ["matrix", "table", "groups", "examples"].contains(section["kind"].text)
        return "<section class=\"piece\(isWide ? " full" : "")\">\(title)\(drawn)</section>"
    }

    private func table(_ body: Cited) -> String {
        let columns = body["columns"].first(SectionDrawing.mostColumns)
        let lines = body["rows"].first(SectionDrawing.mostElements).map {
            $0.first(SectionDrawing.mostColumns)
        }
        // Beside many others a text is told by its beginning.
        let limit = columns.count > 6 ? 120 : PageText.mostBytes
        let numbers = Set(
            columns.indices.filter { column in
                lines.contains { column < $0.count && $0[column].number != nil }
            })
        let rows = lines.map { cells in
            PageText.row(
                cells.enumerated().map { index, cell in
                    named(cell["code"])
                        ?? cell.drawn(
                            unit: index < columns.count ? columns[index].text : "", limit: limit)
                }, numbers: numbers, isHeaded: true)
        }
        return SectionDrawing.opened(
            columns.map { $0.drawn() }, rows, most: SectionDrawing.mostRows, numbers: numbers)
            + body["rows"].rest(SectionDrawing.mostElements)
    }

    /// A table of which the first rows are shown and the rest opens.
    static func opened(
        _ head: [String], _ rows: [String], most: Int, name: String = "", numbers: Set<Int> = []
    ) -> String {
        func table(_ rows: [String]) -> String {
            PageText.table(head, rows, name: name, numbers: numbers)
        }
        guard rows.count > most + 3 else { return table(rows) }
        return table(Array(rows.prefix(most))) + "<details><summary>More rows</summary>"
            + table(Array(rows.dropFirst(most))) + "</details>"
    }

    // MARK: Bars

    private static let mostBars = 24
    /// Where the largest bar is so many times the largest target, bars end at twice the target.
    private static let longest = 4.0

    private func bars(_ body: Cited) -> String {
        let bars = body["bars"].first(SectionDrawing.mostElements)
        let unit = body["unit"].text
        let values = bars.flatMap { [$0["value"].size, $0["high"].size] }
        let goal = bars.map { $0["target"].size }.max() ?? 0
        let largest = max(values.max() ?? 0, goal)
        let isCut = goal > 0 && largest > SectionDrawing.longest * goal
        let scale = max(isCut ? 2 * goal : largest, 1e-12)
        let hasGoal = bars.contains { $0["target"].number != nil }
        let goalName = body["target_label"].value.stringValue ?? "target"
        let rows = bars.map { bar -> String in
            let value = max(0, bar["value"].size)
            var drawn =
                "<rect class=\"fill\" "
                + "width=\"\(NumberFormat.coordinate(min(value / scale, 1) * 100))\" height=\"10\"/>"
            if let low = bar["low"].number, let high = bar["high"].number {
                let (from, to) = (max(0, low) / scale * 100, min(max(0, high) / scale, 1) * 100)
                drawn +=
                    "<rect class=\"whisker\" x=\"\(NumberFormat.coordinate(from))\" y=\"4\" height=\"2\" "
                    + "width=\"\(NumberFormat.coordinate(max(0.6, to - from)))\"/>"
            }
            if let target = bar["target"].number {
                let place = min(max(0, target) / scale, 1) * 100
                drawn +=
                    "<rect class=\"goal\" x=\"\(NumberFormat.coordinate(min(place, 99)))\" "
                    + "width=\"1\" height=\"10\"/>"
            }
            if isCut, value > scale {
                drawn += "<rect class=\"break\" x=\"94\" width=\"1.5\" height=\"10\"/>"
            }
            let track =
                "<svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\(drawn)</svg>"
            let interval = Plots.interval(bar["low"], bar["high"], unit: unit)
            var cells = [
                named(bar["code"]) ?? bar["label"].drawn(limit: 120), track,
                bar["value"].drawn(unit: unit)
                    + (interval.isEmpty ? "" : "<br><small>\(interval)</small>"),
            ]
            if hasGoal { cells.append(bar["target"].drawn(unit: unit)) }
            return PageText.row(cells, numbers: [2, 3], isHeaded: true)
        }
        var head = ["", "<span class=\"sr\">bar</span>", PageText.isolated(unit)]
        if hasGoal { head.append("<span class=\"key\"></span>\(PageText.isolated(goalName))") }
        return SectionDrawing.opened(
            head, rows, most: SectionDrawing.mostBars, name: "bars",
            numbers: [2, 3])
            + (isCut
                ? "<p class=\"muted\">Bars end at twice the largest \(PageText.isolated(goalName)); a gap near the end marks those that go on.</p>"
                : "")
    }

    // MARK: Matrix

    private func matrix(_ body: Cited) -> String {
        let unit = body["unit"].text
        let most = SectionDrawing.mostColumns
        let columns = body["columns"].first(most)
        let (values, targets) = (body["values"].first(most), body["targets"].first(most))
        let largest = max(values.flatMap { $0.first(most).map(\.size) }.max() ?? 1, 1e-12)
        let rows = zip(body["rows"].first(most), values.indices).map { name, index -> String in
            let wanted = index < targets.count ? targets[index].first(most) : []
            let cells = values[index].first(most).enumerated().map { place, value -> String in
                guard place < wanted.count, let target = wanted[place].number else {
                    let share = max(0, value.size) / largest
                    return
                        "<td class=\"n h\(Int((share * 8).rounded(.up)))\">\(value.drawn(unit: unit))</td>"
                }
                let fill = target > 0 ? min(1, max(0, value.size) / target) : 1
                let level =
                    value.size <= 0 && target > 0 ? "none" : "f\(Int((fill * 4).rounded(.down)))"
                return "<td class=\"n \(level)\">\(value.drawn(unit: unit))"
                    + "<small> of \(wanted[place].drawn(unit: unit))</small></td>"
            }
            return "<tr><th scope=\"row\">\(name.drawn(limit: 120))</th>\(cells.joined())</tr>"
        }
        let head = ["<span class=\"sr\">row</span>"] + columns.map { $0.drawn(limit: 120) }
        return PageText.table(
            head, rows, name: "matrix", numbers: Set(head.indices.dropFirst()))
            + (targets.isEmpty
                ? ""
                : "<p class=\"muted legend\"><span><i class=\"swatch none\"></i>nothing</span> "
                    + "<span><i class=\"swatch f1\"></i>below the target</span> "
                    + "<span><i class=\"swatch f4\"></i>target met</span></p>")
    }

    // MARK: Texts

    private func examples(_ body: Cited) -> String {
        body["examples"].first(100).map { example in
            let text = example["text"]
            let place = example["row_index"].row.map { link(.data, $0) } ?? ""
            let column = (example["begin"].value.intValue, example["end"].value.intValue)
            var drawn = text.drawn(limit: 1200)
            if case (let begin?, let end?) = column, begin >= 0, begin < end {
                drawn = Excerpt(text.text, begin..<end).html
            }
            return
                "<figure class=\"example\"><figcaption>\(place) \(example["note"].drawn())</figcaption>"
                + "<blockquote>\(drawn)</blockquote></figure>"
        }.joined()
    }

    private static let mostGroups = 12
    private static let mostMembers = 6

    /// Records that belong together, side by side, with what differs from the first marked.
    private func groups(_ body: Cited) -> String {
        body["groups"].elements.prefix(SectionDrawing.mostGroups).map { group in
            let rows = group["rows"].first(1000).compactMap(\.row)
            let texts = rows.prefix(SectionDrawing.mostMembers).map { row in
                RecordField.telling(records.fields(.data, row, limit: 500)).map(\.text)
                    .joined(separator: "\n")
            }
            let cards = zip(rows, texts.indices).map { row, index -> String in
                let drawn =
                    index == 0
                    ? PageText.escape(texts[0], limit: 600)
                    : WordDifference.html(texts[index], against: texts[0])
                return "<li><p class=\"place\">\(link(.data, row))</p><bdi>\(drawn)</bdi></li>"
            }
            let more = rows.count > texts.count ? "<p class=\"muted\">and more rows</p>" : ""
            return "<figure class=\"group\"><figcaption>\(group["note"].drawn())</figcaption>"
                + "<ul class=\"beside\">\(cards.joined())</ul>\(more)</figure>"
        }.joined()
    }

    private func link(_ role: Role, _ row: Int) -> String {
        "<a href=\"#record-\(role.name)-\(row)\">\(PageText.isolated(records.name(role, row)))</a>"
    }
}
