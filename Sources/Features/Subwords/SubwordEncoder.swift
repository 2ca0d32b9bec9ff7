/// Encodes texts with a tokenizer; keeps its tables and the words it has met.
///
/// Belongs to one thread. Once the tables are warm, a text of known words costs no allocation.
public struct SubwordEncoder {
    private let tokenizer: SubwordTokenizer
    private let steps: [NormalizerStep]
    private let splitter: TokenizerFile.Splitter
    private let model: any SubwordModel
    private let addedTokens: [TokenizerFile.AddedToken]
    /// Whether an added token begins with a byte.
    private var beginsAdded = [Bool](repeating: false, count: 256)
    private var table: BertTable
    private var words: WordMemory
    private let piece = PieceBuffer()

    /// An encoder with empty tables.
    public init(_ tokenizer: SubwordTokenizer) {
        self.tokenizer = tokenizer
        steps = tokenizer.file.steps
        splitter = tokenizer.file.splitter
        model = tokenizer.file.model
        // The longest first, so that the first that matches is the longest.
        addedTokens = tokenizer.file.addedTokens.sorted { $0.content.count > $1.content.count }
        for token in addedTokens { beginsAdded[Int(token.content[0])] = true }
        if case .bert(let options) = splitter {
            table = BertTable(options)
        } else {
            table = BertTable(.none)
        }
        words = WordMemory()
    }

    /// Appends the ids of `text`, valid UTF-8.
    ///
    /// O(bytes).
    public mutating func encode(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [UInt32]) {
        var start = 0
        var index = 0
        while index < text.count {
            guard beginsAdded[Int(text[index])], let token = addedToken(text, at: index) else {
                index += 1
                continue
            }
            var end = index
            if token.stripsLeft { while end > start, text[end - 1] == 0x20 { end -= 1 } }
            encodeSegment(UnsafeBufferPointer(rebasing: text[start..<end]), into: &ids)
            ids.append(token.id)
            index += token.content.count
            if token.stripsRight { while index < text.count, text[index] == 0x20 { index += 1 } }
            start = index
        }
        encodeSegment(UnsafeBufferPointer(rebasing: text[start...]), into: &ids)
    }

    private func addedToken(
        _ text: UnsafeBufferPointer<UInt8>, at index: Int
    ) -> TokenizerFile.AddedToken? {
        addedTokens.first { token in
            token.content.count <= text.count - index
                && token.content.indices.allSatisfy { text[index + $0] == token.content[$0] }
        }
    }

    private mutating func encodeSegment(
        _ text: UnsafeBufferPointer<UInt8>, into ids: inout [UInt32]
    ) {
        guard !text.isEmpty else { return }
        if steps.isEmpty, case .bert = splitter { return encodeWords(text, into: &ids) }
        var normalized = Array(text)
        for step in steps { normalized = step.apply(normalized) }
        switch splitter {
        case .bert:
            normalized.withUnsafeBufferPointer { encodeWords($0, into: &ids) }
        case .whole:
            piece.append(normalized)
            flush(into: &ids)
        case .whiteSpace:
            for word in SubwordEncoder.whiteSpaceSplit(normalized) {
                piece.append(word)
                flush(into: &ids)
            }
        case .metaspace(let replacement, let prepends, let splits, let splitsFirst):
            let parts = splitsFirst ? SubwordEncoder.whiteSpaceSplit(normalized) : [normalized[...]]
            for part in parts {
                encodeMetaspace(part, replacement, prepends, splits, into: &ids)
            }
        }
    }

    // MARK: BERT's words

    private mutating func encodeWords(
        _ text: UnsafeBufferPointer<UInt8>, into ids: inout [UInt32]
    ) {
        piece.count = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            let entry: UInt32
            if byte < 0x80 {
                entry = table.ascii[Int(byte)]
                index &+= 1
            } else {
                entry = table.entry(UTF8Scalars.decode(text, &index))
            }
            switch entry >> 29 {
            case BertTable.Kind.word: piece.append(scalar: entry & 0x1FFF_FFFF)
            case BertTable.Kind.several:
                let place = Int(entry & 0x1FFF_FFFF)
                for offset in 1...Int(table.expansions[place]) {
                    take(table.expansions[place + offset], into: &ids)
                }
            default: take(entry, into: &ids)
            }
        }
        flush(into: &ids)
    }

    @inline(__always)
    private mutating func take(_ entry: UInt32, into ids: inout [UInt32]) {
        switch entry >> 29 {
        case BertTable.Kind.word: piece.append(scalar: entry & 0x1FFF_FFFF)
        case BertTable.Kind.alone:
            flush(into: &ids)
            piece.append(scalar: entry & 0x1FFF_FFFF)
            flush(into: &ids)
        case BertTable.Kind.separator: flush(into: &ids)
        default: break
        }
    }

    // MARK: Pieces

    /// Encodes the collected piece and begins a new one.
    @inline(__always)
    private mutating func flush(into ids: inout [UInt32]) {
        guard piece.count > 0 else { return }
        let bytes = piece.bytes
        let hash = WordMemory.hash(bytes)
        if !words.recall(bytes, hash, into: &ids) {
            let start = ids.count
            model.encode(bytes, into: &ids)
            words.keep(bytes, hash, ids[start...])
        }
        piece.count = 0
    }

    private mutating func encodeMetaspace(
        _ text: ArraySlice<UInt8>, _ replacement: [UInt8], _ prepends: Bool, _ splits: Bool,
        into ids: inout [UInt32]
    ) {
        var marked: [UInt8] = []
        marked.reserveCapacity(text.count + 16)
        if prepends, !text.starts(with: replacement), text.first != 0x20 { marked += replacement }
        for byte in text {
            if byte == 0x20 { marked += replacement } else { marked.append(byte) }
        }
        piece.count = 0
        for index in marked.indices {
            if splits, marked[index...].starts(with: replacement) { flush(into: &ids) }
            piece.append(marked[index...index])
        }
        flush(into: &ids)
    }

    private static func whiteSpaceSplit(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        text.withUnsafeBufferPointer { bytes in
            while index < bytes.count {
                let before = index
                let scalar = Unicode.Scalar(UTF8Scalars.decode(bytes, &index))
                guard scalar?.properties.isWhitespace == true else { continue }
                if before > start { parts.append(text[start..<before]) }
                start = index
            }
        }
        if start < text.count { parts.append(text[start...]) }
        return parts
    }
}
