import CLanguage

/// A language and how sure it is.
public struct DetectedLanguage: Sendable, Equatable {
    /// BCP 47: `en`, `zh`, `zh-Hant`; `und` when the text says nothing.
    public let tag: String
    /// Share of the text in it, halved where the guess is not reliable; 0 to 1, 0 for `und`.
    public let confidence: Double
}

/// Tells the language of a text by CLD2 (a naive Bayes classifier over letter quadgrams, and over
/// single characters for Chinese, Japanese and Korean).
///
/// A text is judged by its first 4,096 bytes. Where CLD2 takes ideographs without kana for Japanese, or
/// does not decide between them and English words among them, they are Chinese. O(bytes).
public struct LanguageDetector: Sendable {
    private static let mostBytes = 4096
    private static let unreliableFactor = 0.5
    private static let unknown = DetectedLanguage(tag: "und", confidence: 0)

    /// A detector.
    public init() {}

    /// The language of `text`, valid UTF-8.
    public func detect(_ text: UnsafeBufferPointer<UInt8>) -> DetectedLanguage {
        withTag(text) { tag, confidence in
            tag.isEmpty
                ? LanguageDetector.unknown
                : DetectedLanguage(
                    tag: String(decoding: tag, as: UTF8.self), confidence: confidence)
        }
    }

    /// Calls `body` with the bytes of the tag, none when the text says nothing, and the confidence.
    ///
    /// No allocation.
    func withTag<Result>(
        _ text: UnsafeBufferPointer<UInt8>,
        _ body: (_ tag: UnsafeBufferPointer<UInt8>, _ confidence: Double) -> Result
    ) -> Result {
        var length = min(text.count, LanguageDetector.mostBytes)
        while length > 0, length < text.count, text[length] & 0xC0 == 0x80 { length -= 1 }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CLG_TAG_BYTES)) { tag in
            tag.initialize(repeating: 0)
            let share = UnsafeRawPointer(text.baseAddress).map {
                clg_detect($0.assumingMemoryBound(to: CChar.self), UInt32(length), tag.baseAddress)
            }
            return tag.withMemoryRebound(to: UInt8.self) { bytes in
                var count = bytes.firstIndex(of: 0) ?? 0
                var sure = share ?? 0
                let isUnknown = LanguageDetector.equals(bytes, count, "un")
                if isUnknown { count = 0 }
                if isUnknown || LanguageDetector.equals(bytes, count, "ja") {
                    let scripts = ScriptCounts(UnsafeBufferPointer(rebasing: text[..<length]))
                    if isUnknown ? scripts.isMostlyChinese : scripts.isWithoutKana {
                        bytes[0] = UInt8(ascii: "z")
                        bytes[1] = UInt8(ascii: "h")
                        count = 2
                        if isUnknown { sure = -1 }
                    }
                }
                let confidence = sure < 0 ? -sure * LanguageDetector.unreliableFactor : sure
                return body(
                    UnsafeBufferPointer(rebasing: bytes[..<count]), count == 0 ? 0 : confidence)
            }
        }
    }

    private static func equals(
        _ bytes: UnsafeMutableBufferPointer<UInt8>, _ count: Int, _ tag: StaticString
    ) -> Bool {
        count == tag.utf8CodeUnitCount && (0..<count).allSatisfy { bytes[$0] == tag.utf8Start[$0] }
    }
}

/// Letters of a text by script, as far as they tell Chinese from Japanese and English.
private struct ScriptCounts {
    private var ideographs = 0
    private var kana = 0
    private var latin = 0

    /// Latin letters that say about as much as one ideograph.
    private static let lettersOfIdeograph = 3

    init(_ text: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < text.count {
            switch UTF8Scalars.decode(text, &index) {
            case 0x41...0x5A, 0x61...0x7A: latin += 1
            case 0x3041...0x30FF: kana += 1
            case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2FA1F: ideographs += 1
            default: break
            }
        }
    }

    var isWithoutKana: Bool { kana == 0 && ideographs > 0 }

    var isMostlyChinese: Bool {
        isWithoutKana && ideographs * ScriptCounts.lettersOfIdeograph >= latin
    }
}
