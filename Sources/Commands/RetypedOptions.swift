/// The options of a run as a next command on the same data needs them.
struct RetypedOptions {
    private let options: RunOptions

    init(_ options: RunOptions) { self.options = options }

    /// As typed into a shell; what only says how to run or where to write is left out.
    var text: String {
        func once(_ name: String, _ value: String?) -> [String] {
            value.map { ["--\(name)", $0] } ?? []
        }
        func each(_ name: String, _ values: [String]) -> [String] {
            values.flatMap { ["--\(name)", $0] }
        }
        var words = options.data
        words += once("plugins", options.plugins) + each("plugin", options.plugin)
        words += each("reference", options.reference) + each("trusted", options.trusted)
        words += each("pool", options.pool) + each("eval", options.eval)
        words += once("taxonomy", options.taxonomy) + once("review", options.review)
        words += once("embedding", options.embedding) + once("pred-probs", options.predProbs)
        words += once("config", options.config) + each("set", options.set)
        words += once("fields", options.fields) + once("seed", options.seed.map { String($0) })
        words += once("allow-rejects", options.allowRejects)
        return words.map(RetypedOptions.quoted).joined(separator: " ")
    }

    /// A word as a POSIX shell reads it.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
                    || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || "-_./=:,@%+".utf8.contains($0)
            }
        return isPlain
            ? word
            : "'"
                + word.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }
}
