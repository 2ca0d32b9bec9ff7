public import ArgumentParser

/// The program.

public struct Assay: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "assay", abstract: "Measures a fine-tuning dataset and finds what is wrong with it.",
        version: "0.1.0",
        subcommands: [RunCommand.self, SchemaCommand.self, ExplainCommand.self, PluginsCommand.self])

    public init() {}
}
