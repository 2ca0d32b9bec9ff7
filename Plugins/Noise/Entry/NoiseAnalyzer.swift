import AssayKit
import JSONText
import NoiseAlgorithm
import Numerics

/// Looks for records that would teach the model something wrong.
struct NoiseAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.noise"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 8

    let mostTokens: Int
    let labelledRows: Int
    let review: ReviewDecisions
    /// The order of the classes in the given probabilities; empty when none was stated.
    let classes: [String]
    let host: HostServices
    private let looks = BroadcastMemory<SecondLook>()

    init(configuration: JSONValue, host: HostServices) {
        self.host = host
        mostTokens = configuration["context_tokens"]?.intValue ?? 8192
        labelledRows = configuration["labelled_rows"]?.intValue ?? 100_000
        review = ReviewDecisions(configuration["review"])
        classes = (configuration["classes"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    func begin(_ pass: Pass) throws -> NoisePartial {
        NoisePartial(
            mostTokens: mostTokens, labelledRows: labelledRows, review: review, seed: pass.seed,
            look: pass.number == 0
                ? nil
                : try looks.value(pass.broadcast) {
                    try SecondLook($0, embedding: embedding, seed: pass.seed)
                })
    }

    /// The run's embedding table; `nil` where it has none to offer.
    private var embedding: TextEmbedding? {
        guard let embedder = host.embedder() else { return nil }
        return { (text: Span<UInt8>, vector: inout [Float]) -> Bool in
            do {
                try embedder.embed(text, into: &vector)
                return true
            } catch {
                return false
            }
        }
    }

    func load(_ reader: inout StateReader, pass: Pass) throws -> NoisePartial {
        var partial = try begin(pass)
        try partial.load(from: &reader)
        return partial
    }

    /// Where records have responses, all are looked at again with what was learnt from a sample.
    func endPass(_ partial: NoisePartial) throws -> PassDecision {
        guard partial.look == nil, partial.tally.pairCount > 0 || !partial.eval.texts.isEmpty else {
            return .finish
        }
        let checks = LearnedChecks(
            partial.pairs.examples, trusted: partial.trusted.examples,
            verdicts: LearnedVerdicts(
                mismatched: review.verdicts(NoiseCheck.mismatchedResponse.rawValue),
                truncated: review.verdicts(NoiseCheck.truncatedResponse.rawValue),
                merged: review.verdicts(NoiseCheck.mergedInstruction.rawValue)),
            embedding: embedding, seed: partial.seed, work: host)
        let turns = TurnRelevance(partial.turns.examples, seed: partial.seed, work: host)
        return .again(
            broadcast: SecondLook(
                tally: partial.tally, checks: checks, turns: turns, eval: partial.eval
            ).bytes())
    }

    func finish(_ partial: NoisePartial, to sink: Sink) throws {
        let tally = partial.wholeTally
        let n = tally.rowCount
        guard n > 0 else { return }
        let labels = try partial.labelled.flatMap {
            try LabelErrorReport(
                $0, review: review, classes: classes, seed: partial.seed, host: host)
        }
        var flaggedCount = tally.flaggedRows.count + (labels?.newlyFlaggedCount ?? 0)
        if let shifted = partial.look?.checks?.shifted {
            // All of the stretch are wrong, whatever is found of them one by one.
            let counted = tally.flaggedRows.count { shifted.rows.contains($0) }
            flaggedCount = min(n, flaggedCount - counted + shifted.rows.count)
        }
        let rate = Double(flaggedCount) / Double(n)
        let bounds = Quantiles.wilsonInterval(count: flaggedCount, of: n)
        try sink.state(
            Metric(
                "noise.score", 1 - rate, unit: "share", n: n, direction: .higherIsBetter,
                interval: 1 - bounds.high...1 - bounds.low,
                help:
                    "clean records: share without a finding of severity medium or high in structure, text and label"
            ))
        try sink.state(
            Metric(
                "noise.rate", rate, unit: "share", n: n, direction: .lowerIsBetter,
                interval: bounds.low...bounds.high,
                help:
                    "share of records with a finding of severity medium or high in structure, text and label"
            ))
        try labels?.report(to: sink)
        try partial.look?.checks.map { try LearnedReport($0).report(tally, to: sink) }
        try partial.look?.turns.map { try LearnedReport.report($0, to: sink) }
        for check in NoiseCheck.allCases {
            let count = tally.counts[check.name, default: 0]
            let interval = Quantiles.wilsonInterval(count: count, of: n)
            try sink.state(
                Metric(
                    "noise.\(check.scoreName)_rate", Double(count) / Double(n), unit: "share", n: n,
                    direction: .lowerIsBetter, interval: interval.low...interval.high,
                    help: "share of records with \(check.name)"))
        }
        try stateReviewed(to: sink)
        try showTypes(tally, labels, to: sink)
    }

    /// Every type of noise that was found: how much of it, and how much of that is expected to be right.
    private func showTypes(
        _ tally: SecondLook.Tally, _ labels: LabelErrorReport?, to sink: Sink
    ) throws {
        var types: [(code: String, name: String, count: Int, precision: Double)] = NoiseCheck
            .allCases.compactMap {
                check in
                tally.expectedPrecision(check).map {
                    (check.rawValue, check.name, tally.counts[check.name, default: 0], $0)
                }
            }
        if let labels, labels.flaggedCount > 0 {
            types.append(
                (
                    LabelErrorReport.code, "label-error", labels.flaggedCount,
                    labels.expectedPrecision
                ))
        }
        guard !types.isEmpty else { return }
        types.sort { ($1.count, $0.name) < ($0.count, $1.name) }
        try sink.show(
            "bars", "Findings by type",
            .object([
                "unit": "records",
                "bars": .array(
                    types.map {
                        .object([
                            "label": .string($0.name), "code": .string($0.code),
                            "value": JSONValue($0.count),
                        ])
                    }),
            ]))
        func rounded(_ value: Double) -> JSONValue {
            .number((value * 10_000).rounded() / 10_000)
        }
        try sink.show(
            "table",
            "Types of noise (expected precision: the share of a type's findings that should be right)",
            .object([
                "columns": [
                    "type", "records", "share of records", "share, 95 % low", "share, high",
                    "expected precision",
                ],
                "rows": .array(
                    types.map { type in
                        let bounds = Quantiles.wilsonInterval(count: type.count, of: tally.rowCount)
                        return .array([
                            .object(["code": .string(type.code)]), JSONValue(type.count),
                            rounded(Double(type.count) / Double(tally.rowCount)),
                            rounded(bounds.low), rounded(bounds.high), rounded(type.precision),
                        ])
                    }),
            ]))
    }

    /// How often the findings of a code were right in review.
    private func stateReviewed(to sink: Sink) throws {
        for check in NoiseCheck.allCases.map({ ($0.rawValue, $0.scoreName) }) + [
            (LabelErrorReport.code, "label_error")
        ] {
            guard let count = review.counts[check.0] else { continue }
            let n = count.accepted + count.rejected
            let interval = Quantiles.wilsonInterval(count: count.accepted, of: n)
            try sink.state(
                Metric(
                    "noise.\(check.1)_reviewed_precision", Double(count.accepted) / Double(n),
                    unit: "share", n: n, direction: .higherIsBetter,
                    interval: interval.low...interval.high,
                    help: "share of reviewed findings of this kind that were right"))
        }
    }
}
