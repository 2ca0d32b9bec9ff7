import AssayKit
import JSONText
import Numerics

/// The longest and shortest prompts and responses, for telling outliers once all lengths are known.
struct LengthExtremes: Sendable {
    private struct Entry: Sendable {
        let length: Int
        let row: Int
    }

    /// Of prompts and responses: the longest, then the shortest with a word.
    private var lists: [[Entry]] = [[], [], [], []]

    /// Records that are named, of each kind.
    private static let most = 20
    /// Robust standard deviations of the logarithm of the length from which on a record is an outlier:
    /// one in two million by chance, if logarithms were normal.
    private static let limit = 5.0
    /// What makes the median absolute deviation a standard deviation of a normal distribution.
    private static let normal = 1.4826
    /// A deviation of fewer words by half is no outlier however alike all others are.
    private static let leastDeviation = 0.2
    private static let leastRows = 50

    /// Looks at a row.
    mutating func add(row: Int, prompt: Int, response: Int) {
        add(Entry(length: prompt, row: row), 0)
        add(Entry(length: response, row: row), 2)
    }

    private mutating func add(_ entry: Entry, _ list: Int) {
        insert(entry, list) { ($1.length, $0.row) < ($0.length, $1.row) }
        if entry.length > 0 {
            insert(entry, list + 1) { ($0.length, $0.row) < ($1.length, $1.row) }
        }
    }

    @inline(__always)
    private mutating func insert(
        _ entry: Entry, _ list: Int, isBefore: (Entry, Entry) -> Bool
    ) {
        if lists[list].count == LengthExtremes.most {
            guard let last = lists[list].last, isBefore(entry, last) else { return }
            lists[list].removeLast()
        }
        var place = lists[list].count
        while place > 0, isBefore(entry, lists[list][place - 1]) { place -= 1 }
        lists[list].insert(entry, at: place)
    }

    /// Adds what another has kept.
    mutating func merge(_ other: LengthExtremes) {
        for list in lists.indices {
            for entry in other.lists[list] {
                if list % 2 == 0 {
                    insert(entry, list) { ($1.length, $0.row) < ($0.length, $1.row) }
                } else {
                    insert(entry, list) { ($0.length, $0.row) < ($1.length, $1.row) }
                }
            }
        }
    }

    func save(to writer: inout StateWriter) {
        writer.write(lists) { writer, list in
            writer.write(list) {
                $0.write($1.length)
                $0.write($1.row)
            }
        }
    }

    mutating func load(from reader: inout StateReader) throws {
        let loaded = try reader.list { reader in
            try reader.list(size: 16) {
                Entry(length: try $0.integer(), row: try $0.integer())
            }
        }
        guard loaded.count == lists.count,
            loaded.allSatisfy({ list in
                list.count <= LengthExtremes.most
                    && list.allSatisfy { $0.length >= 0 && $0.row >= 0 }
            })
        else { throw AnalyzerError("the saved lengths do not fit themselves") }
        lists = loaded
    }

    /// Reports records whose length is far from that of all others, on the scale of logarithms.
    func report(_ lengths: [[UInt32: Int]], to draft: inout ReportDraft) {
        for (part, name) in ["prompt", "response"].enumerated() {
            let counts = lengths[part].filter { $0.key > 0 }.sorted { $0.key < $1.key }
            let total = counts.reduce(0) { $0 + $1.value }
            guard total >= LengthExtremes.leastRows else { continue }
            let values = counts.map {
                (value: Elementary.log(1 + Double($0.key)), count: $0.value)
            }
            let center = LengthExtremes.median(values, total)
            let deviations = values.map { (value: abs($0.value - center), count: $0.count) }
                .sorted { $0.value < $1.value }
            let width = max(
                LengthExtremes.leastDeviation,
                LengthExtremes.normal * LengthExtremes.median(deviations, total))
            func distance(_ length: Int) -> Double {
                (Elementary.log(1 + Double(length)) - center) / width
            }
            var count = 0
            for entry in counts where abs(distance(Int(entry.key))) > LengthExtremes.limit {
                count += entry.value
            }
            draft.state(
                Metric(
                    "distribution.\(name)_length_outliers", Double(count) / Double(total),
                    unit: "share", n: total, direction: .lowerIsBetter,
                    help: "\(name)s whose length is more than \(Int(LengthExtremes.limit)) robust "
                        + "standard deviations from the median, on the scale of logarithms"))
            let median = Int((Elementary.exp(center) - 1).rounded())
            for entry in lists[2 * part] + lists[2 * part + 1]
            where abs(distance(entry.length)) > LengthExtremes.limit {
                var finding = Finding(
                    code: "DST005", row: entry.row,
                    message: "\(name) of \(entry.length) words, where half of all have up to "
                        + "\(median)")
                finding.severity = .low
                finding.score = min(1, abs(distance(entry.length)) / 20)
                finding.evidence = .object([
                    "words": JSONValue(entry.length), "median": JSONValue(median),
                    "deviations": .number((distance(entry.length) * 10).rounded() / 10),
                ])
                draft.report(finding)
            }
        }
    }

    private static func median(_ values: [(value: Double, count: Int)], _ total: Int) -> Double {
        var seen = 0
        for entry in values {
            seen += entry.count
            if 2 * seen >= total { return entry.value }
        }
        return 0
    }
}
