/// The bytes of one piece of text, collected without a check a byte.
final class PieceBuffer {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity = 1024
    var count = 0

    init() { base = .allocate(capacity: capacity) }

    deinit { base.deallocate() }

    /// Valid until the next change.
    @inline(__always)
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

    @inline(__always)
    func append(scalar: UInt32) {
        if count &+ 4 > capacity { grow(by: 4) }
        if scalar < 0x80 {
            base[count] = UInt8(truncatingIfNeeded: scalar)
            count &+= 1
        } else {
            count &+= UTF8Scalars.encode(scalar, to: base + count)
        }
    }

    func append(_ bytes: some Collection<UInt8>) {
        if count + bytes.count > capacity { grow(by: bytes.count) }
        for byte in bytes {
            base[count] = byte
            count += 1
        }
    }

    @inline(never)
    private func grow(by needed: Int) {
        capacity = max(capacity * 2, count + needed)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.initialize(from: base, count: count)
        base.deallocate()
        base = larger
    }
}
