import ArgumentParser
import PluginHost

/// `assay plugin …`.
struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin",
        abstract: "Writes, checks, packs, signs, publishes, installs and removes plugins.",
        subcommands: [
            PluginNewCommand.self, PluginSDKCommand.self, PluginCheckCommand.self,
            PluginKeyCommand.self,
            PluginPackCommand.self, PluginSignCommand.self, PluginPublishCommand.self,
            PluginInfoCommand.self, PluginTrustCommand.self, PluginVerifyCommand.self,
            PluginInstallCommand.self, PluginRemoveCommand.self,
        ])
}

/// `assay plugin new ID`.
struct PluginNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Writes a plugin to begin with: it builds and runs as it is.")

    @Argument(help: "Its id, in reverse DNS: org.example.shouting.") var id: String
    @Option(help: "c, swift, or foreign (a plain C function and a manifest).") var language: String
    @Option(help: "The strategy it belongs to (default: noise).") var strategy = "noise"
    @Option(name: .shortAndLong, help: "The folder (default: the last part of the id).")
    var output: String?

    func run() throws {
        let template = try PluginTemplate(id: id, language: language, strategy: strategy)
        let folder = output ?? template.name
        try template.write(to: folder)
        print("written: \(folder)")
        print("next:    cd \(folder) && make && assay plugin check bundle")
        print("read:    \(folder)/README.md")
    }
}

/// `assay plugin sdk`.
struct PluginSDKCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sdk",
        abstract: "Prints the folder of headers and Swift package that plugins are built with.")

    func run() throws {
        guard (try? FolderWalk.entries(below: Installation.sdk).isEmpty) == false else {
            throw UsageError(
                "\(Installation.sdk): the SDK is not installed",
                help: "install assay with make install, which brings it")
        }
        print(Installation.sdk)
    }
}
