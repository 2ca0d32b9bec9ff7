import Crypto

/// Digests of whole sources.
enum SourceDigest {
    /// SHA-256 in hexadecimal.
    ///
    /// O(n).
    static func sha256(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var hash = SHA256()
        hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
        return Hexadecimal.text(hash.finalize())
    }
}
