/// In which respects a record is of one kind or another.
public struct RecordTraits: Sendable, Equatable {
    /// An aspect of style.
    public enum Aspect: Int, CaseIterable, Sendable {
        case sentence, length, register, person, readability

        /// Categories of the aspect.
        public var categories: [String] {
            switch self {
            case .sentence: ["question", "request", "exclamation", "fragment", "statement"]
            case .length:
                ["up to 8 words", "9 to 32", "33 to 128", "129 to 512", "more than 512 words"]
            case .register: ["formal", "neutral", "casual"]
            case .person: ["first person", "second person", "neither"]
            case .readability: ["very easy", "easy", "moderate", "hard"]
            }
        }
    }

    /// How a response is laid out.
    public enum Form: Int, CaseIterable, Sendable {
        case none, prose, list, code, table, json

        /// As a report names it.
        public var name: String {
            switch self {
            case .none: "no response"
            case .json: "JSON"
            default: String(describing: self)
            }
        }
    }

    /// Bands of the number of turns: 1, 2, 3 or 4 exchanges, more.
    public static let turnBandCount = 4

    /// The category of each aspect.
    public let style: [UInt8]
    /// How the response is laid out.
    public let form: Form
    /// The band of the number of exchanges, from 0.
    public let turnBand: Int
    /// The first verb, or question word, and what it is about; empty for a prompt without words.
    public let opener: String

    /// Words of a text that are looked at.
    private static let mostWords = 160

    /// Looks at the prompt and the response of a record with so many words and exchanges.
    ///
    /// The words of the lists below stand for what they mean in most texts: a rough measure, of which the
    /// spread over many records counts, not one record. O(bytes).
    public init(prompt: String, response: String, wordCount: Int, exchanges: Int) {
        let asked = TextWords(prompt, most: RecordTraits.mostWords)
        let told = TextWords(response, most: RecordTraits.mostWords)
        let main = asked.words.isEmpty ? told : asked
        let text = asked.words.isEmpty ? response : prompt
        let lengthBand = [8, 32, 128, 512].count { wordCount > $0 }
        style = [
            RecordTraits.sentence(main, text), UInt8(lengthBand),
            RecordTraits.register(main, text), RecordTraits.person(main),
            RecordTraits.readability(told.words.isEmpty ? asked : told),
        ]
        form = RecordTraits.form(of: response)
        turnBand = exchanges <= 1 ? 0 : exchanges == 2 ? 1 : exchanges <= 4 ? 2 : 3
        opener = RecordTraits.opener(asked.words.isEmpty ? told : asked)
    }

    private static let questionWords: Set<String> = [
        "what", "who", "when", "where", "which", "whose", "why", "how", "is", "are", "am", "was",
        "were", "do", "does", "did", "can", "could", "will", "would", "should", "may", "have",
        "has", "what's", "who's", "where's", "how's", "isn't", "aren't",
    ]
    private static let requestWords: Set<String> = [
        "write", "explain", "describe", "give", "list", "create", "generate", "provide", "find",
        "tell", "show", "make", "name", "identify", "summarize", "summarise", "translate",
        "classify", "rewrite", "edit", "correct", "compute", "calculate", "solve", "compare",
        "suggest", "recommend", "help", "please", "design", "develop", "compose", "draft",
        "convert", "extract", "define", "discuss", "analyze", "evaluate", "choose", "select",
        "use", "add", "set", "get", "play", "turn", "call", "send", "book", "order", "cancel",
        "change", "check", "read", "remind", "open", "let", "put", "schedule", "imagine", "act",
        "answer", "complete", "construct", "determine", "implement", "outline", "paraphrase",
        "predict", "propose", "rank", "rephrase", "sort", "state", "propose",
    ]
    private static let chineseQuestions = ["吗", "呢", "什么", "怎么", "如何", "为什么", "多少", "哪", "谁", "是否"]
    private static let chineseRequests = [
        "请", "帮", "给", "写", "列", "生成", "创建", "翻译", "总结", "描述", "解释", "设计",
    ]

    private static func sentence(_ words: TextWords, _ text: String) -> UInt8 {
        let end = text.last { !$0.isWhitespace && $0 != "\"" && $0 != "'" }
        if end == "?" || end == "？" { return 0 }
        if words.isIdeographic {
            if chineseRequests.contains(where: { text.hasPrefix($0) }) { return 1 }
            let tail = String(text.suffix(16))
            if chineseQuestions.contains(where: { tail.contains($0) }) { return 0 }
        } else if let first = words.words.first {
            if requestWords.contains(first) { return 1 }
            if questionWords.contains(first) { return 0 }
        }
        if end == "!" || end == "！" { return 2 }
        let isEnded = end == "." || end == "。" || end == ":" || end == "："
        return words.words.count <= 3 && !isEnded ? 3 : 4
    }

    private static let casualWords: Set<String> = [
        "u", "ur", "pls", "plz", "lol", "gonna", "wanna", "gotta", "hey", "hi", "yeah", "yep",
        "nope", "ok", "okay", "cool", "dude", "omg", "btw", "thx", "kinda", "ain't", "y'all",
        "haha", "wow", "awesome", "stuff", "guys", "啊", "哈", "呀", "嘛", "哦", "咋", "啥",
    ]
    private static let formalWords: Set<String> = [
        "please", "kindly", "regarding", "therefore", "furthermore", "moreover", "hereby",
        "request", "assistance", "shall", "pursuant", "accordingly", "consequently", "您", "贵",
        "谨", "敬", "兹",
    ]

    private static func register(_ words: TextWords, _ text: String) -> UInt8 {
        var (formal, casual) = (0, 0)
        for word in words.words {
            if casualWords.contains(word) { casual += 1 }
            if formalWords.contains(word) { formal += 1 }
            if word.utf8.contains(UInt8(ascii: "'")), !word.hasSuffix("'s") { casual += 1 }
        }
        if let first = text.unicodeScalars.first(where: { $0.properties.isAlphabetic }),
            first.properties.isLowercase
        {
            casual += 1
        }
        return formal > casual ? 0 : casual > formal ? 2 : 1
    }

    private static let firstPerson: Set<String> = [
        "i", "me", "my", "mine", "we", "us", "our", "i'm", "i've", "i'd", "i'll", "we're", "myself",
        "我", "俺", "咱",
    ]
    private static let secondPerson: Set<String> = [
        "you", "your", "yours", "you're", "yourself", "你", "您",
    ]

    private static func person(_ words: TextWords) -> UInt8 {
        if words.words.contains(where: firstPerson.contains) { return 0 }
        return words.words.contains(where: secondPerson.contains) ? 1 : 2
    }

    /// The automated readability index of alphabetic text (Senter and Smith 1967), below 6, 10 and 14;
    /// ideographs a sentence, up to 12, 24 and 40.
    private static func readability(_ words: TextWords) -> UInt8 {
        let count = Double(max(1, words.words.count))
        let perSentence = count / Double(max(1, words.sentenceCount))
        let (value, limits): (Double, [Double]) =
            words.isIdeographic
            ? (perSentence, [12, 24, 40])
            : (4.71 * Double(words.letterCount) / count + 0.5 * perSentence - 21.43, [6, 10, 14])
        return UInt8(limits.count { value > $0 })
    }

    private static let passedOver: Set<String> = [
        "please", "a", "an", "the", "me", "my", "i", "you", "your", "to", "can", "could", "would",
        "will", "want", "need", "like", "some", "of", "for", "in", "on", "with", "and", "this",
        "that", "these", "those", "it", "its", "us", "we", "our", "is", "are", "was", "were", "do",
        "does", "did", "be", "have", "has", "any", "new", "short", "brief", "detailed", "simple",
        "good", "following", "given", "one", "two", "three", "few", "should", "from", "at", "by",
        "hey", "hi", "hello", "so", "there", "their", "his", "her", "if", "all", "let", "i'd",
        "i'm", "you're", "about", "请", "帮", "我", "你", "您", "能", "可", "以", "否", "一", "个", "的", "下",
        "给", "为", "在", "想", "要", "们", "和", "与", "把", "将", "了", "是",
    ]

    private static func opener(_ words: TextWords) -> String {
        var found: [String] = []
        for word in words.words.prefix(24) where !passedOver.contains(word) {
            found.append(word)
            if found.count == 2 { break }
        }
        if found.isEmpty { return words.words.first ?? "" }
        return found.joined(separator: words.isIdeographic ? "" : " ")
    }

    /// How a text is laid out.
    ///
    /// Code where it is fenced or most lines look it; JSON where it begins and ends so; tables and lists
    /// from two lines on. O(bytes).
    public static func form(of text: String) -> Form {
        let body = text.utf8.drop { $0 <= 32 }
        guard let first = body.first, let last = body.last(where: { $0 > 32 }) else {
            return .none
        }
        if first == UInt8(ascii: "{") && last == UInt8(ascii: "}")
            || first == UInt8(ascii: "[") && last == UInt8(ascii: "]")
                && body.contains(UInt8(ascii: ","))
        {
            return .json
        }
        var (lines, bullets, bars, code) = (0, 0, 0, 0)
        for line in body.split(separator: 10) {
            let line = line.drop { $0 <= 32 }
            guard let head = line.first else { continue }
            lines += 1
            if line.starts(with: "```".utf8) { return .code }
            if line.count(where: { $0 == UInt8(ascii: "|") }) >= 2 { bars += 1 }
            if isBullet(line, head) { bullets += 1 }
            if isCode(line) { code += 1 }
        }
        if bars >= 2 { return .table }
        if 2 * code >= lines && code > 0 { return .code }
        return bullets >= 2 ? .list : .prose
    }

    private static func isBullet(_ line: Substring.UTF8View.SubSequence, _ head: UInt8) -> Bool {
        if head == UInt8(ascii: "-") || head == UInt8(ascii: "*") || head == UInt8(ascii: "+") {
            return line.dropFirst().first == 32
        }
        if line.starts(with: "•".utf8) { return true }
        let rest = line.drop { (48...57).contains($0) }
        guard rest.count < line.count, line.count - rest.count <= 3 else { return false }
        return rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ")")
            || rest.starts(with: "、".utf8)
    }

    private static func isCode(_ line: Substring.UTF8View.SubSequence) -> Bool {
        let last = line.last(where: { $0 > 32 })
        if last == UInt8(ascii: ";") || last == UInt8(ascii: "{") || last == UInt8(ascii: "}") {
            return true
        }
        return ["def ", "import ", "#include", "return ", "class ", "from ", "<", "SELECT ", "//"]
            .contains { line.starts(with: $0.utf8) }
    }
}
