import ArgumentParser
import Glibc
import JSONText
import PluginHost
import Registry

/// `--registry`.
struct RegistryOption: ParsableArguments {
    @Option(
        help: "HOST[:PORT][/PREFIX], or oci:FOLDER (default: ASSAY_REGISTRY of the environment).")
    var registry: String?

    /// What was said.
    ///
    /// - Throws: `UsageError` when nothing was, `PluginError` for what is no address.
    func address() throws -> RegistryAddress {
        guard let text = registry ?? Installation.variable("ASSAY_REGISTRY") else {
            throw UsageError(
                "no registry was named",
                help: "--registry HOST[:PORT][/PREFIX] or oci:FOLDER, or set ASSAY_REGISTRY")
        }
        return try RegistryAddress(text)
    }

    /// Whether anything was said.
    var isStated: Bool { registry != nil || Installation.variable("ASSAY_REGISTRY") != nil }
}

/// What a manifest says, for people.
enum PluginFacts {
    /// What it says of itself is somebody else's word: no line of it can look like one of ours.
    static func show(_ manifest: Manifest) {
        func line(_ head: String, _ text: String) { print(head + PluginError.shown(text)) }
        line("\(manifest.id) \(manifest.version)  ", manifest.name)
        if !manifest.summary.isEmpty { line("", manifest.summary) }
        line("license:    ", manifest.license.isEmpty ? "not stated" : manifest.license)
        line("strategies: ", manifest.analyzers.map(\.strategy).joined(separator: ", "))
        let codes = manifest.analyzers.flatMap(\.codes).prefix(40).map {
            PluginError.shown("\($0.code) \($0.name)")
        }
        print("codes:      \(codes.joined(separator: ", "))")
        if !manifest.readablePaths.isEmpty {
            line("reads:      ", manifest.readablePaths.joined(separator: ", "))
        }
    }
}

/// `assay plugin sign ARCHIVE`.
struct PluginSignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Signs a packed plugin, in place of who signed it before.")

    @Argument(help: "What assay plugin pack wrote.") var archive: String
    @Option(help: "The private key.") var key: String
    @Option(name: .shortAndLong, help: "Where it goes (default: the same file).")
    var output: String?

    func run() throws {
        let signing = try SigningKey(path: key)
        let signed = try PluginStore.Archive(path: archive).signed(by: signing)
        try signed.write(to: output ?? archive)
        print("written:  \(output ?? archive)")
        print("signed:   \(signing.publicKey?.id ?? "")")
    }
}

/// `assay plugin publish ARCHIVE...`.
struct PluginPublishCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publishes a signed plugin in a registry, or in a folder in the OCI layout.",
        discussion:
            "Several archives of one version, one a platform, become one index. What is published stays: a version has "
            + "one content. Name and password come from ASSAY_REGISTRY_USER and ASSAY_REGISTRY_PASSWORD, or from what "
            + "container tools keep."
    )

    @Argument(help: "What assay plugin pack wrote, signed.") var archives: [String]
    @OptionGroup var registry: RegistryOption

    func run() throws {
        let published = try PublishedPlugin.publish(
            archives.map { try PluginStore.Archive(path: $0) }, to: registry.address())
        print("published: \(published.place):\(published.name.tag)")
        print("digest:    \(published.digest)")
        let place = registry.registry.map { " --registry \($0)" } ?? ""
        print(
            "install:   assay plugin install \(published.name.id)@\(published.name.version)\(place)"
        )
    }
}

/// `assay plugin info ID[@VERSION]`.
struct PluginInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Says what is installed of a plugin, and what the registry has of it.",
        discussion:
            "Of a version in a registry only its manifest is read; none of its code is fetched.")

    @Argument(help: "ID for what is there, ID@VERSION for one version in the registry.")
    var plugin: String
    @OptionGroup var registry: RegistryOption

    func run() throws {
        if let name = try PublishedName(plugin) {
            try show(name)
            return
        }
        guard Manifest.isReverseName(plugin) else {
            throw UsageError(
                "\(plugin): expected an id, or an id, @ and a version",
                help: "such as org.example.shouting, or org.example.shouting@1.0.0")
        }
        let entry = try Installation.catalog(named: []).entries.first { $0.manifest.id == plugin }
        if let entry {
            PluginFacts.show(entry.manifest)
            print("from:       \(entry.origin)")
            let locked = try Installation.pluginStore.lock().entries.first { $0.id == plugin }
            if let locked {
                print("source:     \(locked.source)")
                print("signed by:  \(locked.key)")
                print("manifest:   sha256:\(locked.manifestDigest)")
            }
        } else {
            print("\(plugin): is not installed")
        }
        var versions: [String] = []
        if registry.isStated {
            versions = try PublishedPlugin.versions(of: plugin, in: registry.address())
            print("published:  \(versions.isEmpty ? "none" : versions.joined(separator: ", "))")
        }
        if entry == nil, versions.isEmpty { throw ExitCode(2) }
    }

    private func show(_ name: PublishedName) throws {
        let plugin = try PublishedPlugin(name: name, in: registry.address())
        let (digest, manifest, envelopes) = try plugin.metadata()
        let store = Installation.pluginStore
        let signers = envelopes.compactMap {
            try? store.signer(ofManifest: manifest, envelope: $0, name: name.id).id
        }
        print(
            "signed by:  "
                + (signers.first
                    ?? (envelopes.isEmpty ? "nobody" : "a key that is not trusted for this id")))
        print("digest:     \(digest)")
        PluginFacts.show(try Manifest(manifest, path: "\(name.id)@\(name.version)/plugin.json"))
    }
}
