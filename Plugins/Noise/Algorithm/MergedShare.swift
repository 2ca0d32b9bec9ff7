import Numerics

/// The share of prompts that are two, and what it makes of a prompt's log-odds.
///
/// The share that makes all records likeliest (`ErrorPrior`) takes whatever looks rather like joined prompts for
/// such: an instruction with a passage behind it, in a mixture where few prompts are so. Of prompts that are joined
/// indeed as many in proportion look most like it as of those that were joined on purpose; where they fall short
/// of that, chances are read off the ratio of the densities (`ErrorCurve`), which falls as the look-alikes thin out.
public struct MergedShare: Sendable {
    /// Best estimate and 95 % interval of the share, 0 to 1.
    public let rate: (value: Double, low: Double, high: Double)
    private let prior: ErrorPrior
    /// `nil` where they look like joined ones throughout.
    private let curve: ErrorCurve?

    /// Quantiles of those joined on purpose beyond which the others are counted.
    private static let quantiles = [0.5, 0.7]
    /// Of the likeliest share what must lie beyond them, on average.
    ///
    /// Of a tenth of eight sets that was joined 0.75 to 1.1 does, of look-alikes in twelve mixtures 0.32 to 0.65.
    private static let leastLevel = 0.7

    /// Nothing is known: no prompt is two.
    static let unknown = MergedShare(prior: .unknown, curve: nil)

    private init(prior: ErrorPrior, curve: ErrorCurve?) {
        (self.prior, self.curve) = (prior, curve)
        rate = curve?.rate ?? prior.rate
    }

    /// Learns from log-odds: of prompts joined on purpose, of all, and of prompts known to be sound, which may be
    /// none.
    ///
    /// O(n log n).
    init(known: [Double], others: [Double], sound: [Double]) {
        let prior = ErrorPrior(others, sound: sound)
        guard !known.isEmpty, !others.isEmpty else {
            self.init(prior: prior, curve: nil)
            return
        }
        let sorted = known.sorted()
        let shares = MergedShare.quantiles.map { quantile -> Double in
            let limit = Quantiles.quantile(quantile, ofSorted: sorted) ?? 0
            return Double(others.count { $0 > limit }) / Double(others.count) / (1 - quantile)
        }
        let level = shares.reduce(0, +) / Double(shares.count)
        let isLevel = level >= MergedShare.leastLevel * prior.rate.value
        self.init(
            prior: prior,
            curve: isLevel ? nil : ErrorCurve(known: known, others: others, sound: sound))
    }

    /// The chance that a prompt of these log-odds is two, 0 to 1; it rises with them strictly.
    public func chance(_ logit: Double) -> Double {
        curve?.chance(logit) ?? prior.chance(logit)
    }

    /// Everything that was learnt.
    var numbers: [Float] {
        [curve == nil ? 0 : 1] + prior.numbers + (curve ?? .unknown).numbers
    }

    /// How many numbers there are.
    static let numberCount = 1 + ErrorPrior.numberCount + ErrorCurve.numberCount

    /// Reads what `numbers` gave; `nil` when it does not fit.
    init?(_ numbers: ArraySlice<Float>) {
        let rest = numbers.dropFirst()
        guard numbers.count == MergedShare.numberCount,
            let prior = ErrorPrior(rest.prefix(ErrorPrior.numberCount)),
            let curve = ErrorCurve(rest.dropFirst(ErrorPrior.numberCount))
        else { return nil }
        self.init(prior: prior, curve: numbers.first == 1 ? curve : nil)
    }
}
