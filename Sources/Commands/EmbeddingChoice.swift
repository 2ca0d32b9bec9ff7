import Features
import JSONText
import Reading
import Records

/// Where a run's embeddings come from: the built-in table, or what `--embedding` names.
enum EmbeddingChoice {
    /// The origin for the datasets of a run; `nil` when no chosen plugin asks for embeddings.
    ///
    /// - Throws: `FeatureError` or `UsageError` when it cannot be used.
    static func origin(_ settings: RunSettings, columns: [ColumnName]) throws -> EmbeddingOrigin? {
        guard columns.contains(where: \.isEmbedding) else { return nil }
        guard let stated = settings.embedding else {
            return .model(try EmbeddingModel(folder: Installation.embedding))
        }
        if stated.hasPrefix("field:") {
            return try field(stated, "--embedding", settings)
        }
        guard stated.hasSuffix(".npy") else {
            return .model(try EmbeddingModel(folder: stated))
        }
        if let other = settings.sources.first(where: { $0.role != .data && !$0.paths.isEmpty }) {
            throw UsageError(
                "--embedding \(stated) has vectors of the data alone, but --\(other.role.name) was "
                    + "given", help: "use field:NAME with a vector in every record, or a table")
        }
        return .matrix(try VectorMatrix(path: stated))
    }

    /// The folder of the run's table; `nil` when its vectors are given.
    static func folder(_ settings: RunSettings) -> String? {
        guard let stated = settings.embedding else { return Installation.embedding }
        return stated.hasPrefix("field:") || stated.hasSuffix(".npy") ? nil : stated
    }

    /// Where the user's probabilities of labels come from; `nil` when none were given.
    ///
    /// - Throws: `FeatureError` or `UsageError` when they cannot be used.
    static func probabilities(_ settings: RunSettings) throws -> EmbeddingOrigin? {
        guard let stated = settings.predictedProbabilities else { return nil }
        if stated.hasPrefix("field:") { return try field(stated, "--pred-probs", settings) }
        guard stated.hasSuffix(".npy") else {
            throw UsageError(
                "--pred-probs is \"\(stated)\", expected a .npy file or field:NAME",
                help: "write them with numpy.save, records × classes, float32")
        }
        return .matrix(try VectorMatrix(path: stated))
    }

    private static func field(
        _ stated: String, _ option: String, _ settings: RunSettings
    ) throws -> EmbeddingOrigin {
        let name = String(stated.dropFirst("field:".count))
        let pointer = FieldMapping.pointer(name)
        let paths = settings.sources.first { $0.role == .data }?.paths ?? []
        let path = try DatasetReader.files(of: paths).first ?? ""
        guard path != "-" else {
            throw UsageError(
                "\(option) field:\(name) cannot be used with standard input",
                help: "write the records to a file")
        }
        let length = DatasetReader.vectorLength(try SourceBytes(path: path), pointer: pointer)
        guard let length, length > 0 else {
            throw UsageError(
                "\(path): the first record has no list of numbers at \(pointer)",
                help: "name a field of every record with \(option) field:NAME")
        }
        return .field(pointer: pointer, dimensions: length)
    }

    /// What the report says of a dataset's embeddings; `nil` when there are none.
    static func report(_ options: ReadingOptions, _ counts: EmbeddingCounts) -> JSONValue? {
        guard let origin = options.embedding else { return nil }
        let name =
            switch origin {
            case .model(let model): String(model.folder.split(separator: "/").last ?? "")
            case .field(let pointer, _): "field \(pointer)"
            case .matrix(let matrix): matrix.path
            }
        return .object([
            "origin": .string(name), "dimensions": JSONValue(origin.dimensions),
            "by_table": JSONValue(counts.table), "by_characters": JSONValue(counts.lexical),
            "given": JSONValue(counts.given), "empty": JSONValue(counts.empty),
        ])
    }
}
