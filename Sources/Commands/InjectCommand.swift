import ArgumentParser
import JSONText
import Planning
import PluginHost
import Reading
import Records

/// `assay inject DATA -o OUT --noise KIND=RATE...`.
struct InjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inject",
        abstract:
            "Puts a known amount of noise into a dataset, with a ledger that takes it out again.",
        discussion: "Kinds of noise:\n"
            + NoiseKind.allCases.map { kind in
                "  \(kind.rawValue)"
                    + String(repeating: " ", count: 22 - kind.rawValue.utf8.count) + kind.summary
            }.joined(separator: "\n"))

    @Argument(help: "One file, or - for standard input.") var data: String
    @Option(name: .shortAndLong, help: "The file to write.") var output: String
    @Option(help: "A kind of noise and the share of records it changes, as typo=0.05; repeatable.")
    var noise: [String] = []
    @Option(help: "Seed of every random draw (default: 0).") var seed: UInt64 = 0
    @Option(help: "The ledger to write (default: OUT.ledger.jsonl).") var ledger: String?
    @Option(help: "Stated fields: prompt=A+B,response=…,label=…") var fields: String?

    func run() throws {
        let injector = try NoiseInjector(noise.map(InjectCommand.parse), seed: seed)
        guard !noise.isEmpty else {
            throw UsageError(
                "no noise was named", help: "for example --noise label-error=0.05")
        }
        guard try DatasetReader.files(of: [data]) == [data] else {
            throw UsageError("\(data): is a folder, expected a file", help: "name one of its files")
        }
        let ledgerPath = ledger ?? output + ".ledger.jsonl"
        try OutputPaths.check(inputs: [data], outputs: [output, ledgerPath])
        var options = ReadingOptions()
        options.fields = try RunSettings.fields(fields) ?? []
        let records = try RecordTexts(SourceBytes(path: data), options: options)
        let changes = try injector.changes(records)
        _ = try DatasetRewriter.write(
            records.source, sha256: records.summary.sha256,
            changes: changes.map { change in
                DatasetRewriter.Change(
                    row: change.row, span: records.spans[change.row],
                    bytes: try records.replacing(
                        change.piece, of: change.kind.column, change.row, with: change.text),
                    action: "inject",
                    account: JSONObject(
                        [
                            ("kind", .string(change.kind.rawValue)),
                            ("column", .string(change.kind.column.rawValue)),
                        ] + change.detail.members))
            }, to: output, ledger: ledgerPath, permissions: FileBytes.permissions(of: [data]))
        for kind in NoiseKind.allCases {
            let count = changes.reduce(0) { $0 + ($1.kind == kind ? 1 : 0) }
            if count > 0 { print("\(kind.rawValue): \(count) of \(records.count) records") }
        }
        if records.rejectedCount > 0 {
            print("copied as they are: \(records.rejectedCount) records that cannot be read")
        }
        print("written: \(output), \(ledgerPath)")
        print("undo: assay revert \(output) --ledger \(ledgerPath) -o FILE")
        print("score a report of it: assay score REPORT --ledger \(ledgerPath)")
    }

    private static func parse(_ text: String) throws -> (kind: NoiseKind, rate: Double) {
        let halves = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard let name = halves.first, let kind = NoiseKind(rawValue: name) else {
            let names = NoiseKind.allCases.map(\.rawValue)
            throw UsageError(
                "--noise has \"\(text)\", expected a kind of noise and a rate",
                help: Suggestion.nearest(to: halves.first ?? "", among: names).map {
                    "did you mean \($0)=0.05?"
                } ?? "kinds: \(names.joined(separator: ", "))")
        }
        guard halves.count == 2, let rate = Double(halves[1]) else {
            throw UsageError(
                "--noise has \"\(text)\", expected a rate after \(name)=",
                help: "for example \(name)=0.05")
        }
        return (kind, rate)
    }
}
