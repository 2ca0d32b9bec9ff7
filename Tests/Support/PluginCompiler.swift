import Foundation

/// Compiles plugins that stand in the repository as a source file and a manifest.
public enum PluginCompiler {
    /// The compiler said no.
    public struct Failure: Error {
        /// What it printed.
        public let message: String
    }

    /// Compiles `source` into `folder` as `<name>.so` with `manifest` beside it; returns the library's
    /// path.
    public static func compile(
        _ source: String, manifest: String, as name: String, into folder: TemporaryFolder,
        options: [String] = []
    ) throws -> String {
        let text = try String(contentsOf: Checkout.file(manifest), encoding: .utf8)
        _ = try folder.write("\(name).plugin.json", text)
        let library = folder.path("\(name).so")
        let compiler = source.hasSuffix(".c") ? "clang" : "clang++"
        let ending = try Program.run(
            "/usr/bin/env",
            [
                compiler, "-O1", "-shared", "-fPIC", "-fvisibility=hidden",
                "-IPluginSDK/CAssay/include", "-o", library, source,
            ] + options)
        guard ending.status == 0 else { throw Failure(message: ending.errors) }
        return library
    }
}
