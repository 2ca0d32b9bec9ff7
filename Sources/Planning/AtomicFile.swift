import Crypto
import Glibc

/// A file that appears whole or not at all: bytes go to a temporary file beside it, which takes its place
/// at the end.
public final class AtomicFile {
    /// Where it will stand.
    public let path: String
    /// Bytes written so far.
    public private(set) var byteCount = 0
    private let temporary: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private var hash = SHA256()

    /// Bytes that are held back before they are written.
    private static let bufferSize = 1 << 20

    /// Begins a file.
    ///
    /// - Throws: `PlanningError` when no file can be made beside `path`.
    public init(path: String) throws {
        self.path = path
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { path[...$0] } ?? ""
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        temporary = "\(folder).\(name).part"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw AtomicFile.fault(path) }
        buffer.reserveCapacity(AtomicFile.bufferSize)
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    private static func fault(_ path: String) -> PlanningError {
        PlanningError(
            "\(path): cannot be written: \(String(cString: strerror(errno)))",
            help: "check the folder, the space and the permissions")
    }

    /// Adds bytes.
    ///
    /// - Throws: `PlanningError` when they cannot be written; the old file stays as it is.
    public func append(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        guard !bytes.isEmpty else { return }
        byteCount += bytes.count
        if buffer.count + bytes.count > AtomicFile.bufferSize { try flush() }
        if bytes.count >= AtomicFile.bufferSize {
            try write(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    /// Adds bytes.
    ///
    /// - Throws: `PlanningError` when they cannot be written; the old file stays as it is.
    public func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBufferPointer(append) }

    private func flush() throws {
        let full = buffer
        buffer.removeAll(keepingCapacity: true)
        try full.withUnsafeBufferPointer(write)
    }

    private func write(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[position...]))
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw AtomicFile.fault(path) }
            position += count
        }
    }

    /// Ends the bytes, waits until they are on the disk, and returns their SHA-256 in hexadecimal.
    ///
    /// - Throws: `PlanningError` when they cannot be written.
    public func complete() throws -> String {
        try flush()
        guard fsync(descriptor) == 0 else { throw AtomicFile.fault(path) }
        return Hexadecimal.text(hash.finalize())
    }

    /// Puts the completed file in its place.
    ///
    /// - Throws: `PlanningError` when it cannot be renamed.
    public func publish() throws {
        guard rename(temporary, path) == 0 else { throw AtomicFile.fault(path) }
        close(descriptor)
        descriptor = -1
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }
}
