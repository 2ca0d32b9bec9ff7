import AssayKit
import JSONText
import NoiseAlgorithm
import Numerics

/// Looks for records that would teach the model something wrong.
struct NoiseAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.noise"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 2

    let mostTokens: Int
    let labelledRows: Int
    let host: HostServices

    init(configuration: JSONValue, host: HostServices) {
        self.host = host
        mostTokens = configuration["context_tokens"]?.intValue ?? 8192
        labelledRows = configuration["labelled_rows"]?.intValue ?? 100_000
    }

    func begin(_ pass: Pass) -> NoisePartial {
        NoisePartial(mostTokens: mostTokens, labelledRows: labelledRows, seed: pass.seed)
    }

    func load(_ reader: inout StateReader, pass: Pass) throws -> NoisePartial {
        var partial = begin(pass)
        partial.rowCount = try reader.integer()
        partial.flaggedCount = try reader.integer()
        partial.counts = try reader.counts()
        try partial.labelled?.load(from: &reader)
        return partial
    }

    func finish(_ partial: NoisePartial, to sink: Sink) throws {
        let n = partial.rowCount
        guard n > 0 else { return }
        let labels = partial.labelled.flatMap {
            LabelErrorReport($0, seed: partial.seed, host: host)
        }
        let flaggedCount = partial.flaggedCount + (labels?.newlyFlaggedCount ?? 0)
        let rate = Double(flaggedCount) / Double(n)
        let bounds = Quantiles.wilsonInterval(count: flaggedCount, of: n)
        try sink.state(
            Metric(
                "noise.score", 1 - rate, unit: "share", n: n, direction: .higherIsBetter,
                help:
                    "share of records without a finding of severity medium or high in structure, text and label"
            ))
        try sink.state(
            Metric(
                "noise.rate", rate, unit: "share", n: n, direction: .lowerIsBetter,
                interval: bounds.low...bounds.high,
                help:
                    "share of records with a finding of severity medium or high in structure, text and label"
            ))
        try labels?.report(to: sink)
        for check in NoiseCheck.allCases {
            let count = partial.counts[check.name, default: 0]
            let interval = Quantiles.wilsonInterval(count: count, of: n)
            try sink.state(
                Metric(
                    "noise.\(check.scoreName)_rate", Double(count) / Double(n), unit: "share", n: n,
                    direction: .lowerIsBetter, interval: interval.low...interval.high,
                    help: "share of records with \(check.name)"))
        }
        try sink.show(
            "bars", "Findings by type",
            .object([
                "unit": "records",
                "bars": .array(
                    NoiseCheck.allCases.filter { partial.counts[$0.name, default: 0] > 0 }.map {
                        .object([
                            "label": .string($0.name),
                            "value": JSONValue(partial.counts[$0.name, default: 0]),
                        ])
                    }),
            ]))
    }
}
