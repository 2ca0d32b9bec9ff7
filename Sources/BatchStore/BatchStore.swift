import CLinux
import Glibc
public import Parallel
public import Records

/// Batches in shared memory: written once by the reader, sealed piece by piece, mapped by every worker.
///
/// Segments are memory files until they hold `memoryBudget` bytes; later ones lie in a temporary file
/// that the system can put out of memory.
public final class BatchStore {
    /// Bytes of the smallest and of the largest segment; between them an eighth of what is stored.
    ///
    /// The first is soon full, so that analyzers begin early, and there are never many. One batch
    /// that needs more gets it.
    private static let segmentBytes = 4 << 20...1 << 30
    private static let shareOfStored = 8

    /// The sealed segments, as they are sealed.
    public let sealed = ElementStream<StoredSegment>()
    /// Rows of each role.
    public private(set) var rowCounts: [Role: Int] = [:]
    /// Bytes that lie in the temporary file.
    public private(set) var spilledBytes = 0
    private let memoryBudget: Int
    private let spillFolder: String
    private var memoryBytes = 0
    private var spill: SpillFile?
    private var batches: [StoredBatch] = []
    private var open: OpenSegment?

    private struct OpenSegment {
        let descriptor: Int32
        /// First byte in the file; `nil` for a memory file.
        let spillOffset: Int?
        let base: UnsafeMutableRawPointer
        let capacity: Int
        var used = 0
    }

    /// An empty store that keeps so many bytes in memory and the rest in a file in `spillFolder`.
    public init(memoryBudget: Int = .max, spillFolder: String = "/var/tmp") {
        self.memoryBudget = memoryBudget
        self.spillFolder = spillFolder
    }

    deinit {
        guard let open else { return }
        munmap(open.base, open.capacity)
        if open.spillOffset == nil { close(open.descriptor) }
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
        if open == nil {
            let bounds = BatchStore.segmentBytes
            let share = (memoryBytes + spilledBytes) / BatchStore.shareOfStored
            try openSegment(max(wanted, min(max(share, bounds.lowerBound), bounds.upperBound)))
        }
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
                columns: columns))
        rowCounts[role, default: 0] += batch.rowCount
    }

    /// Ends writing: no batch can be added any more.
    public func finish() throws {
        try seal()
        sealed.end(.complete)
    }

    /// Ends writing because no more can be read.
    public func abandon() { sealed.end(.broken) }

    /// Makes what was added unchangeable and hands it out.
    private func seal() throws {
        guard let segment = open else { return }
        open = nil
        munmap(segment.base, segment.capacity)
        let finished: Segment
        if let offset = segment.spillOffset, let spill {
            finished = try spill.segment(offset: offset, length: segment.used)
            spilledBytes += segment.used
        } else {
            ftruncate(segment.descriptor, off_t(segment.used))
            guard clx_seal(segment.descriptor) == 0 else {
                throw BatchStoreError.system("cannot seal batch memory")
            }
            finished = try Segment(
                descriptor: segment.descriptor, offset: 0, length: segment.used, isSpilled: false)
            memoryBytes += segment.used
        }
        sealed.append(StoredSegment(segment: finished, batches: batches))
        batches = []
    }

    private func openSegment(_ wanted: Int) throws {
        let page = Int(getpagesize())
        let capacity = (wanted + page - 1) / page * page
        if memoryBytes + capacity > memoryBudget {
            let file = try spill ?? SpillFile(folder: spillFolder)
            spill = file
            let (offset, base) = try file.extend(by: capacity)
            open = OpenSegment(
                descriptor: -1, spillOffset: offset, base: base, capacity: capacity)
            return
        }
        let descriptor = clx_memory_file("assay-batches")
        guard descriptor >= 0, ftruncate(descriptor, off_t(capacity)) == 0,
            let base = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            base != MAP_FAILED
        else { throw BatchStoreError.system("cannot get \(capacity) bytes of shared memory") }
        open = OpenSegment(
            descriptor: descriptor, spillOffset: nil, base: base, capacity: capacity)
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
