import PluginHost

/// Checks of the files that a command is to write.
enum OutputPaths {
    /// Refuses an output that is an input or is named twice.
    static func check(input: String, outputs: [String]) throws {
        for (index, path) in outputs.enumerated() {
            if let ending = [".gz", ".zst"].first(where: path.hasSuffix) {
                throw UsageError(
                    "\(path): files are written as they are, not compressed",
                    help: "leave out \(ending), and compress it afterwards")
            }
            guard !FileBytes.isSameFile(path, input), !outputs[..<index].contains(path) else {
                throw UsageError(
                    "\(path): is read or written by this command already",
                    help: "name another file to write")
            }
        }
    }
}
