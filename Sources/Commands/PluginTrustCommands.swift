import ArgumentParser
import PluginHost

/// `assay plugin key FILE`.
struct PluginKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Makes a key to sign plugins with.",
        discussion:
            "FILE is yours alone; FILE.pub is for those who are to trust your plugins.")

    @Argument(help: "Where the private key goes.") var file: String

    func run() throws {
        let key = try PluginStore.makeKey(file)
        print("written: \(file) (keep it), \(file).pub (give it away)")
        print("key:     \(key.id)")
    }
}

/// `assay plugin pack BUNDLE`.
struct PluginPackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Writes a bundle's folder as one file, with the hash of everything in it.",
        discussion:
            "The same bundle gives the same bytes. A signature covers the manifest, and with it every file."
    )

    @Argument(help: "The folder with plugin.json and the library.") var bundle: String
    @Option(name: .shortAndLong, help: "The file (default: ID-VERSION.tar.gz).") var output: String?
    @Option(help: "Sign with this private key.") var key: String?

    func run() throws {
        let manifest = try Manifest(path: bundle + "/plugin.json")
        let signing = try key.map { try SigningKey(path: $0) }
        let path = output ?? "\(manifest.id)-\(manifest.version).tar.gz"
        let digest = try PluginStore.pack(bundle, to: path, key: signing)
        print("written:  \(path)")
        print("manifest: sha256:\(digest)")
        print("signed:   \(signing?.publicKey?.id ?? "no; nobody can install it so: --key FILE")")
    }
}

/// `assay plugin trust KEY`.
struct PluginTrustCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust",
        abstract: "Lists the keys you trust, adds one for a namespace, or removes one.")

    @Argument(help: "A public key's file.") var key: String?
    @Option(help: "What it may sign: org.example is for org.example.shouting.")
    var namespace: String?
    @Option(help: "Trust this key no longer, by its id.") var remove: String?

    func run() throws {
        var store = try Installation.pluginStore.trust()
        if let remove {
            guard try store.remove(id: remove) else {
                throw UsageError(
                    "\(remove): is not among the trusted keys",
                    help: "assay plugin trust lists them")
            }
        }
        if let key {
            guard let namespace else {
                throw UsageError(
                    "--namespace is missing: no key is trusted for everything",
                    help: "name the beginning of the ids, such as --namespace org.example")
            }
            guard Manifest.isReverseName(namespace) else {
                throw UsageError(
                    "--namespace is \"\(namespace)\", expected two parts or more in small letters",
                    help: "such as org.example")
            }
            try store.add(PublicKey(path: key), namespace: namespace)
        } else if namespace != nil {
            throw UsageError(
                "--namespace is there without a key", help: "name the key's file first")
        }
        for entry in store.entries {
            print("\(entry.key.id)  \(entry.namespaces.joined(separator: ", "))")
        }
        if store.entries.isEmpty { print("no key is trusted") }
    }
}

/// `assay plugin verify ARCHIVE`.
struct PluginVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Says whether an archive would be installed, and what it is; installs nothing.")

    @Argument(help: "What assay plugin pack wrote.") var archive: String
    @Flag(help: "As install --allow-older would see it.") var allowOlder = false

    func run() throws {
        let catalog = try Installation.catalog(named: [])
        let (manifest, signer) = try Installation.pluginStore.verify(
            archive: PluginStore.Archive(path: archive), allowsOlder: allowOlder,
            conflict: catalog.conflict)
        PluginFacts.show(manifest)
        print("signed by:  \(signer.id)")
    }
}

/// `assay plugin install ARCHIVE`.
struct PluginInstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Installs a plugin that a trusted key has signed.",
        discussion: "What is refused leaves nothing behind.")

    @Argument(help: "What assay plugin pack wrote, or ID@VERSION of the registry.")
    var plugin: String
    @OptionGroup var registry: RegistryOption
    @Flag(help: "Also an older version than the one installed, or another content of the same.")
    var allowOlder = false

    func run() throws {
        let catalog = try Installation.catalog(named: [])
        let archive =
            try PublishedName(plugin).map {
                try PublishedPlugin(name: $0, in: registry.address()).archive(
                    trustedBy: Installation.pluginStore)
            } ?? PluginStore.Archive(path: plugin)
        let manifest = try Installation.pluginStore.install(
            archive: archive, allowsOlder: allowOlder, conflict: catalog.conflict)
        print("installed: \(manifest.id) \(manifest.version)")
        print("use:       assay run data.jsonl, which runs every installed plugin")
    }
}

/// `assay plugin remove ID`.
struct PluginRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Removes an installed plugin.")

    @Argument(help: "Its id.") var id: String

    func run() throws {
        print("removed: \(id) \(try Installation.pluginStore.remove(id: id))")
    }
}
