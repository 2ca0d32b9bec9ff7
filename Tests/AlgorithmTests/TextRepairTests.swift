import NoiseAlgorithm
import Testing

/// Texts as they should be.
@Suite struct TextRepairTests {
    private func misread(_ text: String, latin1: Bool = false) -> String {
        let windows: [UInt32] = [
            0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
            0x2039, 0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
            0x2013,
            0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
        ]
        var scalars = String.UnicodeScalarView()
        for byte in text.utf8 {
            let isMapped = (0x80...0x9F).contains(byte) && !latin1
            scalars.append(
                Unicode.Scalar(isMapped ? windows[Int(byte) - 0x80] : UInt32(byte)) ?? "?")
        }
        return String(scalars)
    }

    private func repair(
        _ text: String, _ body: (Span<UInt8>) -> [UInt8]?
    ) -> String? {
        body(Array(text.utf8).span).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "what was read as Windows-1252 or Latin-1 comes back",
        arguments: [
            "It’s a café — “naïve”, 5 €.", "请问医生，这是什么病？需要吃药吗。", "Привет, мир! Как дела?",
            "smile 😀 twice 😀",
        ])
    func mojibake(_ text: String) {
        #expect(repair(misread(text), TextRepair.mojibake) == text)
        #expect(repair(misread(text, latin1: true), TextRepair.mojibake) == text)
        let mixed = "plain ASCII before. " + misread(text)
        #expect(repair(mixed, TextRepair.mojibake) == "plain ASCII before. " + text)
    }

    @Test("what is lost is not guessed, and sound text has no repair")
    func lost() {
        #expect(repair(misread("café and naïve") + "\u{FFFD}", TextRepair.mojibake) == nil)
        #expect(repair("café, naïve, “quoted”, 你好", TextRepair.mojibake) == nil)
        #expect(repair("", TextRepair.mojibake) == nil)
    }

    @Test("control characters go, tabs, line ends and everything else stay")
    func controlCharacters() {
        #expect(
            repair("a\u{0}b\tc\r\nd\u{7F}e\u{85}é你", TextRepair.controlCharacters)
                == "ab\tc\r\nd" + "eé你")
    }

    @Test("tags become line ends or nothing, entities what they stand for")
    func html() {
        for (text, expected) in [
            ("<p>One</p><p>Two</p>", "One\nTwo"), ("a<br>b<br />c", "a\nb\nc"),
            ("say <a href=\"x\">this</a> &amp; that", "say this & that"),
            ("1 &lt; 2 &amp;lt; 3", "1 < 2 &lt; 3"), ("<div class='x'>in</div>\n", "in\n"),
            ("a < b and p > q", "a < b and p > q"), ("List<String> x", "List<String> x"),
            ("<paragraph> stays", "<paragraph> stays"), ("open <a href", "open <a href"),
            ("Q&nbsp;A", "Q A"), ("", ""), ("if a <b and p> q", "if a <b and p> q"),
            ("<ul><li>Oat milk.</li></ul><footer>&copy; 2021</footer>", "Oat milk.\n© 2021"),
            ("<h2>History</h2><p>Anna <strong>led</strong> it.</p>", "History\nAnna led it."),
            ("<td width=\"3\">one</td><hr/>two &ndash; three&hellip;", "one\ntwo – three…"),
        ] {
            #expect(repair(text, TextRepair.htmlResidue) == expected)
        }
    }
}
