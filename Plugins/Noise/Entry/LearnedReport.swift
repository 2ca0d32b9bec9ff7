import AssayKit
import JSONText
import NoiseAlgorithm

/// Says what the learnt checks estimate for the whole dataset.
struct LearnedReport {
    private let checks: LearnedChecks

    init(_ checks: LearnedChecks) { self.checks = checks }

    /// States the estimated rate of answers of conversations that belong elsewhere.
    static func report(_ turns: TurnRelevance, to sink: Sink) throws {
        let rate = turns.rate
        try sink.state(
            Metric(
                "noise.mismatched_turn_estimated_rate", rate.value, unit: "share",
                n: turns.answerCount, direction: .lowerIsBetter, interval: rate.low...rate.high,
                help:
                    "estimated share of the assistant's turns, in conversations where it speaks more "
                    + "than once, that belong to another conversation, flagged or not"))
    }

    /// States the estimated rates.
    ///
    /// `tally` is what was found of records.
    func report(_ tally: SecondLook.Tally, to sink: Sink) throws {
        let rates = [
            (NoiseCheck.mismatchedResponse, checks.mismatchedCurve.rate),
            (.truncatedResponse, checks.truncatedPrior.rate),
            (.mergedInstruction, checks.mergedShare.rate),
        ]
        for (check, rate) in rates where check != .mergedInstruction || checks.judgesMerged {
            try sink.state(
                Metric(
                    "noise.\(check.scoreName)_estimated_rate", rate.value, unit: "share",
                    n: checks.pairCount, direction: .lowerIsBetter, interval: rate.low...rate.high,
                    help:
                        "estimated share of records with \(check.name), flagged or not, from how "
                        + "records damaged on purpose score; an upper estimate where sound records "
                        + "look damaged"))
        }
        if let shifted = checks.shifted {
            try report(shifted, to: sink)
        } else if checks.seesNoRelation {
            var finding = Finding(
                code: NoiseCheck.mismatchedResponse.rawValue, row: nil,
                message: "responses have little to do with their prompts: none is judged, see that "
                    + "both are in the same order")
            finding.severity = checks.responsesSpeak ? .medium : .low
            finding.score = min(1, checks.mismatchedCurve.rate.value)
            try sink.report(finding)
        }
        try checks.quality.map { try show($0, to: sink) }
        for (check, rate, what) in [
            (
                NoiseCheck.mismatchedResponse, checks.mismatchedCurve.rate.value,
                "responses may belong to another prompt"
            ), (.truncatedResponse, checks.truncatedPrior.rate.value, "responses may be cut off"),
        ] where check != .mismatchedResponse || !checks.seesNoRelation {
            try hint(check, rate, what, tally, to: sink)
        }
    }

    /// Estimated shares from which on, and up to which, it is said that few of them are told.
    private static let hintShares = 0.01...0.4

    /// Says that there may be more than is flagged, and what would tell it.
    private func hint(
        _ check: NoiseCheck, _ rate: Double, _ what: String, _ tally: SecondLook.Tally,
        to sink: Sink
    ) throws {
        let found = Double(tally.counts[check.name, default: 0])
        let expected = rate * Double(tally.pairCount)
        guard !checks.hasTrusted, LearnedReport.hintShares.contains(rate), 2 * found < expected
        else { return }
        let share = (rate * 1000).rounded() / 10
        var finding = Finding(
            code: check.rawValue, row: nil,
            message:
                "up to \(share) % of the \(what), too few to tell from what is natural here: see "
                + "them in the order of their scores, or give sound records with --trusted")
        finding.severity = .info
        finding.score = rate
        try sink.report(finding)
    }

    private func report(_ shifted: ShiftedResponses, to sink: Sink) throws {
        let distance = abs(shifted.offset)
        let (first, last) = (shifted.rows.lowerBound + 1, shifted.rows.upperBound + 1)
        var finding = Finding(
            code: NoiseCheck.mismatchedResponse.rawValue, row: nil,
            message: "about rows \(first) to \(last): responses go with the prompts \(distance) "
                + "\(distance == 1 ? "row" : "rows") \(shifted.offset > 0 ? "below" : "above"), "
                + "one of the columns is shifted")
        finding.severity = .high
        finding.evidence = .object([
            "subject": "shifted responses", "first_row_index": JSONValue(shifted.rows.lowerBound),
            "last_row_index": JSONValue(shifted.rows.upperBound),
            "offset": JSONValue(shifted.offset),
        ])
        try sink.report(finding)
    }

    /// What sets the data apart from the trusted records, and how the score goes with length.
    private func show(_ quality: QualityModel, to sink: Sink) throws {
        try sink.state(
            Metric(
                "noise.low_quality_length_correlation", quality.lengthCorrelation,
                unit: "correlation", n: checks.pairCount,
                help:
                    "how the score of low quality goes with the length of the response, -1 to 1; far "
                    + "from 0 it speaks of length more than of quality"))
        func rounded(_ value: Float) -> JSONValue {
            .number((Double(value) * 1000).rounded() / 1000)
        }
        try sink.show(
            "table", "What sets the data apart from the trusted records",
            .object([
                "columns": ["mean of", "trusted", "data"],
                "rows": .array(
                    QualityModel.featureNames.indices.map { index in
                        .array([
                            .string(QualityModel.featureNames[index]),
                            rounded(quality.trustedMeans[index]), rounded(quality.dataMeans[index]),
                        ])
                    }),
            ]))
    }
}
