import Glibc

/// Small files that appear whole or not at all, with the folders above them.
public enum WholeFile {
    /// Writes a text for everybody to read.
    ///
    /// - Throws: `PluginError` that names the file.
    public static func write(_ text: String, to path: String) throws {
        try write(Array(text.utf8), to: path)
    }

    /// Writes bytes for everybody to read, or with other permissions.
    ///
    /// - Throws: `PluginError` that names the file.
    public static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws {
        try makeFolder(Manifest.folder(of: path))
        let temporary = path + ".\(getpid()).part"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw fault(path) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else {
                close(descriptor)
                unlink(temporary)
                throw fault(path)
            }
            written += count
        }
        let isSafe = fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0
        close(descriptor)
        guard isSafe, rename(temporary, path) == 0 else {
            unlink(temporary)
            throw fault(path)
        }
    }

    /// Makes a folder and those above it.
    ///
    /// - Throws: `PluginError` that names it.
    public static func makeFolder(_ path: String) throws {
        var made = ""
        for step in path.split(separator: "/") {
            made += made.isEmpty && !path.hasPrefix("/") ? String(step) : "/" + step
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw fault(made) }
        }
    }

    /// Removes a folder and everything in it; links are removed, not followed.
    static func removeFolder(_ path: String) {
        for name in (try? FolderWalk.names(in: path)) ?? [] {
            let inner = path + "/" + name
            var status = stat()
            guard lstat(inner, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                removeFolder(inner)
            } else {
                unlink(inner)
            }
        }
        rmdir(path)
    }

    private static func fault(_ path: String) -> PluginError {
        PluginError(
            "\(path): cannot be written: \(String(cString: strerror(errno)))",
            help: "check the folder, the space and the permissions")
    }
}
