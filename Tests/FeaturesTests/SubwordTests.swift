import Crypto
import Features
import Foundation
import JSONText
import Support
import Testing

@Suite struct SubwordTests {
    private func ids(_ text: String, _ tokenizer: SubwordTokenizer) -> [UInt32] {
        var encoder = SubwordEncoder(tokenizer)
        var ids: [UInt32] = []
        var text = text
        text.withUTF8 { encoder.encode($0, into: &ids) }
        return ids
    }

    private func tokenizer(_ json: String) throws -> SubwordTokenizer {
        try SubwordTokenizer(JSONValue(parsing: Array(json.utf8)), path: "tokenizer.json")
    }

    private static let wordPiece = """
        {"normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
          "strip_accents": null, "lowercase": true}, "pre_tokenizer": {"type": "BertPreTokenizer"},
         "added_tokens": [{"id": 1, "content": "[SEP]", "special": true, "normalized": false}],
         "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
          "max_input_chars_per_word": 5, "vocab": {"[UNK]": 0, "[SEP]": 1, "play": 2, "##ing": 3,
          "##s": 4, "p": 5, "cafe": 6, ",": 7, "中": 8, "##i": 9, "pl": 10}}}
        """

    // "play" is longer than "pl" and "p"; "inging" would need "##ing" after "##ing" but has seven
    // letters with "p"; "plx" fails at x and is unknown as a whole.
    @Test(
        "WordPiece takes the longest token and gives a word up as a whole",
        arguments: [
            ("plays", [2, 4]), ("Play, PLAY", [2, 7, 2]), ("plx", [0]), ("ping", [5, 3]),
            ("pinging", [0]), ("Café", [6]), ("p中p", [5, 8, 5]), ("a[SEP]p", [0, 1, 5]),
            ("", []), (" \t\n", []), ("p\u{200B}s", [5, 4]),
        ] as [(String, [UInt32])])
    func wordPiece(text: String, expected: [UInt32]) throws {
        #expect(ids(text, try tokenizer(SubwordTests.wordPiece)) == expected)
    }

    private static let unigram = """
        {"normalizer": {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
         "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
         "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["▁", -2], ["a", -3],
          ["b", -3], ["ab", -4], ["▁a", -4], ["▁ab", -8], ["aba", -6]]}}
        """

    // "▁ab": "▁ab" costs 8, "▁a"+"b" 7, "▁"+"ab" 6: the last. "▁aba": "▁"+"aba" 8, "▁a"+"b"+"a" 10.
    // x and y are unknown at 18 each: one id for both.
    @Test(
        "Unigram takes the likeliest segmentation",
        arguments: [
            ("ab", [1, 4]), ("aba", [1, 7]), ("ab  ab", [1, 4, 1, 4]), ("axyb", [5, 0, 3]),
            ("", []),
        ] as [(String, [UInt32])])
    func unigram(text: String, expected: [UInt32]) throws {
        #expect(ids(text, try tokenizer(SubwordTests.unigram)) == expected)
    }

    @Test(
        "what is not supported is refused by name",
        arguments: [
            (#"{"model": {"type": "BPE"}}"#, "BPE"), ("{}", "no model"),
            (
                #"{"model": {"type": "Unigram", "vocab": [["a", 0]]}, "normalizer": {"type": "NFKC"}}"#,
                "NFKC"
            ),
            (
                #"{"model": {"type": "Unigram", "vocab": [["a", 0]]}, "pre_tokenizer": {"type": "Digits"}}"#,
                "Digits"
            ),
        ])
    func refusals(json: String, word: String) {
        #expect {
            _ = try tokenizer(json)
        } throws: {
            "\($0)".contains(word)
        }
    }

    @Test(
        "ids equal those of the tokenizers library on every line of the English and Chinese sets",
        .enabled(if: SharedData.isPresent, "needs ../shared/data"))
    func golden() throws {
        let model = try EmbeddingModel(folder: EmbeddingTests.folder)
        let golden = try String(
            contentsOf: Checkout.file("Tests/FeaturesTests/tokenizer.golden"), encoding: .utf8)
        var fileCount = 0
        for line in golden.split(separator: "\n") {
            let parts = line.split(separator: " ").map(String.init)
            let content = try Data(contentsOf: SharedData.file(parts[0]))
            var encoder = SubwordEncoder(model.tokenizer)
            var hash = SHA256()
            var counts = (lines: 0, ids: 0)
            var ids: [UInt32] = []
            for text in content.split(separator: 0x0A) {
                ids.removeAll(keepingCapacity: true)
                Array(text).withUnsafeBufferPointer { encoder.encode($0, into: &ids) }
                counts.lines += 1
                counts.ids += ids.count
                ids.withUnsafeBytes { hash.update(bufferPointer: $0) }
            }
            let digest = hash.finalize().map { String(format: "%02x", $0) }.joined()
            #expect("\(parts[0]) \(counts.lines) \(counts.ids) \(digest)" == line)
            fileCount += 1
        }
        #expect(fileCount >= 10)
    }
}
