import Features
import Foundation
public import Numerics

/// Texts as vectors of the built-in table.
public enum EmbeddedTexts {
    /// The vector of each text, in their order.
    ///
    /// O(bytes).
    public static func vectors(_ texts: [[UInt8]]) throws -> VectorSet {
        let model = try EmbeddingModel(
            folder: Checkout.file("Sources/Features/Tables/minilm-l6-256").path)
        var embedder = TextEmbedder(model)
        var vectors = VectorSet(dimensions: model.dimensions)
        var vector = [Float](repeating: 0, count: model.dimensions)
        for text in texts {
            text.withUnsafeBufferPointer { text in
                vector.withUnsafeMutableBufferPointer { _ = embedder.embed(text, into: $0) }
            }
            vectors.append(vector.span)
        }
        return vectors
    }
}
