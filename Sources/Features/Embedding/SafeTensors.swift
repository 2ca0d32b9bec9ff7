import Glibc
import JSONText

/// A safetensors file, mapped: a header of JSON, then the tensors.
final class SafeTensors: @unchecked Sendable {
    /// Element types that are read.
    enum Element: String {
        case float32 = "F32"
        case float16 = "F16"
        case float64 = "F64"
        case int8 = "I8"
        case int32 = "I32"
        case int64 = "I64"

        var byteCount: Int {
            switch self {
            case .int8: 1
            case .float16: 2
            case .float32, .int32: 4
            case .float64, .int64: 8
            }
        }
    }

    struct Tensor {
        let element: Element
        let shape: [Int]
        /// The values, row by row, little-endian, aligned to one byte.
        let bytes: UnsafeRawBufferPointer

        var count: Int { shape.reduce(1, *) }
    }

    private static let mostHeaderBytes = 100 << 20

    private let path: String
    private let base: UnsafeMutableRawPointer
    private let length: Int
    private let header: JSONValue
    private let dataOffset: Int

    /// Maps a file and reads its header.
    ///
    /// - Throws: `FeatureError` when it cannot be read or is not a safetensors file.
    init(path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw FeatureError(
                file: path, reason: "cannot be opened: \(String(cString: strerror(errno)))",
                help: "name a model2vec folder")
        }
        defer { close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        let length = Int(status.st_size)
        func broken(_ reason: String) -> FeatureError {
            FeatureError(
                file: path, reason: reason, help: "the file is damaged or is not safetensors")
        }
        guard length >= 8 else { throw broken("has \(length) bytes, expected a header") }
        guard let base = mmap(nil, length, PROT_READ, MAP_PRIVATE, descriptor, 0),
            base != MAP_FAILED
        else { throw broken("cannot be mapped: \(String(cString: strerror(errno)))") }
        self.base = base
        self.length = length
        let headerBytes = UInt64(littleEndian: base.loadUnaligned(as: UInt64.self))
        let isPossible =
            headerBytes <= UInt64(SafeTensors.mostHeaderBytes) && Int(headerBytes) + 8 <= length
        let text =
            isPossible
            ? Array(UnsafeRawBufferPointer(start: base + 8, count: Int(headerBytes))) : []
        dataOffset = 8 + text.count
        header = isPossible ? (try? JSONValue(parsing: text)) ?? .null : .null
        guard header.objectValue != nil else {
            // The initialised object unmaps itself.
            throw broken("its header is not a JSON object of \(headerBytes) bytes")
        }
    }

    deinit { munmap(base, length) }

    /// The tensor `name`; `nil` when there is none.
    ///
    /// - Throws: `FeatureError` when its entry does not fit the file.
    func tensor(_ name: String) throws -> Tensor? {
        guard let entry = header[name] else { return nil }
        func broken(_ reason: String) -> FeatureError {
            FeatureError(
                file: path, reason: "tensor \"\(name)\" \(reason)",
                help: "the file is damaged or of another kind")
        }
        guard let element = entry["dtype"]?.stringValue.flatMap(Element.init) else {
            throw broken(
                "is of type \(entry["dtype"]?.stringValue ?? "none"), expected F32, F16 or I8")
        }
        let shape = entry["shape"]?.arrayValue?.compactMap(\.intValue) ?? []
        let offsets = entry["data_offsets"]?.arrayValue?.compactMap(\.intValue) ?? []
        guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1],
            offsets[1] <= length - dataOffset, shape.allSatisfy({ $0 >= 0 && $0 < 1 << 40 })
        else { throw broken("has no shape, or offsets beyond the file") }
        var expected = element.byteCount
        for size in shape {
            let (product, isTooLarge) = expected.multipliedReportingOverflow(by: size)
            if isTooLarge { throw broken("has an impossible shape") }
            expected = product
        }
        guard expected == offsets[1] - offsets[0] else {
            throw broken(
                "has \(offsets[1] - offsets[0]) bytes, expected \(expected) for its shape")
        }
        return Tensor(
            element: element, shape: shape,
            bytes: UnsafeRawBufferPointer(
                start: base + dataOffset + offsets[0], count: expected))
    }
}

extension SafeTensors.Tensor {
    /// The values as 32-bit floats.
    var floats: [Float] {
        (0..<count).map { index in
            let place = index * element.byteCount
            switch element {
            case .float32: return bytes.loadUnaligned(fromByteOffset: place, as: Float.self)
            case .float16:
                return Float(bytes.loadUnaligned(fromByteOffset: place, as: Float16.self))
            case .float64: return Float(bytes.loadUnaligned(fromByteOffset: place, as: Double.self))
            case .int8: return Float(bytes.load(fromByteOffset: place, as: Int8.self))
            case .int32: return Float(bytes.loadUnaligned(fromByteOffset: place, as: Int32.self))
            case .int64: return Float(bytes.loadUnaligned(fromByteOffset: place, as: Int64.self))
            }
        }
    }

    /// The values as integers; `nil` for a tensor of floats.
    var integers: [Int]? {
        switch element {
        case .int8: (0..<count).map { Int(bytes.load(fromByteOffset: $0, as: Int8.self)) }
        case .int32:
            (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)) }
        case .int64:
            (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
        default: nil
        }
    }
}
