import NoiseAlgorithm
import Numerics
import Testing

@Suite struct NoiseTests {
    private func find(
        _ text: String, _ check: (Span<UInt8>) -> TextFault?
    ) -> String? {
        let bytes = Array(text.utf8)
        return check(bytes.span).map { String(decoding: bytes[$0.span], as: UTF8.self) }
    }

    /// What a check finds; taking stock of the text beforehand must change nothing.
    private func find(
        _ text: String, _ check: (Span<UInt8>, ByteInventory?) -> TextFault?
    ) -> String? {
        let bytes = Array(text.utf8)
        let fault = check(bytes.span, nil)
        #expect(check(bytes.span, ByteInventory(bytes.span)) == fault)
        return fault.map { String(decoding: bytes[$0.span], as: UTF8.self) }
    }

    /// Whether two prompts are wordings of one.
    private func isSameWording(_ first: String, _ second: String) -> Bool {
        let prints = [first, second].map { text -> [UInt8] in
            let bytes = Array(text.utf8)
            var print = Fingerprint()
            PromptWording.append(bytes.span, to: &print)
            let found = print.bytes
            return (0..<16).map { found[$0] }
        }
        return prints[0] == prints[1]
    }

    @Test("wordings of one prompt are the same but for what changes no answer")
    func wordings() {
        for (first, second) in [
            ("What is the capital of France?", "Please, what is  capital of FRANCE"),
            ("Name a fruit; then stop.", "name a fruit then stop"),
            ("translate “dog” to French", "Translate dog to French!"),
            ("请问法国的首都是哪里？", "法国的首都是哪里"), ("please", "Please"), ("the", " The "),
            ("", "  "),
        ] {
            #expect(isSameWording(first, second), "\(first) | \(second)")
        }
        for (first, second) in [
            ("What is 5!", "What is 5"), ("solve a + b", "solve + b"), ("is it not so", "is it so"),
            ("x < 3", "x > 3"), ("f(a)", "f a"), ("1.5", "15"), ("-5", "5"),
            ("from A to B", "from B to A"),
            ("dogs", "dog"), ("please", "the"), ("申请护照", "护照"), ("hepatitis A", "hepatitis"),
            ("他请我吃饭", "他我吃饭"), ("a, b", "ab"),
        ] {
            #expect(!isSameWording(first, second), "\(first) | \(second)")
        }
    }

    @Test("mojibake is told from the letters it is made of")
    func mojibake() {
        #expect(find("it donâ€™t work", TextChecks.mojibake) == "â€™")
        #expect(find("fiancÃ© of", TextChecks.mojibake) == "Ã©")
        #expect(find("broken \u{FFFD} sign", TextChecks.mojibake) == "\u{FFFD}")
        #expect(find("São Paulo, NÃO, â, €", TextChecks.mojibake) == nil)
        #expect(find("中文字符和 naïve café", TextChecks.mojibake) == nil)
        // Two doubtful places speak together, one does not; ends of French quotations never do.
        #expect(find("ä½\u{A0}å¥½", TextChecks.mojibake) != nil)
        #expect(
            find("il dit «\u{A0}CAFÉ\u{A0}» puis «\u{A0}thé\u{A0}»", TextChecks.mojibake) == nil)
        #expect(find("价格锛屽緢濂姐€傞敍锛", TextChecks.mojibake) != nil)
        #expect(find("it鈥檚 his", TextChecks.mojibake) != nil)
        #expect(find("稀土元素钬和鈥都是金属", TextChecks.mojibake) == nil)
        #expect(find("", TextChecks.mojibake) == nil)
        #expect(find("\u{C3}", TextChecks.mojibake) == nil)
    }

    @Test("a repeated phrase is found whatever its period and place")
    func repetition() {
        for period in [3, 7, 20, 133, 200] {
            let phrase = String(
                (0..<period).map { Character(UnicodeScalar(97 + UInt8($0 * 7 % 26))) })
            let run = String(repeating: phrase, count: max(9, 80 / period + 2))
            for lead in [
                "", "Once upon a time ", String(repeating: "lead in 0123456789. ", count: 3),
            ] {
                #expect(
                    find(lead + run + " The end.", { TextChecks.repetition($0) }) != nil,
                    "\(period)")
            }
        }
        #expect(find("ha ha ha ha ha ha ha ha", { TextChecks.repetition($0) }) == nil)
        #expect(find(String(repeating: "-", count: 500), { TextChecks.repetition($0) }) == nil)
        #expect(find(String(repeating: "| 1 ", count: 500), { TextChecks.repetition($0) }) == nil)
        #expect(find(String(repeating: "不要这样", count: 20), { TextChecks.repetition($0) }) != nil)
    }

    @Test("it agrees with looking at every place")
    func repetitionExhaustive() {
        // A brute-force search over all starts and periods, on random texts over few letters.
        var state: UInt64 = 9
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for _ in 0..<300 {
            var text: [UInt8] = []
            while text.count < 260 {
                let unit = (0..<(2 + next(9))).map { _ in UInt8(97 + next(5)) }
                for _ in 0..<(1 + next(14)) { text += unit }
            }
            let expected = (2...200).contains { period in
                let least = max(period * 7, 60)
                var run = 0
                for index in period..<text.count where text.count >= period * 8 {
                    run = text[index] == text[index - period] ? run + 1 : 0
                    let start = index - run + 1
                    if run >= least, Set(text[start - period..<start]).count >= 3 { return true }
                }
                return false
            }
            #expect((TextChecks.repetition(text.span) != nil) == expected)
        }
    }

    @Test("an answer cut in the middle is told from code, lists and verse")
    func truncated() {
        #expect(find("Here it is:\n```swift\nlet a = 1", TextChecks.truncated) == "```")
        #expect(find("Here it is:\n```\nlet a = 1\n```", TextChecks.truncated) == nil)
        let cut = "You should first turn the valve to the left and then open the"
        #expect(find(cut, TextChecks.truncated) == "the")
        #expect(find(cut + " door.", TextChecks.truncated) == nil)
        // A way through menus is prose, a comparison is code.
        let path = "You can watch it under Settings > Hubs > Network map, where each line shows the"
        #expect(find(path, TextChecks.truncated) == "the")
        #expect(
            find("if (a.count>b.count && b.count>c.count && there is the", TextChecks.truncated)
                == nil)
        #expect(find("He bought apples, pears and plums, and then,", TextChecks.truncated) == ",")
        #expect(
            find(
                "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a",
                TextChecks.truncated) == nil)
        #expect(
            find(
                "values = {\n  1, 2, 3, 4, 5, 6, 7, 8, 9, 10,\n  foo(11), bar(12),",
                TextChecks.truncated) == nil)
        #expect(find("所以你只能依靠自己了，建议你好好学习，将来找份好的工作，", TextChecks.truncated) == "，")
        #expect(find("所以你只能依靠自己了，建议你好好学习，将来找份好的工作。", TextChecks.truncated) == nil)
        #expect(find("the", TextChecks.truncated) == nil)
    }

    @Test("HTML residue is a tag or an entity")
    func residue() {
        func residue(_ text: String, besides other: String = "") -> String? {
            let other = Array(other.utf8)
            return find(text) {
                TextChecks.htmlResidue($0, holding: $1, besides: other.span)
            }
        }
        #expect(residue("first line<br>second line") == "<br>")
        #expect(residue("R&amp;B singer") == "&amp;")
        #expect(residue("a < b && c > d") == nil)
        #expect(residue("<p>center</p>", besides: "How do I center a div in CSS?") == nil)
        #expect(residue("Write a React component with <br>") == nil)
        #expect(residue("one<br>two", besides: "The random stage of a domain") == "<br>")
    }

    @Test("placeholders and refusals are whole phrases")
    func phrases() {
        #expect(find(" <noinput> ", TextChecks.placeholder) == "<noinput>")
        #expect(find("N/A.", TextChecks.placeholder) == "N/A")
        #expect(find("none of these", TextChecks.placeholder) == nil)
        #expect(find("", TextChecks.placeholder) == nil)
        #expect(find("As an AI, I can suggest several ways", TextChecks.refusal) == nil)
        #expect(find("As an AI, I cannot do that.", TextChecks.refusal) != nil)
    }

    @Test(
        "refusals in several languages and with either apostrophe",
        arguments: [
            "I can't help with that.", "I can’t help with that.", "I'm not able to help with that.",
            "I must decline this request.", "I apologize, but I cannot fulfill this request.",
            "Unfortunately, I can't do that.", "Sorry, I can't help with that.",
            "I'm just an AI and can't do that.", "Lo siento, no puedo ayudar con eso.",
            "Es tut mir leid, aber dabei kann ich nicht helfen.", "抱歉，我无法回答这个问题。",
            "对不起，我不能提供帮助。",
        ])
    func refusals(_ text: String) {
        #expect(find(text, TextChecks.refusal) != nil)
    }

    @Test(
        "who is sorry or cannot do something need not refuse",
        arguments: [
            "Sorry, I am late: the train was.", "Unfortunately, I was wrong about the date.",
            "I can't wait to see the garden in spring.", "对不起，让您久等了。",
            "Es tut mir leid, dass Sie warten mussten.",
            "Sorry, but I had the wrong number. " + String(repeating: "It is seven. ", count: 20)
                + "One cannot help laughing.",
        ])
    func noRefusals(_ text: String) {
        #expect(find(text, TextChecks.refusal) == nil)
    }

    @Test("a code fence without its pair is one at the beginning of a line, as CommonMark has it")
    func fences() {
        func score(_ text: String) -> Double? {
            let bytes = Array(text.utf8)
            return TextChecks.openFence(bytes.span)?.score
        }
        #expect(score("See:\n```swift\nlet a = 1\n") == TextChecks.certainCut)
        #expect(score("```\na\n```\nand\n  ```c\nint a;\n") == TextChecks.certainCut)
        #expect(score("See:\n```swift\nlet a = 1\n```\nThat is all.") == nil)
        #expect(score("````\n```\na\n```\n````") == nil, "a longer fence around a shorter")
        #expect(
            score("Put it between ``` and the next line.").map { $0 < TextChecks.certainCut }
                == true)
        #expect(score("no fence at all") == nil)
        #expect(score("") == nil)
    }

    @Test(
        "a letter that ends in a closing and a name is whole; a sentence that speaks of one is not")
    func signatures() {
        func isSigned(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            return TextChecks.endsWithSignature(bytes.span)
        }
        for text in [
            "I look forward to it.\n\nYours sincerely,\nJane Austen",
            "Thank you. Best regards, [Your Name], Historian",
            "Yours in hope and anticipation, Dracula", "Keep trying. Best of luck! - Harry",
            "盼复。此致\n敬礼", "谢谢。王小明敬上", "With respect and hope, Your AI companion",
        ] {
            #expect(isSigned(text), "\(text)")
        }
        for text in [
            "", "He said that he regards", "Yours sincerely,",
            "She regards it as a mistake, and then",
            "I love Paris, Rome and the",
            "with respect to the second point, the committee decided to",
        ] {
            #expect(!isSigned(text), "\(text)")
        }
    }
}
