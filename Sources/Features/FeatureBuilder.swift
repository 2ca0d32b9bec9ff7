public import Records

/// Where the embeddings of a run come from.
public enum EmbeddingOrigin: Sendable {
    /// Computed with a table.
    case model(EmbeddingModel)
    /// A field of every record holds a list of so many numbers.
    case field(pointer: String, dimensions: Int)
    /// A file has them, one a record of the dataset's files in their order, malformed records
    /// included.
    case matrix(VectorMatrix)

    /// Numbers of a vector.
    public var dimensions: Int {
        switch self {
        case .model(let model): model.dimensions
        case .field(_, let dimensions): dimensions
        case .matrix(let matrix): matrix.dimensions
        }
    }
}

/// Computes the feature columns of one batch, row by row.
///
/// Belongs to one thread; keeps its tables from batch to batch.
public struct FeatureBuilder {
    private enum Values {
        case tokens(TokenBuffer)
        case languages(LanguageBuffer)
        case vectors(VectorBuffer)
    }

    private struct Column {
        let name: ColumnName
        let part: FeaturePart
        var values: Values
    }

    /// Places of the token columns when there are all three.
    private struct Composition {
        let all: Int
        let prompt: Int
        let response: Int
    }

    private let names: [ColumnName]
    private let composition: Composition?
    private var columns: [Column] = []
    private var tokenizer = Tokenizer()
    private let detector = LanguageDetector()
    private var embedder: TextEmbedder?
    private let dimensions: Int
    /// How many vectors of each origin were made since the tables were new.
    public private(set) var counts = EmbeddingCounts()

    /// A builder of those of `columns` that are features; embeddings need an `origin`.
    public init(_ columns: [ColumnName], origin: EmbeddingOrigin?) {
        names = columns.filter { FeatureKind($0) != nil }
        if let all = names.firstIndex(of: .allTokens),
            let prompt = names.firstIndex(of: .promptTokens),
            let response = names.firstIndex(of: .responseTokens)
        {
            composition = Composition(all: all, prompt: prompt, response: response)
        } else {
            composition = nil
        }
        dimensions = origin?.dimensions ?? 0
        if case .model(let model) = origin, names.contains(where: \.isEmbedding) {
            embedder = TextEmbedder(model)
        }
        begin()
    }

    /// Begins a batch.
    public mutating func begin() {
        counts = EmbeddingCounts()
        columns = names.compactMap { name in
            switch FeatureKind(name) {
            case .tokens(let part):
                return Column(name: name, part: part, values: .tokens(TokenBuffer()))
            case .language(let part):
                return Column(name: name, part: part, values: .languages(LanguageBuffer()))
            case .embedding(let part):
                return Column(
                    name: name, part: part,
                    values: .vectors(VectorBuffer(dimensions: dimensions)))
            case nil: return nil
            }
        }
    }

    /// Adds a row; `text` gives a part's bytes, `nil` for an absent part, and `given` the vector that
    /// the record itself has.
    ///
    /// Where all text is nothing but a beginning, the prompt and the response, one after the other,
    /// `beginning` is that beginning: the words are then not looked for twice.
    public mutating func append(
        given: UnsafeBufferPointer<Float>?, beginning: UnsafeBufferPointer<UInt8>? = nil,
        _ text: (FeaturePart) -> UnsafeBufferPointer<UInt8>?
    ) {
        let composed = beginning == nil ? nil : composition
        defer { if let composed { compose(composed, beginning) } }
        for index in columns.indices where index != composed?.all {
            let bytes =
                text(columns[index].part) ?? UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            switch columns[index].values {
            case .tokens(var tokens):
                // Taken out, so that the buffer is not shared while it grows.
                columns[index].values = .languages(LanguageBuffer.none)
                tokenizer.tokenize(bytes, into: &tokens.values)
                tokens.endRow()
                columns[index].values = .tokens(tokens)
            case .languages(var languages):
                columns[index].values = .languages(LanguageBuffer.none)
                detector.withTag(bytes) { tag, confidence in
                    if tag.isEmpty {
                        languages.tags.append(FeatureBuilder.undetermined)
                    } else {
                        languages.tags.append(tag)
                    }
                    languages.confidences.append(confidence)
                }
                columns[index].values = .languages(languages)
            case .vectors(var vectors):
                columns[index].values = .languages(LanguageBuffer.none)
                append(bytes, given: given, to: &vectors)
                columns[index].values = .vectors(vectors)
            }
        }
    }

    /// Copies the last row's tokens of prompt and response behind those of the beginning.
    private mutating func compose(
        _ places: Composition, _ beginning: UnsafeBufferPointer<UInt8>?
    ) {
        guard case .tokens(var all) = columns[places.all].values else { return }
        columns[places.all].values = .languages(LanguageBuffer.none)
        if let beginning { tokenizer.tokenize(beginning, into: &all.values) }
        for part in [places.prompt, places.response] {
            guard case .tokens(let tokens) = columns[part].values,
                let end = tokens.offsets.last
            else { continue }
            let start = tokens.offsets[tokens.offsets.count - 2]
            all.values.append(contentsOf: tokens.values[Int(start)..<Int(end)])
        }
        all.endRow()
        columns[places.all].values = .tokens(all)
    }

    private static let undetermined: [UInt8]? = Array("und".utf8)

    private mutating func append(
        _ text: UnsafeBufferPointer<UInt8>, given: UnsafeBufferPointer<Float>?,
        to vectors: inout VectorBuffer
    ) {
        let start = vectors.values.count
        vectors.values.append(contentsOf: repeatElement(0, count: dimensions))
        let dimensions = dimensions
        vectors.values.withUnsafeMutableBufferPointer { values in
            let place = UnsafeMutableBufferPointer(rebasing: values[start..<start + dimensions])
            if let given {
                for index in place.indices { place[index] = given[index] }
                counts.add(TextEmbedder.normalize(place) ? .given : .none)
            } else if embedder != nil {
                counts.add(embedder?.embed(text, into: place) ?? .none)
            } else {
                counts.add(.none)
            }
        }
    }

    /// The columns of all rows since `begin`.
    public func finish() -> [(name: ColumnName, data: ColumnData)] {
        columns.map { column in
            switch column.values {
            case .tokens(let tokens): (column.name, .tokens(tokens))
            case .languages(let languages): (column.name, .languages(languages))
            case .vectors(let vectors): (column.name, .vectors(vectors))
            }
        }
    }
}

extension LanguageBuffer {
    /// A place-holder that owns no memory.
    fileprivate static let none = LanguageBuffer()
}

/// How many vectors came from where.
public struct EmbeddingCounts: Sendable, Equatable {
    /// By the table.
    public private(set) var table = 0
    /// By characters, because the table knows too little of the text.
    public private(set) var lexical = 0
    /// From the record itself.
    public private(set) var given = 0
    /// Zero, for want of text.
    public private(set) var empty = 0

    /// Nothing counted.
    public init() {}

    mutating func add(_ source: EmbeddingSource) {
        switch source {
        case .table: table += 1
        case .lexical: lexical += 1
        case .given: given += 1
        case .none: empty += 1
        }
    }

    /// Adds the counts of other batches.
    public mutating func add(_ other: EmbeddingCounts) {
        table += other.table
        lexical += other.lexical
        given += other.given
        empty += other.empty
    }
}
