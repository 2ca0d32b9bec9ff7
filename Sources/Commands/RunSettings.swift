import Glibc
import JSONText
import PluginHost
import Reading
import Records

/// What a run was asked to do: the command line over the configuration file over the defaults.
struct RunSettings {
    var sources: [(role: Role, paths: [String])]
    /// Parts of the selection; empty for every plugin.
    let selection: [String]
    let pluginPaths: [String]
    var stated: [StatedSetting]
    /// Decisions about earlier findings.
    var review: ReviewFile?
    let fields: [(part: String, pointer: String)]
    /// A folder, a `.npy` file or `field:` and a name; `nil` for the built-in table.
    let embedding: String?
    /// A `.npy` file or `field:` and a name; `nil` for none.
    let predictedProbabilities: String?
    let out: String
    let threads: Int
    /// Bytes of records that are kept in memory.
    let memoryBudget: Int
    let seed: UInt64
    let isolation: Isolation
    let isJSON: Bool
    let gates: [Gate]
    let allowedRejects: RejectAllowance
    let isQuiet: Bool
    let batchRows: Int
    let callSeconds: Double?
    let reloadsPartials: Bool
    /// Every file that is read.
    let inputs: [String]
    /// The options that a next command on the same data needs.
    let retyped: String
    /// What files are called in a report, where that is not their path.
    var shownNames: [String: String] = [:]

    /// Whether stated fields are looked for: what is said of them is said once.
    private(set) var looksForFields = true

    /// Everything stated, the decisions of a review among it.
    var allStated: [StatedSetting] { (review.map { [$0.setting] } ?? []) + stated }

    /// The same over another file of the data, whose decisions are those about its rows.
    func reading(_ path: String, review: ReviewFile?) -> RunSettings {
        var other = self
        other.review = review
        other.looksForFields = false
        other.sources = sources.map { $0.role == .data ? (.data, [path]) : $0 }
        return other
    }

    init(_ command: RunOptions) throws {
        let file = try command.config.map { try RunConfigurationFile(path: $0) }
        func list(_ own: [String], _ key: String) -> [String] {
            own.isEmpty ? file?.paths(key) ?? [] : own
        }
        sources = [
            (.data, list(command.data, "data")), (.reference, list(command.reference, "reference")),
            (.trusted, list(command.trusted, "trusted")), (.pool, list(command.pool, "pool")),
            (.eval, list(command.eval, "eval")),
        ]
        guard sources.contains(where: { $0.role == .data && !$0.paths.isEmpty }) else {
            throw UsageError(
                "no data was named", help: "assay run DATA..., or data: in the file of --config")
        }
        selection =
            (command.plugins.map { [$0] } ?? file?.texts("plugins") ?? [])
            .flatMap { $0.split(separator: ",").map(String.init) }
        pluginPaths = list(command.plugin, "plugin")
        stated =
            try (file?.stated() ?? [])
            + RunSettings.taxonomy(command.taxonomy ?? file?.path("taxonomy"))
            + command.set.map { try StatedSetting(parsing: $0) }
        review = try (command.review ?? file?.path("review")).map { try ReviewFile(path: $0) }
        fields = try RunSettings.fields(command.fields) ?? file?.fields() ?? []
        func given(_ stated: String?, _ key: String) -> String? {
            stated
                ?? (file?.value(key)?.stringValue?.hasPrefix("field:") == true
                    ? file?.value(key)?.stringValue : file?.path(key))
        }
        embedding = given(command.embedding, "embedding")
        predictedProbabilities = given(command.predProbs, "pred-probs")
        out = command.out ?? file?.path("out") ?? "assay-report"
        let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        threads = command.threads ?? file?.value("threads")?.intValue ?? processors
        guard (1...256).contains(threads) else {
            throw UsageError(
                "--threads is \(threads), expected 1 to 256",
                help: "leave it out for all processors")
        }
        memoryBudget =
            try (command.memory ?? file?.value("memory")?.text).map(RunSettings.bytes)
            ?? min(
                RunSettings.mostMemory,
                Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(getpagesize()) / 2)
        seed = command.seed ?? file?.value("seed")?.intValue.map(UInt64.init) ?? 0
        let isolation = command.isolation ?? file?.value("isolation")?.stringValue ?? "process"
        guard let known = Isolation(rawValue: isolation) else {
            throw UsageError(
                "--isolation is \"\(isolation)\", expected process or none",
                help: "leave it out for process")
        }
        self.isolation = known
        let format = command.format ?? file?.value("format")?.stringValue ?? "text"
        guard ["text", "json"].contains(format) else {
            throw UsageError(
                "--format is \"\(format)\", expected text or json", help: "leave it out for text")
        }
        isJSON = format == "json"
        gates = try (command.failOn.isEmpty ? file?.texts("fail-on") ?? [] : command.failOn)
            .map { try Gate(parsing: $0) }
        allowedRejects = try RejectAllowance(
            parsing: command.allowRejects ?? file?.value("allow-rejects")?.text ?? "0")
        isQuiet = command.quiet || file?.value("quiet")?.boolValue == true
        guard command.batchRows > 0 else {
            throw UsageError(
                "--batch-rows is \(command.batchRows), expected at least 1", help: "leave it out")
        }
        batchRows = command.batchRows
        callSeconds = command.callSeconds
        reloadsPartials = command.reloadPartials
        retyped = RetypedOptions(command).text
        let others = [
            command.config, command.taxonomy ?? file?.path("taxonomy"),
            command.review ?? file?.path("review"), embedding, predictedProbabilities,
        ]
        inputs =
            try sources.flatMap { try DatasetReader.files(of: $0.paths) }
            + others.compactMap(\.self)
    }

    /// Bytes of records that are kept in memory when nothing is said: beyond it a file is as fast.
    private static let mostMemory = 1 << 30

    /// The bytes of `256MB`, `2GiB` or a plain number.
    private static func bytes(_ text: String) throws -> Int {
        let units = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
            ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
            ("B", 1), ("", 1),
        ]
        let lower = text.lowercased()
        for (name, size) in units where lower.hasSuffix(name.lowercased()) {
            let number = lower.dropLast(name.count).filter { $0 != " " }
            guard let value = Double(String(number)), value >= 0, value * Double(size) < 1e18 else {
                break
            }
            return Int(value * Double(size))
        }
        throw UsageError(
            "--memory is \"\(text)\", expected a size", help: "for example 256MB or 2GiB")
    }

    /// The parts stated with `--fields`.
    static func fields(_ text: String?) throws -> [(part: String, pointer: String)]? {
        try text.map { text in
            try text.split(separator: ",").map { piece in
                let halves = piece.split(separator: "=", maxSplits: 1).map(String.init)
                guard halves.count == 2, FieldMapping.overridableParts.contains(halves[0]) else {
                    throw UsageError(
                        "--fields has \"\(piece)\", expected part=field",
                        help: "parts: \(FieldMapping.overridableParts.joined(separator: ", "))")
                }
                return (halves[0], halves[1])
            }
        }
    }

    private static func taxonomy(_ path: String?) throws -> [StatedSetting] {
        guard let path else { return [] }
        let file = try YAMLFile(path: path, what: "--taxonomy")
        return [
            StatedSetting(owner: nil, key: "taxonomy", value: file.value) {
                file.place(Array($0.dropFirst()))
            }
        ]
    }
}

/// One setting of an analyzer, with where it was stated.
struct StatedSetting {
    /// A strategy or an analyzer's id; `nil` for every analyzer that has the setting.
    let owner: String?
    let key: String
    let value: JSONValue
    /// Where the value at some steps was stated; the first step is `key`.
    let place: (_ steps: [String]) -> String

    init(owner: String?, key: String, value: JSONValue, place: @escaping ([String]) -> String) {
        self.owner = owner
        self.key = key
        self.value = value
        self.place = place
    }

    /// Reads `strategy.key=value`; a value that is no JSON is a text.
    init(parsing text: String) throws {
        let halves = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard halves.count == 2, let dot = halves[0].lastIndex(of: ".") else {
            throw UsageError(
                "--set has \"\(text)\", expected strategy.key=value",
                help: "for example --set noise.context_tokens=4096")
        }
        owner = String(halves[0][..<dot])
        key = String(halves[0][halves[0].index(after: dot)...])
        value = (try? JSONValue(parsing: halves[1])) ?? .string(halves[1])
        place = { _ in "--set \(halves[0])" }
    }
}

/// How many records may be unreadable without the run failing.
struct RejectAllowance {
    private let number: Double
    private let isShare: Bool

    /// Reads `3` or `0.5%`.
    init(parsing text: String) throws {
        isShare = text.hasSuffix("%")
        guard let number = Double(isShare ? String(text.dropLast()) : text), number >= 0,
            isShare ? number <= 100 : number == number.rounded()
        else {
            throw UsageError(
                "--allow-rejects is \"\(text)\", expected a number or a percentage",
                help: "for example 3 or 0.5%")
        }
        self.number = number
    }

    /// Whether so many rejected records beside so many that were read are allowed.
    func allows(_ rejected: Int, besides read: Int) -> Bool {
        isShare
            ? Double(rejected) * 100 <= number * Double(rejected + read)
            : Double(rejected) <= number
    }
}
