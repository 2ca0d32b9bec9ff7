import Numerics

/// How whole responses end, learnt against the same responses cut off at random places.
///
/// What is natural differs: prose ends in a full stop, code in a brace, a calculation in its result. Two
/// models, each learnt from one half of the records, judge the other half.
struct EndingModel: Sendable {
    private static let tableCount = 5
    private static let width = tableCount + 8
    /// Cuts of a response for the tables; one more is for the regression.
    private static let cuts = 3
    /// A shorter text says too little about its end.
    static let leastBytes = 30

    private let tables: [[PhraseOdds]]
    private let regression: HalvedLogistic
    private let seed: UInt64

    /// What an end looks like: hashes for the tables and numbers.
    private struct Ending {
        let hashes: InlineArray<5, UInt64>
        let numbers: InlineArray<8, Float>
    }

    /// Learns from responses; `nil` when too few are long enough.
    init?(
        _ pairs: [PairExample], trusted: [PairExample], verdicts: [Int: Bool], seed: UInt64,
        work: some WorkSharing
    ) {
        self.seed = seed
        let usable = pairs.filter { $0.response.count >= EndingModel.leastBytes }
        guard usable.count >= LearnedChecks.leastPairs else { return nil }
        let endings = work.map(usable.count) { index in
            let pair = usable[index]
            var generator = SeededGenerator(seed: seed ^ 0xC07, stream: UInt64(pair.row))
            let text = pair.response.span
            let whole = EndingModel.ending(text, ByteSearch.trimmed(text).upperBound)
            let cut = (0...EndingModel.cuts).map { _ in
                EndingModel.ending(text, EndingModel.cut(text, &generator))
            }
            return (
                half: Half.of(row: pair.row, seed: seed), whole: whole, cut: cut,
                verdict: verdicts[pair.row]
            )
        }
        let tables = (0..<2).map { half in
            (0..<EndingModel.tableCount).map { table in
                let others = endings.filter { $0.half != half }
                return PhraseOdds(
                    positive: others.map { $0.whole.hashes[table] },
                    negative: others.flatMap { $0.cut.dropLast().map { $0.hashes[table] } })
            }
        }
        self.tables = tables
        var rows: [Float] = []
        var halves: [Int] = []
        var isCut: [Bool] = []
        var known: [Bool?] = []
        for ending in endings {
            for (kind, one) in [(false, ending.whole), (true, ending.cut[EndingModel.cuts])] {
                EndingModel.append(EndingModel.row(one, tables[ending.half]), to: &rows)
                isCut.append(kind)
                known.append(kind ? nil : ending.verdict)
                halves.append(ending.half)
            }
        }
        let soundCount = isCut.count
        for pair in trusted where pair.response.count >= EndingModel.leastBytes {
            let half = Half.of(row: pair.row, seed: seed)
            let end = ByteSearch.trimmed(pair.response.span).upperBound
            EndingModel.append(
                EndingModel.row(EndingModel.ending(pair.response.span, end), tables[half]),
                to: &rows)
            halves.append(half)
            isCut.append(false)
            known.append(nil)
        }
        regression = HalvedLogistic(
            rows, width: EndingModel.width, halves: halves, isPositive: isCut,
            isTrusted: isCut.indices.map { $0 >= soundCount }, verdicts: known,
            doubtLimit: LearnedChecks.doubtLimit, work: work)
    }

    /// A place to cut a text at: between a fifth and nine tenths, half of the time after a whole word.
    static func cut(_ text: Span<UInt8>, _ generator: inout SeededGenerator) -> Int {
        let range = ByteSearch.trimmed(text)
        let first = range.lowerBound + range.count / 5
        let last = range.lowerBound + range.count * 9 / 10
        var place = first + Int(generator.below(UInt64(max(1, last - first))))
        while place < range.upperBound, text[place] & 0xC0 == 0x80 { place += 1 }
        if generator.next() & 1 == 0 {
            while place < range.upperBound, WordScan.kind(text, place).kind == .word {
                place += WordScan.kind(text, place).length
            }
        }
        while place > range.lowerBound + 1, ByteSearch.isSpace(text[place - 1]) { place -= 1 }
        return place
    }

    /// The log-odds that a response is cut off; `nil` for one that is too short to tell.
    func logit(_ text: Span<UInt8>, row: Int, with terms: inout [Float]) -> Double? {
        let end = ByteSearch.trimmed(text).upperBound
        guard end >= EndingModel.leastBytes else { return nil }
        return logit(text, end: end, row: row, with: &terms)
    }

    /// The log-odds that the text up to `end` is cut off.
    func logit(
        _ text: Span<UInt8>, end: Int, row: Int, with terms: inout [Float]
    ) -> Double {
        let half = Half.of(row: row, seed: seed)
        let numbers = EndingModel.row(EndingModel.ending(text, end), tables[half])
        return regression.logit(numbers.span, half: half, with: &terms)
    }

    private static func append(_ row: InlineArray<13, Float>, to rows: inout [Float]) {
        for index in row.indices { rows.append(row[index]) }
    }

    private static func row(
        _ ending: Ending, _ tables: [PhraseOdds]
    ) -> InlineArray<13, Float> {
        InlineArray { index in
            index < tableCount
                ? tables[index][ending.hashes[index]] : ending.numbers[index - tableCount]
        }
    }

    /// Bytes before the end that are looked through for words.
    private static let tailBytes = 160

    private static func ending(_ text: Span<UInt8>, _ end: Int) -> Ending {
        var start = max(0, end - tailBytes)
        while start < end, text[start] & 0xC0 == 0x80 { start += 1 }
        var (last, beforeLast): (Range<Int>?, Range<Int>?) = (nil, nil)
        WordScan.forEachWord(text, in: start..<end) { (last, beforeLast) = ($0, last) }
        var lineStart = end
        while lineStart > 0, text[lineStart - 1] != 0x0A { lineStart -= 1 }
        let closing = characterHash(text, end)
        let lastWord = last.map { WordScan.hash(text, $0) } ?? 0
        let isWordLast = last?.upperBound == end
        let wordBefore = beforeLast.map { WordScan.hash(text, $0) } ?? 0
        let state: UInt64 = isWordLast ? 1 : 2
        let balance = Balance(text, end)
        let hashes: InlineArray<5, UInt64> = [
            StableHash.mix(closing.last ^ closing.before << 20),
            StableHash.mix(lastWord ^ closing.last),
            StableHash.mix(lastWord ^ StableHash.mix(wordBefore ^ state)),
            StableHash.mix(lineHash(text, lineStart, end) ^ closing.last),
            StableHash.mix(balance.hash ^ closing.last),
        ]
        let length = Float(Elementary.log(Double(end) + 1))
        let numbers: InlineArray<8, Float> = [
            length, Float(Elementary.log(Double(end - lineStart) + 1)),
            Float(Elementary.log(Double(end - balance.lastStop) + 1)),
            Float(Elementary.log(Double(balance.lines) + 1)),
            Float(Elementary.log(Double(balance.stops) + 1)), isWordLast ? 1 : 0,
            Float(last?.count ?? 0),
            // Where other lines end in a word, the last may: lists, verses, tables.
            balance.lines > 1 ? Float(balance.openLines) / Float(balance.lines - 1) : 0.5,
        ]
        return Ending(hashes: hashes, numbers: numbers)
    }

    /// The last character, letters and digits by kind, and the kind of the one before.
    private static func characterHash(
        _ text: Span<UInt8>, _ end: Int
    ) -> (last: UInt64, before: UInt64) {
        func character(_ end: Int) -> (value: UInt64, start: Int) {
            guard end > 0 else { return (0, 0) }
            var start = end - 1
            while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
            let byte = text[start]
            if byte &- 0x30 < 10 { return (1, start) }
            if byte &- 0x61 < 26 { return (2, start) }
            if byte &- 0x41 < 26 { return (3, start) }
            if byte >= 0x80 {
                switch WordScan.kind(text, start).kind {
                case .word: return (4, start)
                case .single: return (5, start)
                case .separator: break
                }
            }
            var value: UInt64 = 0
            for index in start..<end { value = value << 8 | UInt64(text[index]) }
            return (value + 16, start)
        }
        let last = character(end)
        return (last.value, min(character(last.start).value, 64))
    }

    /// How the last line begins: its first word, or its first sign with what follows.
    private static func lineHash(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
        guard start > 0 else { return 7 }
        var index = start
        while index < end, ByteSearch.isSpace(text[index]) { index += 1 }
        guard index < end else { return 8 }
        if !ByteSearch.isLetterOrDigit(text[index]) {
            let next = index + 1 < end ? text[index + 1] : 0
            return UInt64(text[index]) << 8 | UInt64(next)
        }
        return text[index] &- 0x30 < 10 ? 9 : 10
    }

    /// What is open at the end, and where the last sentence ended.
    private struct Balance {
        var hash: UInt64 = 0
        var lastStop = 0
        /// Lines that are not empty, and those before the last that end in a word.
        var lines = 1
        var openLines = 0
        var stops = 0

        init(_ text: Span<UInt8>, _ end: Int) {
            var (round, square, curly, quotes, fences) = (0, 0, 0, 0, 0)
            var wide = 0
            var (index, lineStart) = (0, 0)
            while index < end {
                switch text[index] {
                case UInt8(ascii: "("): round += 1
                case UInt8(ascii: ")"): round -= 1
                case UInt8(ascii: "["): square += 1
                case UInt8(ascii: "]"): square -= 1
                case UInt8(ascii: "{"): curly += 1
                case UInt8(ascii: "}"): curly -= 1
                case UInt8(ascii: "\""): quotes += 1
                case UInt8(ascii: "`"):
                    if index + 2 < end, text[index + 1] == 0x60, text[index + 2] == 0x60 {
                        fences += 1
                        index += 2
                    }
                case 0x0A:
                    if index > lineStart {
                        lines += 1
                        let last = text[index - 1]
                        let isOpen =
                            ByteSearch.isLetterOrDigit(last)
                            || last >= 0x80 && WordScan.endsInWord(text, index)
                        if isOpen { openLines += 1 }
                    }
                    lineStart = index + 1
                case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"):
                    if index + 1 < end, ByteSearch.isSpace(text[index + 1]) {
                        stops += 1
                        lastStop = index + 1
                    }
                case 0xE3:
                    // 。 ends a sentence; 「 『 《 【 and their closing signs come in pairs.
                    guard index + 2 < end, text[index + 1] == 0x80 else { break }
                    switch text[index + 2] {
                    case 0x82:
                        if index + 3 < end {
                            stops += 1
                            lastStop = index + 3
                        }
                    case 0x8A, 0x8C, 0x8E, 0x90: wide += 1
                    case 0x8B, 0x8D, 0x8F, 0x91: wide -= 1
                    default: break
                    }
                case 0xE2:
                    // Curly quotes.
                    guard index + 2 < end, text[index + 1] == 0x80 else { break }
                    if text[index + 2] == 0x9C { wide += 1 }
                    if text[index + 2] == 0x9D { wide -= 1 }
                case 0xEF:
                    guard index + 2 < end, text[index + 1] == 0xBC else { break }
                    switch text[index + 2] {
                    case 0x88: round += 1
                    case 0x89: round -= 1
                    case 0x81, 0x9F:
                        if index + 3 < end {
                            stops += 1
                            lastStop = index + 3
                        }
                    default: break
                    }
                default: break
                }
                index += 1
            }
            // Open, even, or closed too often.
            func note(_ count: Int) {
                hash = hash * 3 + UInt64(count > 0 ? 2 : count < 0 ? 1 : 0)
            }
            note(round)
            note(square)
            note(curly)
            note(wide)
            hash = hash * 2 + UInt64(quotes & 1)
            hash = hash * 2 + UInt64(fences & 1)
        }
    }

    /// Everything that was learnt.
    var numbers: [Float] { tables.flatMap { $0.flatMap(\.numbers) } + regression.numbers }

    /// How many numbers there are.
    static var numberCount: Int {
        2 * tableCount * PhraseOdds.numberCount + HalvedLogistic.numberCount(width)
    }

    /// Reads what `numbers` gave.
    init?(_ numbers: ArraySlice<Float>, seed: UInt64) {
        guard numbers.count == EndingModel.numberCount else { return nil }
        self.seed = seed
        var rest = numbers
        tables = (0..<2).map { _ in
            (0..<EndingModel.tableCount).compactMap { _ in
                defer { rest = rest.dropFirst(PhraseOdds.numberCount) }
                return PhraseOdds(rest.prefix(PhraseOdds.numberCount))
            }
        }
        guard tables.allSatisfy({ $0.count == EndingModel.tableCount }),
            let regression = HalvedLogistic(rest, width: EndingModel.width)
        else {
            return nil
        }
        self.regression = regression
    }
}
