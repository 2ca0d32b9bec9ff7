import Glibc

/// Why memory for batches could not be had.
public struct BatchStoreError: Error, CustomStringConvertible {
    /// One line.
    public let description: String
    /// One thing to do.
    public let help: String

    init(_ description: String, help: String) {
        self.description = description
        self.help = help
    }

    static func system(_ what: String, help: String = "free some memory") -> BatchStoreError {
        BatchStoreError("\(what): \(String(cString: strerror(errno)))", help: help)
    }
}

/// A piece of shared memory that holds whole batches and can no longer change.
public final class Segment: @unchecked Sendable {
    /// The memory file, or the spill file opened for reading, to be handed to a worker; open as long
    /// as the segment lives, -1 where it was closed at once.
    public let descriptor: Int32
    /// First byte in the file, a multiple of the page size.
    public let offset: Int
    /// Bytes.
    public let length: Int
    /// Whether it lies in the temporary file, so that the system can have its memory back.
    public let isSpilled: Bool
    /// The memory, read only.
    public let base: UnsafeRawPointer

    /// Maps a part of a file, whose descriptor becomes the segment's.
    ///
    /// With a `place` it is mapped there, and the descriptor is closed.
    ///
    /// - Throws: `BatchStoreError` when it cannot be mapped.
    public init(
        descriptor: Int32, offset: Int, length: Int, isSpilled: Bool,
        at place: UnsafeMutableRawPointer? = nil
    ) throws {
        self.isSpilled = isSpilled
        let flags = MAP_SHARED | (place == nil ? 0 : MAP_FIXED)
        guard let base = mmap(place, max(length, 1), PROT_READ, flags, descriptor, off_t(offset)),
            base != MAP_FAILED
        else { throw BatchStoreError.system("cannot map \(length) bytes of batches") }
        if place != nil { close(descriptor) }
        self.descriptor = place == nil ? descriptor : -1
        self.offset = offset
        self.length = length
        self.base = UnsafeRawPointer(base)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: base), max(length, 1))
        if descriptor >= 0 { close(descriptor) }
    }

    /// Says that a batch has been looked at: of a spilled one this process keeps no memory.
    ///
    /// It can be looked at again; the system then reads it back.
    public func release(_ batch: StoredBatch) {
        guard isSpilled, let extent = batch.extent else { return }
        let page = Int(getpagesize())
        // Whole pages inside: those at the ends hold other batches as well.
        let start = (extent.lowerBound + page - 1) / page * page
        let end = extent.upperBound / page * page
        guard start < end else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
    }
}

/// A sealed segment with the batches in it.
public struct StoredSegment: Sendable {
    /// The memory.
    public let segment: Segment
    /// The batches, in the order they were added.
    public let batches: [StoredBatch]

    /// Brings a segment and its batches together.
    public init(segment: Segment, batches: [StoredBatch]) {
        self.segment = segment
        self.batches = batches
    }
}

/// Address space kept free for segments, so that a limit on the address space can be set before it
/// is known how many will come.
public final class AddressReservation {
    private let base: UnsafeMutableRawPointer
    private let length: Int
    private var used = 0

    /// As much as can be had: from 256 GiB down to 16 GiB; costs no memory.
    ///
    /// `nil` when not even that can be had.
    public init?() {
        for bits in stride(from: 38, through: 34, by: -1) {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
            guard let base = mmap(nil, 1 << bits, PROT_NONE, flags, -1, 0), base != MAP_FAILED
            else { continue }
            self.base = base
            length = 1 << bits
            return
        }
        return nil
    }

    deinit { munmap(base, length) }

    /// The place of the next `count` bytes; `nil` when the space is used up.
    public func take(_ count: Int) -> UnsafeMutableRawPointer? {
        let page = Int(getpagesize())
        let rounded = (max(count, 1) + page - 1) / page * page
        guard used + rounded <= length else { return nil }
        defer { used += rounded }
        return base + used
    }
}
