extension RecordPiece {
    /// What of a column's new text falls to each of the pieces that the column is joined from; pieces that
    /// stay as they are left out.
    ///
    /// Pieces that the text begins with are unchanged, then those that it ends with; the one between them takes
    /// the rest, so that lines put in between two pieces go to the later. Where several changed, each takes as
    /// many lines as it had. O(bytes of the texts).
    ///
    /// - Returns: `nil` where several changed and the number of lines did, and without a piece.
    public static func shares(
        of text: [UInt8], among pieces: [RecordPiece]
    ) -> [(piece: RecordPiece, text: [UInt8])]? {
        let lineEnd = UInt8(ascii: "\n")
        // Only pieces with text are joined; of nothing but empty ones the first takes the text.
        let filled = pieces.filter { !$0.text.isEmpty }
        guard !filled.isEmpty else { return pieces.first.map { [($0, text)] } }
        var (first, last) = (0, filled.count - 1)
        var rest = text[...]
        while first < last, rest.starts(with: filled[first].text),
            rest.dropFirst(filled[first].text.count).first == lineEnd
        {
            rest = rest.dropFirst(filled[first].text.count + 1)
            first += 1
        }
        while first < last, rest.count > filled[last].text.count,
            rest.suffix(filled[last].text.count).elementsEqual(filled[last].text),
            rest.dropLast(filled[last].text.count).last == lineEnd
        {
            rest = rest.dropLast(filled[last].text.count + 1)
            last -= 1
        }
        if first == last {
            return filled[first].text == Array(rest) ? [] : [(filled[first], Array(rest))]
        }
        let lines = rest.split(separator: lineEnd, omittingEmptySubsequences: false)
        let counts = filled[first...last].map { piece in
            1 + piece.text.count { $0 == lineEnd }
        }
        guard counts.reduce(0, +) == lines.count else { return nil }
        var line = 0
        var shares: [(piece: RecordPiece, text: [UInt8])] = []
        for (piece, count) in zip(filled[first...last], counts) {
            let share = Array(lines[line..<line + count].joined(separator: [lineEnd]))
            if share != piece.text { shares.append((piece, share)) }
            line += count
        }
        return shares
    }
}
