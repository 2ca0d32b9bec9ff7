import Numerics

/// Responses that say the prompt again.
public enum PromptEcho: Sendable {
    /// The response is the prompt.
    case whole
    /// The response is a beginning of the prompt: its instruction without its input, say, or an answer that
    /// stands in a passage.
    case part
    /// The response begins with the whole prompt and goes on.
    case beginning

    /// Tokens of an echo at least: a shorter answer that equals its prompt may be right, as in
    /// `Translate: taxi`.
    private static let leastWhole = 4
    private static let leastBeginning = 8
    /// Bytes of a prompt whose words an answer would not take up by itself.
    private static let leastBeginningBytes = 48

    /// Compares tokens, `byteCount` of the prompt's text; signs and white space do not count.
    ///
    /// O(tokens).
    public init?(prompt: Span<UInt32>, byteCount: Int, response: Span<UInt32>) {
        let shared = min(prompt.count, response.count)
        guard shared >= PromptEcho.leastWhole else { return nil }
        for index in 0..<shared where prompt[index] != response[index] { return nil }
        if response.count == prompt.count {
            self = .whole
        } else if shared < PromptEcho.leastBeginning {
            return nil
        } else if response.count < prompt.count {
            self = .part
        } else if byteCount >= PromptEcho.leastBeginningBytes {
            self = .beginning
        } else {
            return nil
        }
    }

    /// Whether the first `count` words of a prompt are whole lines of it, as an instruction before its input is.
    ///
    /// O(bytes up to there).
    public static func endsLine(_ prompt: Span<UInt8>, words count: Int) -> Bool {
        let words = WordScan.words(prompt, most: count + 1)
        guard words.count > count, count > 0 else { return false }
        let gap = words[count - 1].upperBound..<words[count].lowerBound
        return gap.contains { prompt[$0] == 0x0A }
    }

    /// Bytes of a turn from which on one that equals it is an echo.
    private static let leastTurnBytes = 16

    /// Whether two turns are the same, white space at their ends aside.
    ///
    /// O(bytes).
    public static func isSame(_ asked: Span<UInt8>, _ text: Span<UInt8>) -> Bool {
        let (one, other) = (ByteSearch.trimmed(asked), ByteSearch.trimmed(text))
        guard one.count == other.count, one.count >= leastTurnBytes else { return false }
        for index in 0..<one.count
        where asked[one.lowerBound + index] != text[other.lowerBound + index] { return false }
        return true
    }

    /// Share of responses that begin with their prompt from which on that is how the data is written.
    private static let usualShare = 0.2

    /// Whether responses of the data begin with their prompts as a habit.
    static func isUsual(_ pairs: [PairExample]) -> Bool {
        let count = pairs.count {
            PromptEcho(
                prompt: $0.promptTokens.span, byteCount: $0.prompt.count,
                response: $0.responseTokens.span) == .beginning
        }
        return Double(count) >= usualShare * Double(max(1, pairs.count))
    }
}
