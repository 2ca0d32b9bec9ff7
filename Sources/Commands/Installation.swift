import Glibc
import PluginHost
import Reports

/// Where the program's own parts are, from the place of its executable.
enum Installation {
    /// `bin` of the installation, or the build folder.
    static var folder: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(
            decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }

    static var worker: String {
        let candidates = ["\(folder)/../libexec/assay/assay-worker", "\(folder)/assay-worker"]
        return candidates.first { access($0, X_OK) == 0 } ?? candidates[0]
    }

    /// The plugin that runs foreign ones.
    static func foreignAdapter() throws -> OpenedBundle {
        try OpenedBundle.open(
            Manifest(path: "\(folder)/../lib/assay/foreign/plugin.json"), origin: .builtIn)
    }

    /// Verifies a plugin: what the user installed is held to more than what the user points at.
    static func open(_ entry: PluginCatalog.Entry) throws -> OpenedBundle {
        let origin: OpenedBundle.Origin =
            switch entry.origin {
            case installedOrigin:
                .installed(try pluginStore.trust(), try pluginStore.lock())
            case ownOrigin: .builtIn
            default: .named
            }
        return try OpenedBundle.open(entry.manifest, origin: origin)
    }

    private static let installedOrigin = "user"
    private static let ownOrigin = "installation"

    /// What `assay plugin install` fills: in `XDG_DATA_HOME` and `XDG_CONFIG_HOME`, or their places in the user's home.
    static var pluginStore: PluginStore {
        func place(_ name: String, _ fallback: String) -> String {
            if let path = getenv(name).map({ String(cString: $0) }), path.hasPrefix("/") {
                return path
            }
            return (getenv("HOME").map { String(cString: $0) } ?? "/nowhere") + "/" + fallback
        }
        return PluginStore(
            root: place("XDG_DATA_HOME", ".local/share") + "/assay/plugins",
            trustPath: place("XDG_CONFIG_HOME", ".config") + "/assay/trusted-keys.json")
    }

    /// What the environment has under a name.
    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// What authors of plugins build with.
    static var sdk: String {
        let path = "\(folder)/../share/assay/sdk"
        let absolute = realpath(path, nil)
        defer { free(absolute) }
        return absolute.map { String(cString: $0) } ?? path
    }

    /// The built-in embedding table.
    static var embedding: String { "\(folder)/../lib/assay/embeddings/minilm-l6-256" }

    /// Where records beyond the memory budget lie: `/var/tmp` is on a disk where `/tmp` may be memory.
    static var spillFolder: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp" }

    /// What a worker is given of the environment: the toolchain's libraries, and the sanitizers'
    /// options when a sanitizer build runs.
    static var workerEnvironment: [String] {
        let names = ["LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"]
        return names.compactMap { name in
            getenv(name).map { name + "=" + String(cString: $0) }
        }
    }

    /// All of the environment, for a program of the user's own.
    static var environment: [String] {
        var found: [String] = []
        var next = environ
        while let text = next.pointee {
            found.append(String(cString: text))
            next += 1
        }
        return found
    }

    /// The key of a model's endpoint.
    static var endpointKey: String? {
        getenv("ASSAY_API_KEY").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// How the summary may look on standard output: colours on a terminal only, and not where
    /// `NO_COLOR` is set.
    static var terminalStyle: TerminalReport.Style {
        guard isatty(1) == 1 else { return TerminalReport.Style() }
        var size = winsize()
        let isKnown = ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 40
        return TerminalReport.Style(
            width: isKnown ? Int(size.ws_col) : 100, isColoured: getenv("NO_COLOR") == nil)
    }

    /// Every plugin that can be found.
    static func catalog(named: [String]) throws -> PluginCatalog {
        var roots: [(path: String, origin: String)] = []
        if let path = getenv("ASSAY_PLUGIN_PATH") {
            roots += String(cString: path).split(separator: ":").map {
                (String($0), "ASSAY_PLUGIN_PATH")
            }
        }
        roots.append((pluginStore.root, installedOrigin))
        roots.append(("\(folder)/../lib/assay/plugins", ownOrigin))
        let catalog = try PluginCatalog(named: named, roots: roots)
        for error in catalog.damaged {
            Diagnostics.line("warning: a plugin is left out: \(error.reason)")
            Diagnostics.line("help: \(error.help)")
        }
        for (entry, reason) in catalog.refused {
            Diagnostics.line(
                "warning: \(entry.manifest.id) \(entry.manifest.version) (\(entry.origin)) is left out: \(reason)"
            )
        }
        return catalog
    }
}
