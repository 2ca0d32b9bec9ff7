import Features
import Foundation
import Records
import Support
import Testing

@Suite struct LanguageTests {
    private func tag(_ text: String) -> DetectedLanguage {
        var text = text
        return text.withUTF8 { LanguageDetector().detect($0) }
    }

    @Test("languages of sentences, and of what says nothing")
    func sentences() {
        #expect(tag("The quick brown fox jumps over the lazy dog.").tag == "en")
        #expect(tag("今天天气很好，我们去公园散步。").tag == "zh")
        #expect(tag("今日は天気がいいですね。").tag == "ja")
        #expect(tag("Der schnelle braune Fuchs springt über den faulen Hund.").tag == "de")
        #expect(tag("").tag == "und" && tag("").confidence == 0)
        #expect(tag("17/86=0.2").tag == "und")
        #expect((0...1).contains(tag("ok").confidence))
    }

    @Test("a text cut in the middle of a character is read to the character before")
    func cut() {
        let text = String(repeating: "天", count: 2_000)
        #expect(tag(text).tag == "zh")
    }

    /// Floor of every set; measured 2026-11-24: 0.9998, 0.9975, 0.9999, 0.9960, 1, 1, 0.9983.
    private static let floor = 0.99

    @Test(
        "at least 0.99 of the records of English and Chinese sets are told right",
        .enabled(if: SharedData.isPresent, "needs ../shared/data"),
        arguments: [
            ("banking77/train.csv", "en"), ("gsm8k/train.jsonl", "en"),
            ("clinc150/data_full.json", "en"), ("gpteacher/Codegen/codegen-instruct.json", "en"),
            ("halueval_general/general_data_first1500.jsonl", "en"),
            ("smile_zh_multiturn/smile_first1000.jsonl", "zh"),
            ("huatuo_med_zh/data/llama_data.json", "zh"),
        ])
    func sets(file: String, expected: String) throws {
        let content = try Data(contentsOf: SharedData.file(file))
        let texts = try ReadRecords(Array(content), name: file).strings(.all).compactMap { $0 }
        let right = texts.count { tag($0).tag.hasPrefix(expected) }
        #expect(texts.count > 900)
        #expect(Double(right) >= LanguageTests.floor * Double(texts.count), "\(file)")
    }
}
