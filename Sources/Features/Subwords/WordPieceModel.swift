/// Greedy longest-match subwords.
///
/// Schuster and Nakajima 2012; the rules are those of BERT (Devlin, Chang, Lee, Toutanova 2019).
struct WordPieceModel: SubwordModel {
    private static let initial: UInt32 = 0
    private static let continuing: UInt32 = 1

    private let trie = ByteTrie(roots: 2)
    let unknownID: UInt32?
    private let mostCharacters: Int

    /// A model of tokens with their ids; continuing tokens begin with `prefix`, a word of more than
    /// `mostCharacters` is unknown as a whole.
    init(
        vocabulary: [(token: String, id: UInt32)], prefix: String, unknownID: UInt32?,
        mostCharacters: Int
    ) {
        for (token, id) in vocabulary {
            trie.insert(token.utf8, value: id, root: WordPieceModel.initial)
            if token.utf8.starts(with: prefix.utf8) {
                trie.insert(
                    token.utf8.dropFirst(prefix.utf8.count), value: id,
                    root: WordPieceModel.continuing)
            }
        }
        self.unknownID = unknownID
        self.mostCharacters = mostCharacters
    }

    func encode(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [UInt32]) {
        let start = ids.count
        var position = 0
        let isShort =
            piece.count <= mostCharacters
            || piece.count(where: { $0 & 0xC0 != 0x80 }) <= mostCharacters
        while isShort, position < piece.count {
            let root = position == 0 ? WordPieceModel.initial : WordPieceModel.continuing
            let (id, length) = longest(piece, from: position, root)
            guard length > 0 else { break }
            ids.append(id)
            position += length
        }
        guard position < piece.count else { return }
        // One part that is not known makes the whole word unknown.
        ids.removeLast(ids.count - start)
        if let unknownID { ids.append(unknownID) }
    }

    @inline(__always)
    private func longest(
        _ piece: UnsafeBufferPointer<UInt8>, from start: Int, _ root: UInt32
    ) -> (id: UInt32, length: Int) {
        var node = root
        var found: (id: UInt32, length: Int) = (0, 0)
        var position = start
        while position < piece.count {
            node = trie.child(of: node, piece[position])
            if node == ByteTrie.none { break }
            position += 1
            let value = trie.value(at: node)
            if value != ByteTrie.none { found = (value, position - start) }
        }
        return found
    }
}
