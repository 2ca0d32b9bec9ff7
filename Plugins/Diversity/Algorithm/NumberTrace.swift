/// The numbers that stand in a text, whatever their order, as one hash.
///
/// Two texts that differ in a number say different things, however alike they are.
public enum NumberTrace {
    /// The hash of all runs of digits; 0 without any.
    ///
    /// O(bytes).
    public static func hash(_ text: Span<UInt8>) -> UInt32 {
        var sum: UInt32 = 0
        var run: UInt32 = 0
        for index in text.indices {
            let digit = text[index] &- 48
            if digit < 10 {
                run = (run == 0 ? 0x811C_9DC5 : run) ^ UInt32(digit) &+ 1
                run = run &* 0x0100_0193
            } else if run != 0 {
                sum &+= run ^ (run &>> 15)
                run = 0
            }
        }
        return run == 0 ? sum : sum &+ (run ^ (run &>> 15))
    }
}
