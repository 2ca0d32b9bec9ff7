import Reports

/// The options of a run as a next command on the same data needs them.
struct RetypedOptions {
    private let options: RunOptions

    init(_ options: RunOptions) { self.options = options }

    /// As typed into a shell; what only says how to run is left out.
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
        words += once("allow-rejects", options.allowRejects) + once("out", options.out)
        return words.map(ShellWord.quoted).joined(separator: " ")
    }
}
