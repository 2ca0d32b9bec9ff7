/// The likeliest segmentation under a unigram language model (Kudo 2018, "Subword regularization"),
/// found by Viterbi's algorithm.
///
/// A character that no token begins at costs the lowest score minus 10 and is unknown; neighbouring
/// unknown characters become one id, as in SentencePiece.
struct UnigramModel: SubwordModel {
    private static let unknownPenalty = 10.0

    private let trie = ByteTrie(roots: 1)
    private let scores: [Double]
    private let unknownScore: Double
    let unknownID: UInt32?
    /// Ids of `<0x00>` to `<0xFF>` when unknown characters are spelt in bytes.
    private let byteIDs: [UInt32]?

    init(vocabulary: [(token: String, score: Double)], unknownID: UInt32?, spellsBytes: Bool) {
        var lowest = Double.infinity
        for (id, entry) in vocabulary.enumerated() {
            trie.insert(entry.token.utf8, value: UInt32(id))
            lowest = min(lowest, entry.score)
        }
        scores = vocabulary.map(\.score)
        unknownScore = lowest - UnigramModel.unknownPenalty
        self.unknownID = unknownID
        guard spellsBytes else {
            byteIDs = nil
            return
        }
        let known = Dictionary(
            vocabulary.enumerated().map { ($1.token, UInt32($0)) }, uniquingKeysWith: { $1 })
        let ids = (0..<256).compactMap { byte -> UInt32? in
            let digits = String(byte, radix: 16, uppercase: true)
            return known["<0x\(digits.count == 1 ? "0" : "")\(digits)>"]
        }
        byteIDs = ids.count == 256 ? ids : nil
    }

    /// O(bytes · longest token).
    func encode(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [UInt32]) {
        guard !piece.isEmpty else { return }
        withUnsafeTemporaryAllocation(of: Node.self, capacity: piece.count + 1) { nodes in
            nodes.initialize(repeating: Node())
            nodes[0].score = 0
            var start = 0
            while start < piece.count {
                let length = UnigramModel.characterLength(piece, start)
                extend(nodes, piece, from: start, characterLength: length)
                start += length
            }
            let first = ids.count
            var end = piece.count
            while end > 0 {
                append(nodes[end].id, piece, nodes[end].start..<end, into: &ids)
                end = nodes[end].start
            }
            ids[first...].reverse()
            join(&ids, from: first)
        }
    }

    private struct Node {
        var score = -Double.infinity
        var start = 0
        /// `ByteTrie.none` for an unknown character.
        var id = ByteTrie.none
    }

    private func extend(
        _ nodes: UnsafeMutableBufferPointer<Node>, _ piece: UnsafeBufferPointer<UInt8>,
        from start: Int, characterLength: Int
    ) {
        let base = nodes[start].score
        var node: UInt32 = 0
        var position = start
        var coversCharacter = false
        while position < piece.count {
            node = trie.child(of: node, piece[position])
            if node == ByteTrie.none { break }
            position += 1
            let id = trie.value(at: node)
            if id == ByteTrie.none { continue }
            if position - start == characterLength { coversCharacter = true }
            let score = base + scores[Int(id)]
            if score > nodes[position].score {
                nodes[position] = Node(score: score, start: start, id: id)
            }
        }
        let end = start + characterLength
        if !coversCharacter, base + unknownScore > nodes[end].score {
            nodes[end] = Node(score: base + unknownScore, start: start, id: ByteTrie.none)
        }
    }

    /// Appends an id, or the bytes of an unknown character, last first.
    private func append(
        _ id: UInt32, _ piece: UnsafeBufferPointer<UInt8>, _ range: Range<Int>,
        into ids: inout [UInt32]
    ) {
        guard id == ByteTrie.none else { return ids.append(id) }
        guard let byteIDs else { return ids.append(ByteTrie.none) }
        for index in range.reversed() { ids.append(byteIDs[Int(piece[index])]) }
    }

    /// Makes neighbouring unknown characters one id.
    private func join(_ ids: inout [UInt32], from first: Int) {
        var write = first
        var isAfterUnknown = false
        for read in first..<ids.count {
            let isUnknown = ids[read] == ByteTrie.none
            if isUnknown, isAfterUnknown || unknownID == nil { continue }
            ids[write] = isUnknown ? unknownID ?? 0 : ids[read]
            write += 1
            isAfterUnknown = isUnknown
        }
        ids.removeLast(ids.count - write)
    }

    @inline(__always)
    private static func characterLength(
        _ piece: UnsafeBufferPointer<UInt8>, _ start: Int
    ) -> Int {
        let first = piece[start]
        let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        return min(length, piece.count - start)
    }
}
