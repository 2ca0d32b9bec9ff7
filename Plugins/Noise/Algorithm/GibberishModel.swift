import Numerics

/// How likely letters of the Latin alphabet follow each other in this data, against letters drawn at random.
///
/// Learnt from words of plain letters, each half of the records for the other. Other languages of the same
/// alphabet stay above the cut; letters typed at random fall far below.
struct GibberishModel: Sendable {
    /// The letters and the end of a word.
    private static let symbols = 27
    static let tableSize = symbols * symbols * symbols
    /// Letters that are learnt from at least, in each half.
    private static let leastLearnt = 20_000
    /// What a rarer context is worth, in letters, of the distribution with one letter less.
    private static let smoothing = 5.0
    /// Letters of a text at least, and their share of its signs.
    private static let leastLetters = 12
    private static let leastShare = 0.5
    /// The mean over all letters at which a text is gibberish: ten times less likely than at random.
    ///
    /// On four real sets 0 of 7,000 texts lie below -1, of nine other languages none below -3.2, of texts with
    /// all letters drawn at random one in a thousand above.
    private static let cut: Float = -3.32
    /// The share of letters in long runs of consonants of gibberish at least: narrow data does not know the
    /// letters of other languages, but these can be spoken.
    private static let leastConsonants = 0.12
    /// So far below the cut the score is 1.
    private static let sureDistance: Float = 2

    /// By half: of two letters and the next, the binary logarithm of the ratio of its chances here and at
    /// random.
    private let ratios: [[Float]]

    /// Rounds of leaving out and learning again.
    private static let mostRounds = 3
    /// The mean below which a text is not learnt from: gibberish would teach that it is usual.
    private static let doubtfulMean: Float = 0

    /// Learns from texts; `nil` where there are too few letters.
    ///
    /// Texts that look like letters at random are left out, and it learns again from the others.
    init?(_ pairs: [PairExample], seed: UInt64, work: some WorkSharing) {
        var counts = (0..<2).map { _ in [Double](repeating: 0, count: GibberishModel.tableSize) }
        func count(_ text: [UInt8], of half: Int, _ weight: Double) {
            GibberishModel.forEachLetter(text.span) { context, letter in
                counts[half][context * GibberishModel.symbols + letter] += weight
            }
        }
        let texts = pairs.flatMap { pair in
            let half = Half.of(row: pair.row, seed: seed)
            return [(text: pair.prompt, half: half), (text: pair.response, half: half)]
        }
        // What a half teaches is for the other.
        for (text, half) in texts { count(text, of: 1 - half, 1) }
        guard counts.allSatisfy({ $0.reduce(0, +) >= Double(GibberishModel.leastLearnt) }) else {
            return nil
        }
        var tables = counts.map(GibberishModel.ratios)
        var isLearnt = [Bool](repeating: true, count: texts.count)
        for _ in 0..<GibberishModel.mostRounds {
            let means = work.map(texts.count) { [tables] index -> Float in
                let (text, half) = texts[index]
                return GibberishModel.mean(text.span, tables[half])?.value ?? 0
            }
            var isChanged = false
            for (index, (text, half)) in texts.enumerated() {
                let isSound = means[index] >= GibberishModel.doubtfulMean
                guard isSound != isLearnt[index] else { continue }
                isLearnt[index] = isSound
                isChanged = true
                count(text, of: 1 - half, isSound ? 1 : -1)
            }
            if !isChanged { break }
            tables = counts.map(GibberishModel.ratios)
        }
        ratios = tables
    }

    private static func ratios(_ counts: [Double]) -> [Float] {
        let size = symbols
        var (single, pairs) = (
            [Double](repeating: 0, count: size), [Double](repeating: 0, count: size * size)
        )
        for (index, count) in counts.enumerated() {
            single[index % size] += count
            pairs[index / size % size * size + index % size] += count
        }
        let total = single.reduce(0, +)
        let own = single.map { ($0 + 1) / (total + Double(size)) }
        var ratios = [Float](repeating: 0, count: tableSize)
        for first in 0..<size {
            for second in 0..<size {
                let start = (first * size + second) * size
                let seen = counts[start..<start + size].reduce(0, +)
                let seenAfterOne = pairs[second * size..<(second + 1) * size].reduce(0, +)
                for next in 0..<size {
                    let afterOne =
                        (pairs[second * size + next] + smoothing * own[next])
                        / (seenAfterOne + smoothing)
                    let afterTwo =
                        (counts[start + next] + smoothing * afterOne) / (seen + smoothing)
                    let random = max(own[next], 1 / Double(size))
                    ratios[start + next] = Float(
                        (Elementary.log(afterTwo) - Elementary.log(random)) / Elementary.log(2))
                }
            }
        }
        return ratios
    }

    /// How sure it is that a text is gibberish: 0.5 at the cut to 1; `nil` above it, and where a text is too
    /// short or not mostly of plain words.
    func score(_ text: Span<UInt8>, row: Int, seed: UInt64) -> Double? {
        guard let found = GibberishModel.mean(text, ratios[Half.of(row: row, seed: seed)]),
            found.value < GibberishModel.cut
        else { return nil }
        guard GibberishModel.consonantShare(text) >= GibberishModel.leastConsonants else {
            return nil
        }
        var signs = 0
        for index in text.indices where !ByteSearch.isSpace(text[index]) { signs += 1 }
        guard Double(found.letters) >= GibberishModel.leastShare * Double(signs) else {
            return nil
        }
        let distance = (GibberishModel.cut - found.value) / GibberishModel.sureDistance
        return 0.5 + 0.5 * Double(min(1, distance))
    }

    /// Share of letters in runs of four consonants and more; `y` and `w` are vowels here, as in Welsh.
    private static func consonantShare(_ text: Span<UInt8>) -> Double {
        var (run, inRuns, letters) = (0, 0, 0)
        func end() {
            if run >= 4 { inRuns += run }
            run = 0
        }
        forEachLetter(text) { _, letter in
            if letter > 0 { letters += 1 }
            if letter == 0 || vowels.contains(letter) { end() } else { run += 1 }
        }
        return Double(inRuns) / Double(max(1, letters))
    }

    /// a, e, i, o, u, w, y.
    private static let vowels: Set<Int> = [1, 5, 9, 15, 21, 23, 25]

    /// The mean over a text's letters and ends of words; `nil` for a text with too few of them.
    private static func mean(
        _ text: Span<UInt8>, _ table: [Float]
    ) -> (value: Float, letters: Int)? {
        var (sum, count, letters): (Float, Int, Int) = (0, 0, 0)
        forEachLetter(text) { context, letter in
            sum += table[context * symbols + letter]
            count += 1
            if letter > 0 { letters += 1 }
        }
        return letters >= leastLetters ? (sum / Float(count), letters) : nil
    }

    /// Goes through the words between spaces that are small letters, after a capital or not, with signs
    /// before and behind.
    ///
    /// Identifiers, digests, base64 and gene sequences have capitals or digits inside and are passed over.
    /// Of each word the letters (1 to 26) and its end (0) come, with a number for the two before.
    private static func forEachLetter(_ text: Span<UInt8>, _ body: (Int, Int) -> Void) {
        var index = 0
        while index < text.count {
            while index < text.count, ByteSearch.isSpace(text[index]) { index += 1 }
            var end = index
            while end < text.count, !ByteSearch.isSpace(text[end]) { end += 1 }
            var (start, stop) = (index, end)
            while start < stop, isSign(text[start]) { start += 1 }
            while stop > start, isSign(text[stop - 1]) { stop -= 1 }
            index = end
            guard stop - start >= 3, isWord(text, start..<stop) else { continue }
            var context = 0
            for place in start..<stop {
                let letter = Int(ByteSearch.lower(text[place])) - 0x60
                body(context, letter)
                context = (context % symbols) * symbols + letter
            }
            body(context, 0)
        }
    }

    private static func isSign(_ byte: UInt8) -> Bool {
        byte < 0x80 && !ByteSearch.isLetterOrDigit(byte)
    }

    private static func isWord(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for place in range {
            let byte = text[place]
            let isSmall = (0x61...0x7A).contains(byte)
            let isFirstCapital = place == range.lowerBound && (0x41...0x5A).contains(byte)
            if !isSmall && !isFirstCapital { return false }
        }
        return true
    }

    /// Everything that was learnt.
    var numbers: [Float] { ratios.flatMap(\.self) }

    /// How many numbers there are.
    static let numberCount = 2 * tableSize

    /// Reads what `numbers` gave.
    init?(_ numbers: ArraySlice<Float>) {
        guard numbers.count == GibberishModel.numberCount else { return nil }
        ratios = [
            Array(numbers.prefix(GibberishModel.tableSize)),
            Array(numbers.suffix(GibberishModel.tableSize)),
        ]
    }
}
