import AssayKit
import NoiseAlgorithm

/// Says what the learnt checks estimate for the whole dataset.
struct LearnedReport {
    private let checks: LearnedChecks

    init(_ checks: LearnedChecks) { self.checks = checks }

    /// States the estimated rates.
    func report(to sink: Sink) throws {
        let rates = [
            (NoiseCheck.mismatchedResponse, checks.mismatchedCurve.rate),
            (.truncatedResponse, checks.truncatedPrior.rate),
            (.mergedInstruction, checks.mergedPrior.rate),
        ]
        for (check, rate) in rates {
            try sink.state(
                Metric(
                    "noise.\(check.scoreName)_estimated_rate", rate.value, unit: "share",
                    n: checks.pairCount, direction: .lowerIsBetter, interval: rate.low...rate.high,
                    help:
                        "estimated share of records with \(check.name), flagged or not, from how "
                        + "records damaged on purpose score; an upper estimate where sound records "
                        + "look damaged"))
        }
    }
}
