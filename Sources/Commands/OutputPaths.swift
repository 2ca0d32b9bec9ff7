import Glibc
import Planning
import PluginHost

/// Checks of the files that a command is to write.
enum OutputPaths {
    /// Refuses an output that is an input, is named twice, or cannot be a file; before anything is computed.
    static func check(inputs: [String], outputs: [String]) throws {
        var places: [String] = []
        for path in outputs {
            if let ending = [".gz", ".zst"].first(where: path.hasSuffix) {
                throw UsageError(
                    "\(path): files are written as they are, not compressed",
                    help: "leave out \(ending), and compress it afterwards")
            }
            let place = try place(path)
            guard !inputs.contains(where: { FileBytes.isSameFile(path, $0) }),
                !places.contains(place)
            else {
                throw UsageError(
                    "\(path): is read or written by this command already",
                    help: "name another file to write")
            }
            places.append(place)
        }
    }

    /// Where a path leads, by whichever name.
    private static func place(_ path: String) throws -> String {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else {
                let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "no plain file"
                throw UsageError(
                    "\(path): is \(kind), expected a file to write",
                    help: "name a file; what is written must be there to be read again")
            }
        }
        guard let place = AtomicFile.destination(of: path) else {
            throw UsageError(
                "\(path): cannot be written: there is no such folder",
                help: "make the folder first, or name another file")
        }
        return place
    }
}
