import Crypto
import Glibc

/// Whole small files, without Foundation: the worker starts in a few milliseconds.
public enum FileBytes {
    /// The bytes of a file; `nil` with `errno` set when it cannot be read.
    public static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 { return nil }
            if count == 0 { return content }
            content.append(contentsOf: chunk[..<count])
        }
    }

    /// SHA-256 of a file in hexadecimal; `nil` when it cannot be read.
    public static func sha256(_ path: String) -> String? { read(path).map(hexDigest) }

    /// SHA-256 of bytes in hexadecimal.
    public static func hexDigest(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map {
            String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }.joined()
    }
}
