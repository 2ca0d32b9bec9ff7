import Crypto
public import Glibc

/// Whole small files, without Foundation: the worker starts in a few milliseconds.
public enum FileBytes {
    /// The bytes of a file; `nil` with `errno` set when it cannot be read.
    public static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        // Files of /proc have no size: they are read by growing pieces.
        var content = [UInt8](repeating: 0, count: max(Int(status.st_size) + 1, leastBytes))
        var filled = 0
        while true {
            let count = content.withUnsafeMutableBytes { bytes in
                Glibc.read(
                    descriptor, bytes.baseAddress.map { $0 + filled }, bytes.count - filled)
            }
            if count < 0 { return nil }
            filled += count
            if count == 0 {
                content.removeLast(content.count - filled)
                return content
            }
            if filled == content.count {
                content.append(contentsOf: repeatElement(0, count: filled))
            }
        }
    }

    /// The bytes of a plain file of no more than `most` bytes; `nil` with `errno` set for another one.
    public static func read(_ path: String, most: Int) -> [UInt8]? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        guard status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) <= most else {
            errno = status.st_mode & S_IFMT == S_IFREG ? EFBIG : EINVAL
            return nil
        }
        return read(path)
    }

    private static let leastBytes = 4096

    /// Whether two paths lead to one file that exists.
    public static func isSameFile(_ path: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(path, &first) == 0 && stat(other, &second) == 0
            && first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// What may be done with a file that holds what these hold: no more than with any of them, and no
    /// more than reading by others.
    public static func permissions(of paths: [String]) -> mode_t {
        var status = stat()
        return paths.reduce(0o644) {
            stat($1, &status) == 0 ? $0 & (status.st_mode | 0o600) : $0
        }
    }

    /// SHA-256 of a plain file in hexadecimal; `nil` when it cannot be read.
    public static func sha256(_ path: String) -> String? {
        read(path, most: .max).map(hexDigest)
    }

    /// SHA-256 of bytes in hexadecimal.
    public static func hexDigest(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map {
            String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }.joined()
    }
}
