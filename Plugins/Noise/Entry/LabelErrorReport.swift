public import AssayKit
import JSONText
import NoiseAlgorithm
public import Numerics

extension HostServices: WorkSharing {}

/// Says which labels are wrong.
struct LabelErrorReport {
    private let judged: LabelledRows.Judged
    private let errors: LabelErrors
    private let review: ReviewDecisions
    /// By place: decided, else computed.
    private let posteriors: [Double]

    static let code = "NSE050"
    /// Rows of the table of mix-ups.
    private static let mostPairs = 20
    /// Classes of the confusion of labels.
    private static let mostClasses = 14

    /// Judges the labels; `nil` when there are too few.
    ///
    /// `classes` is the order of the classes in the given probabilities, empty when none was stated.
    ///
    /// - Throws: `AnalyzerError` when the given probabilities do not fit the labels.
    init?(
        _ rows: LabelledRows, review: ReviewDecisions, classes: [String], seed: UInt64,
        host: HostServices
    ) throws {
        guard rows.rows.count >= LabelErrors.leastRecords else { return nil }
        judged = try rows.judged(review, classes: classes)
        self.review = review
        guard let errors = LabelErrors(judged.records, seed: seed, work: host)
        else { return nil }
        self.errors = errors
        posteriors = zip(judged.rows, errors.posteriors).map { row, posterior in
            review.decision(row, LabelErrorReport.code).map { $0 == .reject ? 0 : 1 } ?? posterior
        }
    }

    /// Flagged rows in which no other check has found anything of weight.
    var newlyFlaggedCount: Int {
        zip(posteriors, judged.isFlagged).count {
            errors.isJudgeable && $0 >= LabelErrors.flagLimit && !$1
        }
    }

    /// Rows that are flagged.
    var flaggedCount: Int {
        errors.isJudgeable ? posteriors.count { $0 >= LabelErrors.flagLimit } : 0
    }

    /// The share of flagged rows that is expected to be wrong indeed: reviewed ones as decided.
    var expectedPrecision: Double {
        let flagged = posteriors.filter { $0 >= LabelErrors.flagLimit }
        return flagged.isEmpty ? 0 : flagged.reduce(0, +) / Double(flagged.count)
    }

    /// Reports findings, proposals, scores, metrics, the table of mix-ups and the confusion of labels.
    func report(to sink: Sink) throws {
        try stateAgreement(to: sink)
        guard errors.isJudgeable else {
            return try sink.show(
                "text", "Labels are not judged",
                .object([
                    "text": .string(
                        "Labels made wrong on purpose cannot be told from the \(judged.rows.count) given "
                            + "ones by the texts, so nothing is said of any label.")
                ]))
        }
        for (place, row) in judged.rows.enumerated()
        where posteriors[place] >= LabelErrors.flagLimit {
            try report(place, row: row, to: sink)
        }
        try reportScores(to: sink)
        try reportMetrics(to: sink)
        try showPairs(to: sink)
    }

    private func report(_ place: Int, row: Int, to sink: Sink) throws {
        let given = judged.given[row] ?? judged.names[Int(judged.records.labels[place])]
        let likely = review.labels[row] ?? judged.names[Int(errors.suggestions[place])]
        var finding = Finding(
            code: LabelErrorReport.code, row: row,
            message: "the label is \"\(given)\", "
                + (judged.records.probabilities.isEmpty
                    ? "the text speaks" : "the given probabilities speak")
                + " for \"\(likely)\"")
        finding.severity = .medium
        finding.column = "label"
        finding.score = posteriors[place]
        finding.evidence = .object([
            "given": .string(given), "likely": .string(likely),
            "probability_of_given": .number(Double(errors.selfConfidence[place])),
        ])
        try sink.report(finding)
        var proposal = Proposal(.relabel, row: row, code: LabelErrorReport.code)
        proposal.confidence = posteriors[place]
        proposal.column = "label"
        proposal.text = likely
        try sink.propose(proposal)
    }

    /// Scores of consecutive rows go together.
    private func reportScores(to sink: Sink) throws {
        var first = 0
        while first < judged.rows.count {
            var end = first + 1
            while end < judged.rows.count, judged.rows[end] == judged.rows[end - 1] + 1 { end += 1 }
            try sink.score(
                "label_error", role: .data, firstRow: judged.rows[first],
                Array(posteriors[first..<end]))
            first = end
        }
    }

    private func reportMetrics(to sink: Sink) throws {
        let n = judged.rows.count
        let leftOut =
            judged.leftOut == 0
            ? ""
            : "; \(judged.leftOut) labelled records were not judged: of a class of fewer than "
                + "five, in a language that few records of their class are in, or more than are judged"
        try sink.state(
            Metric(
                "noise.label_error_rate", errors.rate.value, unit: "share", n: n,
                direction: .lowerIsBetter, interval: errors.rate.low...errors.rate.high,
                help:
                    "estimated share of wrong labels, calibrated with labels made wrong on purpose"
                    + leftOut
            ))
        try sink.state(
            Metric(
                "noise.label_error_precision", errors.expectedPrecision, unit: "share",
                n: errors.flaggedCount, direction: .higherIsBetter,
                help: "expected share of true errors among the flagged labels"))
    }

    private func stateAgreement(to sink: Sink) throws {
        try sink.state(
            Metric(
                "noise.label_agreement", errors.agreement, unit: "share", n: judged.rows.count,
                direction: .higherIsBetter,
                help: "records whose label is the likeliest to a model that has not seen them"))
    }

    private func showPairs(to sink: Sink) throws {
        var counts: [Int: Int] = [:]
        for (place, posterior) in posteriors.enumerated()
        where posterior >= LabelErrors.flagLimit {
            let pair =
                Int(judged.records.labels[place]) * judged.names.count
                + Int(errors.suggestions[place])
            counts[pair, default: 0] += 1
        }
        guard !counts.isEmpty else { return }
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        try showConfusion(sorted, to: sink)
        let largest = sorted.prefix(LabelErrorReport.mostPairs)
        try sink.show(
            "table",
            errors.isClassDependent
                ? "Labels that are mixed up (certain pairs of classes)"
                : "Labels that are mixed up",
            .object([
                "columns": ["given", "likely", "records"],
                "rows": .array(
                    largest.map { pair, count in
                        .array([
                            .string(judged.names[pair / judged.names.count]),
                            .string(judged.names[pair % judged.names.count]), JSONValue(count),
                        ])
                    }),
            ]))
    }

    /// The classes that are mixed up most, given against likely.
    private func showConfusion(_ pairs: [(key: Int, value: Int)], to sink: Sink) throws {
        var classes: [Int] = []
        for (pair, _) in pairs {
            for one in [pair / judged.names.count, pair % judged.names.count]
            where !classes.contains(one) && classes.count < LabelErrorReport.mostClasses {
                classes.append(one)
            }
        }
        classes.sort()
        let counts = Dictionary(
            pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let names = JSONValue.array(classes.map { .string(judged.names[$0]) })
        try sink.show(
            "matrix", "Confusion of labels: given in rows, likely in columns",
            .object([
                "unit": "records", "rows": names, "columns": names,
                "values": .array(
                    classes.map { given in
                        .array(
                            classes.map {
                                JSONValue(counts[given * judged.names.count + $0, default: 0])
                            })
                    }),
            ]))
    }
}
