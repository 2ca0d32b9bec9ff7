public import Records

/// A text of a record that features are computed of.
public enum FeaturePart: Sendable {
    case prompt, response, all
}

/// What a feature column asks for.
public enum FeatureKind: Sendable, Equatable {
    case tokens(FeaturePart)
    case language(FeaturePart)
    case embedding(FeaturePart)

    /// The feature behind a column; `nil` for a column that is read, not computed.
    public init?(_ column: ColumnName) {
        switch column {
        case .promptTokens: self = .tokens(.prompt)
        case .responseTokens: self = .tokens(.response)
        case .allTokens: self = .tokens(.all)
        case .promptLanguage: self = .language(.prompt)
        case .responseLanguage: self = .language(.response)
        case .language: self = .language(.all)
        case .promptEmbedding: self = .embedding(.prompt)
        case .responseEmbedding: self = .embedding(.response)
        case .allEmbedding: self = .embedding(.all)
        default: return nil
        }
    }

    /// The text that it is computed of.
    public var part: FeaturePart {
        switch self {
        case .tokens(let part), .language(let part), .embedding(let part): part
        }
    }
}
