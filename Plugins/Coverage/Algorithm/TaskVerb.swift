/// What a prompt asks for, told by the first word of it that names a task.
public enum TaskVerb: String, CaseIterable, Sendable {
    case write, explain, summarize, translate, classify, extract, rewrite, list, solve, program
    case compare, plan, answer

    /// Words of a prompt, from its beginning, among which the verb must stand.
    private static let mostWords = 16

    /// Words that name a task, small letters.
    ///
    /// A question word comes last: "how do I write" asks to explain, "what is" for an answer.
    private static let words: [(TaskVerb, [String])] = [
        (
            .write,
            ["write", "compose", "create", "draft", "generate", "imagine", "写", "创作", "生成", "编写"]
        ),
        (
            .explain,
            [
                "explain", "describe", "how", "why", "define", "elaborate", "解释", "说明", "描述", "为什么",
                "如何", "怎么",
            ]
        ), (.summarize, ["summarize", "summarise", "summary", "condense", "总结", "概括", "摘要"]),
        (.translate, ["translate", "translation", "翻译"]),
        (.classify, ["classify", "categorize", "categorise", "identify", "分类", "判断"]),
        (.extract, ["extract", "find", "retrieve", "提取", "抽取", "找出"]),
        (
            .rewrite,
            ["rewrite", "edit", "correct", "paraphrase", "rephrase", "proofread", "改写", "修改", "润色"]
        ),
        (
            .list,
            ["list", "name", "suggest", "recommend", "provide", "give", "列出", "列举", "推荐", "提供"]
        ),
        (
            .solve,
            ["solve", "calculate", "compute", "evaluate", "many", "much", "计算", "求解", "多少"]
        ), (.program, ["code", "program", "implement", "function", "script", "代码", "编程", "函数"]),
        (.compare, ["compare", "contrast", "difference", "比较", "区别", "对比"]),
        (.plan, ["plan", "design", "develop", "outline", "organize", "计划", "设计", "规划"]),
        (
            .answer,
            [
                "what", "who", "when", "where", "which", "whose", "is", "are", "do", "does", "did",
                "can", "could", "will", "would", "should", "什么", "谁", "哪", "吗",
            ]
        ),
    ]

    private static let byWord: [UInt64: TaskVerb] = {
        var found: [UInt64: TaskVerb] = [:]
        for (verb, words) in words {
            for word in words where word.utf8.allSatisfy({ $0 < 0x80 }) {
                found[word.utf8.reduce(start) { hash($0, $1) }] = verb
            }
        }
        return found
    }()
    /// FNV-1a: words of a few letters, no two of those above alike.
    private static let start: UInt64 = 0xCBF2_9CE4_8422_2325

    private static func hash(_ value: UInt64, _ byte: UInt8) -> UInt64 {
        (value ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    private static let ideographic: [(bytes: [UInt8], verb: TaskVerb)] = words.flatMap {
        verb, words in
        words.filter { $0.utf8.contains { $0 >= 0x80 } }.map { (Array($0.utf8), verb) }
    }

    /// The task of a prompt; `nil` when its beginning names none.
    ///
    /// A verb counts before a question word. O(beginning of the text).
    public init?(_ prompt: Span<UInt8>) {
        var weak: TaskVerb?
        var word = TaskVerb.start
        var words = 0
        var index = 0
        while index <= prompt.count, words < TaskVerb.mostWords {
            let byte = index < prompt.count ? prompt[index] : 0x20
            if byte >= 0x80 {
                if let verb = TaskVerb.ideographs(prompt, at: index) {
                    if verb != .answer {
                        self = verb
                        return
                    }
                    weak = weak ?? verb
                }
                // Three bytes make an ideograph, and two of them about a word.
                if byte >= 0xC0 { words += index & 1 }
            }
            let lower = byte | 0x20
            if lower >= 0x61, lower <= 0x7A {
                word = TaskVerb.hash(word, lower)
            } else if word != TaskVerb.start {
                if let verb = TaskVerb.byWord[word] {
                    if verb != .answer {
                        self = verb
                        return
                    }
                    weak = weak ?? verb
                }
                words += 1
                word = TaskVerb.start
            }
            index += 1
        }
        guard let weak else { return nil }
        self = weak
    }

    private static func ideographs(_ text: Span<UInt8>, at start: Int) -> TaskVerb? {
        next: for entry in ideographic where start + entry.bytes.count <= text.count {
            for offset in entry.bytes.indices where text[start + offset] != entry.bytes[offset] {
                continue next
            }
            return entry.verb
        }
        return nil
    }
}
