import Numerics
import Planning
import Testing

/// Rules vary a text and leave alone what they could make wrong.
@Suite struct TextVariationTests {
    private func variations(_ text: String, offered: [String] = ["please"], rate: Double = 0.3)
        -> [String]
    {
        (0..<200).compactMap { number in
            var generator = SeededGenerator(seed: 7, stream: UInt64(number))
            return TextVariation(text)?.make(rate: rate, offered: offered, &generator)?.text
        }
    }

    @Test(
        "the same generator gives the same text, and every text differs from the one it came from")
    func seeded() {
        let text = "Where can I find the invoice for my last order?"
        let made = variations(text)
        #expect(made.count == 200)
        #expect(made == variations(text))
        #expect(!made.contains(text) && Set(made).count > 100)
    }

    @Test(
        "code and JSON have no variation",
        arguments: [
            "```\nprint(1)\n```", "{\"a\": \"some words here\"}", "[1, 2, \"three words more\"]",
            "for (int i = 0; i < n; i++) { sum += a[i]; }", "", "   ", "12 34 56",
        ])
    func code(_ text: String) { #expect(TextVariation(text) == nil) }

    @Test("numbers, names in capitals, quotations, placeholders, code, negations and links stay")
    func protected() {
        let kept = [
            "42", "NASA", "\"keep this one\"", "{{order id}}", "`git push now`", "not", "don't",
            "https://example.org/a", "user@example.org", "<b>bold words</b>",
        ]
        let text =
            "please tell my good friend that " + kept.joined(separator: " and also then ")
            + " came along with others yesterday"
        for made in variations(text, rate: 0.8) {
            for part in kept { #expect(made.contains(part), "\(part) in \(made)") }
        }
    }

    @Test("lines and the white space between words stay")
    func lines() {
        let text = "  First line of it here\n\n\tsecond line with words\n"
        for made in variations(text) {
            #expect(made.count { $0 == "\n" } == 3, "\(made)")
            #expect(made.hasPrefix("  ") && made.contains("\n\n\t"), "\(made)")
        }
    }

    @Test("a text keeps at least three words and most of its letters")
    func least() {
        for made in variations("alpha beta gamma", offered: [], rate: 1) {
            #expect(made.split(separator: " ").count == 3, "\(made)")
        }
        #expect(variations("word", offered: [], rate: 1).allSatisfy { $0.count >= 3 })
    }

    @Test("Chinese is varied character by character, without spaces")
    func ideographs() {
        let made = variations("请问我的订单什么时候可以送到家里", offered: ["现", "在"])
        #expect(made.count == 200)
        #expect(made.allSatisfy { !$0.contains(" ") })
        #expect(variations("这个不好用", offered: [], rate: 1).allSatisfy { $0.contains("不") })
    }
}
