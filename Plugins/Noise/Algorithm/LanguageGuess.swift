import Numerics

/// The language of a text where its script or its commonest words leave no doubt.
///
/// Far cheaper than a classifier and silent where one would guess: on short texts, on mixed ones, on code.
/// Scripts of one language tell by themselves; texts in Latin letters by their function words.
enum LanguageGuess: UInt8, Sendable, CaseIterable {
    case chinese, japanese, korean, russian, arabic, hindi, greek, hebrew, thai
    case english, french, german, spanish, portuguese, italian, dutch

    /// Words of a text that are looked at, and bytes.
    private static let mostWords = 80
    private static let mostBytes = 1500
    /// Characters of a script, words in Latin letters and different function words that are needed.
    private static let leastCharacters = 6
    private static let leastWords = 6
    private static let leastHits = 3
    /// Share of the text that must be in the script.
    private static let leastShare = 0.8
    /// Share of words in Latin letters that are function words in running text.
    private static let leastHitShare = 0.15

    private static let functionWords: [(LanguageGuess, String)] = [
        (
            .english,
            "the of and to in is that for it was with are this be you have from or by they which he she but not has can will what"
        ),
        (
            .french,
            "le la les des et est une du dans que pour qui pas sur avec au sont ce vous plus par il elle nous je ne mais cette ces leur"
        ),
        (
            .german,
            "der die das und ist nicht ein eine zu den mit sich auf dem von für auch es im wird sind wir ich sie oder wenn kann aber nach bei"
        ),
        (
            .spanish,
            "el los las y es una por con para del se lo como más su pero al son está este ser muy también porque cuando hasta hay ya donde tiene sin"
        ),
        (
            .portuguese,
            "o os as e é uma um do da em para com não que por mais dos no na se ao são você também muito quando seu sua isso tem"
        ),
        (
            .italian,
            "il gli è di che un per non una con del della sono le si nel come anche più questo i perché molto quando dove hanno questa alla"
        ),
        (
            .dutch,
            "de het een van en is dat niet te op zijn voor met die aan er ook als wordt naar ik je maar om bij nog deze heeft kan"
        ),
    ]

    /// Function words by their hashes: open addressing, so that a word costs one look.
    private struct WordTable {
        private var hashes = [UInt64](repeating: 0, count: WordTable.size)
        private var entries = [(language: LanguageGuess, bit: UInt32)?](
            repeating: nil, count: WordTable.size)

        /// Four times as many places as words.
        private static let size = 1024

        init() {
            for (language, words) in functionWords {
                for (number, word) in words.split(separator: " ").enumerated() {
                    let bytes = Array(word.utf8)
                    add(WordScan.hash(bytes.span, 0..<bytes.count), (language, 1 << UInt32(number)))
                }
            }
        }

        private mutating func add(_ hash: UInt64, _ entry: (LanguageGuess, UInt32)) {
            var place = Int(hash >> 54)
            while entries[place] != nil { place = (place + 1) % WordTable.size }
            hashes[place] = hash
            entries[place] = entry
        }

        /// Calls `body` for every language that has the word, with a bit of its own for the word.
        func forEach(_ hash: UInt64, _ body: (LanguageGuess, UInt32) -> Void) {
            var place = Int(hash >> 54)
            while let entry = entries[place] {
                if hashes[place] == hash { body(entry.language, entry.bit) }
                place = (place + 1) % WordTable.size
            }
        }
    }

    private static let table = WordTable()

    /// Signs of code, and their share of the bytes from which on a text is no prose.
    private static let codeSigns = ByteSet("{};=<>$_\\|[]#")
    private static let codeShare = 0.03

    private struct ByteSet {
        private var bits = InlineArray<4, UInt64>(repeating: 0)

        init(_ signs: String) {
            for byte in signs.utf8 { bits[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
        }

        func contains(_ byte: UInt8) -> Bool { bits[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }
    }

    private static func isCode(_ text: Span<UInt8>, _ end: Int) -> Bool {
        var count = 0
        for index in 0..<end where codeSigns.contains(text[index]) { count += 1 }
        return Double(count) > codeShare * Double(end)
    }

    /// Guesses; `nil` where there is doubt.
    ///
    /// O(1500 bytes).
    init?(_ text: Span<UInt8>) {
        var scripts = InlineArray<16, Int>(repeating: 0)
        var hits = InlineArray<16, Int>(repeating: 0)
        var seen = InlineArray<16, UInt32>(repeating: 0)
        var (latin, words, letters) = (0, 0, 0)
        let end = LanguageGuess.end(text)
        let table = LanguageGuess.table
        WordScan.forEachWord(text, in: 0..<end) { word in
            guard words < LanguageGuess.mostWords else { return }
            words += 1
            if let script = LanguageGuess.script(text, word) {
                scripts[Int(script.rawValue)] += 1
                letters += 1
            } else if text[word.lowerBound] &- 0x30 >= 10 {
                latin += 1
                table.forEach(WordScan.hash(text, word)) { language, bit in
                    hits[Int(language.rawValue)] += 1
                    seen[Int(language.rawValue)] |= bit
                }
            }
        }
        // Kana make it Japanese, however many ideographs there are.
        if scripts[Int(LanguageGuess.japanese.rawValue)] * 10 >= letters, letters > 0 {
            let kana = Int(LanguageGuess.japanese.rawValue)
            scripts[kana] += scripts[Int(LanguageGuess.chinese.rawValue)]
            scripts[Int(LanguageGuess.chinese.rawValue)] = 0
        }
        // An ideograph is half a word.
        let total = Double(letters) + 2 * Double(latin)
        var best = 0
        for index in 1..<16 where scripts[index] > scripts[best] { best = index }
        if scripts[best] >= LanguageGuess.leastCharacters,
            Double(scripts[best]) >= LanguageGuess.leastShare * total
        {
            self.init(rawValue: UInt8(best))
            return
        }
        guard latin >= LanguageGuess.leastWords, letters == 0,
            !LanguageGuess.isCode(text, end)
        else { return nil }
        var (first, second) = (0, 0)
        for index in 1..<16 {
            if hits[index] > hits[first] {
                second = first == 0 && hits[first] == 0 ? index : first
                first = index
            } else if hits[index] > hits[second] || second == first {
                second = index
            }
        }
        let isClear =
            seen[first].nonzeroBitCount >= LanguageGuess.leastHits
            && Double(hits[first]) >= LanguageGuess.leastHitShare * Double(latin)
            && (second == first || hits[first] >= 2 * hits[second])
        guard isClear else { return nil }
        self.init(rawValue: UInt8(first))
    }

    private static func end(_ text: Span<UInt8>) -> Int {
        var end = min(text.count, mostBytes)
        while end > 0, end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// The language of a script that only one language is likely to be written in; `nil` for Latin letters
    /// and digits.
    private static func script(_ text: Span<UInt8>, _ word: Range<Int>) -> LanguageGuess? {
        let first = text[word.lowerBound]
        switch first {
        case 0xE4...0xE9: return .chinese
        case 0xE3: return text[word.lowerBound + 1] <= 0x83 ? .japanese : .chinese
        case 0xEA...0xED: return .korean
        case 0xD0, 0xD1: return .russian
        case 0xD8...0xDB: return .arabic
        case 0xD7: return .hebrew
        case 0xCE, 0xCF: return .greek
        case 0xE0:
            let second = text[word.lowerBound + 1]
            if (0xA4...0xA5).contains(second) { return .hindi }
            return (0xB8...0xB9).contains(second) ? .thai : nil
        default: return nil
        }
    }
}

/// The script of a short text of one script.
enum ScriptGuess {
    case latin
    case ideographs

    /// Characters that hold a Chinese sentence together, whatever names stand in it.
    private static let particles: Set<UInt32> = Set(
        "的是么吗呢何怎哪请多在和与有为用把对".unicodeScalars.map(\.value))

    /// `nil` for texts of other scripts and for mixed ones, but for a Chinese sentence about things with Latin
    /// names: it begins or ends with an ideograph and has a particle.
    init?(_ text: Span<UInt8>) {
        var (latin, ideographs, others) = (0, 0, 0)
        var (hasParticle, beginsSo, endsSo) = (false, false, false)
        WordScan.forEachWord(text, in: 0..<text.count) { word in
            let first = text[word.lowerBound]
            endsSo = (0xE3...0xE9).contains(first)
            switch first {
            case 0xE3...0xE9:
                if latin + ideographs + others == 0 { beginsSo = true }
                ideographs += 1
                if word.count == 3 {
                    let scalar =
                        UInt32(first & 0x0F) << 12 | UInt32(text[word.lowerBound + 1] & 0x3F) << 6
                        | UInt32(text[word.lowerBound + 2] & 0x3F)
                    if ScriptGuess.particles.contains(scalar) { hasParticle = true }
                }
            case 0xE0...: others += 1
            case ..<0x80: if first &- 0x30 >= 10 { latin += 1 }
            case 0xC3...0xC9: latin += 1
            default: others += 1
            }
        }
        switch (latin, ideographs, others) {
        case (2..., 0, 0): self = .latin
        case (0, 3..., 0): self = .ideographs
        case (1..., 3..., 0) where hasParticle && (beginsSo || endsSo): self = .ideographs
        default: return nil
        }
    }

    /// Whether a language is written so.
    func writes(_ language: LanguageGuess) -> Bool {
        switch self {
        case .latin: language.rawValue >= LanguageGuess.english.rawValue
        case .ideographs: language == .chinese || language == .japanese
        }
    }
}

/// Which languages prompts are answered in.
struct LanguageHabits: Sendable {
    private static let size = 16
    /// Share of a language's prompts from which on another language of the response is meant.
    private static let usualShare = 0.25
    /// Prompts of a language that tell of a habit.
    private static let leastPrompts = 20

    private var isUsual: [Bool]

    private static let talk = PhraseSearch(
        phrases: [
            "translat", "翻译", "翻譯", "英文", "英语", "中文", "汉语", "法语", "德语", "日语", "日文", "西班牙语",
            "俄语", "韩语", "traduc", "traduz", "tradui", "übersetz", "tradott", "other language",
            "foreign language", "native language", "target language", "source language",
            "which language", "what language", "different language", "language of", "languages",
        ],
        words: [
            "english", "french", "german", "spanish", "portuguese", "italian", "dutch", "chinese",
            "mandarin", "japanese", "korean", "russian", "arabic", "hindi", "greek", "hebrew",
            "thai", "bilingual",
        ])

    /// Learns from pairs.
    init(_ pairs: [PairExample], work: some WorkSharing) {
        let guesses = work.map(pairs.count) { index -> (Int, Int) in
            let pair = pairs[index]
            let prompt = LanguageGuess(pair.prompt.span).map { Int($0.rawValue) } ?? -1
            return (prompt, LanguageGuess(pair.response.span).map { Int($0.rawValue) } ?? -1)
        }
        let size = LanguageHabits.size
        var prompts = [Int](repeating: 0, count: size)
        var counts = [Int](repeating: 0, count: size * size)
        for (prompt, response) in guesses where prompt >= 0 {
            prompts[prompt] += 1
            if response >= 0 { counts[prompt * size + response] += 1 }
        }
        isUsual = counts.indices.map { cell in
            let all = prompts[cell / size]
            return all >= LanguageHabits.leastPrompts
                && Double(counts[cell]) >= LanguageHabits.usualShare * Double(all)
        }
    }

    /// Whether a response is in another language than its prompt without being asked for or usual.
    ///
    /// Of a prompt too short to tell its language by, the script counts.
    func isMismatch(prompt: Span<UInt8>, response: Span<UInt8>) -> Bool {
        guard let answer = LanguageGuess(response) else { return false }
        if let question = LanguageGuess(prompt) {
            let cell = Int(question.rawValue) * LanguageHabits.size + Int(answer.rawValue)
            if answer == question || isUsual[cell] { return false }
        } else {
            guard let script = ScriptGuess(prompt), !script.writes(answer) else { return false }
            let column = stride(
                from: Int(answer.rawValue), to: isUsual.count, by: LanguageHabits.size)
            let isForeign = column.contains { cell in
                isUsual[cell] && cell / LanguageHabits.size != cell % LanguageHabits.size
            }
            if isForeign { return false }
        }
        return !LanguageHabits.talk.isIn(prompt)
    }

    /// Everything that was learnt.
    var numbers: [Float] { isUsual.map { $0 ? 1 : 0 } }

    /// How many numbers there are.
    static let numberCount = size * size

    /// Reads what `numbers` gave.
    init?(_ numbers: ArraySlice<Float>) {
        guard numbers.count == LanguageHabits.numberCount else { return nil }
        isUsual = numbers.map { $0 == 1 }
    }
}
