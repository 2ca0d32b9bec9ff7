import Glibc
import JSONText

/// A static embedding table in model2vec form: a vector a token, and the tokenizer.
///
/// `config.json`, `tokenizer.json` and `model.safetensors` with tensor `embeddings` (f32, f16 or
/// int8, tokens × dimensions), and where the vocabulary was quantised `mapping` (row of a token) and
/// `weights` (factor of a token). The layout of sentence-transformers' StaticEmbedding is read too.
/// Immutable, shared by threads; `TextEmbedder` does the work.
public final class EmbeddingModel: Sendable {
    /// The folder it was read from.
    public let folder: String
    /// Dimensions of a vector.
    public let dimensions: Int
    /// The tokenizer.
    public let tokenizer: SubwordTokenizer
    let table: EmbeddingTable

    /// Reads a folder.
    ///
    /// - Throws: `FeatureError` naming the file at fault, when the parts do not fit each other or are
    ///   not supported.
    public init(folder: String) throws {
        self.folder = folder
        let isNested = access("\(folder)/0_StaticEmbedding/model.safetensors", R_OK) == 0
        let place = isNested ? "\(folder)/0_StaticEmbedding" : folder
        let tokenizerPath = "\(place)/tokenizer.json"
        tokenizer = try SubwordTokenizer(
            EmbeddingModel.document(tokenizerPath), path: tokenizerPath)
        let path = "\(place)/model.safetensors"
        let tensors = try SafeTensors(path: path)
        let found = try tensors.tensor("embeddings") ?? tensors.tensor("embedding.weight")
        func broken(_ reason: String) -> FeatureError {
            FeatureError(file: path, reason: reason, help: "name a model2vec folder")
        }
        guard let found, found.shape.count == 2, found.shape[0] > 0 else {
            throw broken("has no table \"embeddings\" of tokens × dimensions")
        }
        dimensions = found.shape[1]
        guard (1...EmbeddingModel.mostDimensions).contains(dimensions) else {
            throw broken(
                "has \(dimensions) dimensions, expected 1 to \(EmbeddingModel.mostDimensions)")
        }
        let tokens = tokenizer.vocabularyCount
        let mapping = try tensors.tensor("mapping")?.integers
        let weights = try tensors.tensor("weights")?.floats
        if let mapping {
            guard mapping.count >= tokens, mapping.allSatisfy((0..<found.shape[0]).contains)
            else { throw broken("\"mapping\" names rows that the table does not have") }
        } else if found.shape[0] < tokens {
            throw broken("has \(found.shape[0]) vectors, expected \(tokens), one a token")
        }
        if let weights, weights.count < tokens {
            throw broken("has \(weights.count) weights, expected \(tokens), one a token")
        }
        table = EmbeddingTable(found, tensors, mapping: mapping, weights: weights)
    }

    static let mostDimensions = 8192

    private static func document(_ path: String) throws -> JSONValue {
        let source = try FeatureFile.read(path)
        do {
            return try JSONValue(parsing: source)
        } catch {
            throw FeatureError(
                file: path, reason: "is not JSON: \(error)", help: "name a model2vec folder")
        }
    }
}
