import Crypto
public import Features
import Glibc
import Parallel
public import Records

/// How a dataset is to be read.
public struct ReadingOptions: Sendable {
    /// Columns to make.
    public var columns: [ColumnName] = []
    /// Threads that parse.
    public var threads = 1
    /// Most rows of a batch.
    public var batchRows = 4096
    /// Most source bytes of a batch; one larger record is a batch of its own.
    public var batchBytes = 4 << 20
    /// Where embeddings come from, when a column asks for them.
    public var embedding: EmbeddingOrigin?
    /// Where the user's probabilities of classes come from, when their column is asked for.
    public var probabilities: EmbeddingOrigin?
    /// Records of the dataset's files before this one.
    public var recordsBefore = 0
    /// Parts stated by the user, as (part, pointer).
    public var fields: [(part: String, pointer: String)] = []

    /// The defaults.
    public init() {}
}

/// What was read of one file.
public struct SourceSummary: Sendable {
    /// The file as the user named it.
    public let name: String
    /// Bytes after decompression.
    public let byteCount: Int
    /// SHA-256 of those bytes, in hexadecimal; empty before they are read.
    public internal(set) var sha256 = ""
    /// How records lie in it.
    public let format: SourceFormat
    /// Its schema and where the parts are.
    public let mapping: FieldMapping
    /// The keys that were found.
    public let keys: [String]
    /// Records read.
    public internal(set) var recordCount = 0
    /// Records found, malformed ones included.
    public internal(set) var foundCount = 0
    /// Where the vectors of its records came from.
    public internal(set) var embeddings = EmbeddingCounts()
}

/// A batch of records with where each came from.
public struct SourcedBatch: Sendable {
    /// The rows.
    public let batch: RecordBatch
    /// Index of the file within the dataset.
    public let file: Int
    /// Where each row lies in the file.
    public let spans: [RecordSpan]
}

/// Reads the files of one dataset.
public enum DatasetReader {
    private static let endings = [".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".text"]
    private static let packedEndings = [".gz", ".zst"]

    /// The files that paths stand for: a folder stands for the data files below it, sorted by name.
    ///
    /// - Throws: `ReadingError` for a path that does not exist and for a folder without data files.
    public static func files(of paths: [String]) throws -> [String] {
        try paths.flatMap { path -> [String] in
            var status = stat()
            guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                return [path]
            }
            let found = dataFiles(in: path).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            if found.isEmpty {
                throw ReadingError(
                    file: path, reason: "the folder has no data file",
                    help:
                        "data files end in \(endings.joined(separator: " ")), also with .gz or .zst"
                )
            }
            return found
        }
    }

    /// A file's name without folders and without the endings of a data file.
    static func stem(_ path: String) -> [UInt8] {
        var name = Array(path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...])
        for known in [packedEndings, endings] {
            let ending = known.first {
                name.count > $0.utf8.count && name.suffix($0.utf8.count).elementsEqual($0.utf8)
            }
            if let ending { name.removeLast(ending.utf8.count) }
        }
        return name
    }

    /// The data files below a folder; one that leads back to a folder above it is read once.
    private static func dataFiles(in folder: String, below: [(dev_t, ino_t)] = []) -> [String] {
        var own = stat()
        guard stat(folder, &own) == 0, !below.contains(where: { $0 == (own.st_dev, own.st_ino) }),
            let stream = opendir(folder)
        else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(".") { continue }
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                found += dataFiles(in: path, below: below + [(own.st_dev, own.st_ino)])
            } else if ([""] + packedEndings).contains(where: { packed in
                endings.contains { name.hasSuffix($0 + packed) }
            }) {
                found.append(path)
            }
        }
        return found
    }

    /// Opens a file and tells its format, schema and keys without reading all records.
    public static func inspect(
        _ source: SourceBytes, fields: [(part: String, pointer: String)] = []
    ) -> SourceSummary {
        let format = SourceFormat.detect(source)
        let (sample, header) = SchemaSampler.sample(source, format: format)
        var mapping = SchemaDetector.mapping(for: sample)
        for field in fields { mapping.override(part: field.part, with: field.pointer) }
        return SourceSummary(
            name: source.name, byteCount: source.bytes.count, format: format, mapping: mapping,
            keys: header.isEmpty ? sample.keys.map(\.name) : header)
    }

    /// Reads one source and hands over its batches in order.
    ///
    /// Records are found by one thread and parsed by `options.threads`; the batches and their order do
    /// not depend on that number. Malformed records go to `onReject`, in order as well. O(bytes).
    public static func read(
        _ source: SourceBytes, file: Int, options: ReadingOptions,
        onBatch: (SourcedBatch) throws -> Void, onReject: (RejectedRecord) throws -> Void
    ) throws -> SourceSummary {
        var summary = inspect(source, fields: options.fields)
        let header: [String]
        if case .delimited = summary.format { header = summary.keys } else { header = [] }
        let pool = ParserPool {
            [name = source.name, format = summary.format, mapping = summary.mapping] in
            ChunkParser(
                source: name, format: format, header: header, mapping: mapping,
                columns: options.columns,
                origin: options.embedding, probabilities: options.probabilities)
        }
        var splitter = RecordSplitter(source, format: summary.format)
        if case .delimited(_, hasHeader: true) = summary.format { _ = splitter.next() }
        func reject(_ span: RecordSpan, _ reason: String) throws {
            let bytes = source.bytes[span.offset..<span.offset + span.length]
            try onReject(
                RejectedRecord(
                    file: source.name, line: span.line, byteOffset: span.offset, reason: reason,
                    bytes: Array(bytes)))
        }
        var hash = SHA256()
        var hashedCount = 0
        func addToHash(upTo end: Int) {
            hash.update(
                bufferPointer: UnsafeRawBufferPointer(
                    UnsafeBufferPointer(rebasing: source.bytes[hashedCount..<end])))
            hashedCount = end
        }
        var carried: RecordSpan?
        while true {
            let chunks = nextChunks(&splitter, &carried, options: options)
            var numbers: [Int] = []
            for chunk in chunks {
                numbers.append(options.recordsBefore + summary.foundCount)
                summary.foundCount += chunk.count
            }
            try ThreadTeam.produce(chunks.count, threads: options.threads) {
                [numbers] index in
                pool.use { $0.parse(chunks[index], number: numbers[index], of: source.bytes) }
            } consume: { chunk in
                for (span, reason) in chunk.rejects { try reject(span, reason) }
                guard chunk.batch.rowCount > 0 else { return }
                summary.recordCount += chunk.batch.rowCount
                summary.embeddings.add(chunk.embeddings)
                try onBatch(SourcedBatch(batch: chunk.batch, file: file, spans: chunk.spans))
            }
            guard let last = chunks.last?.last else { break }
            addToHash(upTo: max(last.offset, hashedCount))
            source.release(before: last.offset)
        }
        for (span, reason) in splitter.faults { try reject(span, reason) }
        addToHash(upTo: source.bytes.count)
        summary.sha256 = hash.finalize().map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
        return summary
    }

    /// The next chunks to parse.
    ///
    /// A record that no longer fits is carried to the next call, so that the cuts do not depend on
    /// how many chunks are asked for at once.
    private static func nextChunks(
        _ splitter: inout RecordSplitter, _ carried: inout RecordSpan?, options: ReadingOptions
    ) -> [[RecordSpan]] {
        var chunks: [[RecordSpan]] = []
        while chunks.count < options.threads * 4 {
            var current: [RecordSpan] = []
            var byteCount = 0
            while current.count < options.batchRows, let span = carried ?? splitter.next() {
                carried = nil
                if !current.isEmpty, byteCount + span.length > options.batchBytes {
                    carried = span
                    break
                }
                current.append(span)
                byteCount += span.length
            }
            if current.isEmpty { break }
            chunks.append(current)
        }
        return chunks
    }

    /// Of some JSON pointers those that no readable record of a source has a value at.
    ///
    /// O(bytes up to the record that has the last of them); of a table the header alone.
    public static func missing(_ pointers: [String], in source: SourceBytes) -> [String] {
        let format = SourceFormat.detect(source)
        switch format {
        case .plainText: return pointers
        case .delimited:
            let header = SchemaSampler.sample(source, format: format).header
            let known = Set(header.map(FieldMapping.pointer))
            return pointers.filter { !known.contains($0) }
        default: break
        }
        var missing = pointers.map { (pointer: $0, path: RecordMapper.path($0)) }
        var splitter = RecordSplitter(source, format: format)
        let parser = JSONTapeParser()
        while !missing.isEmpty, let span = splitter.next() {
            let record = UnsafeBufferPointer(
                rebasing: source.bytes[span.offset..<span.offset + span.length])
            guard case .success(let tape) = parser.parse(record) else { continue }
            missing.removeAll { tape.find($0.path) != nil }
        }
        return missing.map(\.pointer)
    }

    /// Length of the list of numbers that the first readable record of a source has at a pointer.
    ///
    /// `nil` when it has none; only records of JSON have lists.
    public static func vectorLength(_ source: SourceBytes, pointer: String) -> Int? {
        let format = SourceFormat.detect(source)
        switch format {
        case .delimited, .plainText: return nil
        default: break
        }
        var splitter = RecordSplitter(source, format: format)
        let parser = JSONTapeParser()
        while let span = splitter.next() {
            let record = UnsafeBufferPointer(
                rebasing: source.bytes[span.offset..<span.offset + span.length])
            if case .success(let tape) = parser.parse(record) {
                return GivenVectors.dimensions(tape, pointer: pointer)
            }
        }
        return nil
    }
}

/// Parsers that threads take turns with, so that their tables are built once.
private final class ParserPool: Sendable {
    private let idle = Guarded<[ChunkParser]>([])
    private let make: @Sendable () -> ChunkParser

    init(_ make: @escaping @Sendable () -> ChunkParser) { self.make = make }

    func use<Result>(_ body: (ChunkParser) -> Result) -> Result {
        let parser = idle.withLock { $0.popLast() } ?? make()
        defer { idle.withLock { $0.append(parser) } }
        return body(parser)
    }
}
