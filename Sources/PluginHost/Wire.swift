/// Appends fixed-width values and byte strings, little endian.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func number(_ value: Double) { integer(value.bitPattern) }

    mutating func data(_ pointer: UnsafeRawPointer?, _ length: UInt64) {
        integer(length)
        if let pointer, length > 0 {
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
    }

    mutating func append(_ other: [UInt8]) { bytes.append(contentsOf: other) }
}

/// Reads what a `WireWriter` wrote; the bytes are not trusted.
struct WireReader {
    struct Truncated: Error {}

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws -> Value
    {
        let size = MemoryLayout<Value>.size
        guard bytes.count - position >= size else { throw Truncated() }
        var value: Value = 0
        for index in 0..<size {
            value |= Value(truncatingIfNeeded: bytes[position + index]) << Value(8 * index)
        }
        position += size
        return value
    }

    mutating func number() throws -> Double { Double(bitPattern: try integer(UInt64.self)) }

    mutating func data() throws -> ArraySlice<UInt8> {
        let length = try integer(UInt64.self)
        guard length <= UInt64(bytes.count - position) else { throw Truncated() }
        defer { position += Int(length) }
        return bytes[position..<position + Int(length)]
    }
}
