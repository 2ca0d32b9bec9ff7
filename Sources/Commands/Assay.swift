public import ArgumentParser

/// The program: `assay` with its commands.
public struct Assay: ParsableCommand {
    /// Name, version and commands.
    public static let configuration = CommandConfiguration(
        commandName: "assay",
        abstract: "Measures a fine-tuning dataset and finds what is wrong with it.",
        version: "0.1.0",
        subcommands: [
            RunCommand.self, OptimizeCommand.self, ApplyCommand.self, ReviewCommand.self,
            SchemaCommand.self,
            ExplainCommand.self, PluginsCommand.self, PluginCommand.self, DiffCommand.self,
            TaxonomyCommand.self, InjectCommand.self, ScoreCommand.self, RevertCommand.self,
        ])

    /// For the parser.
    public init() {}
}
