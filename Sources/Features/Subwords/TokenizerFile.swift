import JSONText

/// What a `tokenizer.json` says, taken apart; what is not supported is refused by name.
struct TokenizerFile {
    /// How normalised text is cut into pieces.
    enum Splitter: Sendable {
        /// Words and single characters by BERT's rules, normalised on the way.
        case bert(BertTable.Options)
        /// At spaces, which become `▁`.
        case metaspace(replacement: [UInt8], prepends: Bool, splits: Bool, splitsFirst: Bool)
        /// At white space.
        case whiteSpace
        /// Not at all.
        case whole
    }

    /// A token found in the text itself before anything else is done to it.
    struct AddedToken: Sendable {
        let content: [UInt8]
        let id: UInt32
        let stripsLeft: Bool
        let stripsRight: Bool
    }

    private(set) var steps: [NormalizerStep] = []
    private(set) var splitter = Splitter.whole
    let model: any SubwordModel
    let addedTokens: [AddedToken]
    let vocabularyCount: Int
    private let path: String

    /// - Throws: `FeatureError` naming the part that is missing or not supported.
    init(_ document: JSONValue, path: String) throws {
        self.path = path
        func refuse(_ reason: String) -> FeatureError {
            FeatureError(
                file: path, reason: reason,
                help: "use a model2vec folder with a WordPiece or Unigram tokenizer")
        }
        guard let model = document["model"] else { throw refuse("has no model") }
        var greatest: UInt32 = 0
        switch model["type"]?.stringValue {
        case "WordPiece":
            let vocabulary = try TokenizerFile.wordPieceVocabulary(model, refuse)
            greatest = vocabulary.reduce(0) { max($0, $1.id) }
            let unknown = model["unk_token"]?.stringValue
            self.model = WordPieceModel(
                vocabulary: vocabulary,
                prefix: model["continuing_subword_prefix"]?.stringValue ?? "##",
                unknownID: vocabulary.first { $0.token == unknown }?.id,
                mostCharacters: model["max_input_chars_per_word"]?.intValue ?? 100)
        case "Unigram":
            let vocabulary = try TokenizerFile.unigramVocabulary(model, refuse)
            greatest = UInt32(vocabulary.count - 1)
            self.model = UnigramModel(
                vocabulary: vocabulary,
                unknownID: model["unk_id"]?.intValue.flatMap(UInt32.init(exactly:)),
                spellsBytes: model["byte_fallback"]?.boolValue ?? false)
        case let type:
            throw refuse("the model is \(type ?? "of no type"), expected WordPiece or Unigram")
        }
        addedTokens = try (document["added_tokens"]?.arrayValue ?? []).map { token in
            guard let content = token["content"]?.stringValue, !content.isEmpty,
                let id = token["id"]?.intValue.flatMap(UInt32.init(exactly:))
            else { throw refuse("an added token has no content or id") }
            if token["normalized"]?.boolValue == true, token["special"]?.boolValue != true {
                throw refuse(
                    "added token \"\(content)\" is matched after normalisation, which is not supported"
                )
            }
            return AddedToken(
                content: Array(content.utf8), id: id,
                stripsLeft: token["lstrip"]?.boolValue ?? false,
                stripsRight: token["rstrip"]?.boolValue ?? false)
        }
        vocabularyCount = Int(addedTokens.reduce(greatest) { max($0, $1.id) }) + 1
        try addNormalizer(document["normalizer"] ?? .null)
        try addSplitter(document["pre_tokenizer"] ?? .null)
    }

    // MARK: Models

    private static func wordPieceVocabulary(
        _ model: JSONValue, _ refuse: (String) -> FeatureError
    ) throws -> [(token: String, id: UInt32)] {
        guard let members = model["vocab"]?.objectValue?.members, !members.isEmpty else {
            throw refuse("the model has no vocabulary")
        }
        return try members.map { member in
            guard let id = member.value.intValue.flatMap(UInt32.init(exactly:)) else {
                throw refuse("token \"\(member.key)\" has no id")
            }
            return (member.key, id)
        }
    }

    private static func unigramVocabulary(
        _ model: JSONValue, _ refuse: (String) -> FeatureError
    ) throws -> [(token: String, score: Double)] {
        guard let entries = model["vocab"]?.arrayValue, !entries.isEmpty else {
            throw refuse("the model has no vocabulary")
        }
        return try entries.map { entry in
            guard let pair = entry.arrayValue, pair.count == 2, let token = pair[0].stringValue,
                let score = pair[1].doubleValue
            else { throw refuse("an entry of the vocabulary is not a token and its score") }
            return (token, score)
        }
    }

    // MARK: Normalizers

    private mutating func addNormalizer(_ part: JSONValue) throws {
        func bytes(_ key: String) -> [UInt8] { Array((part[key]?.stringValue ?? "").utf8) }
        switch part["type"]?.stringValue {
        case nil: break
        case "Sequence":
            for child in part["normalizers"]?.arrayValue ?? [] { try addNormalizer(child) }
        case "BertNormalizer":
            let lowercases = part["lowercase"]?.boolValue ?? true
            splitter = .bert(
                BertTable.Options(
                    cleansText: part["clean_text"]?.boolValue ?? true,
                    separatesIdeographs: part["handle_chinese_chars"]?.boolValue ?? true,
                    stripsAccents: part["strip_accents"]?.boolValue ?? lowercases,
                    lowercases: lowercases))
        case "Lowercase": steps.append(.lowercase)
        case "NFC": steps.append(.composed)
        case "NFD": steps.append(.decomposed)
        case "StripAccents": steps.append(.stripAccents)
        case "Strip":
            steps.append(
                .strip(
                    left: part["strip_left"]?.boolValue ?? true,
                    right: part["strip_right"]?.boolValue ?? true))
        case "Prepend": steps.append(.prepend(bytes("prepend")))
        case "Replace":
            if let pattern = part["pattern"]?["String"]?.stringValue {
                steps.append(.replace(pattern: Array(pattern.utf8), content: bytes("content")))
            } else if part["pattern"]?["Regex"]?.stringValue == " {2,}" {
                steps.append(.replaceSpaces(content: bytes("content")))
            } else {
                throw unsupported("normalizer Replace with this pattern")
            }
        case "Precompiled":
            guard
                let map = CharacterMap(
                    Base64.decode(part["precompiled_charsmap"]?.stringValue ?? "") ?? [])
            else { throw unsupported("this precompiled_charsmap") }
            steps.append(.map(map))
        case let type?: throw unsupported("normalizer \(type)")
        }
    }

    private mutating func addSplitter(_ part: JSONValue) throws {
        var isBert = false
        if case .bert = splitter { isBert = true }
        func require(_ isRight: Bool, _ type: String) throws {
            if !isRight { throw unsupported("pre_tokenizer \(type) after this normalizer") }
        }
        switch part["type"]?.stringValue {
        case nil: try require(!isBert, "null")
        case "BertPreTokenizer": if !isBert { splitter = .bert(.none) }
        case "WhitespaceSplit":
            try require(!isBert, "WhitespaceSplit")
            splitter = .whiteSpace
        case "Metaspace":
            try require(!isBert, "Metaspace")
            let scheme =
                part["prepend_scheme"]?.stringValue
                ?? (part["add_prefix_space"]?.boolValue == false ? "never" : "always")
            guard scheme != "first" else { throw unsupported("prepend_scheme first") }
            var splitsFirst = false
            if case .whiteSpace = splitter { splitsFirst = true }
            splitter = .metaspace(
                replacement: Array((part["replacement"]?.stringValue ?? "▁").utf8),
                prepends: scheme == "always", splits: part["split"]?.boolValue ?? true,
                splitsFirst: splitsFirst)
        case "Sequence":
            for child in part["pretokenizers"]?.arrayValue ?? [] { try addSplitter(child) }
        case let type?: throw unsupported("pre_tokenizer \(type)")
        }
    }

    private func unsupported(_ what: String) -> FeatureError {
        FeatureError(
            file: path, reason: "\(what) is not supported",
            help: "use a model2vec folder with a WordPiece or Unigram tokenizer")
    }
}
