import JSONText
import Orchestrator
import Records

/// What a report opens with: a verdict per strategy, and what to do next.
struct Verdict {
    let report: Report
    let document: Cited
    let records: any RecordAccess
    let commands: PageCommands

    /// Things to do that a strategy names.
    private static let mostSteps = 3
    /// The worst problems of all that are named first.
    private static let mostProblems = 8
    /// Subjects of findings that are named.
    private static let mostSubjects = 8

    /// Messages of the worst findings about the dataset that are shown.
    private static let mostExamples = 2

    /// What one analyzer found under one code.
    private struct Problem {
        let known: Report.Problem
        let count: Cited
        /// The worst findings.
        let examples: [Finding]
        /// What its findings are about, the worst first, where they are about the dataset.
        let subjects: [String]
        /// Whether every finding is about a record of its own.
        let countsRecords: Bool

        var title: String { known.title }
        var severity: Severity { known.severity }
    }

    var html: String {
        let cards = report.results.indices.map(card).joined()
        return "<section id=\"verdict\" aria-labelledby=\"verdict-title\">"
            + "<h2 id=\"verdict-title\">Verdict</h2>\(worst)\(remedy)<div class=\"cards\">\(cards)</div></section>"
    }

    // MARK: The worst of all

    /// What is of high severity and the worst problem of each strategy, in the order of all lists.
    private var worst: String {
        let analyzers = document["analyzers"].elements
        let all = analyzers.indices.flatMap { index in
            problems(index, analyzers[index]).enumerated().map {
                (index: index, rank: $0.offset, problem: $0.element)
            }
        }
        // Every strategy has its say before one has a second one.
        let rest = all.filter { $0.rank > 0 && $0.problem.severity == .high }
            .sorted { $0.problem.known.rank < $1.problem.known.rank }
        let firsts = all.filter { $0.rank == 0 }
        let shown = (firsts + rest.prefix(max(0, Verdict.mostProblems - firsts.count)))
            .sorted { $0.problem.known.rank < $1.problem.known.rank }
        guard !shown.isEmpty else {
            return report.results.allSatisfy({ $0.status == .ok })
                ? "<p class=\"lead\">Nothing was found that needs a hand.</p>" : ""
        }
        let items = shown.map { index, _, problem -> String in
            "<li><span class=\"badge \(problem.severity.name)\">\(problem.severity.name)</span> "
                + "<a href=\"#\(PageText.anchor(index, problem.known.code))\">\(PageText.isolated(problem.title))</a>"
                + "<span class=\"told\">\(told(problem))</span></li>"
        }
        let left = all.count - shown.count
        let others =
            left > 0
            ? "<p class=\"muted\"><bdi>\(left)</bdi> more are under "
                + "<a href=\"#findings\">Findings</a>.</p>" : ""
        return
            "<div class=\"worst\"><h3>The worst problems</h3><ol>\(items.joined())</ol>\(others)</div>"
    }

    /// How much of a problem there is, and the worst of it.
    private func told(_ problem: Problem) -> String {
        func message(_ findings: ArraySlice<Finding>) -> String {
            findings.map { PageText.isolated($0.message, limit: 200) }.joined(separator: "; ")
        }
        let isOne = problem.count.size == 1
        let examples = problem.examples
        guard problem.known.isAboutDataset else {
            let many =
                problem.countsRecords
                ? "\(problem.count.drawn()) record\(isOne ? "" : "s")"
                : Verdict.findings(problem.count)
            let place = examples.first.flatMap(self.place).map { "\($0): " } ?? ""
            // What a message calls a row is a line of the file.
            let other =
                examples.first?.relatedRows.first.flatMap { records.place(.data, $0) }
                .map { " (line <bdi>\($0.line)</bdi>)" } ?? ""
            return
                ": \(many), \(isOne ? "" : "such as ")\(place)\(message(examples.prefix(1)))\(other)"
        }
        guard !isOne else { return ": \(message(examples.prefix(1)))" }
        guard problem.subjects.count > 1 else {
            return ": \(Verdict.findings(problem.count)), such as \(message(examples.prefix(1)))"
        }
        let named = problem.subjects.prefix(Verdict.mostSubjects).map {
            PageText.isolated($0, limit: 60)
        }
        let rest = problem.subjects.count - named.count
        return " in \(named.joined(separator: ", "))"
            + (rest > 0 ? " and <bdi>\(rest)</bdi> more" : "") + ": "
            + message(examples.prefix(Verdict.mostExamples))
    }

    /// Where a finding's record is, leading to it.
    private func place(_ finding: Finding) -> String? {
        finding.row.map { row in
            let name =
                records.place(finding.role, row).map { "line <bdi>\($0.line)</bdi>" }
                ?? PageText.isolated(records.name(finding.role, row))
            return "<a href=\"#record-\(finding.role.name)-\(row)\">\(name)</a>"
        }
    }

    /// What findings are about, the worst first, none twice.
    private static func subjects(_ ordered: [Finding]) -> [String] {
        var seen: Set<String> = []
        return ordered.compactMap(\.subject).filter { seen.insert($0).inserted }
    }

    private static func findings(_ count: Cited) -> String {
        "\(count.drawn()) \(count.size == 1 ? "finding" : "findings")"
    }

    // MARK: What does it all

    /// One command for everything, and what the commands below have in common.
    private var remedy: String {
        let planned = document["summary"]["plan_summary"].members
        let optimize = NextCommand("assay optimize DATA -o OUT --apply all --dry-run", commands)
        var first = ""
        if let optimize, !planned.isEmpty {
            let parts = planned.map { "\(PageText.escape($0.key)) \($0.value.drawn())" }
            first =
                "<p><b>Everything at once</b>: the strategies propose to \(parts.joined(separator: ", ")). "
                + "This shows what would become of which record, and writes no data:</p>\(optimize.html)"
                + "<p class=\"muted\">Without <code>--dry-run</code> it writes a better file, from which "
                + "<code>assay revert</code> makes the old one again. Without <code>--apply all</code> it does "
                + "only what is certain. The commands below are the same command, each with what its problem "
                + "needs (records to add come from a <code>--pool</code>): options of several go together.</p>"
        }
        guard report.results.contains(where: { !$0.allFindings.isEmpty }) else { return "" }
        return
            "<div class=\"remedy\">\(first)<p class=\"muted\">Type commands in the folder where you ran assay; "
            + "… stands for this run's options, and Copy takes all of it. <var>MORE.jsonl</var> stands for "
            + "records of yours to choose from, <var>N</var> for a number of yours.</p></div>"
    }

    // MARK: A card for each strategy

    private func card(_ index: Int) -> String {
        let result = report.results[index]
        let analyzer = document["analyzers"].elements[index]
        let strategy = result.identity.strategy
        let score = analyzer["metrics"].elements.first { $0["name"].text == "\(strategy).score" }
        var body = ""
        if let score {
            let value = min(1, max(0, score["value"].size))
            body +=
                "<p class=\"score\">\(score["value"].drawn(unit: "share"))</p>"
                + "<p class=\"meaning\">\(score["help"].named())</p>"
                + "<svg class=\"gauge\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                + "<rect class=\"rail\" width=\"100\" height=\"6\"/><rect class=\"fill\" "
                + "width=\"\(NumberFormat.coordinate(value * 100))\" height=\"6\"/>\(whisker(score))</svg>"
            let interval = Plots.interval(score["low"], score["high"], unit: "share")
            let notes =
                (interval.isEmpty ? [] : ["95 % interval \(interval)"])
                + (score["direction"].text == "higher" ? ["higher is better"] : [])
            if !notes.isEmpty { body += "<p class=\"muted\">\(notes.joined(separator: "; "))</p>" }
        } else {
            body +=
                "<p class=\"score none\">no score</p><p class=\"meaning\">\(missing(analyzer))</p>"
        }
        if result.status != .ok {
            body +=
                "<p class=\"failure\"><b>\(PageText.escape(result.status.rawValue))</b>: "
                + "\(analyzer["error"].drawn())</p>"
        }
        return
            "<article class=\"card\"><h3><a href=\"#strategy-\(index)\">\(PageText.isolated(strategy))</a></h3>"
            + "\(body)\(steps(index, analyzer))</article>"
    }

    private func whisker(_ score: Cited) -> String {
        guard let low = score["low"].number, let high = score["high"].number else { return "" }
        let (from, to) = (max(0, low) * 100, min(1, high) * 100)
        return
            "<rect class=\"whisker\" x=\"\(NumberFormat.coordinate(from))\" y=\"2\" height=\"2\" "
            + "width=\"\(NumberFormat.coordinate(max(0.5, to - from)))\"/>"
    }

    /// Why there is no score: what the analyzer says in words, if it says anything.
    private func missing(_ analyzer: Cited) -> String {
        let said = analyzer["sections"].elements.first { $0["kind"].text == "text" }
        return said.map { $0["body"]["text"].drawn() }
            ?? "This analyzer states no score; its metrics are below."
    }

    // MARK: What to do next

    /// The problems of one analyzer, the worst first.
    private func problems(_ index: Int, _ analyzer: Cited) -> [Problem] {
        let result = report.results[index]
        return Dictionary(grouping: result.allFindings, by: \.code).map { code, findings in
            let isDataset = findings.contains { $0.row == nil }
            // Of thousands about records only the worst counts.
            let ordered =
                isDataset
                ? findings.sorted { Verdict.isWorse($0, $1) }
                : findings.min { Verdict.isWorse($0, $1) }.map { [$0] } ?? []
            let worst = ordered.first
            return Problem(
                known: Report.Problem(
                    code: code, name: Report.name(of: code, result.identity),
                    title: Report.title(of: code, result.identity), count: findings.count,
                    severity: worst?.severity ?? .info, isAboutDataset: worst?.row == nil,
                    example: worst?.message ?? ""),
                count: analyzer["findings_by_code"][code],
                examples: Array(ordered.prefix(Verdict.mostExamples)),
                subjects: isDataset ? Verdict.subjects(ordered) : [],
                countsRecords: !isDataset && Set(findings.map(\.row)).count == findings.count)
        }.sorted { $0.known.rank < $1.known.rank }
    }

    private static func isWorse(_ left: Finding, _ right: Finding) -> Bool {
        if left.severity != right.severity {
            return left.severity.rawValue > right.severity.rawValue
        }
        if left.score != right.score { return left.score > right.score }
        return Finding.precedes(left, right)
    }

    private func steps(_ index: Int, _ analyzer: Cited) -> String {
        let problems = problems(index, analyzer)
        guard !problems.isEmpty else {
            return report.results[index].status == .ok ? "<p class=\"muted\">No findings.</p>" : ""
        }
        let notes = report.results[index].identity.codeNotes
        let items = problems.prefix(Verdict.mostSteps).map { problem -> String in
            let todo = notes[problem.known.code]?.todo ?? ""
            return
                "<li><span class=\"badge \(problem.severity.name)\">\(problem.severity.name)</span> "
                + "<a href=\"#\(PageText.anchor(index, problem.known.code))\">\(PageText.isolated(problem.title))</a> "
                + "<span class=\"count\">\(Verdict.findings(problem.count))</span>"
                + (todo.isEmpty ? "" : "<p>\(PageText.isolated(todo, limit: 240))</p>")
                + "\(command(for: problem.known.code, index).html)</li>"
        }
        return "<h4>Next</h4><ol class=\"steps\">\(items.joined())</ol>"
    }

    /// The command that does what the analyzer proposes about a code.
    private func command(for code: String, _ index: Int) -> NextCommand {
        if let stated = report.results[index].identity.codeNotes[code]?.command,
            let typed = NextCommand(stated, commands)
        {
            return typed
        }
        var actions: Set<Action> = []
        // Without a word more, optimize does what loses nothing.
        var isCertain = true
        for proposal in report.results[index].output.proposals where proposal.code == code {
            actions.insert(proposal.action)
            isCertain =
                isCertain && proposal.confidence >= (proposal.action == .repair ? 0.95 : 1)
        }
        if !actions.isDisjoint(with: [.drop, .repair, .weight, .duplicate]),
            let optimize = NextCommand(
                "assay optimize DATA -o OUT" + (isCertain ? "" : " --apply all"), commands)
        {
            return optimize
        }
        if actions.contains(.augment),
            let optimize = NextCommand(
                "assay optimize DATA -o OUT --apply all"
                    + (commands.hasPool ? "" : " --pool MORE.jsonl"), commands
            )
        {
            return optimize
        }
        let command =
            actions.isDisjoint(with: [.review, .relabel])
            ? "assay explain \(ShellWord.quoted(code))" : "assay review REPORT"
        return NextCommand(command, commands) ?? NextCommand(words: [.plain(command)])
    }
}
