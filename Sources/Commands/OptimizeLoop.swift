import ArgumentParser
import Glibc
import JSONText
import Orchestrator
import Planning
import PluginHost
import Records
import Reports

/// Rounds of analysing, planning and applying, until a reason to stop.
struct OptimizeLoop {
    private let settings: RunSettings
    private let records: PlannedRecords
    private let limit: PlanLimit
    private let goal: Gate?
    private let mostRounds: Int
    private let leastGain: Double
    private let isDry: Bool
    private let files: PlanPaths
    private let size: Int?
    private let mark: String?
    private let augmentation: Augmentation?
    private let account: OptimizeAccount
    private var history: PlanHistory
    private var measured: [[Metric]] = []
    /// Where the records of the other roles lie.
    private var places: RecordPlaces?
    /// Records of the pool that the limit keeps out.
    private var notAdded = 0

    init(
        settings: RunSettings, records: PlannedRecords, limit: PlanLimit, goal: Gate?,
        mostRounds: Int, leastGain: Double, isDry: Bool, files: PlanPaths,
        size: Int?, mark: String?, augmentation: Augmentation?
    ) {
        self.mark = mark
        self.size = size
        self.augmentation = augmentation
        self.settings = settings
        self.records = records
        self.limit = limit
        self.goal = goal
        self.mostRounds = mostRounds
        self.leastGain = leastGain
        self.isDry = isDry
        self.files = files
        account = OptimizeAccount(isJSON: settings.isJSON)
        history = PlanHistory(rowCount: records.count)
    }

    /// Analyses and plans; in all but a dry run writes output, ledger and plan.
    ///
    /// One round without a goal is not measured again. Rounds go through a file beside the output, which does not
    /// stay.
    mutating func run() throws {
        if isMeasuredAgain || augmentation != nil || size != nil,
            let rows = [settings.embedding, settings.predictedProbabilities].compactMap(\.self)
                .first(where: { $0.hasSuffix(".npy") })
        {
            throw UsageError(
                "\(rows): has a row for every record, which does not hold for changed data",
                help:
                    "give them as a field of the records (field:NAME), or take one round that makes and selects nothing"
            )
        }
        // Under the data's own name, by which its records may be told.
        let scratch =
            isMeasuredAgain || augmentation != nil || size != nil
            ? try ScratchFolder(beside: isDry ? files.plan : files.output) : nil
        defer { withExtendedLifetime(scratch) {} }
        let path = scratch?.file(name) ?? ""
        var round = 0
        var proposed: [PlanVoice.Action: Int] = [:]
        var reason: StopReason?
        while reason == nil {
            let results = try analyze(round == 0 ? nil : path)
            let metrics = Gate.metrics(of: results)
            let gain = goal.flatMap { goal in
                measured.last.map { goal.gain(from: $0, to: metrics) }
            }
            measured.append(metrics)
            reason = StopReason.afterAnalysis(
                isGoalMet: try goal.map { try !$0.evaluate(metrics).passed } ?? false,
                round: round, mostRounds: mostRounds, gain: gain, leastGain: leastGain)
            guard reason == nil else { break }
            let voices = OptimizeLoop.voices(results, rowCount: history.origins.count)
            proposed = Dictionary(voices.map { ($0.action, 1) }, uniquingKeysWith: +)
            let lines = PlanResolver(limit: limit, badness: OptimizeLoop.badness(results))
                .resolve(voices)
            let origins = history.origins
            var addition = history.add(lines)
            addition.changes += history.add(try additions(results)).changes
            let plan = records.plan(history, limit: limit)
            let refused = records.refused(plan)
            records.warn(of: refused, plan)
            history.giveUp(refused)
            addition.changes += try made(results, lines, origins, round == 0 ? nil : path, scratch)
            reason = StopReason.afterPlan(addition)
            guard reason == nil else { break }
            round += 1
            guard isMeasuredAgain else { break }
            try records.writeTrial(records.plan(history, limit: limit), to: path)
        }
        if let size, try select(size, path), isMeasuredAgain {
            measured.append(Gate.metrics(of: try analyze(path)))
        }
        try conclude(reason, rounds: round, proposed: proposed)
    }

    /// The setting by which a plugin is asked for a subset.
    private static let subset = "subset_size"

    /// Refuses a size that nobody can select.
    static func checkSize(_ size: Int, _ settings: RunSettings, _ limit: PlanLimit) throws {
        guard size >= 1 else {
            throw UsageError("--size is \(size), expected at least 1", help: "leave it out for all")
        }
        guard limit.allowsAddition(1) else {
            throw UsageError(
                "--apply safe leaves nothing out of a selection, but --size was given",
                help: "add --apply all, or a least confidence")
        }
        let chosen = try RunPlan.analyzers(settings)
        guard
            chosen.contains(where: { chosen in
                chosen.analyzer.configuration.properties.contains { $0.name == subset }
            })
        else {
            throw UsageError(
                "--size was given, but no chosen plugin selects a subset (setting \(subset))",
                help: "choose diversity among the --plugins")
        }
    }

    /// Leaves out of the data as it is planned what a subset does not need; whether there was anything.
    private mutating func select(_ size: Int, _ path: String) throws -> Bool {
        guard history.origins.count > size else { return false }
        try records.writeTrial(records.plan(history, limit: limit), to: path)
        var own = settings.reading(path, review: movedReview)
        own.stated.append(
            StatedSetting(owner: nil, key: OptimizeLoop.subset, value: JSONValue(size)) { _ in
                "--size"
            })
        let voices = OptimizeLoop.voices(
            try Analysis(settings: own).trial(recordCount: history.origins.count),
            rowCount: history.origins.count)
        history.leaveOut(
            PlanResolver(limit: limit).resolve(
                voices.filter { $0.action == .keep || $0.action == .drop && $0.isDrawn }))
        if history.origins.count > size {
            Diagnostics.line(
                "warning: \(history.origins.count) records stay, --size is \(size): the others are among the "
                    + "last of a cell")
        }
        try records.writeTrial(records.plan(history, limit: limit), to: path)
        return true
    }

    /// Adds records that are made for what is still missing; says how many.
    private mutating func made(
        _ results: [AnalyzerResult], _ lines: [PlanLine], _ origins: [Int], _ path: String?,
        _ scratch: ScratchFolder?
    ) throws -> Int {
        guard let augmentation, let scratch else { return 0 }
        let trials = try ScratchFolder(beside: scratch.file("trial"))
        defer { withExtendedLifetime(trials) {} }
        let trial = trials.file(name)
        let (records, limit, known) = (records, limit, history)
        let additions = try augmentation.additions(
            results, places: places,
            current: try path.map { try PlannedRecords(path: $0, fields: settings.fields).records }
                ?? records.records,
            lines: lines, allows: limit.allowsAddition, origins: origins,
            earlier: known.everAdded, path: trial
        ) { additions in
            var history = known
            guard history.add(additions).changes == additions.count else {
                throw UsageError(
                    "a new record was added twice",
                    help: "this is a fault of assay; please report it")
            }
            try records.writeTrial(records.plan(history, limit: limit), to: trial)
            return history.origins.count
        }
        return history.add(additions).changes
    }

    /// The name of the data's file, of a compressed one that of what it holds.
    private var name: String {
        let name = records.name.split(separator: "/").last.map(String.init) ?? "data"
        let ending = [".gz", ".zst"].first { name.hasSuffix($0) && name != $0 }
        return String(name.dropLast(ending?.count ?? 0))
    }

    private var isMeasuredAgain: Bool { !isDry && (goal != nil || mostRounds > 1) }

    /// Decisions about the data as it is planned; those that a change has answered are done.
    private var movedReview: ReviewFile? {
        settings.review?.moved(to: history.origins) { history.lines[$0]?.action == .change }
    }

    private mutating func analyze(_ path: String?) throws -> [AnalyzerResult] {
        var own = settings
        if let path {
            own = settings.reading(path, review: movedReview)
            // What is written in the end is what this round left.
            own.shownNames = [path: files.output]
        }
        let (status, results, recordCount, places) = try Analysis(
            settings: own, earlierRounds: measured, isSilent: account.isJSON
        ).runKeepingResults()
        self.places = places
        // A gate that fails is what optimising is for; anything else leaves the data as it is.
        guard status == 0 || status == 1 else {
            let failed = results.filter { $0.status != .ok }
            if status == 3, !failed.isEmpty {
                Diagnostics.line(
                    "error: nothing was written: "
                        + (failed[0].error ?? "\(failed[0].identity.id) did not end well"))
                Diagnostics.line(
                    "help: mend the plugin, or leave it out with --plugins; the report is in "
                        + settings.out)
            }
            throw ExitCode(status)
        }
        try Analysis.check(recordCount, history.origins.count)
        return results
    }

    /// Records of the pool that analyzers ask for, in their order, each once.
    private mutating func additions(_ results: [AnalyzerResult]) throws -> [PlanAddition] {
        var asked: [(proposal: Proposal, identity: AnalyzerIdentity)] = []
        var seen: Set<Int> = []
        var held: Set<Int> = []
        for result in results {
            for proposal in result.output.proposals
            where proposal.role == .pool && proposal.action == .augment {
                guard let row = proposal.row else { continue }
                if !limit.allowsAddition(proposal.confidence) {
                    held.insert(row)
                } else if seen.insert(row).inserted {
                    asked.append((proposal, result.identity))
                }
            }
        }
        notAdded = held.subtracting(seen).count
        guard !asked.isEmpty else { return [] }
        let taken = try records.taken(
            asked.compactMap(\.proposal.row), at: places, fields: settings.fields)
        if taken.count < asked.count {
            Diagnostics.line(
                "warning: \(asked.count - taken.count) records of the pool are not added: they are laid out "
                    + "otherwise than the data")
        }
        return asked.compactMap { proposal, identity in
            guard let row = proposal.row, let found = taken[row] else { return nil }
            return PlanAddition(
                record: found.record,
                origin: .pool(file: found.file, line: found.line, row: row),
                because: [
                    "code": .string(proposal.code), "action": "augment",
                    "analyzer": .string(identity.id), "version": .string(identity.version),
                    "confidence": .number(proposal.confidence),
                ], explanation: "added from the pool for \(proposal.text)")
        }
    }

    private func conclude(
        _ reason: StopReason?, rounds: Int, proposed: [PlanVoice.Action: Int]
    ) throws {
        let plan = records.plan(history, limit: limit, mark: mark)
        try records.write(plan, to: files.plan)
        report(plan, proposed: rounds == 1 ? proposed : [:])
        try augmentation?.conclude(account)
        if let reason, isMeasuredAgain {
            account.tell(
                "stopped after \(rounds) round\(rounds == 1 ? "" : "s"): \(reason.text)", "stopped",
                ["rounds": JSONValue(rounds), "reason": .string(reason.text)])
            goals()
        }
        account.tell("plan: \(files.plan)", "plan", .string(files.plan))
        if !isDry { try records.apply(plan, files, account) }
        account.conclude()
    }

    /// The metrics of the goals by round.
    private func goals() {
        var lines: [String] = []
        var byName: [(String, JSONValue)] = []
        for name in goal?.names ?? [] {
            let values = measured.map { metrics in metrics.first { $0.name == name }?.value }
            let texts = values.map { value in
                value.map { JSONWriter.text(of: ($0 * 10_000).rounded() / 10_000) } ?? "-"
            }
            byName.append((name, .array(values.map { $0.map { .number($0) } ?? .null })))
            lines.append("\(name): \(texts.joined(separator: ", "))")
        }
        if !lines.isEmpty {
            account.tell(
                lines.joined(separator: "\n"), "goals", .object(JSONObject(byName)))
        }
    }

    /// What the analyzers propose for rows of the data.
    static func voices(_ results: [AnalyzerResult], rowCount: Int) -> [PlanVoice] {
        results.flatMap { result -> [PlanVoice] in
            var found: Set<RowCode> = []
            for finding in result.allFindings where finding.role == .data {
                if let row = finding.row { found.insert(RowCode(row: row, code: finding.code)) }
            }
            return result.output.proposals.compactMap { proposal in
                guard proposal.role == .data, let row = proposal.row,
                    let action = PlanVoice.Action(rawValue: proposal.action.name)
                else { return nil }
                return PlanVoice(
                    analyzer: result.identity.id, version: result.identity.version,
                    // Of a code with more findings than are kept some are counted alone.
                    isDrawn: !found.contains(RowCode(row: row, code: proposal.code))
                        && result.output.truncated[proposal.code] == nil,
                    code: proposal.code,
                    action: action, row: row,
                    group: action != .drop || proposal.group <= UInt64(rowCount)
                        ? proposal.group : 0,
                    confidence: proposal.confidence,
                    number: proposal.number, column: proposal.column, text: proposal.text)
            }
        }
    }

    /// What a finding is about.
    private struct RowCode: Hashable {
        let row: Int
        let code: String
    }

    /// The worst that noise says of each row.
    private static func badness(_ results: [AnalyzerResult]) -> [Int: Double] {
        var badness: [Int: Double] = [:]
        for result in results where result.identity.strategy == "noise" {
            for finding in result.allFindings where finding.role == .data {
                guard let row = finding.row else { continue }
                let weight = Double(finding.severity.rawValue) / Double(Severity.high.rawValue)
                badness[row] = max(badness[row] ?? 0, finding.score * weight)
            }
        }
        return badness
    }

    private func report(_ plan: Plan, proposed: [PlanVoice.Action: Int]) {
        for action in PlanLine.Action.allCases {
            let count = plan.lines.count { $0.action == action }
            guard count > 0 else { continue }
            let words =
                switch action {
                case .drop: "left out"
                case .change: "changed"
                case .duplicate: "repeated"
                case .weight: plan.mark == nil ? "weighted, in the plan alone" : "weighted"
                case .review: "left for review"
                }
            account.tell(
                "\(words): \(count) of \(plan.contents.count) records", action.rawValue,
                JSONValue(count))
        }
        if !plan.additions.isEmpty {
            let made = plan.additions.count {
                if case .made = $0.origin { true } else { false }
            }
            let parts = [(plan.additions.count - made, "of the pool"), (made, "made")]
            account.tell(
                "added: "
                    + parts.filter { $0.0 > 0 }.map { "\($0.0) records \($0.1)" }
                    .joined(separator: ", "), "added",
                ["pool": JSONValue(parts[0].0), "made": JSONValue(made)])
        }
        var left = proposed
        for line in plan.lines {
            for voice in line.because { left[voice.action, default: 0] -= 1 }
            for entry in line.overruled { left[entry.voice.action, default: 0] -= 1 }
        }
        left[.keep] = nil
        let counts = PlanVoice.Action.allCases.compactMap { action in
            left[action].flatMap { $0 > 0 ? (action.rawValue, $0) : nil }
        }
        if !counts.isEmpty {
            account.tell(
                "not applied: " + counts.map { "\($1) \($0)" }.joined(separator: ", ")
                    + ", which --apply \(plan.limit) does not allow or which would take the last "
                    + "records of a cell", "not_applied",
                .object(JSONObject(counts.map { ($0, JSONValue($1)) })))
        }
        if notAdded > 0 {
            account.tell(
                "not added: \(notAdded) records of the pool that would fill gaps, which --apply "
                    + "\(plan.limit) does not allow", "not_added", JSONValue(notAdded))
        }
    }
}
