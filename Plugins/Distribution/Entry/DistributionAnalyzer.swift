import AssayKit
import DistributionAlgorithm
import JSONText
import Numerics

/// Compares the data with a reference: labels, lengths and words.
struct DistributionAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.distribution"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 1

    let sampleSize: Int
    let rounds: Int
    let significance: Double

    init(configuration: JSONValue, host: HostServices) {
        sampleSize = configuration["sample_size"]?.intValue ?? 2000
        rounds = configuration["permutations"]?.intValue ?? 199
        significance = configuration["significance"]?.doubleValue ?? 0.01
    }

    func begin(_ pass: Pass) -> DistributionPartial {
        DistributionPartial(capacity: sampleSize, seed: pass.seed)
    }

    func load(_ reader: inout StateReader, pass: Pass) throws -> DistributionPartial {
        var partial = begin(pass)
        for side in 0...1 {
            partial.sides[side].rowCount = try reader.integer()
            partial.sides[side].labels = try reader.counts()
            let entries = try reader.list(size: 32) { reader in
                (
                    try reader.integer(),
                    SampledRecord(
                        label: try reader.text(), promptBand: try reader.integer(),
                        responseBand: try reader.integer()),
                    try reader.list(size: 8) { UInt32(truncatingIfNeeded: try $0.integer()) }
                )
            }
            for (row, record, words) in entries {
                partial.sides[side].sample.add(row: row, record, words.span)
            }
        }
        return partial
    }

    func finish(_ partial: DistributionPartial, to sink: Sink) throws {
        let data = partial.sides[0]
        try reportBalance(data, to: sink)
        let reference = partial.sides[1]
        guard reference.rowCount > 0, data.rowCount > 0 else {
            try sink.show(
                "text", "No reference",
                .object([
                    "text":
                        "give a sample of real use with --reference to learn how far the data is from it"
                ]))
            return
        }
        let left = data.sample.entries
        let right = reference.sample.entries
        var scores: [Double] = []
        func compare(
            _ family: String, _ names: [String],
            _ bins: (_ record: SampledRecord, _ words: [UInt32]) -> [UInt32]
        ) throws {
            scores.append(
                try report(
                    family, names, left.map { bins($0.tag, $0.list) },
                    right.map { bins($0.tag, $0.list) }, partial.seed, to: sink))
        }
        let labels = Array(Set((left + right).map(\.tag.label))).sorted()
        if labels.count > 1 {
            let index = Dictionary(
                uniqueKeysWithValues: labels.enumerated().map { ($1, UInt32($0)) })
            try compare("label", labels) { record, _ in [index[record.label] ?? 0] }
        }
        let bands = (0..<DistributionPartial.bandCount).map(DistributionPartial.bandName)
        try compare("prompt_length", bands) { record, _ in [UInt32(record.promptBand)] }
        try compare("response_length", bands) { record, _ in [UInt32(record.responseBand)] }
        try compare("words", []) { $1.map { $0 % DistributionPartial.wordBins } }
        let score = 1 - (scores.max() ?? 0)
        try sink.state(
            Metric(
                "distribution.score", score, unit: "share", n: left.count + right.count,
                direction: .higherIsBetter,
                help: "1 minus the largest bias-corrected Jensen–Shannon divergence of all families"
            ))
        try sink.state(
            Metric(
                "distribution.js", scores.max() ?? 0, unit: "bits", n: left.count + right.count,
                direction: .lowerIsBetter,
                help: "largest bias-corrected Jensen–Shannon divergence of all families"))
    }

    /// Added to every bin before a Kullback–Leibler divergence is taken.
    private static let pseudoCount = 0.5

    private func report(
        _ family: String, _ names: [String], _ left: [[UInt32]], _ right: [[UInt32]],
        _ seed: UInt64, to sink: Sink
    ) throws -> Double {
        let binCount = names.isEmpty ? Int(DistributionPartial.wordBins) : names.count
        let test = PermutationTest(left, right, binCount: binCount, rounds: rounds, seed: seed)
        let n = left.count + right.count
        var p = [Double](repeating: 0, count: binCount)
        var q = p
        for bin in left.joined() { p[Int(bin)] += 1 }
        for bin in right.joined() { q[Int(bin)] += 1 }
        func state(_ measure: String, _ value: Double, _ unit: String, _ help: String) throws {
            try sink.state(
                Metric(
                    "distribution.\(measure).\(family)", value, unit: unit, n: n,
                    direction: .lowerIsBetter, help: help))
        }
        try state(
            "js", test.corrected, "bits",
            "Jensen–Shannon divergence minus what chance gives (null mean \(JSONWriter.text(of: test.nullMean)))"
        )
        try state(
            "js_raw", test.observed, "bits",
            "Jensen–Shannon divergence as counted, base-2 logarithm, 0 to 1")
        try sink.state(
            Metric(
                "distribution.p.\(family)", test.pValue, unit: "probability", n: n,
                help: "permutation p-value over \(rounds) deals of the records"))
        try state(
            "kl", Divergence.kullbackLeibler(p, q, pseudoCount: DistributionAnalyzer.pseudoCount),
            "bits",
            "KL(data‖reference) with \(DistributionAnalyzer.pseudoCount) added to every bin that occurs"
        )
        try state(
            "kl_reverse",
            Divergence.kullbackLeibler(q, p, pseudoCount: DistributionAnalyzer.pseudoCount), "bits",
            "KL(reference‖data) with \(DistributionAnalyzer.pseudoCount) added to every bin that occurs"
        )
        try state(
            "total_variation", Divergence.totalVariation(p, q), "share",
            "total variation distance, 0 to 1")
        let (sumP, sumQ) = (max(1, p.reduce(0, +)), max(1, q.reduce(0, +)))
        let drivers = Divergence.jensenShannonContributions(p, q).enumerated()
            .sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(10)
        let shares = (p.map { $0 / sumP }, q.map { $0 / sumQ })
        if family.hasSuffix("_length") {
            try showBands(family, names, shares, to: sink)
        } else if !names.isEmpty {
            try sink.show(
                "bars", "Data and reference by \(family)",
                .object([
                    "unit": "share of records", "target_label": "reference",
                    "bars": .array(
                        drivers.map { driver in
                            let name = names[driver.offset]
                            return .object([
                                "label": .string(name.isEmpty ? "(none)" : name),
                                "value": .number(shares.0[driver.offset]),
                                "target": .number(shares.1[driver.offset]),
                            ])
                        }),
                ]))
        }
        if test.pValue <= significance, test.corrected > 0.005 {
            let top = drivers.first.flatMap { names.isEmpty ? nil : names[$0.offset] }
            let driver =
                top.map { name in
                    ", most of all in \"\(name)\""
                } ?? ""
            var finding = Finding(
                code: "DST001", row: nil,
                message:
                    "\(family) differs from the reference by \(JSONWriter.text(of: (test.corrected * 1000).rounded() / 1000)) bits beyond chance (p = \(JSONWriter.text(of: test.pValue)))\(driver)"
            )
            finding.severity = test.corrected > 0.1 ? .high : .medium
            finding.score = test.corrected
            finding.evidence = .object(["family": .string(family), "p": .number(test.pValue)])
            try sink.report(finding)
        }
        return test.corrected
    }

    /// A histogram of the bands between the shortest and the longest text.
    private func showBands(
        _ family: String, _ names: [String], _ shares: ([Double], [Double]), to sink: Sink
    ) throws {
        let used = names.indices.filter { shares.0[$0] > 0 || shares.1[$0] > 0 }
        guard let first = used.first, let last = used.last else { return }
        let part = family == "prompt_length" ? "prompts" : "responses"
        try sink.show(
            "histogram", "Length of \(part)",
            .object([
                "unit": "share of records by number of words",
                "bins": .array(
                    (first...last).map { band in
                        .object([
                            "label": .string(DistributionPartial.bandLabel(band)),
                            "low": JSONValue(band == 0 ? 0 : 1 << (band - 1)),
                            "high": JSONValue(band == 0 ? 0 : (1 << band) - 1),
                            "value": .number(shares.0[band]), "reference": .number(shares.1[band]),
                        ])
                    }),
            ]))
    }

    private func reportBalance(_ data: DistributionSide, to sink: Sink) throws {
        let labels = data.labels.filter { !$0.key.isEmpty }
        guard labels.count > 1, let largest = labels.values.max(),
            let smallest = labels.values.min()
        else { return }
        let counts = labels.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let balance =
            Divergence.entropy(counts.map(\.value))
            / Divergence.entropy(Array(repeating: 1, count: counts.count))
        try sink.state(
            Metric(
                "distribution.label_balance", balance, unit: "share", n: data.rowCount,
                direction: .higherIsBetter,
                help: "entropy of the labels over that of equally frequent ones; 1 is balanced"))
        let ordered = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        try sink.show(
            "bars", "Records by label",
            .object([
                "unit": "records",
                "bars": .array(
                    ordered.prefix(30).map {
                        .object(["label": .string($0.key), "value": JSONValue($0.value)])
                    }),
            ]))
        guard Double(largest) > 10 * Double(smallest), data.rowCount >= 50 else { return }
        var finding = Finding(
            code: "DST002", row: nil,
            message: "the commonest label has \(largest) records, the rarest \(smallest)")
        finding.score = 1 - balance
        try sink.report(finding)
    }
}

/// What is kept of a sampled record.
struct SampledRecord: Sendable {
    let label: String
    let promptBand: Int
    let responseBand: Int
}

/// One of the two sides.
struct DistributionSide: Sendable {
    var rowCount = 0
    var labels: [String: Int] = [:]
    var sample: ListSample<SampledRecord>
}

/// Label counts and a sample of records of the data and of the reference.
struct DistributionPartial: AnalyzerPartial {
    static let wordBins: UInt32 = 4096
    static let bandCount = 16

    let seed: UInt64
    var sides: [DistributionSide]

    init(capacity: Int, seed: UInt64) {
        self.seed = seed
        sides = (0...1).map {
            DistributionSide(sample: ListSample(capacity: capacity, seed: seed &+ UInt64($0)))
        }
    }

    /// Bands double: 0, 1, 2–3, 4–7, … words.
    static func band(_ count: Int) -> Int {
        count == 0 ? 0 : min(bandCount - 1, Int.bitWidth - count.leadingZeroBitCount)
    }

    static func bandName(_ band: Int) -> String {
        band == 0
            ? "no words" : band == 1 ? "1 word" : "\(1 << (band - 1)) to \((1 << band) - 1) words"
    }

    /// `16–31`.
    static func bandLabel(_ band: Int) -> String {
        band < 2 ? "\(band)" : "\(1 << (band - 1))–\((1 << band) - 1)"
    }

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard batch.role == .data || batch.role == .reference,
            let prompts = batch.tokens("feature.tokens.prompt/1"),
            let responses = batch.tokens("feature.tokens.response/1"),
            let all = batch.tokens("feature.tokens.all/1")
        else { return }
        let side = batch.role == .data ? 0 : 1
        let labels = batch.text("label")
        sides[side].rowCount += batch.rowCount
        var unlabelled = 0
        defer { if unlabelled > 0 { sides[side].labels["", default: 0] += unlabelled } }
        for position in 0..<batch.rowCount {
            let row = batch.firstRow + position
            var label = ""
            if let labels, labels.byteCount(position) > 0 {
                label = labels.string(position) ?? ""
                sides[side].labels[label, default: 0] += 1
            } else {
                unlabelled += 1
            }
            guard sides[side].sample.admits(row: row) else { continue }
            let record = SampledRecord(
                label: label, promptBand: DistributionPartial.band(prompts.count(position)),
                responseBand: DistributionPartial.band(responses.count(position)))
            all.withTokens(position) { sides[side].sample.add(row: row, record, $0) }
        }
    }

    mutating func merge(_ other: DistributionPartial) {
        for side in 0...1 {
            sides[side].rowCount += other.sides[side].rowCount
            sides[side].labels.merge(other.sides[side].labels, uniquingKeysWith: +)
            sides[side].sample.merge(other.sides[side].sample)
        }
    }

    func save(to writer: inout StateWriter) {
        for side in sides {
            writer.write(side.rowCount)
            writer.write(side.labels)
            writer.write(side.sample.entries) { writer, entry in
                writer.write(entry.row)
                writer.write(entry.tag.label)
                writer.write(entry.tag.promptBand)
                writer.write(entry.tag.responseBand)
                writer.write(entry.list) { $0.write(Int($1)) }
            }
        }
    }
}
