import JSONText
import Orchestrator

/// What a report opens with: a verdict per strategy, and what to do next.
struct Verdict {
    let report: Report
    let document: Cited
    let commands: PageCommands

    /// Things to do that a strategy names.
    private static let mostSteps = 3
    /// The worst problems of all that are named first.
    private static let mostProblems = 6
    /// Subjects of findings that are named.
    private static let mostSubjects = 8

    /// Problems of one analyzer, the worst first.
    private struct Problem {
        let code: String
        let title: String
        let severity: Severity
        let count: Cited
        let example: String
        /// What its findings are about, the worst first, where they are about the dataset.
        let subjects: [String]
    }

    var html: String {
        let cards = report.results.indices.map(card).joined()
        return "<section id=\"verdict\" aria-labelledby=\"verdict-title\">"
            + "<h2 id=\"verdict-title\">Verdict</h2>\(worst)"
            + "<p class=\"muted\">Type commands in the folder where you ran assay; … stands for this run's "
            + "options, and Copy takes all of it. <code>assay optimize</code> "
            + "follows the proposals of all strategies at once and writes a new file; with "
            + "<code>--dry-run</code> it writes its plan and a report alone. <var>MORE.jsonl</var> stands for "
            + "records of yours to choose from, <var>N</var> for a number of yours.</p><div class=\"cards\">\(cards)</div></section>"
    }

    // MARK: The worst of all

    /// The worst problem of each strategy, and what else is of high severity, the worst first.
    private var worst: String {
        let analyzers = document["analyzers"].elements
        let all = analyzers.indices.flatMap { index in
            self.problems(index, analyzers[index]).enumerated().map {
                (index: index, rank: $0.offset, problem: $0.element)
            }
        }
        // Every strategy has its say before one has a second one.
        let rest = all.filter { $0.rank > 0 && $0.problem.severity == .high }
            .sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }
        let firsts = all.filter { $0.rank == 0 }
        let problems = (firsts + rest.prefix(max(0, Verdict.mostProblems - firsts.count))).sorted {
            ($1.problem.severity.rawValue, $1.problem.count.size, $0.problem.code)
                < ($0.problem.severity.rawValue, $0.problem.count.size, $1.problem.code)
        }
        guard !problems.isEmpty else {
            return report.results.allSatisfy({ $0.status == .ok })
                ? "<p class=\"lead\">Nothing was found that needs a hand.</p>" : ""
        }
        let items = problems.map { index, _, problem -> String in
            "<li><span class=\"badge \(problem.severity.name)\">\(problem.severity.name)</span> "
                + "<a href=\"#\(PageText.anchor(index, problem.code))\">\(PageText.isolated(problem.title))</a> "
                + "<span class=\"count\">\(Verdict.findings(problem.count))\(Verdict.about(problem))</span>: "
                + "<span class=\"example\">\(PageText.isolated(problem.example, limit: 200))</span></li>"
        }
        return
            "<div class=\"worst\"><h3>The worst problems</h3><ol>\(items.joined())</ol></div>"
    }

    /// What leads from the number of findings to the worst of them.
    private static func about(_ problem: Problem) -> String {
        guard problem.count.size > 1 else { return "" }
        guard problem.subjects.count > 1 else { return ", such as" }
        let named = problem.subjects.prefix(mostSubjects).map { PageText.isolated($0, limit: 60) }
        let rest = problem.subjects.count - named.count
        return ", in \(named.joined(separator: ", "))"
            + (rest > 0 ? " and <bdi>\(rest)</bdi> more" : "") + "; the worst"
    }

    /// What findings are about, the worst first, none twice.
    private static func subjects(_ findings: [Finding]) -> [String] {
        let ordered = findings.sorted {
            ($1.severity.rawValue, $1.score) < ($0.severity.rawValue, $0.score)
        }
        var seen: Set<String> = []
        return ordered.compactMap(\.subject).filter { seen.insert($0).inserted }
    }

    private static func findings(_ count: Cited) -> String {
        "\(count.drawn()) \(count.size == 1 ? "finding" : "findings")"
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

    private func problems(_ index: Int, _ analyzer: Cited) -> [Problem] {
        let result = report.results[index]
        return Dictionary(grouping: result.allFindings, by: \.code).map { code, findings in
            let worst = findings.max {
                ($0.severity.rawValue, $0.score) < ($1.severity.rawValue, $1.score)
            }
            return Problem(
                code: code, title: Report.title(of: code, result.identity),
                severity: worst?.severity ?? .info, count: analyzer["findings_by_code"][code],
                example: worst?.message ?? "", subjects: Verdict.subjects(findings))
        }.sorted {
            ($1.severity.rawValue, $1.count.size, $0.code)
                < ($0.severity.rawValue, $0.count.size, $1.code)
        }
    }

    private func steps(_ index: Int, _ analyzer: Cited) -> String {
        let problems = problems(index, analyzer)
        guard !problems.isEmpty else {
            return report.results[index].status == .ok ? "<p class=\"muted\">No findings.</p>" : ""
        }
        let notes = report.results[index].identity.codeNotes
        let items = problems.prefix(Verdict.mostSteps).map { problem -> String in
            let todo = notes[problem.code]?.todo ?? ""
            return
                "<li><span class=\"badge \(problem.severity.name)\">\(problem.severity.name)</span> "
                + "<a href=\"#\(PageText.anchor(index, problem.code))\">\(PageText.isolated(problem.title))</a> "
                + "<span class=\"count\">\(Verdict.findings(problem.count))</span>"
                + (todo.isEmpty ? "" : "<p>\(PageText.isolated(todo, limit: 240))</p>")
                + "\(command(for: problem.code, index).html)</li>"
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
