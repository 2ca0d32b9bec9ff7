/// Names groups of texts by the words and word pairs that set each apart.
///
/// A term's score in a group is p·log(p/q), p the share of the group's texts with the term and q that
/// of all texts, both smoothed by one half: its part of the Kullback–Leibler divergence of the group
/// from the whole. A common word has p near q and scores nothing, a rare one has p near 0 (class-based
/// TF-IDF, Grootendorst 2022, weighs counts of words instead, so that one long text can name a group).
/// Each further term is the one that says most of the group's texts which the terms before do not stand
/// in, so that a group of two subjects is named by both.
public struct TopicNames: Sendable {
    /// A name for every group: up to three terms; empty for a group without texts.
    public let names: [String]

    /// Words of a text that are looked at.
    private static let mostWords = 64
    private static let termCount = 3
    /// Share of all texts from which on a word names nothing.
    private static let commonShare = 0.1
    /// English words that only hold sentences together.
    private static let functionWords = Set(
        """
        about all also and any are but can can't could did didn't does doesn't don't for from get give got
        had has have her here him his how i'd i'll i'm i've into is isn't it it's its just know let like
        make many may me more much must need not now off one our out please she should some tell than that
        that's the their them then there there's these they this those too use using very want was way well
        were what what's when where where's which who who's whose why will with won't would you you're your
        """.split { $0 == " " || $0 == "\n" }.map(String.init))
    /// A pair of words says more than each of them.
    private static let pairFactor = 1.5
    /// Weight of a text that an earlier term stands in.
    private static let toldWeight = 0.25
    /// Letters of an ending: tire and tires, travel and travelling.
    private static let longestEnding = 4
    /// Share of a group's texts that a term must stand in.
    private static let leastShare = 0.05

    /// Names groups: `groups` has a number below `count` for every text, or −1.
    ///
    /// O(words of all texts).
    public init(_ texts: [[UInt8]], groups: [Int32], count: Int) {
        var numbers: [String: Int] = [:]
        var terms: [String] = []
        var all: [Int] = []
        var within: [[Int: Int]] = Array(repeating: [:], count: count)
        var sizes = [Int](repeating: 0, count: count)
        var members: [[[Int]]] = Array(repeating: [], count: count)
        for (index, text) in texts.enumerated() {
            var found: Set<Int> = []
            for term in TopicNames.terms(text) {
                let number = numbers[term] ?? terms.count
                if number == terms.count {
                    numbers[term] = number
                    terms.append(term)
                    all.append(0)
                }
                found.insert(number)
            }
            let group = Int(groups[index])
            if group >= 0 {
                sizes[group] += 1
                members[group].append(found.sorted())
            }
            for number in found {
                all[number] += 1
                if group >= 0 { within[group][number, default: 0] += 1 }
            }
        }
        let total = Double(texts.count)
        names = (0..<count).map { group in
            let size = Double(sizes[group])
            // How much a term tells the group from the whole, whatever part of it.
            let candidates = within[group].filter {
                Double($0.value) >= TopicNames.leastShare * size
                    && Double(all[$0.key]) < max(8, TopicNames.commonShare * total)
            }.map { number, count -> (number: Int, contrast: Double) in
                let share = (Double(count) + 0.5) / (size + 1)
                let whole = (Double(all[number]) + 0.5) / (total + 1)
                let isPair = terms[number].contains(" ")
                return (
                    number,
                    Elementary.log(share / whole) * (isPair ? TopicNames.pairFactor : 1)
                )
            }.filter { $0.contrast > 0 }
            var rest = members[group]
            var chosen: [String] = []
            while chosen.count < TopicNames.termCount, !rest.isEmpty {
                var left: [Int: Int] = [:]
                for text in rest { for number in text { left[number, default: 0] += 1 } }
                let open = candidates.filter { candidate in
                    !chosen.contains { TopicNames.repeats(terms[candidate.number], $0) }
                }.map { candidate -> (number: Int, score: Double) in
                    let (new, all) = (
                        left[candidate.number, default: 0], within[group][candidate.number] ?? 0
                    )
                    let count = Double(new) + TopicNames.toldWeight * Double(all - new)
                    return (candidate.number, candidate.contrast * count)
                }
                let best = open.max {
                    ($0.score, terms[$1.number]) < ($1.score, terms[$0.number])
                }
                guard let best else { break }
                chosen.append(terms[best.number])
                rest.removeAll { $0.contains(best.number) }
            }
            return chosen.joined(separator: ", ")
        }
    }

    /// Whether two terms share a word, in whatever form of it, or a character of which they are made.
    private static func repeats(_ first: String, _ second: String) -> Bool {
        overlap(first, second)
            || first.split(separator: " ").contains { word in
                second.split(separator: " ").contains { isForm(word, $0) }
            }
    }

    /// Whether one word is the other with an ending.
    private static func isForm(_ first: Substring, _ second: Substring) -> Bool {
        let (short, long) = first.utf8.count < second.utf8.count ? (first, second) : (second, first)
        return long.utf8.count - short.utf8.count <= longestEnding
            && long.utf8.starts(with: short.utf8)
    }

    /// Whether two terms without spaces between words, as Chinese ones, share a character.
    private static func overlap(_ first: String, _ second: String) -> Bool {
        guard let scalar = first.unicodeScalars.first, isIdeograph(scalar.value) else {
            return false
        }
        return !Set(first).isDisjoint(with: second)
    }

    private static func isIdeograph(_ scalar: UInt32) -> Bool {
        (0x3400...0x9FFF).contains(scalar) || (0x3040...0x30FF).contains(scalar)
            || (0xAC00...0xD7AF).contains(scalar)
    }

    /// The terms of a text by which it can be named: words of three letters and more, pairs of neighbouring
    /// words, and pairs of ideographs, in their order.
    public static func terms(_ text: [UInt8]) -> [String] {
        var terms: [String] = []
        var word = ""
        var before = ""
        var ideograph: Character?
        var words = 0
        func endWord() {
            guard !word.isEmpty else { return }
            let isTelling = word.utf8.count > 2 && !functionWords.contains(word)
            if isTelling {
                terms.append(word)
                if !before.isEmpty { terms.append("\(before) \(word)") }
            }
            before = isTelling ? word : ""
            word = ""
            words += 1
        }
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            guard words < mostWords else { break }
            if isIdeograph(scalar.value) {
                endWord()
                before = ""
                if let ideograph { terms.append("\(ideograph)\(scalar)") }
                ideograph = Character(scalar)
                words += 1
            } else if scalar.properties.isAlphabetic || scalar.value == 0x27 && !word.isEmpty {
                ideograph = nil
                word += scalar.properties.lowercaseMapping
            } else {
                ideograph = nil
                endWord()
                // A pair does not reach over punctuation.
                if scalar != " " { before = "" }
            }
        }
        endWord()
        return terms
    }
}
