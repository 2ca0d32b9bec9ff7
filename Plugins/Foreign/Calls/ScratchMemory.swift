import Glibc

/// Memory for a function to write to, with a mark behind it that shows whether it wrote too much.
final class ScratchMemory {
    private static let mark: UInt64 = 0x5AA5_C33C_9669_F00F
    private var memory: UnsafeMutableRawPointer
    private var capacity = 4096
    private var used = 0
    /// What fresh room is filled with; `nil` leaves what was there.
    var filling: UInt8?

    init() { memory = .allocate(byteCount: 4096 + 16, alignment: 64) }

    deinit { memory.deallocate() }

    /// Room for so many bytes, until the next call.
    func room(_ count: Int) throws -> UnsafeMutableRawPointer {
        if count > capacity {
            var size: UnsafeMutableRawPointer?
            guard posix_memalign(&size, 64, count * 2 + 16) == 0, let larger = size else {
                throw CallFault("there is no memory for \(count) bytes")
            }
            memory.deallocate()
            memory = larger
            capacity = count * 2
        }
        used = count
        if let filling { memset(memory, Int32(filling), count) }
        memory.storeBytes(of: ScratchMemory.mark, toByteOffset: count, as: UInt64.self)
        return memory
    }

    /// Whether nothing was written behind the room.
    var isIntact: Bool {
        memory.loadUnaligned(fromByteOffset: used, as: UInt64.self) == ScratchMemory.mark
    }
}
