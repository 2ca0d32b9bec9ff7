import Glibc

/// Vectors that a user made: a NumPy file of records × dimensions, mapped.
public final class VectorMatrix: @unchecked Sendable {
    /// The file.
    public let path: String
    /// Number of vectors.
    public let count: Int
    /// Numbers of a vector.
    public let dimensions: Int
    private let base: UnsafeMutableRawPointer
    private let length: Int
    private let offset: Int
    private let width: Int
    /// Numbers from one row to the next, and from one column to the next.
    private let strides: (row: Int, column: Int)

    /// Maps a `.npy` file (format 1 to 3) of 16-, 32- or 64-bit little-endian floats.
    ///
    /// - Throws: `FeatureError` saying what was found and what is expected.
    public init(path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        func refuse(_ reason: String) -> FeatureError {
            FeatureError(
                file: path, reason: reason,
                help: "write it with numpy.save, records × dimensions, float32")
        }
        guard descriptor >= 0 else {
            throw refuse("cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        let length = Int(status.st_size)
        guard length > 12,
            let base = mmap(nil, length, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
        else { throw refuse("has \(length) bytes, expected a NumPy file") }
        self.base = base
        self.length = length
        let bytes = UnsafeRawBufferPointer(start: base, count: length)
        let isNumPy = bytes.starts(with: [0x93] + Array("NUMPY".utf8))
        let isFirst = bytes[6] == 1
        let size = (0..<(isFirst ? 2 : 4)).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
        offset = (isFirst ? 10 : 12) + size
        let isPossible = isNumPy && offset <= length
        let header =
            isPossible
            ? String(decoding: bytes[(isFirst ? 10 : 12)..<offset], as: UTF8.self) : ""
        let shape = VectorMatrix.shape(header)
        count = shape.first ?? 0
        dimensions = shape.last ?? 0
        strides = header.contains("'fortran_order': True") ? (1, count) : (dimensions, 1)
        let kind = ["<f2": 2, "<f4": 4, "<f8": 8].first { header.contains("'\($0.key)'") }
        width = kind?.value ?? 0
        guard isPossible else { throw refuse("is not a NumPy file") }
        guard kind != nil else {
            throw refuse("is not of little-endian floats: \(header.prefix(80))")
        }
        guard shape.count == 2, (1...EmbeddingModel.mostDimensions).contains(dimensions) else {
            throw refuse("has shape \(shape), expected records × dimensions")
        }
        let (cells, isTooLarge) = count.multipliedReportingOverflow(by: dimensions * width)
        guard !isTooLarge, cells == length - offset else {
            throw refuse("has \(length - offset) bytes of numbers, expected \(cells)")
        }
    }

    deinit { munmap(base, length) }

    /// The numbers of `'shape': (3, 4)`.
    private static func shape(_ header: String) -> [Int] {
        guard let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")"),
            open < close
        else { return [] }
        return header[header.index(after: open)..<close].split(separator: ",").compactMap { part in
            Int(String(part.filter { $0 != " " }))
        }
    }

    /// Adds a vector to `output`; false when there is none, or one of its numbers is not finite.
    public func append(_ row: Int, to output: inout [Float]) -> Bool {
        guard row < count else { return false }
        var isFinite = true
        for column in 0..<dimensions {
            let place = offset + (row * strides.row + column * strides.column) * width
            let value: Float =
                switch width {
                case 2: Float(base.loadUnaligned(fromByteOffset: place, as: Float16.self))
                case 4: base.loadUnaligned(fromByteOffset: place, as: Float.self)
                default: Float(base.loadUnaligned(fromByteOffset: place, as: Double.self))
                }
            isFinite = isFinite && value.isFinite
            output.append(value)
        }
        return isFinite
    }
}
