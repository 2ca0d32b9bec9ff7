import ArgumentParser
import JSONText
import Orchestrator
import Planning
import PluginHost
import Reading
import Records

/// `assay optimize DATA -o OUT`.
struct OptimizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "optimize",
        abstract: "Makes one plan of what the analyzers propose, and writes a better dataset.",
        discussion: """
            Every record that is not changed is copied byte for byte, and a ledger leads back: assay revert OUT.
            Only what loses nothing is applied unless --apply says otherwise.
            """)

    @OptionGroup var options: RunOptions
    @Option(name: .shortAndLong, help: "The file to write.") var output: String?
    @Option(
        help:
            "safe: exact copies, records that are certainly worthless, repairs (default). all: what is likelier right than wrong. Or a least confidence, 0 to 1."
    )
    var apply = "safe"
    @Option(help: "The plan to write (default: OUT.plan.jsonl).") var plan: String?
    @Option(help: "The ledger to write (default: OUT.ledger.jsonl).") var ledger: String?
    @Flag(name: .customLong("dry-run"), help: "Write the plan alone.") var dryRun = false

    func run() throws {
        guard let limit = PlanLimit(apply) else {
            throw UsageError(
                "--apply is \"\(apply)\", expected safe, all or a number from 0 to 1",
                help: "leave it out for safe")
        }
        let settings = try RunSettings(options)
        let paths = settings.sources.first { $0.role == .data }?.paths ?? []
        guard paths.count == 1, let data = paths.first,
            try DatasetReader.files(of: [data]) == [data], data != "-"
        else {
            throw UsageError(
                "optimize takes one file, found \(paths.joined(separator: ", "))",
                help: "name one file; join several into one before")
        }
        guard let output = output ?? (dryRun ? data + ".optimized" : nil) else {
            throw UsageError(
                "no file to write was named", help: "assay optimize \(data) -o OUT, or --dry-run")
        }
        let files = PlanPaths(output: output, plan: plan, ledger: ledger)
        try OutputPaths.check(
            input: data,
            outputs: dryRun ? [files.plan] : [output, files.plan, files.ledger])
        let analysis = Analysis(settings: settings)
        let (status, results) = try analysis.runKeepingResults()
        // A gate that fails is what optimising is for; anything else leaves the data as it is.
        guard status == 0 || status == 1 else { throw ExitCode(status) }
        let records = try PlannedRecords(path: data, fields: settings.fields)
        let voices = OptimizeCommand.voices(results, rowCount: records.count)
        let lines = PlanResolver(limit: limit, badness: OptimizeCommand.badness(results))
            .resolve(voices)
        let made = records.plan(lines, limit: limit)
        try records.write(made, to: files.plan)
        OptimizeCommand.report(made, voices: voices)
        print("plan: \(files.plan)")
        guard !dryRun else { return }
        try records.apply(made, files)
    }

    /// What the analyzers propose for rows of the data.
    static func voices(_ results: [AnalyzerResult], rowCount: Int) -> [PlanVoice] {
        results.flatMap { result in
            result.output.proposals.compactMap { proposal in
                guard proposal.role == .data, let row = proposal.row,
                    let action = PlanVoice.Action(rawValue: proposal.action.name)
                else { return nil }
                return PlanVoice(
                    analyzer: result.identity.id, version: result.identity.version,
                    strategy: result.identity.strategy, code: proposal.code, action: action,
                    row: row, group: proposal.group <= UInt64(rowCount) ? proposal.group : 0,
                    confidence: proposal.confidence,
                    number: proposal.number, column: proposal.column, text: proposal.text)
            }
        }
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

    private static func report(_ plan: Plan, voices: [PlanVoice]) {
        for action in PlanLine.Action.allCases {
            let count = plan.lines.count { $0.action == action }
            guard count > 0 else { continue }
            let words =
                switch action {
                case .drop: "left out"
                case .change: "changed"
                case .duplicate: "repeated"
                case .weight: "weighted, in the plan alone"
                case .review: "left for review"
                }
            print("\(words): \(count) of \(plan.contents.count) records")
        }
        let followed = plan.lines.reduce(0) { $0 + $1.because.count + $1.overruled.count }
        let left = voices.count - followed
        if left > 0 {
            print("not applied: \(left) proposals that --apply \(plan.limit) does not allow")
        }
    }
}

/// `assay apply DATA --plan PLAN -o OUT`.
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Applies a plan to the file that it was made for.")

    @Argument(help: "The file that the plan was made for.") var data: String
    @Option(help: "The plan.") var plan: String
    @Option(name: .shortAndLong, help: "The file to write.") var output: String
    @Option(help: "The ledger to write (default: OUT.ledger.jsonl).") var ledger: String?
    @Option(help: "Stated fields: prompt=…,response=…,label=…") var fields: String?

    func run() throws {
        guard let bytes = FileBytes.read(plan) else {
            throw UsageError(
                "\(plan): cannot be read", help: "name a plan that assay optimize wrote")
        }
        let paths = PlanPaths(output: output, plan: plan, ledger: ledger)
        try OutputPaths.check(input: data, outputs: [output, paths.ledger])
        try OutputPaths.check(input: plan, outputs: [output, paths.ledger])
        let records = try PlannedRecords(
            path: data, fields: try RunSettings.fields(fields) ?? [])
        try records.apply(try Plan(bytes, name: plan), paths)
    }
}
