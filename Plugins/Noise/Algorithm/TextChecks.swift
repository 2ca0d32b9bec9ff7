public import Numerics

/// Something wrong with a text, and where.
public struct TextFault: Sendable, Equatable {
    /// Bytes of the text.
    public let span: Range<Int>
    /// How sure it is, 0 to 1.
    public let score: Double

    /// Makes a fault.
    public init(span: Range<Int>, score: Double = 1) {
        self.span = span
        self.score = score
    }
}

/// Checks of single texts.
///
/// Each is O(n) and gives the first place at fault. Given the text's inventory, a check whose bytes do not
/// occur costs nothing.
public enum TextChecks {
    /// C0 control characters other than tab and line ends, and DEL.
    public static func controlCharacters(
        _ text: Span<UInt8>, holding inventory: ByteInventory? = nil
    ) -> TextFault? {
        if let inventory, !inventory.holdsAny(of: 0...0x08), !inventory.holdsAny(of: 0x0E...0x1F),
            !inventory.holds(0x7F)
        {
            return nil
        }
        for index in text.indices {
            let byte = text[index]
            if byte < 0x20 && !(0x09...0x0D).contains(byte) || byte == 0x7F {
                return TextFault(span: index..<index + 1)
            }
        }
        return nil
    }

    /// A text without white space at its ends and without the stops and question marks at its end.
    ///
    /// What is left when two people write the same; all of a text of nothing else.
    public static func core(_ text: Span<UInt8>) -> Range<Int> {
        let range = ByteSearch.trimmed(text)
        var end = range.upperBound
        while end > range.lowerBound {
            let byte = text[end - 1]
            if ByteSearch.isSpace(byte) || byte == 0x2E || byte == 0x21 || byte == 0x3F {
                end -= 1
            } else if end - range.lowerBound >= 3, isWideStop(text, end - 3) {
                end -= 3
            } else {
                break
            }
        }
        return end > range.lowerBound ? range.lowerBound..<end : range
    }

    /// `。`, `！` or `？`.
    private static func isWideStop(_ text: Span<UInt8>, _ index: Int) -> Bool {
        switch (text[index], text[index + 1], text[index + 2]) {
        case (0xE3, 0x80, 0x82), (0xEF, 0xBC, 0x81), (0xEF, 0xBC, 0x9F): true
        default: false
        }
    }

    private static let placeholders = [
        "<noinput>", "noinput", "n/a", "no input", "none", "<no input>", "[noinput]",
        "not applicable", "<input>",
    ].map { Array($0.utf8) }

    /// A text that is nothing but a stand-in for an empty one.
    public static func placeholder(_ text: Span<UInt8>) -> TextFault? {
        var range = ByteSearch.trimmed(text)
        if !range.isEmpty, text[range.upperBound - 1] == UInt8(ascii: ".") {
            range = range.lowerBound..<range.upperBound - 1
        }
        for word in placeholders where word.count == range.count {
            if ByteSearch.find(word, in: text, from: range.lowerBound) == range.lowerBound {
                return TextFault(span: range)
            }
        }
        return nil
    }

    /// Phrases with both apostrophes that are in use.
    private static func phrases(_ phrases: [String]) -> PhraseSearch {
        PhraseSearch(
            phrases: phrases
                + phrases.filter { $0.contains("'") }.map {
                    $0.replacing("'", with: "’")
                })
    }

    /// Phrases that refuse by themselves.
    private static let refusals = phrases([
        "i'm sorry, but i can't", "i'm sorry, but i cannot", "i am sorry, but i cannot",
        "i am sorry, but i can't", "i cannot assist with", "i can't assist with",
        "i cannot help with", "i can't help with", "i'm unable to assist", "i am unable to assist",
        "i'm not able to help with", "i am not able to help with", "i'm not able to assist",
        "i am not able to assist", "i'm unable to help with", "i am unable to help with",
        "i won't help with", "i will not help with", "i must decline", "i have to decline",
        "i cannot fulfill", "i can't fulfill", "i cannot comply", "i can't comply",
        "i apologize, but i can't", "i apologize, but i cannot", "i do not feel comfortable",
        "i don't feel comfortable", "lo siento, no puedo ayudar", "lo siento, pero no puedo",
        "je suis désolé, mais je ne peux pas", "mi dispiace, ma non posso",
        "desculpe, mas não posso", "抱歉，我无法", "抱歉，我不能", "抱歉，但我无法", "抱歉，但我不能",
        "对不起，我不能", "对不起，我无法", "对不起，但我",
    ])
    /// Beginnings after which a refusal may come, or an answer.
    private static let hedges = phrases([
        "as an ai", "as a language model", "as a large language model", "i'm just an ai",
        "i am just an ai", "作为一个人工智能", "作为一名人工智能",
        "作为一个ai", "作为一名ai", "作为ai", "作为人工智能", "作为一个语言模型",
    ])
    private static let denials = phrases([
        "can't", "cannot", "don't", "do not", "not able", "unable", "am not", "won't", "不能", "无法",
        "不会", "没有", "不具备",
    ])
    /// Beginnings after which a short answer that denies something is a refusal.
    private static let regrets = phrases([
        "unfortunately, i", "sorry, i", "sorry, but i", "tut mir leid", "lo siento",
        "je suis désolé",
    ])
    private static let shortDenials = phrases([
        "can't do", "can't help", "can't provide", "can't answer", "can't assist", "cannot do",
        "cannot help", "cannot provide", "cannot answer", "cannot assist", "unable to help",
        "unable to provide", "unable to answer", "unable to assist", "not able to help",
        "not able to provide", "not able to answer", "kann ich nicht helfen", "nicht beantworten",
        "nicht weiterhelfen", "no puedo ayudar", "no puedo responder", "ne peux pas vous aider",
        "ne peux pas répondre",
    ])
    /// Bytes of an answer that is short.
    private static let shortAnswerBytes = 250
    /// A refusal begins an answer; further on it is more often quoted.
    private static let refusalBytes = 200
    /// Bytes after a hedge in which it denies something.
    private static let denialBytes = 90
    /// A longer answer goes on to do what was asked.
    private static let mostHedgedBytes = 700

    /// A phrase of refusal that begins in the first 200 bytes of a response.
    ///
    /// After "as an AI" something must be denied, and little may follow: many such answers go on to help.
    public static func refusal(_ text: Span<UInt8>) -> TextFault? {
        if let match = refusals.next(in: text, to: refusalBytes) {
            return TextFault(span: match.range, score: 0.9)
        }
        if text.count <= shortAnswerBytes, let regret = regrets.next(in: text, to: denialBytes),
            let denial = shortDenials.next(
                in: text, from: regret.range.upperBound,
                to: regret.range.upperBound + denialBytes)
        {
            return TextFault(
                span: regret.range.lowerBound..<denial.range.upperBound, score: 0.85)
        }
        guard text.count <= mostHedgedBytes,
            let hedge = hedges.next(in: text, to: refusalBytes),
            let denial = denials.next(
                in: text, from: hedge.range.upperBound, to: hedge.range.upperBound + denialBytes)
        else { return nil }
        return TextFault(span: hedge.range.lowerBound..<denial.range.upperBound, score: 0.8)
    }

    private static let attachments = PhraseSearch(phrases: [
        "attached image", "attached photo", "attached picture", "attached file",
        "attached screenshot",
        "image below", "picture below", "photo below", "image above", "picture above",
        "photo above",
        "following image", "following picture", "following photo",
        "附件", "下图", "上图", "这张图片", "如图所示",
    ])

    /// A prompt that needs something text does not carry, such as a picture.
    public static func unfulfillable(_ text: Span<UInt8>) -> TextFault? {
        attachments.next(in: text).map { TextFault(span: $0.range, score: 0.8) }
    }
}
