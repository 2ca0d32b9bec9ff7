import CLinux
import Glibc
public import Records

/// Why memory for batches could not be had.
public struct BatchStoreError: Error, CustomStringConvertible {
    /// One line.
    public let description: String
}

/// A piece of shared memory that holds whole batches and can no longer change.
public final class Segment: @unchecked Sendable {
    /// The memory file; open as long as the segment lives.
    public let descriptor: Int32
    /// Bytes.
    public let length: Int
    /// The memory, read only.
    public let base: UnsafeRawPointer

    /// Maps a sealed memory file, whose descriptor becomes the segment's.
    ///
    /// - Throws: `BatchStoreError` when it cannot be mapped.
    public init(descriptor: Int32, length: Int) throws {
        guard let base = mmap(nil, max(length, 1), PROT_READ, MAP_SHARED, descriptor, 0),
            base != MAP_FAILED
        else {
            throw BatchStoreError(
                description:
                    "cannot map \(length) bytes of batches: \(String(cString: strerror(errno)))")
        }
        self.descriptor = descriptor
        self.length = length
        self.base = UnsafeRawPointer(base)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: base), max(length, 1))
        close(descriptor)
    }
}

/// Batches in shared memory: written once by the reader, then sealed and mapped by every worker.
public final class BatchStore {
    /// Bytes of a segment, unless one batch needs more.
    private static let segmentBytes = 64 << 20

    /// The batches by role in the order they were added.
    public private(set) var batches: [StoredBatch] = []
    /// The sealed segments.
    public private(set) var segments: [Segment] = []
    /// Rows of each role.
    public private(set) var rowCounts: [Role: Int] = [:]
    private var open: (descriptor: Int32, base: UnsafeMutableRawPointer, used: Int, capacity: Int)?

    /// An empty store.
    public init() {}

    deinit {
        guard let open else { return }
        munmap(open.base, open.capacity)
        close(open.descriptor)
    }

    /// Copies a batch into shared memory; rows are numbered on within the role.
    ///
    /// O(bytes).
    ///
    /// - Throws: `BatchStoreError` when the system has no memory left.
    public func append(_ batch: RecordBatch, role: Role) throws {
        let wanted = batch.columns.reduce(0) {
            $0 + BatchStore.bytesNeeded($1.data, batch.rowCount)
        }
        if let open, open.used + wanted > open.capacity { try seal() }
        if open == nil { try openSegment(max(wanted, BatchStore.segmentBytes)) }
        let columns = batch.columns.map { column -> StoredArray in
            switch column.data {
            case .text(let texts): return store(texts, name: column.name.rawValue)
            case .tokens(let tokens):
                let values = StoredArray(
                    format: "I", name: "item", length: tokens.values.count, nullCount: 0,
                    buffers: [nil, write(tokens.values)], children: [])
                return list(column.name.rawValue, tokens.offsets, values)
            case .turns(let turns):
                let item = StoredArray(
                    format: "+s", name: "item", length: turns.roles.count, nullCount: 0,
                    buffers: [nil],
                    children: [store(turns.roles, name: "role"), store(turns.texts, name: "text")])
                return list(column.name.rawValue, turns.offsets, item)
            case .vectors(let vectors):
                let values = StoredArray(
                    format: "f", name: "item", length: vectors.values.count, nullCount: 0,
                    buffers: [nil, write(vectors.values)], children: [])
                return StoredArray(
                    format: "+w:\(vectors.dimensions)", name: column.name.rawValue,
                    length: batch.rowCount, nullCount: 0, buffers: [nil], children: [values])
            case .languages(let languages):
                let confidences = StoredArray(
                    format: "g", name: "confidence", length: languages.confidences.count,
                    nullCount: 0, buffers: [nil, write(languages.confidences)], children: [])
                return StoredArray(
                    format: "+s", name: column.name.rawValue, length: batch.rowCount, nullCount: 0,
                    buffers: [nil], children: [store(languages.tags, name: "tag"), confidences])
            }
        }
        batches.append(
            StoredBatch(
                role: role, firstRow: rowCounts[role, default: 0], rowCount: batch.rowCount,
                segment: segments.count, columns: columns))
        rowCounts[role, default: 0] += batch.rowCount
    }

    /// Ends writing: what was added can no longer change.
    public func seal() throws {
        guard let segment = open else { return }
        open = nil
        munmap(segment.base, segment.capacity)
        ftruncate(segment.descriptor, segment.used)
        guard clx_seal(segment.descriptor) == 0 else {
            throw BatchStoreError(
                description: "cannot seal batch memory: \(String(cString: strerror(errno)))")
        }
        segments.append(try Segment(descriptor: segment.descriptor, length: segment.used))
    }

    private func openSegment(_ capacity: Int) throws {
        let descriptor = clx_memory_file("assay-batches")
        guard descriptor >= 0, ftruncate(descriptor, capacity) == 0,
            let base = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            base != MAP_FAILED
        else {
            throw BatchStoreError(
                description:
                    "cannot get \(capacity) bytes of shared memory: \(String(cString: strerror(errno)))"
            )
        }
        open = (descriptor, base, 0, capacity)
    }

    private func list(_ name: String, _ offsets: [Int64], _ child: StoredArray) -> StoredArray {
        StoredArray(
            format: "+L", name: name, length: offsets.count - 1, nullCount: 0,
            buffers: [nil, write(offsets)], children: [child])
    }

    private func store(_ texts: TextBuffer, name: String) -> StoredArray {
        let nullCount = texts.isPresent.count { !$0 }
        return StoredArray(
            format: "U", name: name, length: texts.count, nullCount: nullCount,
            buffers: [
                nullCount == 0 ? nil : write(BatchStore.bitmap(texts.isPresent)),
                write(texts.offsets), write(texts.bytes),
            ], children: [])
    }

    private static func bitmap(_ flags: [Bool]) -> [UInt8] {
        var bits = [UInt8](repeating: 0, count: (flags.count + 7) / 8)
        for (index, flag) in flags.enumerated() where flag {
            bits[index / 8] |= 1 << UInt8(index % 8)
        }
        return bits
    }

    private func write<Element>(_ values: [Element]) -> StoredBuffer {
        guard var segment = open else { preconditionFailure("no open segment") }
        let length = values.count * MemoryLayout<Element>.stride
        let offset = segment.used
        values.withUnsafeBytes { bytes in
            if let source = bytes.baseAddress { memcpy(segment.base + offset, source, length) }
        }
        segment.used += BatchStore.padded(length)
        open = segment
        return StoredBuffer(offset: offset, length: length)
    }

    /// 64-byte alignment with at least 64 readable bytes behind the data.
    private static func padded(_ length: Int) -> Int { (length + 63) / 64 * 64 + 64 }

    private static func bytesNeeded(_ data: ColumnData, _ rowCount: Int) -> Int {
        func text(_ texts: TextBuffer) -> Int {
            padded(texts.bytes.count) + padded(texts.offsets.count * 8)
                + padded(texts.count / 8 + 1)
        }
        switch data {
        case .text(let texts): return text(texts)
        case .tokens(let tokens):
            return padded(tokens.values.count * 4) + padded(tokens.offsets.count * 8)
        case .turns(let turns):
            return padded(turns.offsets.count * 8) + text(turns.roles) + text(turns.texts)
        case .vectors(let vectors): return padded(vectors.values.count * 4)
        case .languages(let languages):
            return text(languages.tags) + padded(languages.confidences.count * 8)
        }
    }
}
