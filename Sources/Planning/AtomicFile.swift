import Crypto
public import Glibc

/// A file that appears whole or not at all: bytes go to a temporary file beside it, which takes its place
/// at the end.
public final class AtomicFile {
    /// Where it will stand.
    public let path: String
    /// Bytes written so far.
    public private(set) var byteCount = 0
    private let target: String
    private let temporary: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private var hash = SHA256()

    /// Bytes that are held back before they are written.
    private static let bufferSize = 1 << 20

    /// Begins a file; where `path` is a link, the one that it leads to.
    ///
    /// - Throws: `PlanningError` when no file can be made beside `path`, and when another process is making one.
    public init(path: String, permissions: mode_t = 0o644) throws {
        self.path = path
        let target = AtomicFile.destination(of: path) ?? path
        self.target = target
        let slash = target.lastIndex(of: "/")
        let folder = slash.map { target[...$0] } ?? ""
        let name = slash.map { target[target.index(after: $0)...] } ?? target[...]
        temporary = "\(folder).\(name).part"
        descriptor = try AtomicFile.locked(temporary, permissions, for: path)
        buffer.reserveCapacity(AtomicFile.bufferSize)
    }

    /// Opens an empty file that no other process writes; what one left that was killed is taken over.
    private static func locked(
        _ temporary: String, _ permissions: mode_t, for path: String
    ) throws -> Int32 {
        while true {
            let file = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, permissions)
            guard file >= 0 else { throw fault(path) }
            // A file system without locks has none to wait for.
            guard flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
                close(file)
                throw PlanningError(
                    "\(path): is being written by another process",
                    help: "wait until that one ends, or name another file")
            }
            var (own, named) = (stat(), stat())
            // Between opening and locking the other one may have put its file in place.
            guard fstat(file, &own) == 0, stat(temporary, &named) == 0, own.st_ino == named.st_ino
            else {
                close(file)
                continue
            }
            guard ftruncate(file, 0) == 0 else {
                let fault = fault(path)
                unlink(temporary)
                close(file)
                throw fault
            }
            // What one left that was killed may have had others; where there are none they cannot be set.
            fchmod(file, permissions & ~mask)
            return file
        }
    }

    /// The permissions that this process gives to no file.
    private static let mask: mode_t = {
        let found = umask(0o077)
        umask(found)
        return found
    }()

    private static let mostLinks = 16

    /// Where what is written to a path will stand, without links and dots, also behind a link to what is not there
    /// yet; `nil` when there is no folder for it.
    public static func destination(of path: String) -> String? {
        destination(of: path, depth: 0)
    }

    private static func destination(of path: String, depth: Int) -> String? {
        func resolved(_ path: String) -> String? {
            guard let found = realpath(path, nil) else { return nil }
            defer { free(found) }
            return String(cString: found)
        }
        if let found = resolved(path) { return found }
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink(path, &bytes, bytes.count - 1)
        if count > 0 {
            guard depth < mostLinks else { return nil }
            let target = String(
                decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return destination(
                of: target.hasPrefix("/") ? target : folder + target, depth: depth + 1)
        }
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        return resolved(folder.isEmpty ? "." : folder).map { "\($0)/\(name)" }
    }

    deinit {
        guard descriptor >= 0 else { return }
        // While it is locked: afterwards it may be another's.
        unlink(temporary)
        close(descriptor)
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
    public func publish() throws { try publish {} }

    /// Puts the completed file in its place, and takes it back when what follows fails.
    ///
    /// - Throws: `PlanningError` when it cannot be renamed; what `body` throws.
    public func publish(before body: () throws -> Void) throws {
        // What stood there has a second name for as long as it may be wanted back.
        let older = temporary + ".old"
        unlink(older)
        let isKept = link(target, older) == 0 || rename(target, older) == 0
        defer { unlink(older) }
        guard rename(temporary, target) == 0 else {
            let fault = AtomicFile.fault(path)
            if isKept { rename(older, target) }
            throw fault
        }
        do {
            try body()
        } catch {
            if !isKept || rename(older, target) != 0 { unlink(target) }
            throw error
        }
        close(descriptor)
        descriptor = -1
        let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "."
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }
}
