import Glibc

/// Structs of the ABI that grow at the tail and begin with their size.
enum GrowableStruct {
    /// A copy of what a plugin gave: `min(sizeof, struct_size)` bytes of it, the tail that its writer
    /// did not know is zero, which always means absent or default.
    ///
    /// `Struct` is a struct of the ABI whose first member is `uint64_t struct_size` and for which zero
    /// bytes are a value.
    static func copy<Struct>(_ pointer: UnsafePointer<Struct>) -> Struct {
        let stated = UnsafeRawPointer(pointer).load(as: UInt64.self)
        let size = MemoryLayout<Struct>.size
        return withUnsafeTemporaryAllocation(
            byteCount: size, alignment: MemoryLayout<Struct>.alignment
        ) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            buffer.copyMemory(
                from: UnsafeRawBufferPointer(
                    start: pointer, count: Int(min(stated, UInt64(size)))))
            return buffer.load(as: Struct.self)
        }
    }
}
