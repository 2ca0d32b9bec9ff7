/// When to ask again after a failure: twice as long every time, with some of it drawn, so that many callers do
/// not come back at once.
public struct RetrySchedule: Sendable {
    /// Seconds before the second attempt.
    public var firstSeconds: Double
    /// Seconds between two attempts at most.
    public var mostSeconds: Double
    /// Attempts in all.
    public var attempts: Int

    /// Makes a schedule.
    public init(firstSeconds: Double = 1, mostSeconds: Double = 60, attempts: Int = 6) {
        self.firstSeconds = firstSeconds
        self.mostSeconds = mostSeconds
        self.attempts = attempts
    }

    /// Seconds to wait after so many failed attempts; `nil` when it is enough.
    ///
    /// `failures` counts the failed attempts so far, from 1; `asked` is what the other side asked to wait for,
    /// followed up to `mostSeconds`; `drawn` is a random number of 0 to 1.
    public func wait(after failures: Int, asked: Double?, drawn: Double) -> Double? {
        guard failures < attempts else { return nil }
        if let asked { return min(max(asked, 0), mostSeconds) }
        var seconds = firstSeconds
        for _ in 1..<max(1, failures) where seconds < mostSeconds { seconds *= 2 }
        return min(seconds, mostSeconds) * (0.5 + 0.5 * drawn)
    }

    /// What an answer is to a caller that may ask again.
    public enum Verdict: Sendable, Equatable {
        /// It is an answer.
        case good
        /// The other side is overloaded or asks for patience.
        case again(asked: Double?)
        /// Asking again gives the same.
        case refused
    }

    /// Tells an answer that is worth another attempt (408, 409, 425, 429 and all from 500 on) from one that is not.
    public static func verdict(_ answer: HTTPAnswer) -> Verdict {
        switch answer.status {
        case 200..<300: return .good
        case 408, 409, 425, 429, 500...:
            let asked = answer.header("retry-after").flatMap { Double($0) }
            return .again(asked: asked.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil })
        default: return .refused
        }
    }
}
