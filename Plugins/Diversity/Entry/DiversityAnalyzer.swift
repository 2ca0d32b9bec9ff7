import AssayKit
import DiversityAlgorithm
import JSONText
import Numerics

/// Measures lexical variety at equal n and finds exact duplicates.
struct DiversityAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.diversity"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 1

    let sampleSize: Int
    let host: HostServices

    init(configuration: JSONValue, host: HostServices) {
        self.host = host
        sampleSize = configuration["sample_size"]?.intValue ?? 2000
    }

    func begin(_ pass: Pass) -> DiversityPartial {
        DiversityPartial(capacity: sampleSize, seed: pass.seed)
    }

    func load(_ reader: inout StateReader, pass: Pass) throws -> DiversityPartial {
        var partial = begin(pass)
        partial.rowCount = try reader.integer()
        partial.duplicateCount = try reader.integer()
        partial.groupCount = try reader.integer()
        partial.groups = try reader.list(size: 16) {
            (row: try $0.integer(), size: try $0.integer())
        }
        let rows = try reader.list(size: 16) { reader in
            (
                row: try reader.integer(),
                tokens: try reader.list(size: 8) {
                    UInt32(truncatingIfNeeded: try $0.integer())
                }
            )
        }
        for entry in rows { partial.sample.add(row: entry.row, (), entry.tokens.span) }
        return partial
    }

    /// Subsamples from which intervals are read, and records of each.
    private static let rounds = 20
    private static let roundSize = 200

    func finish(_ partial: DiversityPartial, to sink: Sink) throws {
        let n = partial.rowCount
        guard n > 0 else { return }
        let records = partial.sample.entries.map(\.list).filter { !$0.isEmpty }
        let size = min(DiversityAnalyzer.roundSize, records.count)
        let rounds = records.count > size ? DiversityAnalyzer.rounds : 1
        let seed = partial.seed
        let measured = host.map(size > 0 ? rounds : 0) { round in
            var generator = SeededGenerator(seed: seed, stream: UInt64(round))
            var order = Array(records.indices)
            for index in 0..<size {
                order.swapAt(index, index + Int(generator.below(UInt64(order.count - index))))
            }
            return LexicalDiversity(order[..<size].map { records[$0] })
        }
        func state(
            _ name: String, _ unit: String, _ help: String, _ value: (LexicalDiversity) -> Double
        ) throws -> Double {
            let values = measured.map(value).sorted()
            let mean = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
            let low = Quantiles.quantile(0.025, ofSorted: values) ?? 0
            let high = Quantiles.quantile(0.975, ofSorted: values) ?? 0
            try sink.state(
                Metric(
                    "diversity.\(name)", mean, unit: unit, n: size, direction: .higherIsBetter,
                    interval: rounds > 1 ? low...high : nil, help: help))
            return mean
        }
        for gram in 1...3 {
            _ = try state(
                "distinct_\(gram)", "share",
                "different \(gram)-grams over all \(gram)-grams in \(size) records (mean of \(rounds) seeded subsamples)"
            ) { $0.distinct[gram - 1] }
        }
        let distinct2 =
            measured.isEmpty
            ? 0 : measured.reduce(0) { $0 + $1.distinct[1] } / Double(measured.count)
        _ = try state(
            "entropy", "bits", "Shannon entropy of the words in \(size) records", \.entropy)
        let rate = Double(partial.duplicateCount) / Double(n)
        let bounds = Quantiles.wilsonInterval(count: partial.duplicateCount, of: n)
        try sink.state(
            Metric(
                "diversity.exact_duplicate_rate", rate, unit: "share", n: n,
                direction: .lowerIsBetter,
                interval: bounds.low...bounds.high,
                help: "records that repeat an earlier one, white space aside"))
        try sink.state(
            Metric(
                "diversity.score", distinct2.squareRoot() * (1 - rate), unit: "share", n: n,
                direction: .higherIsBetter,
                help:
                    "square root of distinct-2 at \(size) records times the share of records that are no copy"
            ))
        guard partial.groupCount > 0 else { return }
        let largest = partial.groups.sorted { ($1.size, $0.row) < ($0.size, $1.row) }.prefix(20)
        try sink.show(
            "table", "Largest groups of copies",
            .object([
                "columns": ["first row", "records"],
                "rows": .array(
                    largest.map { .array([JSONValue($0.row + 1), JSONValue($0.size)]) }),
            ]))
    }
}

/// A sample of token lists and the counts of duplicates.
struct DiversityPartial: GroupingPartial {
    let seed: UInt64
    var sample: ListSample<Void>
    var rowCount = 0
    var duplicateCount = 0
    var groupCount = 0
    var groups: [(row: Int, size: Int)] = []

    private static let mostGroups = 1000

    init(capacity: Int, seed: UInt64) {
        self.seed = seed
        sample = ListSample(capacity: capacity, seed: seed)
    }

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard batch.role == .data, let tokens = batch.tokens("feature.tokens.all/1") else {
            return
        }
        let parts = ["text.system", "field:/tools", "text.prompt", "text.response", "label"]
            .compactMap {
                batch.text($0)
            }
        rowCount += batch.rowCount
        for position in 0..<batch.rowCount {
            let row = batch.firstRow + position
            if sample.admits(row: row) {
                tokens.withTokens(position) { sample.add(row: row, (), $0) }
            }
            guard parts.contains(where: { $0.byteCount(position) > 0 }) else { continue }
            var fingerprint = Fingerprint()
            for part in parts {
                fingerprint.append(part.isPresent(position) ? 1 : 2)
                part.withBytes(position) { NormalizedText.append($0, to: &fingerprint) }
            }
            let key = fingerprint.bytes
            try sink.emit(key: key.span, row: row)
        }
    }

    mutating func group(_ group: Group, to sink: Sink) throws {
        guard group.count > 1 else { return }
        let survivor = group.row(0)
        groupCount += 1
        duplicateCount += group.count - 1
        groups.append((survivor, group.count))
        trim()
        for index in 1..<group.count {
            let row = group.row(index)
            var finding = Finding(code: "DIV001", row: row, message: "repeats row \(survivor + 1)")
            finding.group = UInt64(survivor) + 1
            finding.evidence = .object([
                "surviving_row_index": JSONValue(survivor), "similarity": 1,
            ])
            try sink.report(finding)
            var proposal = Proposal(.drop, row: row, code: "DIV001")
            proposal.group = UInt64(survivor) + 1
            try sink.propose(proposal)
        }
    }

    private mutating func trim() {
        guard groups.count > 2 * DiversityPartial.mostGroups else { return }
        groups.sort { ($1.size, $0.row) < ($0.size, $1.row) }
        groups.removeLast(groups.count - DiversityPartial.mostGroups)
    }

    mutating func merge(_ other: DiversityPartial) {
        rowCount += other.rowCount
        duplicateCount += other.duplicateCount
        groupCount += other.groupCount
        groups += other.groups
        trim()
        sample.merge(other.sample)
    }

    func save(to writer: inout StateWriter) {
        writer.write(rowCount)
        writer.write(duplicateCount)
        writer.write(groupCount)
        writer.write(groups) {
            $0.write($1.row)
            $0.write($1.size)
        }
        writer.write(sample.entries) { writer, entry in
            writer.write(entry.row)
            writer.write(entry.list) { $0.write(Int($1)) }
        }
    }
}
