import BatchStore
import Features
import JSONText
import Planning
import PluginHost
import Reading
import Records
import Reports

/// All datasets of a run, read into one store.
struct Input {
    let store: BatchStore
    var datasets: [Report.Dataset] = []
    var rejected: [RejectedRecord] = []
    /// Where the rows of each role came from, batch by batch.
    var sources: [Role: [(file: String, spans: [RecordSpan])]] = [:]
    /// A hash of the bytes of each record of the data, by which it is known in another report.
    var contents: [UInt32] = []

    /// File and line of a row.
    ///
    /// O(batches).
    func place(_ role: Role, _ row: Int) -> (file: String, line: Int)? {
        places[role, row].map { ($0.file, $0.span.line) }
    }

    /// Where all rows lie.
    var places: RecordPlaces { RecordPlaces(sources: sources) }
}

/// Where the rows of each role lie in their files.
struct RecordPlaces {
    fileprivate let sources: [Role: [(file: String, spans: [RecordSpan])]]

    /// File and place of a row; `nil` when there is none.
    ///
    /// O(batches).
    subscript(_ role: Role, _ row: Int) -> (file: String, span: RecordSpan)? {
        guard row >= 0 else { return nil }
        var rest = row
        for (file, spans) in sources[role] ?? [] {
            if rest < spans.count { return (file, spans[rest]) }
            rest -= spans.count
        }
        return nil
    }
}

/// Reads the datasets of a run.
struct InputReader {
    var options: ReadingOptions
    /// Columns that are computed only where records have labels.
    let labelColumns: [ColumnName]
    /// Where embeddings come from, asked for once, when they are needed.
    let embedding: ([ColumnName]) throws -> EmbeddingOrigin?
    let progress: Progress
    /// Fields that must be there.
    var statedFields = StatedFields()
    /// What files are called, where that is not their path.
    var shownNames: [String: String] = [:]

    /// Reads everything into `store`, which analyzers may be reading already.
    func read(
        _ roles: [(role: Role, paths: [String])], into store: BatchStore
    ) throws -> Input {
        var input = Input(store: store)
        var options = options
        var statedFields = statedFields
        let columns = options.columns
        for (role, paths) in roles where !paths.isEmpty {
            var files: [JSONValue] = []
            var schemas: Set<String> = []
            var (records, bytes) = (0, 0)
            let rejectedBefore = input.rejected.count
            var digests = ""
            var embeddings = EmbeddingCounts()
            options.recordsBefore = 0
            let found = try DatasetReader.files(of: paths)
            for (index, path) in found.enumerated() {
                let source = try SourceBytes(path: path)
                try statedFields.look(in: source, as: role, isLast: index == found.count - 1)
                let shown = shownNames[path] ?? path
                // Probabilities are of the data's records alone.
                func ofRole(_ columns: [ColumnName]) -> [ColumnName] {
                    columns.filter { role == .data || $0 != .predictedProbabilities }
                }
                options.columns = ofRole(columns)
                let hasLabels =
                    (!labelColumns.isEmpty || options.probabilities != nil)
                    && DatasetReader.inspect(source, fields: options.fields).mapping.label != nil
                if role == .data, options.probabilities != nil, !hasLabels {
                    throw UsageError(
                        "\(path): --pred-probs was given, but its records have no label",
                        help: "name the field of the label with --fields label=NAME")
                }
                if hasLabels {
                    options.columns = ofRole(columns + labelColumns).sorted()
                }
                if options.embedding == nil {
                    options.embedding = try embedding(options.columns)
                }
                let summary = try DatasetReader.read(
                    source, file: index, options: options,
                    onBatch: { batch in
                        try input.store.append(batch.batch, role: role)
                        input.sources[role, default: []].append((shown, batch.spans))
                        if role == .data {
                            for span in batch.spans {
                                input.contents.append(
                                    Plan.content(
                                        UnsafeBufferPointer(
                                            rebasing: source.bytes[
                                                span.offset..<span.offset + span.length])))
                            }
                        }
                        let end = batch.spans.last.map { $0.offset + $0.length } ?? 0
                        progress.reading(
                            path, bytes: end, of: source.bytes.count,
                            records: input.store.rowCounts[role, default: 0])
                    }, onReject: { input.rejected.append($0) })
                records += summary.recordCount
                options.recordsBefore += summary.foundCount
                embeddings.add(summary.embeddings)
                bytes += summary.byteCount
                digests += summary.sha256
                schemas.insert(summary.mapping.kind.rawValue)
                files.append(
                    .object([
                        "name": .string(shown), "format": .string(summary.format.description),
                        "schema": .string(summary.mapping.kind.rawValue),
                        "mapping": .string(summary.mapping.summary),
                        "records": JSONValue(summary.recordCount),
                        "bytes": JSONValue(summary.byteCount), "sha256": .string(summary.sha256),
                    ]))
            }
            for origin in [options.embedding, options.probabilities] {
                guard case .matrix(let matrix) = origin, role == .data,
                    matrix.count != options.recordsBefore
                else { continue }
                throw UsageError(
                    "\(matrix.path): has \(matrix.count) rows, "
                        + "the data has \(options.recordsBefore) records",
                    help: "give one row a record, in the order of the files")
            }
            input.datasets.append(
                Report.Dataset(
                    role: role, files: files, recordCount: records,
                    rejectedCount: input.rejected.count - rejectedBefore, byteCount: bytes,
                    // Of one file its own digest; of several the digest of their digests in order.
                    sha256: digests.utf8.count == 64
                        ? digests : FileBytes.hexDigest(Array(digests.utf8)),
                    schema: schemas.count == 1 ? schemas.first ?? "" : "mixed",
                    embeddings: EmbeddingChoice.report(options, embeddings)))
        }
        try input.store.finish()
        progress.finishedReading(
            records: input.store.rowCounts[.data, default: 0],
            ofAllRoles: input.store.rowCounts.values.reduce(0, +))
        return input
    }
}
