/// Random numbers as a function of (seed, stream): splitmix64 (Steele, Lea, Flood 2014).
///
/// The same seed and stream give the same draws on every machine, whatever the threads.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator for `stream` of `seed`; use a row, a permutation number or a dimension as stream.
    public init(seed: UInt64, stream: UInt64 = 0) {
        state = StableHash.mix(seed ^ StableHash.mix(stream ^ 0xA5A5_5A5A_0F0F_F0F0))
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(state)
    }

    /// A uniform integer in `0..<bound`, without the bias of a modulus (Lemire 2019).
    ///
    /// `bound` is above 0.
    public mutating func below(_ bound: UInt64) -> UInt64 {
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }
}
