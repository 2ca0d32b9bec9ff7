import Glibc

/// Whole small files.
enum FeatureFile {
    /// The bytes of a file.
    ///
    /// - Throws: `FeatureError` when it cannot be read.
    static func read(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw FeatureError(
                file: path, reason: "cannot be opened: \(String(cString: strerror(errno)))",
                help: "check the path and the permissions")
        }
        var content = [UInt8](repeating: 0, count: Int(status.st_size))
        var position = 0
        while position < content.count {
            let count = content.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + position }, $0.count - position)
            }
            guard count > 0 else {
                throw FeatureError(
                    file: path, reason: "cannot be read: \(String(cString: strerror(errno)))",
                    help: "check the file")
            }
            position += count
        }
        return content
    }
}
