import AssayKit
import DistributionAlgorithm
import Numerics

/// What is kept of a sampled record, beside its words and text.
struct SampledTag: Sendable {
    let promptLength: Int
    let responseLength: Int
    let tokenCount: Int
    let byteCount: Int
    let style: SIMD8<Float>
    let label: String
    let split: String
}

/// Counts and a sample of one side: the data, the reference, or the data as planned.
struct SideProfile: Sendable {
    /// Bins of words and pairs of words that weights are made of.
    static let gramBins = 1 << 14
    /// Bytes of a record's texts that are kept: enough to tell what it is about.
    private static let promptBytes = 384
    private static let responseBytes = 256
    /// Rows of a dataset at most, for checking what was saved.
    private static let mostRows = 1 << 48
    /// Words above which texts are not told apart by length.
    static let mostLength = 1 << 20

    private(set) var rowCount = 0
    /// Labels, then the stated fields.
    var values: [ValueCounts]
    /// Records by words of the prompt and of the response.
    private(set) var lengths: [[UInt32: Int]] = [[:], [:]]
    /// Words and pairs of words of all records, by hash; empty where no weights are wanted.
    private(set) var grams: [UInt32]
    var sample: ListSample<SampledTag>
    /// Whether all rows are offered, as they come; then most need not be looked at twice.
    private let isWhole: Bool
    private var buffer: [UInt32] = []
    private var textBuffer: [UInt8] = []

    init(
        fieldCount: Int, capacity: Int, seed: UInt64, isWhole: Bool = true,
        countsGrams: Bool = false
    ) {
        self.isWhole = isWhole
        grams = [UInt32](repeating: 0, count: countsGrams ? SideProfile.gramBins : 0)
        values = (0..<fieldCount + 1).map { _ in ValueCounts() }
        sample = ListSample(capacity: capacity, seed: seed)
    }

    /// Looks at a row, `copies` times.
    mutating func add(_ columns: RowColumns, _ position: Int, row: Int, copies: Int = 1) {
        rowCount += copies
        for (index, column) in columns.values.enumerated() {
            guard let column, column.byteCount(position) > 0 else { continue }
            column.withBytes(position) { text in
                for _ in 0..<copies { values[index].add(text) }
            }
        }
        let prompt = min(SideProfile.mostLength, columns.prompts.count(position))
        let response = min(SideProfile.mostLength, columns.responses.count(position))
        lengths[0][UInt32(prompt), default: 0] += copies
        lengths[1][UInt32(response), default: 0] += copies
        if !grams.isEmpty {
            columns.all.withTokens(position) { tokens in
                GramCounts.add(tokens, times: UInt32(copies), to: &grams)
            }
        }
        for copy in 0..<copies {
            let number = row + copy * SideProfile.copyStep
            guard isWhole ? sample.mayKeep(row: number) : sample.admits(row: number) else {
                continue
            }
            keep(columns, position, row: number, prompt, response)
        }
    }

    /// The same without what weights are made of.
    var withoutGrams: SideProfile {
        var profile = self
        profile.grams = []
        return profile
    }

    /// Between the numbers of a row's copies; no dataset has as many rows.
    static let copyStep = 1 << 40

    private mutating func keep(
        _ columns: RowColumns, _ position: Int, row: Int, _ prompt: Int, _ response: Int
    ) {
        // Taken out, so that it is not read through what is written to.
        var list = buffer
        buffer = []
        list.removeAll(keepingCapacity: true)
        columns.all.withTokens(position) { tokens in
            for index in tokens.indices { list.append(tokens[index]) }
        }
        let tokenCount = list.count
        var text = textBuffer
        textBuffer = []
        text.removeAll(keepingCapacity: true)
        SideProfile.append(columns.promptText, position, SideProfile.promptBytes, to: &text)
        SideProfile.append(columns.responseText, position, SideProfile.responseBytes, to: &text)
        let byteCount = text.count
        PackedBytes.append(text.span, to: &list)
        textBuffer = text
        let tag = SampledTag(
            promptLength: prompt, responseLength: response, tokenCount: tokenCount,
            byteCount: byteCount, style: columns.style(position),
            label: columns.values[0]?.string(position) ?? "",
            split: columns.split?.string(position) ?? "")
        sample.add(row: row, tag, list.span)
        buffer = list
    }

    /// Adds the beginning of a part of a record, on a line of its own.
    private static func append(
        _ column: TextColumn?, _ position: Int, _ most: Int, to text: inout [UInt8]
    ) {
        guard let column, column.byteCount(position) > 0 else { return }
        if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
        column.withBytes(position) { bytes in
            let whole = PackedBytes.wholeCharacters(bytes, most: most)
            for index in 0..<whole { text.append(bytes[index]) }
        }
    }

    mutating func merge(_ other: SideProfile) {
        rowCount += other.rowCount
        for index in values.indices { values[index].merge(other.values[index]) }
        for part in lengths.indices {
            lengths[part].merge(other.lengths[part], uniquingKeysWith: +)
        }
        for bin in grams.indices { grams[bin] &+= other.grams[bin] }
        sample.merge(other.sample)
    }

    func save(to writer: inout StateWriter) {
        writer.write(rowCount)
        writer.write(values) {
            $0.write($1.isTooMany ? 1 : 0)
            $0.write($1.byName)
        }
        writer.write(lengths) { writer, counts in
            writer.write(counts.sorted { $0.key < $1.key }) {
                $0.write(Int($1.key))
                $0.write($1.value)
            }
        }
        writer.write(grams)
        writer.write(sample.entries.sorted { $0.row < $1.row }) { writer, entry in
            writer.write(entry.row)
            for number in [
                entry.tag.promptLength, entry.tag.responseLength, entry.tag.tokenCount,
                entry.tag.byteCount,
            ] { writer.write(number) }
            writer.write((0..<8).map { entry.tag.style[$0].bitPattern })
            writer.write(entry.tag.label)
            writer.write(entry.tag.split)
            writer.write(entry.list)
        }
    }

    /// Whether counts are above 0 and add up to what they may.
    private static func isSound(
        _ counts: some Sequence<Int>, sum range: ClosedRange<Int>
    ) -> Bool {
        var sum = 0
        for count in counts {
            guard (1...mostRows).contains(count) else { return false }
            sum += count
            guard sum <= mostRows else { return false }
        }
        return range.contains(sum)
    }

    mutating func load(from reader: inout StateReader) throws {
        func wrong() -> AnalyzerError { AnalyzerError("the saved profile does not fit itself") }
        rowCount = try reader.integer()
        let counts = try reader.list { (try $0.integer() == 1, try $0.counts()) }
        guard counts.count == values.count, (0...SideProfile.mostRows).contains(rowCount) else {
            throw wrong()
        }
        for (index, (isTooMany, named)) in counts.enumerated() {
            guard SideProfile.isSound(named.values, sum: 0...rowCount) else { throw wrong() }
            if isTooMany { values[index].giveUp() }
            for (name, count) in named.sorted(by: { $0.key < $1.key }) {
                values[index].add(name, count)
            }
        }
        let loaded = try reader.list { reader in
            try reader.list(size: 16) { (UInt32(clamping: try $0.integer()), try $0.integer()) }
        }
        guard loaded.count == lengths.count,
            loaded.allSatisfy({ list in
                list.allSatisfy { $0.0 <= SideProfile.mostLength }
                    && SideProfile.isSound(list.map(\.1), sum: rowCount...rowCount)
            })
        else { throw wrong() }
        lengths = loaded.map { Dictionary($0, uniquingKeysWith: +) }
        let counted = try reader.words()
        guard counted.count == grams.count else { throw wrong() }
        grams = counted
        let entries = try reader.list(size: 64) { reader in
            let row = try reader.integer()
            let numbers = try (0..<4).map { _ in try reader.integer() }
            let style = try reader.words().map { Float(bitPattern: $0) }
            let (label, split) = (try reader.text(), try reader.text())
            return (row, numbers, style, label, split, try reader.words())
        }
        for (row, numbers, style, label, split, list) in entries {
            let (tokens, bytes) = (numbers[2], numbers[3])
            guard row >= 0,
                numbers.allSatisfy({
                    (0...list.count * 4 + SideProfile.mostLength)
                        .contains($0)
                }), tokens + PackedBytes.wordCount(bytes) == list.count,
                style.count == 8
            else { throw wrong() }
            let tag = SampledTag(
                promptLength: numbers[0], responseLength: numbers[1], tokenCount: tokens,
                byteCount: bytes, style: SIMD8(style), label: label, split: split)
            sample.add(row: row, tag, list.span)
        }
    }
}

/// The columns of a batch that a profile looks at.
struct RowColumns {
    let values: [TextColumn?]
    let prompts: TokenColumn
    let responses: TokenColumn
    let all: TokenColumn
    let promptText: TextColumn?
    let responseText: TextColumn?
    let split: TextColumn?

    /// How prompt and response of a row are written.
    func style(_ position: Int) -> SIMD8<Float> {
        var style = TextStyle()
        promptText?.withBytes(position) { style.add($0) }
        responseText?.withBytes(position) { style.add($0) }
        return style.features
    }

    /// `nil` when the host did not pass the words.
    init?(_ batch: Batch, _ settings: Settings) {
        guard let prompts = batch.tokens("feature.tokens.prompt/1"),
            let responses = batch.tokens("feature.tokens.response/1"),
            let all = batch.tokens("feature.tokens.all/1")
        else { return nil }
        (self.prompts, self.responses, self.all) = (prompts, responses, all)
        values =
            [batch.text("label")]
            + settings.fields.map { batch.text("field:\($0)") }
        promptText = batch.text("text.prompt")
        responseText = batch.text("text.response")
        split = batch.text(settings.splitField.map { "field:\($0)" } ?? "source.file")
    }
}
