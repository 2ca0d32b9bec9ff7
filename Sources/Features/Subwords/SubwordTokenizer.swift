public import JSONText

/// A tokenizer of the `tokenizer.json` format: text to ids of a vocabulary.
///
/// WordPiece and Unigram models with the normalisers and word splitters that model2vec folders use;
/// ids equal those of the `tokenizers` library without special tokens. Immutable, shared by threads;
/// `SubwordEncoder` does the work.
public final class SubwordTokenizer: Sendable {
    let file: TokenizerFile

    /// Takes a parsed `tokenizer.json`.
    ///
    /// - Throws: `FeatureError` naming the part that is missing or not supported.
    public init(_ document: JSONValue, path: String) throws {
        file = try TokenizerFile(document, path: path)
    }

    /// One more than the greatest id.
    public var vocabularyCount: Int { file.vocabularyCount }

    /// The id of what the vocabulary does not know.
    public var unknownID: UInt32? { file.model.unknownID }
}
