import CCompression
import Glibc

/// The bytes of one source, mapped or held in memory, followed by readable zeros.
public final class SourceBytes: @unchecked Sendable {
    /// The file as the user named it; `-` is standard input.
    public let name: String
    /// The content after decompression.
    public let bytes: UnsafeBufferPointer<UInt8>
    private let mapped: (base: UnsafeMutableRawPointer, length: Int)?
    private let owned: UnsafeMutablePointer<UInt8>?

    /// Opens a file (or standard input for `-`) and decompresses `.gz` and `.zst` by their first
    /// bytes, whatever the name.
    ///
    /// - Throws: `ReadingError` when the file cannot be opened, read or decompressed.
    public init(path: String) throws {
        name = path
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ReadingError(
                file: path, reason: "cannot be opened: \(String(cString: strerror(errno)))",
                help: "check the path and the permissions")
        }
        defer { if path != "-" { close(descriptor) } }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw ReadingError(
                file: path, reason: "cannot be read: \(String(cString: strerror(errno)))",
                help: "check the file")
        }
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        var raw: [UInt8] = []
        if isRegular, status.st_size > 0,
            let base = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0),
            base != MAP_FAILED
        {
            let view = UnsafeBufferPointer(
                start: base.assumingMemoryBound(to: UInt8.self), count: Int(status.st_size))
            try SourceBytes.refuseOtherFormats(view, name: path)
            guard let expanded = try SourceBytes.decompress(view, name: path) else {
                madvise(base, Int(status.st_size), MADV_SEQUENTIAL)
                mapped = (base, Int(status.st_size))
                owned = nil
                bytes = view
                return
            }
            munmap(base, Int(status.st_size))
            raw = expanded
        } else {
            raw = try SourceBytes.readAll(descriptor, name: path)
            if let expanded = try raw.withUnsafeBufferPointer({
                try SourceBytes.decompress($0, name: path)
            }) {
                raw = expanded
            }
        }
        try raw.withUnsafeBufferPointer { try SourceBytes.refuseOtherFormats($0, name: path) }
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: raw.count + 1)
        copy.initialize(from: raw, count: raw.count)
        mapped = nil
        owned = copy
        bytes = UnsafeBufferPointer(start: copy, count: raw.count)
    }

    /// A source of bytes in memory, for tests and for records made by the host.
    public init(name: String, content: [UInt8]) {
        self.name = name
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: content.count + 1)
        copy.initialize(from: content, count: content.count)
        mapped = nil
        owned = copy
        bytes = UnsafeBufferPointer(start: copy, count: content.count)
    }

    deinit {
        if let mapped { munmap(mapped.base, mapped.length) }
        owned?.deallocate()
    }

    /// Lets go of the memory of a mapped file before `offset`; it is read again if it is needed.
    func release(before offset: Int) {
        guard let mapped else { return }
        let page = Int(getpagesize())
        let length = min(offset, mapped.length) / page * page
        madvise(mapped.base, length, MADV_DONTNEED)
    }

    private static func readAll(_ descriptor: Int32, name: String) throws -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ReadingError(
                    file: name, reason: "cannot be read: \(String(cString: strerror(errno)))",
                    help: "name a file, a folder or - for standard input")
            }
            if count == 0 { return content }
            content.append(contentsOf: chunk[..<count])
        }
    }

    /// First bytes of files that hold records in a form that is not read, with their names.
    private static let otherFormats: [(name: String, bytes: [UInt8])] = [
        ("an Arrow file", Array("ARROW1\u{0}\u{0}".utf8)),
        ("a ZIP archive or a spreadsheet", [0x50, 0x4B, 0x03, 0x04]),
        ("an SQLite database", Array("SQLite format 3\u{0}".utf8)),
        ("a PDF file", Array("%PDF-1".utf8)), ("an xz file", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]),
    ]

    /// - Throws: `ReadingError` for a file of another format and for text in another encoding than UTF-8.
    private static func refuseOtherFormats(
        _ bytes: UnsafeBufferPointer<UInt8>, name: String
    ) throws {
        var found = otherFormats.first { bytes.starts(with: $0.bytes) }?.name
        // What may begin a text as well has another mark.
        let parquet = Array("PAR1".utf8)
        if bytes.count >= 12, bytes.starts(with: parquet), bytes.suffix(4).elementsEqual(parquet) {
            found = "a Parquet file"
        }
        if bytes.count >= 10, bytes.starts(with: Array("BZh".utf8)),
            bytes[4..<7].elementsEqual([0x31, 0x41, 0x59])
        {
            found = "a bzip2 file"
        }
        if let found {
            throw ReadingError(
                file: name, reason: "is \(found), expected JSON, CSV, TSV or text",
                help: "export its records as JSON lines, for example with "
                    + "pandas.read_parquet(FILE).to_json(OUT, orient=\"records\", lines=True)")
        }
        let isMarked = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
        // The first two signs are of ASCII, each beside a zero.
        let isWide =
            bytes.count >= 4
            && (bytes[0] != 0 && bytes[1] == 0 && bytes[2] != 0 && bytes[3] == 0
                || bytes[0] == 0 && bytes[1] != 0 && bytes[2] == 0 && bytes[3] != 0)
        if isMarked || isWide {
            throw ReadingError(
                file: name, reason: "is UTF-16, expected UTF-8",
                help: "convert it: iconv -f UTF-16 -t UTF-8 FILE > OUT")
        }
    }

    private static func decompress(
        _ bytes: UnsafeBufferPointer<UInt8>, name: String
    ) throws -> [UInt8]? {
        let format: Int32
        if bytes.starts(with: [0x1F, 0x8B]) {
            format = 0
        } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            format = 1
        } else {
            return nil
        }
        var result = ccm_buffer()
        defer { ccm_free(&result) }
        if let reason = ccm_decompress(
            format, bytes.baseAddress, UInt64(bytes.count), .max, &result)
        {
            throw ReadingError(
                file: name, reason: "cannot be decompressed: \(String(cString: reason))",
                help: "the file is damaged or cut off; make it again")
        }
        return Array(UnsafeBufferPointer(start: result.bytes, count: Int(result.length)))
    }
}
