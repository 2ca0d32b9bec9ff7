import JSONText
import Orchestrator

/// A check of a bundle's files, without loading anything.
enum BundleCheck: String, CaseIterable, Sendable {
    case manifest = "manifest.words"
    case defaults = "manifest.defaults"
    case hashes = "files.hashes"
    case exports = "binary.exports"
    case relocations = "binary.relocations"
    case stack = "binary.stack"
    case libc = "binary.libc"
    case paths = "binary.paths"

    /// The rule, in the words of the ABI.
    var law: String {
        switch self {
        case .manifest: "a manifest says what its plugin is, to those who choose it"
        case .defaults: "every setting's default fits the setting"
        case .hashes: "files are what the manifest says they are"
        case .exports: "a library exports one symbol, assay_library_v1"
        case .relocations: "a library's code is not written to when it is loaded"
        case .stack: "a library asks for no executable stack"
        case .libc: "a library asks for no newer libc than its manifest says"
        case .paths: "a library looks for others in the system's folders and its own only"
        }
    }

    /// What it finds.
    func finding(_ manifest: Manifest, _ document: JSONValue) -> CheckFinding {
        switch self {
        case .manifest: return BundleCheck.words(manifest, document)
        case .defaults: return BundleCheck.defaults(manifest)
        case .hashes:
            guard document["files"] != nil else {
                return .skipped("it is not packed: its manifest has no hashes yet")
            }
            do {
                _ = try OpenedBundle.open(manifest, origin: .named)
                return .passed
            } catch let error as PluginError {
                return .failed(error.reason)
            } catch {
                return .failed("\(error)")
            }
        case .exports, .relocations, .stack, .libc, .paths: break
        }
        guard manifest.kind == .native else {
            return .skipped("its library is a plain one that knows nothing of assay")
        }
        guard let bytes = FileBytes.read(manifest.libraryPath, most: ElfFile.mostBytes) else {
            return .failed(
                "\(manifest.libraryPath) cannot be read as a file of at most \(ElfFile.mostBytes >> 20) MiB"
            )
        }
        guard let file = try? ElfFile(bytes) else {
            return .failed("\(manifest.libraryPath) is no shared library for this machine")
        }
        return finding(file, document)
    }

    private func finding(_ file: ElfFile, _ document: JSONValue) -> CheckFinding {
        switch self {
        case .exports:
            guard file.exports.contains(LoadedLibrary.entrySymbol) else {
                return .failed("it does not export \(LoadedLibrary.entrySymbol)")
            }
            let own = [LoadedLibrary.entrySymbol] + BundleCheck.linkerSymbols
            let others = file.exports.filter { !own.contains($0) }
            guard let first = others.first(where: { !file.weakExports.contains($0) }) else {
                guard let weak = others.first else { return .passed }
                return .warning(
                    "it also exports \(PluginError.shown(weak)) weakly, as templates of C++ are; a version script with "
                        + "{ global: \(LoadedLibrary.entrySymbol); local: *; } keeps them inside")
            }
            return .failed(
                "it also exports \(PluginError.shown(first))"
                    + (others.count == 1 ? "" : " and \(others.count - 1) more")
                    + "; compile with -fvisibility=hidden")
        case .relocations:
            return file.hasTextRelocations
                ? .failed("it has relocations in its code; compile with -fPIC") : .passed
        case .stack:
            return file.hasExecutableStack
                ? .failed("it asks for an executable stack; link with -z noexecstack") : .passed
        case .libc: return BundleCheck.libc(file, document)
        default:
            let outside = file.searchPaths.first { !$0.hasPrefix("$ORIGIN") }
            return outside.map {
                .warning("it looks for libraries in \(PluginError.shown($0)), which others lack")
            } ?? .passed
        }
    }

    /// What linkers put into every library.
    private static let linkerSymbols = ["__bss_start", "_edata", "_end", "_init", "_fini"]

    private static func libc(_ file: ElfFile, _ document: JSONValue) -> CheckFinding {
        func parts(_ text: String) -> [Int] { text.split(separator: ".").compactMap { Int($0) } }
        let prefix = "GLIBC_"
        let asked = file.symbolVersions.filter { $0.hasPrefix(prefix) }
            .map { String($0.dropFirst(prefix.count)) }
        guard
            let newest = asked.max(by: { parts($0).lexicographicallyPrecedes(parts($1)) })
        else { return .passed }
        guard let stated = document["requires"]?["glibc"]?.stringValue else {
            return CheckFinding(
                verdict: .passed, detail: "it needs glibc \(newest), which its manifest may say")
        }
        return parts(stated).lexicographicallyPrecedes(parts(newest))
            ? .failed("it needs glibc \(newest), its manifest says \(PluginError.shown(stated))")
            : .passed
    }

    private static let severities = Severity.allCases.map(\.name)

    private static func words(_ manifest: Manifest, _ document: JSONValue) -> CheckFinding {
        if let fault = ManifestKeys.faults(document).first {
            return .failed("\"\(fault.place)\" \(fault.message); \(fault.help)")
        }
        for analyzer in manifest.analyzers {
            if let code = analyzer.codes.first(where: { !severities.contains($0.severity) }) {
                return .failed(
                    "code \(code.code) has the severity \"\(PluginError.shown(code.severity))\", expected "
                        + severities.joined(separator: ", "))
            }
            if let code = analyzer.codes.first(where: { $0.help.isEmpty }) {
                return .warning("code \(code.code) has no help; assay explain has nothing to say")
            }
            if let code = analyzer.codes.first(where: { $0.title == nil }) {
                return .warning(
                    "code \(code.code) has no title; reports show \"\(PluginError.shown(code.name))\" in its place"
                )
            }
        }
        for key in ["name", "summary", "license"]
        where document[key]?.stringValue.map(\.isEmpty) ?? true {
            return .warning("\"\(key)\" is missing")
        }
        return .passed
    }

    private static func defaults(_ manifest: Manifest) -> CheckFinding {
        for analyzer in manifest.analyzers {
            let asked = analyzer.configuration.required.filter { name in
                !analyzer.configuration.properties.contains {
                    $0.name == name && $0.node.defaultValue != nil
                }
            }
            if let name = asked.first {
                return .warning(
                    "every user has to state \(name): it is required and has no default")
            }
            do {
                _ = try analyzer.configuration.resolve([:]) { _ in "the defaults of \(analyzer.id)"
                }
            } catch let error as PluginError {
                return .failed(error.reason)
            } catch {
                return .failed("\(error)")
            }
            for (name, node) in analyzer.configuration.properties {
                if let least = node.minimum, let most = node.maximum, least > most {
                    return .failed("\(name) has minimum \(least) and maximum \(most)")
                }
            }
        }
        return .passed
    }
}
