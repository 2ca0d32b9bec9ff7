import Glibc

/// The files below a folder.
public enum FolderWalk {
    /// What stands in a folder.
    public struct Entry: Sendable, Equatable {
        /// Relative to the folder, with `/` between steps.
        public let path: String
        /// Whether it is a plain file; anything else that is no folder is not.
        public let isFile: Bool
        /// Bytes of a file.
        public let size: Int
        /// Whether its owner may execute it.
        public let isExecutable: Bool
    }

    /// Everything below a folder but folders, sorted by the bytes of the paths; links are not followed.
    ///
    /// - Throws: `PluginError` when a folder cannot be read.
    public static func entries(below root: String) throws -> [Entry] {
        var found: [Entry] = []
        try walk(root, "", into: &found)
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private static func walk(_ root: String, _ prefix: String, into found: inout [Entry]) throws {
        let folder = prefix.isEmpty ? root : root + "/" + prefix
        for name in try names(in: folder) {
            let path = prefix.isEmpty ? name : prefix + "/" + name
            var status = stat()
            guard lstat(root + "/" + path, &status) == 0 else { throw fault(root + "/" + path) }
            if status.st_mode & S_IFMT == S_IFDIR {
                try walk(root, path, into: &found)
            } else {
                found.append(
                    Entry(
                        path: path, isFile: status.st_mode & S_IFMT == S_IFREG,
                        size: Int(status.st_size), isExecutable: status.st_mode & S_IXUSR != 0))
            }
        }
    }

    /// The names in a folder, but `.` and `..`, in no order.
    static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else { throw fault(folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func fault(_ path: String) -> PluginError {
        PluginError(
            "\(path): cannot be read: \(String(cString: strerror(errno)))",
            help: "check the path and the permissions")
    }
}
