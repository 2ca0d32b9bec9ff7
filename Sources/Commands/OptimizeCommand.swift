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
    @Option(
        help:
            "Goals, as 'noise.rate <= 0.02 && diversity.score >= 0.6': rounds go on until they hold."
    )
    var until: String?
    @Option(name: .customLong("max-rounds"), help: "Rounds at most (default: 1, with --until 5).")
    var maxRounds: Int?
    @Option(
        name: .customLong("min-gain"),
        help: "Least improvement of a goal's metric in a round, as a share of it (default: 0.001).")
    var minGain = 0.001
    @Option(
        help:
            "Records of the output at most: those that keep the most variety, after everything else, within what coverage wants."
    )
    var size: Int?
    @Option(
        help:
            "Mark copies, weights and added records in the data, under this key of the records (JSON alone)."
    )
    var mark: String?
    @OptionGroup(title: "Augmentation") var augmentation: AugmentationOptions

    func run() throws {
        guard let limit = PlanLimit(apply) else {
            throw UsageError(
                "--apply is \"\(apply)\", expected safe, all or a number from 0 to 1",
                help: "leave it out for safe")
        }
        try augmentation.check()
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
            inputs: settings.inputs,
            outputs: (dryRun ? [files.plan] : [output, files.plan, files.ledger])
                + (augmentation.isWanted
                    ? [files.refused, augmentation.generated ?? files.generated] : []))
        let most = maxRounds ?? (until == nil ? 1 : 5)
        guard most >= 1, !dryRun || most == 1 else {
            throw UsageError(
                "--max-rounds is \(most), expected at least 1, and 1 with --dry-run",
                help: "a plan that is not applied has no second round")
        }
        let isReadOnce = most == 1 && size == nil && !augmentation.isWanted
        if let role = settings.sources.first(where: {
            $0.paths.contains("-") && ($0.role == .pool || !isReadOnce)
        })?.role {
            throw UsageError(
                "--\(role.name) is standard input, which optimize has to read more than once here",
                help: "write it to a file first")
        }
        let records = try PlannedRecords(path: data, fields: settings.fields)
        if let mark {
            guard !mark.isEmpty, records.hasKeys else {
                throw UsageError(
                    "--mark is \"\(mark)\", but the records of \(data) have no keys, or the mark is empty",
                    help:
                        "marks need JSON records; the ledger and the plan have what a mark would say"
                )
            }
        }
        if let size { try OptimizeLoop.checkSize(size, settings, limit) }
        guard !augmentation.isWanted || limit.allowsAddition(1) else {
            throw UsageError(
                "--apply safe lets no new record in, but a generator or --rules was given",
                help: "add --apply all, or a least confidence")
        }
        var loop = OptimizeLoop(
            settings: settings, records: records, limit: limit, goal: try until.map(Gate.init),
            mostRounds: most, leastGain: minGain, isDry: dryRun, files: files,
            size: size, mark: mark,
            augmentation: augmentation.isWanted
                ? try Augmentation(augmentation, settings: settings, files: files) : nil)
        try loop.run()
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
    @Option(help: "Stated fields: prompt=A+B,response=…,label=…") var fields: String?

    func run() throws {
        guard let bytes = FileBytes.read(plan) else {
            throw UsageError(
                "\(plan): cannot be read", help: "name a plan that assay optimize wrote")
        }
        let paths = PlanPaths(output: output, plan: plan, ledger: ledger)
        try OutputPaths.check(inputs: [data, plan], outputs: [output, paths.ledger])
        let made = try Plan(bytes, name: self.plan)
        let stated = try RunSettings.fields(fields) ?? made.fields
        guard stated.elementsEqual(made.fields, by: ==) else {
            let own = made.fields.map { "\($0.part)=\($0.pointer)" }.joined(separator: ",")
            throw UsageError(
                "\(self.plan): was made for \(own.isEmpty ? "the fields that are found" : own), --fields is "
                    + (fields ?? ""),
                help: "leave out --fields: the plan knows them")
        }
        try PlannedRecords(path: data, fields: stated).apply(
            made, paths, OptimizeAccount(isJSON: false))
    }
}
