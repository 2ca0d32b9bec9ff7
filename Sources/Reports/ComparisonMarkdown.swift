extension ReportComparison {
    /// Findings that are listed of each side when all are not asked for.
    private static let listed = 20

    /// For a pull request: a verdict, the metrics that changed with their intervals, and findings folded away.
    ///
    /// What comes from the data is escaped: it makes no markup, no link and mentions nobody.
    public func markdown(isWhole: Bool) -> String {
        let changed = metrics.filter { isWhole || $0.verdict != .same }
        let better = metrics.count { $0.verdict == .better && !$0.isWithinChance }
        var lines = [
            "### assay: \(worse.count) metric\(worse.count == 1 ? "" : "s") worse, \(better) better, "
                + "\(appeared) new finding\(appeared == 1 ? "" : "s")", "",
        ]
        if changed.isEmpty {
            lines.append("No metric changed.")
        } else {
            lines += ["| metric | before | after | change | |", "|---|--:|--:|--:|---|"]
            for line in changed {
                let change = line.change.map { ($0 > 0 ? "+" : "") + ReportComparison.short($0) }
                lines.append(
                    "| \(ReportComparison.escaped(line.name)) "
                        + "| \(ReportComparison.cell(line.old, line.oldInterval)) "
                        + "| \(ReportComparison.cell(line.new, line.newInterval)) | \(change ?? "") "
                        + "| \(line.verdict == .worse && !line.isWithinChance ? "**worse**" : word(line)) |"
                )
            }
        }
        let told = codes.filter {
            isWhole || $0.old != $0.new || $0.resolved + $0.left + $0.appeared + $0.arrived > 0
        }
        if !told.isEmpty {
            lines += [
                "",
                "| code | | before | after | resolved | gone with record | appeared | on new records |",
                "|---|---|--:|--:|--:|--:|--:|--:|",
            ]
            for code in told {
                let counts = [
                    code.old, code.new, code.resolved, code.left, code.appeared, code.arrived,
                ]
                lines.append(
                    "| \(ReportComparison.escaped(code.code)) | \(ReportComparison.escaped(code.name)) | "
                        + counts.map(String.init).joined(separator: " | ") + " |")
            }
        }
        for isNew in [true, false] {
            let own = singles.filter { $0.isNew == isNew }
            guard !own.isEmpty else { continue }
            let title = isNew ? "new" : "gone"
            lines += [
                "",
                "<details><summary>\(own.count) finding\(own.count == 1 ? "" : "s") \(title)</summary>",
                "",
            ]
            for single in isWhole ? own[...] : own.prefix(ReportComparison.listed) {
                lines.append(
                    "- " + ReportComparison.escaped(ReportComparison.account(single.finding)))
            }
            let rest = own.count - ReportComparison.listed
            if !isWhole, rest > 0 { lines.append("- and \(rest) more") }
            lines += ["", "</details>"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func cell(_ value: Double?, _ interval: ClosedRange<Double>?) -> String {
        guard let value else { return "–" }
        guard let interval else { return short(value) }
        return "\(short(value)) [\(short(interval.lowerBound)), \(short(interval.upperBound))]"
    }

    /// A text of the data as one line of Markdown that shows it as it is.
    public static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            // An at sign would call people, a colon and a slash would make links and little pictures.
            case "@": result += "&#64;"
            case ":": result += "&#58;"
            case "#": result += "&#35;"
            case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "+", "-", "!", "|", "~", "$",
                "=", "^":
                result += "\\" + String(scalar)
            case _
            where scalar.properties.generalCategory == .control || scalar.value == 0x2028
                || scalar.value == 0x2029:
                result += " "
            // Marks that turn the direction of what follows.
            case _
            where (0x202A...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value):
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
