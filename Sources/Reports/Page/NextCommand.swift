/// How to run Assay again on the same data.
public struct PageCommands: Sendable {
    /// Arguments of the run that a next command needs too, as typed: `data.jsonl --taxonomy t.yaml`.
    public var arguments: String
    /// The report's folder.
    public var folder: String
    /// The name of a better dataset; `nil` where the data is not one file, which alone can be optimized.
    public var output: String?
    /// Whether the arguments name records to choose from.
    public var hasPool: Bool

    /// Makes them.
    public init(
        arguments: String = "DATA", folder: String = "assay-report",
        output: String? = "better.jsonl", hasPool: Bool = false
    ) {
        self.arguments = arguments
        self.folder = folder
        self.output = output
        self.hasPool = hasPool
    }

    /// Shows what would become of which record, and writes no data; `nil` without one file to be optimized.
    public var preview: String? {
        output.map {
            "assay optimize \(arguments) -o \(ShellWord.quoted($0)) --apply all --dry-run"
        }
    }
}

/// A command to copy: what is typed, of which the page shows first what tells it from others.
struct NextCommand {
    /// A part between spaces.
    enum Word {
        /// Typed as it is.
        case plain(String)
        /// The options of this run, which all commands have in common.
        case arguments(String)
    }

    let words: [Word]

    /// Options that need no shortening, in characters.
    private static let shortArguments = 24

    init(words: [Word]) { self.words = words }

    /// A command in which `DATA` stands for the arguments of the run, `OUT` for a better dataset and `REPORT`
    /// for the report's folder; `nil` for one that needs a file which is not there.
    ///
    /// Also `nil` for what is no plain command of assay: a plugin's words are copied into a shell.
    init?(_ text: String, _ commands: PageCommands) {
        guard text.hasPrefix("assay "), text.unicodeScalars.allSatisfy(NextCommand.isPlain) else {
            return nil
        }
        var words: [Word] = []
        for word in text.split(separator: " ") {
            switch word {
            case "DATA": words.append(.arguments(commands.arguments))
            case "OUT":
                guard let output = commands.output else { return nil }
                words.append(.plain(ShellWord.quoted(output)))
            case "REPORT": words.append(.plain(ShellWord.quoted(commands.folder)))
            default: words.append(.plain(String(word)))
            }
        }
        self.words = words
    }

    /// Whether a shell takes a character as itself.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", " ", "-", "_", ".", ",", ":", "/", "=", "%", "+": true
        default: false
        }
    }

    /// With what a reader has to fill in marked.
    var html: String {
        let drawn = words.map { word -> String in
            switch word {
            case .arguments(let text):
                let escaped = PageText.escape(text, limit: .max)
                return text.count <= NextCommand.shortArguments
                    ? escaped : "<span class=\"args\">\(escaped)</span>"
            case .plain(let text):
                for blank in ["MORE.jsonl", "N"] where text == blank || text.hasSuffix("=" + blank)
                {
                    return PageText.escape(String(text.dropLast(blank.count)), limit: .max)
                        + "<var>\(blank)</var>"
                }
                let escaped = PageText.escape(text, limit: .max)
                // No line ends behind the hyphens of an option.
                return text.hasPrefix("--") && text.count <= NextCommand.shortArguments
                    ? "<span class=\"word\">\(escaped)</span>" : escaped
            }
        }
        return "<span class=\"command\"><code>\(drawn.joined(separator: " "))</code></span>"
    }
}
