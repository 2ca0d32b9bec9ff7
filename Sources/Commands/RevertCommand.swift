import ArgumentParser
import Planning
import PluginHost
import Reading

/// `assay revert OUT --ledger FILE -o IN`.
struct RevertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revert",
        abstract:
            "Writes the dataset again as it was before, byte for byte, from output and ledger.")

    @Argument(help: "The file that was written with the ledger.") var output: String
    @Option(help: "Its ledger (default: OUT.ledger.jsonl).") var ledger: String?
    @Option(name: .customShort("o"), help: "The file to write.") var input: String

    func run() throws {
        let ledgerPath = ledger ?? output + ".ledger.jsonl"
        guard let bytes = FileBytes.read(ledgerPath) else {
            throw UsageError("\(ledgerPath): cannot be read", help: "name the ledger with --ledger")
        }
        try OutputPaths.check(inputs: [ledgerPath], outputs: [input])
        let account = try Ledger(bytes, name: ledgerPath)
        try DatasetRewriter.revert(
            SourceBytes(path: output), ledger: account, ledgerName: ledgerPath, to: input)
        print(
            "written: \(input), \(account.source.byteCount) bytes as in \(account.source.name), "
                + "\(account.entries.count) changes undone")
    }
}
