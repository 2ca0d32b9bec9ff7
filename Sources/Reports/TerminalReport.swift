import JSONText
import Orchestrator
import Records

/// The summary a person reads on the terminal.
public enum TerminalReport {
    /// How it may look.
    public struct Style: Sendable {
        /// Columns of the terminal.
        public var width: Int
        /// Whether severities have colours.
        public var isColoured: Bool

        /// A style for a terminal of some columns.
        public init(width: Int = 100, isColoured: Bool = false) {
            self.width = width
            self.isColoured = isColoured
        }
    }

    /// Codes that are listed; the rest is counted.
    private static let mostCodes = 15
    /// Columns of a code's title.
    private static let mostTitle = 41

    /// The lines; `next` is the command that shows what would become of the data.
    public static func text(
        _ report: Report, folder: String, next: String? = nil, style: Style = Style()
    ) -> String {
        var lines: [String] = []
        for dataset in report.datasets {
            let rejected = dataset.rejectedCount > 0 ? ", \(dataset.rejectedCount) rejected" : ""
            lines.append(
                "\(pad(dataset.role.name, 14)) \(dataset.recordCount) records, \(clean(dataset.schema))"
                    + rejected)
        }
        lines += report.embeddingLines.map { "\(pad("", 14)) \(clean($0))" }
        if let review = report.run["review"]?.objectValue {
            let counts = review.members.dropFirst().filter { $0.value != 0 }
                .map { "\($0.value.text) \($0.key)" }.joined(separator: ", ")
            let number = review["decisions"]?.intValue ?? 0
            lines.append(
                "\(pad("review", 14)) \(number) decision\(number == 1 ? "" : "s")"
                    + (counts.isEmpty ? "" : ": \(counts)"))
        }
        lines.append("")
        for result in report.results { lines += analyzer(result, style) }
        lines.append("")
        let problems = report.problems
        let titles = problems.prefix(mostCodes).map { cut(clean($0.title), mostTitle) }
        let titleWidth = titles.map(width).max() ?? 0
        if !problems.isEmpty {
            lines.append(
                "severity code    \(pad(" problem", titleWidth))  found  the worst")
        }
        for (problem, title) in zip(problems, titles) {
            let head =
                "\(pad(problem.code, 8)) \(pad(title, titleWidth)) \(left(String(problem.count), 5))  "
            let severity = coloured(pad(problem.severity.name, 7), problem.severity, style)
            let room = max(20, style.width - 8 - width(of: head))
            lines.append("\(severity) \(head)\(cut(clean(problem.example), room))")
        }
        if problems.isEmpty { lines.append("nothing was found") }
        if problems.count > mostCodes {
            lines.append("… and \(problems.count - mostCodes) more codes")
        }
        for gate in report.gates {
            lines.append("gate \(gate.passed ? "passed" : "FAILED"): \(clean(gate.expression))")
        }
        lines += ["", "report:  \(folder)/report.html"]
        if let next, report.results.contains(where: { !$0.output.proposals.isEmpty }) {
            lines.append("preview: \(next)")
        }
        let waits = report.results.contains { result in
            result.output.proposals.contains {
                $0.role == .data && ($0.action == .review || $0.action == .relabel)
            }
        }
        if waits { lines.append("review:  assay review \(ShellWord.quoted(folder))") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func analyzer(_ result: AnalyzerResult, _ style: Style) -> [String] {
        let identity = result.identity
        let score = result.output.metrics.first { $0.name == "\(identity.strategy).score" }
        let shown = score.map { NumberFormat.text($0.value, unit: "share") } ?? "–"
        let interval =
            score?.interval.map {
                "\(NumberFormat.text($0.lowerBound, unit: "share")) to "
                    + NumberFormat.text($0.upperBound, unit: "share")
            } ?? ""
        let name = score.map { Report.plainName(of: $0.help) } ?? missing(result)
        let said =
            result.status == .ok
            ? name ?? "\(identity.id) \(identity.version)"
            : "\(pad(result.status.rawValue, 8)) \(identity.id) \(identity.version)"
        let line =
            "\(pad(clean(identity.strategy), 14)) \(left(shown, 8))  \(pad(interval, 18)) \(clean(said))"
        return [line] + (result.error.map { ["  " + coloured(clean($0), .high, style)] } ?? [])
    }

    /// Why there is no score, as far as the analyzer says it in words.
    private static func missing(_ result: AnalyzerResult) -> String? {
        result.output.sections.first { $0.kind == "text" }.map { section in
            let text = section.body["text"]?.stringValue ?? ""
            return cut(clean("\(section.title): \(text)"), noteWidth)
        }
    }

    /// Columns behind a score and its interval.
    private static let noteWidth = 56

    private static func coloured(_ text: String, _ severity: Severity, _ style: Style) -> String {
        guard style.isColoured else { return text }
        let number =
            switch severity {
            case .high: 31
            case .medium: 33
            case .low: 36
            case .info: 2
            }
        return "\u{1B}[\(number)m\(text)\u{1B}[0m"
    }

    private static func pad(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(of: text)))
    }

    private static func left(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - width(of: text))) + text
    }

    /// A text without what could move the cursor or colour the terminal.
    private static func clean(_ text: String) -> String {
        String(
            text.filter { character in
                !character.isNewline
                    && !character.unicodeScalars.contains {
                        $0.value < 0x20 || (0x7F...0x9F).contains($0.value)
                    }
            })
    }

    /// A text of at most so many columns.
    private static func cut(_ text: String, _ columns: Int) -> String {
        var kept = ""
        var used = 0
        for character in text {
            let own = width(of: String(character))
            if used + own > columns - 1 { return kept + "…" }
            kept.append(character)
            used += own
        }
        return kept
    }

    /// Columns of a text: ideographs, kana, hangul and full-width signs take two (Unicode UAX #11).
    static func width(of text: String) -> Int {
        text.reduce(0) { sum, character in
            let isWide = character.unicodeScalars.contains { scalar in
                switch scalar.value {
                case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
                    0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF,
                    0x20000...0x3FFFD:
                    true
                default: false
                }
            }
            return sum + (isWide ? 2 : 1)
        }
    }
}
