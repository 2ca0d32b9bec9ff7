import ArgumentParser

/// What an analysis is asked, by whichever command.
struct RunOptions: ParsableArguments {
    @Argument(help: "Files, folders, or - for standard input.") var data: [String] = []
    @Option(help: "Strategies, ids or globs, separated by commas.") var plugins: String?
    @Option(help: "Add a plugin: a bundle folder, a plugin.json or a .so.")
    var plugin: [String] = []
    @Option(help: "A sample of real use.") var reference: [String] = []
    @Option(help: "Known good records.") var trusted: [String] = []
    @Option(help: "Candidates to add.") var pool: [String] = []
    @Option(help: "Records that must not leak into the data.") var eval: [String] = []
    @Option(help: "A taxonomy file (YAML).") var taxonomy: String?
    @Option(help: "Decisions about earlier findings (JSON lines).") var review: String?
    @Option(
        help: "A model2vec folder, field:NAME of the records, or a .npy file (default: built in).")
    var embedding: String?
    @Option(
        name: .customLong("pred-probs"),
        help: "Your model's probabilities of the labels: a .npy file, or field:NAME of the records."
    )
    var predProbs: String?
    @Option(help: "A YAML file that holds these options; the command line wins.")
    var config: String?
    @Option(help: "A setting: strategy.key=value or analyzer-id.key=value.") var set: [String] = []
    @Option(help: "Stated fields: prompt=A+B,response=…,label=…") var fields: String?
    @Option(help: "The report's folder (default: assay-report).") var out: String?
    @Option(help: "Threads of the run (default: all processors).") var threads: Int?
    @Option(
        help:
            "Memory for records, as 256MB; more goes to a file (default: half of all, 1GiB at most)."
    )
    var memory: String?
    @Option(help: "Seed of every random draw (default: 0).") var seed: UInt64?
    @Option(help: "process or none (default: process).") var isolation: String?
    @Option(help: "text or json on standard output (default: text).") var format: String?
    @Option(
        name: .customLong("fail-on"), help: "A gate, such as 'noise.rate > 0.05'; repeatable.")
    var failOn: [String] = []
    @Option(
        name: .customLong("allow-rejects"),
        help: "Malformed records that are no failure: a number or a percentage (default: 0).")
    var allowRejects: String?
    @Option(name: .customLong("batch-rows"), help: .hidden) var batchRows = 4096
    @Option(name: .customLong("call-seconds"), help: .hidden) var callSeconds: Double?
    @Flag(name: .customLong("reload-partials"), help: .hidden) var reloadPartials = false
    @Flag(help: "No progress.") var quiet = false
}

/// `assay run DATA...`.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Analyses a dataset and writes a report.")

    @OptionGroup var options: RunOptions

    func run() throws {
        let status = try Analysis(settings: RunSettings(options)).run()
        if status != 0 { throw ExitCode(status) }
    }
}
