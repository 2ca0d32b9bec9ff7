import AssayKit
import JSONText
import NoiseAlgorithm
import Numerics

/// Looks for records that would teach the model something wrong.
struct NoiseAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.noise"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 1

    let mostTokens: Int

    init(configuration: JSONValue, host: HostServices) {
        mostTokens = configuration["context_tokens"]?.intValue ?? 8192
    }

    func begin(_ pass: Pass) -> NoisePartial { NoisePartial(mostTokens: mostTokens) }

    func load(_ reader: inout StateReader, pass: Pass) throws -> NoisePartial {
        var partial = begin(pass)
        partial.rowCount = try reader.integer()
        partial.flaggedCount = try reader.integer()
        partial.counts = try reader.counts()
        return partial
    }

    func finish(_ partial: NoisePartial, to sink: Sink) throws {
        let n = partial.rowCount
        guard n > 0 else { return }
        let rate = Double(partial.flaggedCount) / Double(n)
        let bounds = Quantiles.wilsonInterval(count: partial.flaggedCount, of: n)
        try sink.state(
            Metric(
                "noise.score", 1 - rate, unit: "share", n: n, direction: .higherIsBetter,
                help:
                    "share of records without a finding of severity medium or high in structure and text"
            ))
        try sink.state(
            Metric(
                "noise.rate", rate, unit: "share", n: n, direction: .lowerIsBetter,
                interval: bounds.low...bounds.high,
                help:
                    "share of records with a finding of severity medium or high in structure and text"
            ))
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
