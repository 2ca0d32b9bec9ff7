import Numerics

/// The share of records that are in error, and what it makes of a record's log-odds.
///
/// Log-odds are those of a damaged against a sound record; the share is the one that makes all records
/// likeliest (Saerens, Latinne, Decaestecker 2002). Errors that look a little different from records
/// damaged on purpose do not move it, as long as they look damaged.
public struct ErrorPrior: Sendable {
    /// Best estimate and 95 % interval, 0 to 1.
    public let rate: (value: Double, low: Double, high: Double)

    private static let mostRounds = 200
    private static let leastChange = 1e-7
    /// Log-odds beyond which no record is surer.
    private static let mostLogit = 30.0

    /// Nothing is known: no record is in error.
    static let unknown = ErrorPrior(rate: (0, 0, 1))

    private init(rate: (value: Double, low: Double, high: Double)) { self.rate = rate }

    /// Estimates the share from the log-odds of all records, and of records known to be sound.
    ///
    /// What is found among the sound ones is natural and taken off. O(rounds · n).
    init(_ logits: [Double], sound: [Double] = []) {
        let found = ErrorPrior.share(logits)
        let natural = sound.isEmpty ? 0 : ErrorPrior.share(sound)
        let value = max(0, found - natural) / max(1e-9, 1 - natural)
        // Binomial spread of both counts, and a record more or less where nothing was found.
        func variance(_ share: Double, _ count: Int) -> Double {
            count == 0 ? 0 : (share * (1 - share) + 1 / Double(count)) / Double(count)
        }
        let spread =
            1.96
            * (variance(found, logits.count) + variance(natural, sound.count)).squareRoot()
        rate = (value, max(0, value - spread), min(1, value + spread))
    }

    /// The share alone; 0 for no records.
    static func share(_ logits: [Double]) -> Double {
        guard !logits.isEmpty else { return 0 }
        let ratios = logits.map { Elementary.exp(max(-mostLogit, min(mostLogit, $0))) }
        var share = 0.1
        for _ in 0..<mostRounds {
            let sum = ratios.reduce(0) { $0 + share * $1 / (share * $1 + 1 - share) }
            let next = sum / Double(ratios.count)
            defer { share = next }
            if abs(next - share) < leastChange { break }
        }
        return share
    }

    /// The chance that a record of these log-odds is in error, 0 to 1; it rises with them strictly.
    public func chance(_ logit: Double) -> Double { ErrorPrior.chance(logit, share: rate.value) }

    /// The chance under a given share.
    static func chance(_ logit: Double, share: Double) -> Double {
        // One record in a million, so that records keep their order where nothing was found.
        let share = max(share, 1e-6)
        let ratio = Elementary.exp(max(-mostLogit, min(mostLogit, logit)))
        return share * ratio / (share * ratio + 1 - share)
    }

    /// Everything that was learnt.
    var numbers: [Float] { [rate.value, rate.low, rate.high].map { Float($0) } }

    /// How many numbers there are.
    static let numberCount = 3

    /// Reads what `numbers` gave.
    init?(_ numbers: ArraySlice<Float>) {
        let all = numbers.map { Double($0) }
        guard all.count == ErrorPrior.numberCount else { return nil }
        self.init(rate: (all[0], all[1], all[2]))
    }
}
