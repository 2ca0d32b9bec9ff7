/// Writes a partial, little endian.
///
/// The same values give the same bytes.
public struct StateWriter {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// An empty state.
    public init() {}

    /// Writes an integer.
    public mutating func write(_ value: Int) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Writes an unsigned integer.
    public mutating func write(_ value: UInt64) { write(Int(bitPattern: UInt(value))) }

    /// Writes bytes with their count.
    public mutating func write(_ value: [UInt8]) {
        write(value.count)
        bytes.append(contentsOf: value)
    }

    /// Writes 32-bit numbers with the count of their bytes.
    public mutating func write(_ numbers: [UInt32]) {
        write(numbers.count * 4)
        #if _endian(little)
            numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
        #else
            bytes.reserveCapacity(bytes.count + numbers.count * 4)
            for number in numbers {
                for shift in stride(from: 0, to: 32, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(shift)))
                }
            }
        #endif
    }

    /// Writes a text.
    public mutating func write(_ value: String) { write(Array(value.utf8)) }

    /// Writes a list with its count.
    public mutating func write<Element>(
        _ list: [Element], _ body: (inout StateWriter, Element) -> Void
    ) {
        write(list.count)
        for element in list { body(&self, element) }
    }

    /// Writes counts by name, names sorted.
    public mutating func write(_ counts: [String: Int]) {
        write(counts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            writer, entry in
            writer.write(entry.key)
            writer.write(entry.value)
        }
    }
}

/// Reads a partial.
///
/// Every read is checked: the bytes are hostile.
public struct StateReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads bytes as `StateWriter` wrote them, for tests.
    public init(reading bytes: [UInt8]) { self.bytes = bytes }

    /// Reads an integer.
    public mutating func integer() throws -> Int {
        guard bytes.count - position >= 8 else { throw AnalyzerError("the saved state is cut off") }
        var value = 0
        for offset in 0..<8 { value |= Int(bytes[position + offset]) << (8 * offset) }
        position += 8
        return value
    }

    /// Reads a number of rows, bytes or events, or a row: 0 to 2^40, so that sums of them do not overflow.
    public mutating func quantity() throws -> Int {
        let value = try integer()
        guard (0...1 << 40).contains(value) else {
            throw AnalyzerError("the saved state has the quantity \(value), expected 0 to 2^40")
        }
        return value
    }

    /// Reads an unsigned integer.
    public mutating func unsigned() throws -> UInt64 { UInt64(UInt(bitPattern: try integer())) }

    /// Reads a count of things that take at least `size` bytes each.
    public mutating func count(size: Int = 1) throws -> Int {
        let value = try integer()
        guard value >= 0, value <= (bytes.count - position) / max(size, 1) else {
            throw AnalyzerError("the saved state has an impossible count")
        }
        return value
    }

    /// Reads bytes.
    public mutating func data() throws -> [UInt8] {
        let count = try count()
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// Reads 32-bit numbers.
    public mutating func words() throws -> [UInt32] {
        let bytes = try data()
        guard bytes.count % 4 == 0 else { throw AnalyzerError("the saved state is cut off") }
        return bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
            }
        }
    }

    /// Reads a text.
    public mutating func text() throws -> String {
        guard let text = String(validating: try data(), as: UTF8.self) else {
            throw AnalyzerError("the saved state has a text that is not UTF-8")
        }
        return text
    }

    /// Reads a list.
    public mutating func list<Element>(
        size: Int = 1, _ body: (inout StateReader) throws -> Element
    ) throws -> [Element] {
        let count = try count(size: size)
        return try (0..<count).map { _ in try body(&self) }
    }

    /// Reads counts by name.
    public mutating func counts() throws -> [String: Int] {
        let entries = try list(size: 16) { (try $0.text(), try $0.quantity()) }
        return Dictionary(entries, uniquingKeysWith: { _, last in last })
    }
}
