import CAssay
import CLinux
import Glibc

/// A plugin's library in this process.
///
/// It is never unloaded: a Swift library cannot be.
struct LoadedLibrary {
    /// The symbol every plugin exports.
    static let entrySymbol = "assay_library_v1"

    let table: assay_library

    /// Loads the library and checks its table.
    ///
    /// - Throws: `PluginError` that names the file.
    init(path: String) throws {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw PluginError(
                "\(path): is no plain file, expected a shared library",
                help: "correct \"library\" in the manifest")
        }
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            var reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
            if reason.hasPrefix(path + ": ") { reason.removeFirst(path.count + 2) }
            throw PluginError(
                "\(path): cannot be loaded: \(reason)", help: "build it again for this machine")
        }
        guard let symbol = dlsym(handle, LoadedLibrary.entrySymbol) else {
            throw PluginError(
                "\(path): exports no \(LoadedLibrary.entrySymbol)",
                help: "define it with ASSAY_EXPORT; it is the library's only entry point")
        }
        guard let pointer = clx_call_entry(symbol) else {
            throw PluginError(
                "\(path): \(LoadedLibrary.entrySymbol) returned null", help: "return a static table"
            )
        }
        table = GrowableStruct.copy(pointer.assumingMemoryBound(to: assay_library.self))
        guard table.struct_size >= LoadedLibrary.leastLibraryBytes else {
            throw PluginError(
                "\(path): the library's table is \(table.struct_size) bytes, "
                    + "expected at least \(LoadedLibrary.leastLibraryBytes)",
                help: "set struct_size to sizeof(assay_library)")
        }
        guard table.analyzer_count <= LoadedLibrary.mostAnalyzers, table.analyzers != nil else {
            throw PluginError(
                "\(path): the library's table has \(table.analyzer_count) analyzers, "
                    + "expected 1 to \(LoadedLibrary.mostAnalyzers)",
                help: "fill assay_library")
        }
    }

    /// The sizes of 1.0 without what may be absent.
    private static let leastLibraryBytes: UInt64 = 24
    private static let leastAnalyzerBytes: UInt64 = 128
    private static let mostAnalyzers: UInt32 = 1024

    /// The analyzer with an id, checked against what the manifest says of it.
    ///
    /// - Throws: `PluginError` when the library and its manifest disagree.
    func analyzer(
        id: String, version: String, stateFormat: Int, path: String
    ) throws -> UnsafePointer<assay_analyzer> {
        var known: [String] = []
        for index in 0..<Int(table.analyzer_count) {
            guard let pointer = table.analyzers[index] else { continue }
            let analyzer = GrowableStruct.copy(pointer)
            let found = analyzer.id.text
            known.append(found)
            guard found == id else { continue }
            guard analyzer.struct_size >= LoadedLibrary.leastAnalyzerBytes else {
                throw PluginError(
                    "\(path): analyzer \(id) has a table of \(analyzer.struct_size) bytes, expected at least \(LoadedLibrary.leastAnalyzerBytes)",
                    help: "set struct_size to sizeof(assay_analyzer)")
            }
            let foundVersion = analyzer.version.text
            guard foundVersion == version else {
                throw PluginError(
                    "\(path): analyzer \(id) says it is version \(foundVersion), its manifest says \(version)",
                    help: "the manifest must match the library")
            }
            guard Int(analyzer.state_format) == stateFormat else {
                throw PluginError(
                    "\(path): analyzer \(id) has state_format \(analyzer.state_format), its manifest says \(stateFormat)",
                    help: "the manifest must match the library")
            }
            try LoadedLibrary.checkFunctions(analyzer, id: id, path: path)
            return pointer
        }
        throw PluginError(
            "\(path): has no analyzer \(id), which its manifest names; it has \(known.joined(separator: ", "))",
            help: "the manifest must match the library")
    }

    private static func checkFunctions(
        _ analyzer: assay_analyzer, id: String, path: String
    ) throws {
        let functions: [(String, Bool)] = [
            ("create", analyzer.create != nil), ("destroy", analyzer.destroy != nil),
            ("begin", analyzer.begin != nil), ("scan", analyzer.scan != nil),
            ("merge", analyzer.merge != nil), ("save", analyzer.save != nil),
            ("load", analyzer.load != nil), ("end_pass", analyzer.end_pass != nil),
            ("finish", analyzer.finish != nil), ("discard", analyzer.discard != nil),
        ]
        if let missing = functions.first(where: { !$0.1 }) {
            throw PluginError(
                "\(path): analyzer \(id) has no \(missing.0)",
                help: "fill every function of the table")
        }
    }
}
