import AssayKit
import DistributionAlgorithm
import JSONText
import Numerics

/// A sampled record, whole.
struct SampledRow: Sendable {
    let row: Int
    let tag: SampledTag
    let tokens: [UInt32]
    let text: [UInt8]

    /// A text as a report shows it.
    var excerpt: String { PackedBytes.excerpt(text, most: SampledRow.shownBytes) }

    private static let shownBytes = 200
}

/// One side of a comparison: a profile, or some of its sampled records.
struct SideView: Sendable {
    let rowCount: Int
    /// Records by label and each stated field; records without one are not among them.
    let values: [[String: Int]]
    /// Records by words of the prompt and of the response.
    let lengths: [[UInt32: Int]]
    /// Sampled records by row.
    let rows: [SampledRow]

    init(_ profile: SideProfile) {
        rowCount = profile.rowCount
        values = profile.values.map(\.byName)
        lengths = profile.lengths
        rows = profile.sample.entries.map { entry in
            SampledRow(
                row: entry.row, tag: entry.tag,
                tokens: Array(entry.list[..<entry.tag.tokenCount]),
                text: PackedBytes.bytes(
                    entry.list[entry.tag.tokenCount...], count: entry.tag.byteCount))
        }.sorted { $0.row < $1.row }
    }

    /// Some sampled records, of which labels and lengths are counted.
    init(_ rows: [SampledRow]) {
        self.rows = rows
        rowCount = rows.count
        var labels: [String: Int] = [:]
        var lengths: [[UInt32: Int]] = [[:], [:]]
        for row in rows {
            if !row.tag.label.isEmpty { labels[row.tag.label, default: 0] += 1 }
            lengths[0][UInt32(row.tag.promptLength), default: 0] += 1
            lengths[1][UInt32(row.tag.responseLength), default: 0] += 1
        }
        values = [labels]
        self.lengths = lengths
    }

    private static let wordBins = 4096

    /// The words of the sampled records, by hash.
    var words: RecordBins {
        var words = RecordBins(binCount: SideView.wordBins)
        for row in rows { words.append(wordsOf: row.tokens.span) }
        return words
    }

    /// The words and pairs of words of the sampled records, by hash.
    var grams: RecordBins {
        var grams = RecordBins(binCount: SideProfile.gramBins)
        for row in rows { grams.append(gramsOf: row.tokens.span) }
        return grams
    }
}
