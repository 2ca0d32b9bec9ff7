import BatchStore
import CAssay
import Glibc

/// Rows of a stored batch as the two Arrow structs, borrowing the store's memory.
///
/// A slice copies offsets and validity bitmaps (a few bytes a row), so that `offset` stays 0 and
/// buffers stay aligned, as the input profile promises; text is never copied.
final class ArrowBatch {
    let schema: UnsafeMutablePointer<ArrowSchema>
    let array: UnsafeMutablePointer<ArrowArray>
    private var allocations: [UnsafeMutableRawPointer] = []

    /// The given columns of `rows` of a batch whose segment begins at `base`.
    init(_ batch: StoredBatch, columns: [String], rows: Range<Int>, base: UnsafeRawPointer) {
        schema = .allocate(capacity: 1)
        array = .allocate(capacity: 1)
        let chosen = batch.columns.filter { columns.contains($0.name) }
        let root = StoredArray(
            format: "+s", name: "", length: rows.count, nullCount: 0, buffers: [nil],
            children: chosen)
        schema.initialize(to: makeSchema(root))
        let parts = chosen.map { makeArray($0, rows: rows, base: base) }
        array.initialize(
            to: arrowArray(length: rows.count, nullCount: 0, buffers: [nil], children: parts))
    }

    deinit {
        for allocation in allocations { free(allocation) }
        schema.deallocate()
        array.deallocate()
    }

    private func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, 64, byteCount + 64) == 0, let pointer else {
            fatalError("out of memory")
        }
        memset(pointer, 0, byteCount + 64)
        allocations.append(pointer)
        return pointer
    }

    private func text(_ string: String) -> UnsafePointer<CChar> {
        let bytes = Array(string.utf8)
        let copy = allocate(bytes.count + 1)
        memcpy(copy, bytes, bytes.count)
        return UnsafePointer(copy.assumingMemoryBound(to: CChar.self))
    }

    private func makeSchema(_ stored: StoredArray) -> ArrowSchema {
        let children = stored.children.map { child in
            let copy = allocate(MemoryLayout<ArrowSchema>.stride).assumingMemoryBound(
                to: ArrowSchema.self)
            copy.initialize(to: makeSchema(child))
            return copy
        }
        return ArrowSchema(
            format: text(stored.format), name: text(stored.name), metadata: nil,
            flags: Int64(ARROW_FLAG_NULLABLE), n_children: Int64(children.count),
            children: pointers(children.map { Optional($0) }), dictionary: nil, release: nil,
            private_data: nil)
    }

    private func pointers<Pointee>(
        _ list: [UnsafeMutablePointer<Pointee>?]
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Pointee>?>? {
        guard !list.isEmpty else { return nil }
        let table = allocate(list.count * MemoryLayout<UnsafeRawPointer>.stride)
            .assumingMemoryBound(to: UnsafeMutablePointer<Pointee>?.self)
        for (index, pointer) in list.enumerated() { table[index] = pointer }
        return table
    }

    private func arrowArray(
        length: Int, nullCount: Int, buffers: [UnsafeRawPointer?], children: [ArrowArray]
    ) -> ArrowArray {
        let copies = children.map { child -> UnsafeMutablePointer<ArrowArray>? in
            let copy = allocate(MemoryLayout<ArrowArray>.stride).assumingMemoryBound(
                to: ArrowArray.self)
            copy.initialize(to: child)
            return copy
        }
        let table = allocate(max(buffers.count, 1) * MemoryLayout<UnsafeRawPointer>.stride)
            .assumingMemoryBound(to: UnsafeRawPointer?.self)
        for (index, buffer) in buffers.enumerated() { table[index] = buffer }
        return ArrowArray(
            length: Int64(length), null_count: Int64(nullCount), offset: 0,
            n_buffers: Int64(buffers.count), n_children: Int64(children.count), buffers: table,
            children: pointers(copies), dictionary: nil, release: nil, private_data: nil)
    }

    private func makeArray(
        _ stored: StoredArray, rows: Range<Int>, base: UnsafeRawPointer
    ) -> ArrowArray {
        let isWhole = rows == 0..<stored.length
        func pointer(_ index: Int) -> UnsafeRawPointer? {
            stored.buffers[index].map { base + $0.offset }
        }
        var nullCount = stored.nullCount
        var validity = pointer(0)
        if let bits = validity, !isWhole { (validity, nullCount) = slice(bits, rows) }
        var buffers: [UnsafeRawPointer?] = [validity]
        var childRows = rows
        switch stored.format {
        case "U", "+L":
            guard let offsets = pointer(1) else { fatalError("a list column without offsets") }
            if isWhole {
                buffers.append(offsets)
            } else {
                let copy = allocate((rows.count + 1) * 8)
                memcpy(copy, offsets + rows.lowerBound * 8, (rows.count + 1) * 8)
                buffers.append(UnsafeRawPointer(copy))
            }
            if stored.format == "U" { buffers.append(pointer(2)) }
            childRows = 0..<(stored.children.first?.length ?? 0)
        case "I": buffers.append(pointer(1))
        case "f": buffers.append(pointer(1).map { values($0, rows, of: stored.length, stride: 4) })
        case "g": buffers.append(pointer(1).map { values($0, rows, of: stored.length, stride: 8) })
        case let format where format.hasPrefix("+w:"):
            let width = Int(format.dropFirst(3)) ?? 0
            childRows = rows.lowerBound * width..<rows.upperBound * width
        default: break
        }
        let children = stored.children.map { makeArray($0, rows: childRows, base: base) }
        return arrowArray(
            length: rows.count, nullCount: nullCount, buffers: buffers, children: children)
    }

    /// Some numbers of a column; copied where they would not begin at a multiple of 64 bytes.
    private func values(
        _ base: UnsafeRawPointer, _ rows: Range<Int>, of count: Int, stride: Int
    ) -> UnsafeRawPointer {
        let offset = rows.lowerBound * stride
        if offset % 64 == 0 { return base + offset }
        let copy = allocate(rows.count * stride)
        memcpy(copy, base + offset, rows.count * stride)
        return UnsafeRawPointer(copy)
    }

    private func slice(
        _ bits: UnsafeRawPointer, _ rows: Range<Int>
    ) -> (UnsafeRawPointer?, nullCount: Int) {
        let copy = allocate((rows.count + 7) / 8)
        var nullCount = 0
        for (target, source) in rows.enumerated() {
            let isPresent =
                bits.load(fromByteOffset: source / 8, as: UInt8.self) >> UInt8(source % 8) & 1
            nullCount += isPresent == 0 ? 1 : 0
            let old = copy.load(fromByteOffset: target / 8, as: UInt8.self)
            copy.storeBytes(
                of: old | isPresent << UInt8(target % 8), toByteOffset: target / 8, as: UInt8.self)
        }
        return (UnsafeRawPointer(copy), nullCount)
    }
}
