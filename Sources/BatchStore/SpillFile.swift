import Glibc

/// A temporary file without a name for batches that go beyond the memory budget.
///
/// Gone when the last process that has it open ends.
final class SpillFile {
    private let descriptor: Int32
    private let folder: String
    private var length = 0

    private static let mostAttempts = 100

    init(folder: String) throws {
        self.folder = folder
        var name = ""
        var descriptor: Int32 = -1
        // Not mkstemp: a worker started meanwhile must not get the descriptor.
        for _ in 0..<SpillFile.mostAttempts where descriptor < 0 {
            name = "\(folder)/assay-batches-\(getpid())-\(UInt32.random(in: .min ... .max))"
            descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if descriptor < 0, errno != EEXIST { break }
        }
        self.descriptor = descriptor
        guard descriptor >= 0 else {
            throw BatchStoreError.system(
                "\(folder): cannot hold batches", help: "name another folder in TMPDIR")
        }
        unlink(name)
    }

    deinit { close(descriptor) }

    /// Makes the file longer and maps the new part for writing.
    func extend(by count: Int) throws -> (offset: Int, base: UnsafeMutableRawPointer) {
        // The space is taken now: a full disk gives an error here, not a signal later.
        let status = posix_fallocate(descriptor, off_t(length), off_t(count))
        guard status == 0 else {
            errno = status
            throw BatchStoreError.system(
                "\(folder): has no room for \(count) bytes of batches",
                help: "name another folder in TMPDIR, or give more with --memory")
        }
        guard
            let base = mmap(
                nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, off_t(length)),
            base != MAP_FAILED
        else { throw BatchStoreError.system("cannot map \(count) bytes of batches") }
        defer { length += count }
        return (length, base)
    }

    /// A part of the file as a segment, through a descriptor that cannot write.
    func segment(offset: Int, length: Int) throws -> Segment {
        let reader = open("/proc/self/fd/\(descriptor)", O_RDONLY | O_CLOEXEC)
        guard reader >= 0 else {
            throw BatchStoreError.system("cannot open the file of batches for reading")
        }
        return try Segment(descriptor: reader, offset: offset, length: length, isSpilled: true)
    }
}
