import CAssay
import CLinux
import Glibc

/// A plugin's library in this process.
///
/// It is never unloaded: a Swift library cannot be.
struct LoadedLibrary {
    /// The symbol every plugin exports.
    static let entrySymbol = "assay_library_v1"

    let table: UnsafePointer<assay_library>

    /// Loads the library and checks its table.
    ///
    /// - Throws: `PluginError` that names the file.
    init(path: String) throws {
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
        table = pointer.assumingMemoryBound(to: assay_library.self)
        guard table.pointee.struct_size >= 24, table.pointee.analyzer_count <= 1024 else {
            throw PluginError(
                "\(path): the library's table is \(table.pointee.struct_size) bytes, expected at least 24",
                help: "set struct_size to sizeof(assay_library)")
        }
    }

    /// The analyzer with an id, checked against what the manifest says of it.
    ///
    /// - Throws: `PluginError` when the library and its manifest disagree.
    func analyzer(
        id: String, version: String, stateFormat: Int, path: String
    ) throws -> UnsafePointer<assay_analyzer> {
        var known: [String] = []
        for index in 0..<Int(table.pointee.analyzer_count) {
            guard let analyzer = table.pointee.analyzers[index] else { continue }
            let found = analyzer.pointee.id.text
            known.append(found)
            guard found == id else { continue }
            guard analyzer.pointee.struct_size >= 128 else {
                throw PluginError(
                    "\(path): analyzer \(id) has a table of \(analyzer.pointee.struct_size) bytes, expected at least 128",
                    help: "set struct_size to sizeof(assay_analyzer)")
            }
            let foundVersion = analyzer.pointee.version.text
            guard foundVersion == version else {
                throw PluginError(
                    "\(path): analyzer \(id) says it is version \(foundVersion), its manifest says \(version)",
                    help: "the manifest must match the library")
            }
            guard Int(analyzer.pointee.state_format) == stateFormat else {
                throw PluginError(
                    "\(path): analyzer \(id) has state_format \(analyzer.pointee.state_format), its manifest says \(stateFormat)",
                    help: "the manifest must match the library")
            }
            try LoadedLibrary.checkFunctions(analyzer.pointee, id: id, path: path)
            return analyzer
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
