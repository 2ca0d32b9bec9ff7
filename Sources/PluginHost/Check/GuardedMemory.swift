import CAssay
import Glibc

/// Bytes with a page right behind them that nobody may touch.
final class GuardedMemory {
    /// The first byte.
    let start: UnsafeMutableRawPointer
    private let base: UnsafeMutableRawPointer
    private let mappedBytes: Int

    /// Memory of `byteCount` bytes, rounded up to `alignment`, every byte `filling`.
    ///
    /// `alignment` divides a page.
    init(_ byteCount: Int, alignment: Int = 8, filling: UInt8 = 0) {
        let page = Int(getpagesize())
        let rounded = (byteCount + alignment - 1) / alignment * alignment
        let usable = max(1, (rounded + page - 1) / page) * page
        mappedBytes = usable + page
        guard
            let base = mmap(
                nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            base != MAP_FAILED, mprotect(base + usable, page, PROT_NONE) == 0
        else { fatalError("out of memory") }
        self.base = base
        start = base + usable - rounded
        memset(start, Int32(filling), rounded)
    }

    deinit { munmap(base, mappedBytes) }
}

/// How large the host's structs are in a check.
enum StructSize: Sendable {
    /// As this version has them.
    case exact
    /// With a tail that no plugin knows.
    case larger
    /// Without the last member, as far as that may be missing.
    case shorter

    private static let strangeTail = 64
    private static let strangeByte: UInt8 = 0xA5

    /// A copy of a struct of the ABI at the end of guarded memory, which states the size it has.
    ///
    /// `shorter` is what is left of it in the shorter form.
    func copy<Struct>(_ value: Struct, shorter: Int) -> GuardedMemory {
        let known = MemoryLayout<Struct>.size
        let size =
            switch self {
            case .exact: known
            case .larger: known + StructSize.strangeTail
            case .shorter: shorter
            }
        let memory = GuardedMemory(size, filling: StructSize.strangeByte)
        withUnsafeBytes(of: value) { bytes in
            memory.start.copyMemory(
                from: bytes.baseAddress ?? UnsafeRawPointer(memory.start),
                byteCount: min(known, size))
        }
        memory.start.storeBytes(of: UInt64(size), as: UInt64.self)
        return memory
    }
}

/// A batch whose every buffer ends 64 bytes before a page that nobody may touch.
final class GuardedBatch {
    let array: UnsafePointer<ArrowArray>
    private var memories: [GuardedMemory] = []
    private let areNull: Bool

    /// Bytes that may be read behind a buffer.
    private static let padding = 64
    /// What stands there: no zero that would end a text by chance.
    private static let filling: UInt8 = 0x41

    /// Copies a batch; with `areNull` every value of every column is absent.
    init(_ batch: ArrowBatch, areNull: Bool) {
        self.areNull = areNull
        let root = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
        array = UnsafePointer(root)
        root.initialize(to: batch.array.pointee)
        let children = pointers(Int(batch.array.pointee.n_children))
        for index in 0..<Int(batch.array.pointee.n_children) {
            guard let schema = batch.schema.pointee.children[index],
                let child = batch.array.pointee.children[index]
            else { continue }
            children[index] = copy(child.pointee, schema.pointee, isColumn: true)
        }
        root.pointee.children = children
    }

    deinit { array.deallocate() }

    private func pointers(_ count: Int) -> UnsafeMutablePointer<UnsafeMutablePointer<ArrowArray>?> {
        memory(max(1, count) * 8).assumingMemoryBound(to: UnsafeMutablePointer<ArrowArray>?.self)
    }

    private func memory(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let memory = GuardedMemory(byteCount)
        memories.append(memory)
        return memory.start
    }

    private func buffer(_ source: UnsafeRawPointer?, _ byteCount: Int) -> UnsafeRawPointer? {
        guard let source else { return nil }
        let memory = GuardedMemory(
            byteCount + GuardedBatch.padding, alignment: 64, filling: GuardedBatch.filling)
        memories.append(memory)
        memory.start.copyMemory(from: source, byteCount: byteCount)
        return UnsafeRawPointer(memory.start)
    }

    private func copy(
        _ array: ArrowArray, _ schema: ArrowSchema, isColumn: Bool
    ) -> UnsafeMutablePointer<ArrowArray> {
        let format = schema.format.map { String(cString: $0) } ?? ""
        let length = Int(array.length)
        var result = array
        let buffers = memory(max(1, Int(array.n_buffers)) * 8)
            .assumingMemoryBound(to: UnsafeRawPointer?.self)
        func given(_ index: Int) -> UnsafeRawPointer? { array.buffers[index] }
        buffers[0] = buffer(given(0), (length + 7) / 8)
        if areNull, isColumn {
            buffers[0] = buffer(UnsafeRawPointer(memory((length + 7) / 8)), (length + 7) / 8)
            result.null_count = array.length
        }
        switch format {
        case "U", "+L":
            let offsets = given(1)
            buffers[1] = buffer(offsets, (length + 1) * 8)
            if format == "U" {
                let end = offsets?.load(fromByteOffset: length * 8, as: Int64.self) ?? 0
                buffers[2] = buffer(given(2), Int(end))
            }
        case "I", "f": buffers[1] = buffer(given(1), length * 4)
        case "g", "l": buffers[1] = buffer(given(1), length * 8)
        case "C": buffers[1] = buffer(given(1), length)
        default: break
        }
        result.buffers = buffers
        let children = pointers(Int(array.n_children))
        for index in 0..<Int(array.n_children) {
            guard let childSchema = schema.children[index], let child = array.children[index]
            else { continue }
            children[index] = copy(child.pointee, childSchema.pointee, isColumn: false)
        }
        result.children = children
        let place = memory(MemoryLayout<ArrowArray>.stride).assumingMemoryBound(
            to: ArrowArray.self)
        place.initialize(to: result)
        return place
    }
}
