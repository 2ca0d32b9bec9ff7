import Foreign
import Glibc
public import JSONText
public import Orchestrator
public import Records

/// What `plugin.json` says: everything that is known of a plugin without loading it.
public struct Manifest: Sendable {
    /// The manifest format this host reads.
    public static let supportedVersion = 1
    /// Bytes of a manifest at most.
    static let mostBytes = 4 << 20

    /// What a plugin is made of.
    public enum Kind: String, Sendable, CaseIterable {
        /// A library that exports the entry point.
        case native
        /// Functions of a plain C library, described by the manifest.
        case foreign
    }

    /// One finding code.
    public struct Code: Sendable {
        /// Such as `NSE001`.
        public let code: String
        /// Such as `empty-response`.
        public let name: String
        /// What it finds in plain words, such as "responses without text"; `nil` where the manifest gives none.
        public let title: String?
        /// The usual severity.
        public let severity: String
        /// Texts by heading, in the order of the manifest.
        public let help: [(heading: String, text: String)]

        /// Characters of a title.
        static let titleLength = 1...40
    }

    /// Columns that are read when a configuration states a value, or when it does not.
    public struct ConditionalColumns: Sendable {
        /// JSON pointer, with `*` for any element.
        public let pointer: String
        /// What the value has to be; `nil` for anything.
        public let value: JSONValue?
        /// Whether the value has to be there or to be absent.
        public let isWanted: Bool
        /// The columns.
        public let columns: [ColumnName]
    }

    /// One analyzer.
    public struct Analyzer: Sendable {
        /// Reverse-DNS name.
        public let id: String
        /// The strategy it implements.
        public let strategy: String
        /// Of saved partials.
        public let stateFormat: Int
        /// Columns it reads.
        public let columns: [ColumnName]
        /// Columns it reads where the records have labels.
        public let labelColumns: [ColumnName]
        /// JSON pointers, with `*` for any element, to configuration values that name a field whose
        /// column it reads.
        public let configColumns: [String]
        /// Columns it reads when its configuration states a value.
        public let conditionalColumns: [ConditionalColumns]
        /// Codes it may use.
        public let codes: [Code]
        /// JSON Schema of its configuration.
        public let configuration: ConfigurationSchema
        /// Most bytes of address space beside the batches.
        public let memoryBytes: Int
        /// Most seconds of one call.
        public let callSeconds: Double
        /// Passes it usually makes: what is left of a run is estimated from it.
        public let passes: Int
    }

    /// Where the manifest lies.
    public let path: String
    /// Reverse-DNS name.
    public let id: String
    /// Semantic version.
    public let version: String
    /// For people.
    public let name: String
    /// One sentence.
    public let summary: String
    /// SPDX identifier.
    public let license: String
    /// What the plugin is made of.
    public let kind: Kind
    /// Path of the library for this platform; of a foreign plugin the manifest's own, which names what is called, and
    /// once it is packed the hash of every file.
    public let libraryPath: String
    /// The library for this platform as the manifest has it, where it is a file of the bundle.
    public let ownLibraries: [String]
    /// Folders and files outside the bundle that a foreign plugin's library opens; below `/usr/share`.
    public let readablePaths: [String]
    /// Analyzers in the order of the manifest.
    public let analyzers: [Analyzer]

    /// The folder of the bundle.
    public var folder: String { Manifest.folder(of: path) }

    /// The platform tuple that manifests use.
    public static var platform: String { ForeignDescription.platform }

    /// Whether a text is a name in reverse DNS, or the beginning of some: two parts at least, of small letters, digits
    /// and hyphens.
    public static func isReverseName(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count >= 2
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy {
                        $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2D
                    }
            }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Reads and checks a manifest.
    ///
    /// Nothing is loaded.
    ///
    /// - Throws: `PluginError` that names the file, the value found and the value expected.
    public init(path: String) throws {
        guard let bytes = FileBytes.read(path, most: Manifest.mostBytes) else {
            throw PluginError(
                "\(path): cannot be read: \(String(cString: strerror(errno)))",
                help:
                    "check the path and the permissions; a manifest has at most \(Manifest.mostBytes >> 20) MiB"
            )
        }
        try self.init(bytes, path: path)
    }

    /// Reads and checks the bytes of a manifest that stands, or would stand, at a path.
    ///
    /// - Throws: `PluginError` that names the path, the value found and the value expected.
    public init(_ bytes: [UInt8], path: String) throws {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw PluginError("\(path): not valid JSON: \(error)", help: "correct the manifest")
        }
        let reader = ManifestReader(path: path)
        let manifestVersion = try reader.integer(document, "manifest_version")
        guard manifestVersion == Manifest.supportedVersion else {
            throw PluginError(
                "\(path): manifest_version is \(manifestVersion), this assay reads \(Manifest.supportedVersion)",
                help: "update assay, or take a version of the plugin made for this one")
        }
        if let fault = ManifestKeys.faults(document).first(where: \.isCertain) {
            throw PluginError("\(path): \"\(fault.place)\" \(fault.message)", help: fault.help)
        }
        self.path = path
        id = try reader.string(document, "id")
        version = try reader.string(document, "version")
        guard Manifest.isReverseName(id), id.utf8.count <= 100 else {
            throw PluginError(
                "\(path): \"id\" is \"\(id)\", expected reverse DNS in small letters, digits and hyphens",
                help: "such as org.example.shouting")
        }
        guard SemanticVersion(version) != nil, version.utf8.count <= 100 else {
            throw PluginError(
                "\(path): \"version\" is \"\(version)\", expected a semantic version",
                help: "such as 1.0.0, or 1.1.0-beta.2")
        }
        name = document["name"]?.stringValue ?? id
        summary = document["summary"]?.stringValue ?? ""
        license = document["license"]?.stringValue ?? ""
        let word = try reader.string(document, "kind")
        guard let kind = Kind(rawValue: word) else {
            throw PluginError(
                "\(path): kind is \"\(word)\", expected \"native\" or \"foreign\"",
                help: "correct it")
        }
        self.kind = kind
        readablePaths = try reader.readablePaths(document)
        if kind == .foreign {
            libraryPath = path
            let stated = document["foreign"]?["library"]?[Manifest.platform]?.stringValue
            ownLibraries = [stated].compactMap { $0 }.filter { !$0.hasPrefix("system:") }
            analyzers = [try reader.foreignAnalyzer(document, id: id)]
            return
        }
        let abi = document["abi"] ?? .null
        let major = try reader.integer(abi, "major", under: "abi")
        let minor = try reader.integer(abi, "min_minor", under: "abi")
        guard major == HostABI.major, minor <= HostABI.minor else {
            throw PluginError(
                "\(path): needs ABI \(major).\(minor), this assay speaks \(HostABI.major).\(HostABI.minor)",
                help: "update assay, or take a version of the plugin made for this one")
        }
        guard let library = document["library"]?[Manifest.platform]?.stringValue else {
            throw PluginError(
                "\(path): has no library for \(Manifest.platform)",
                help: "add \"library\": {\"\(Manifest.platform)\": \"lib….so\"}")
        }
        ownLibraries = [library]
        libraryPath = library.hasPrefix("/") ? library : Manifest.folder(of: path) + "/" + library
        guard let analyzers = document["analyzers"]?.arrayValue, !analyzers.isEmpty else {
            throw PluginError("\(path): names no analyzers", help: "add \"analyzers\": [...]")
        }
        self.analyzers = try analyzers.map { try reader.analyzer($0) }
        try reader.noneTwice(self.analyzers, of: id)
    }

    /// Identity of an analyzer for reports, the library's digest left open.
    public func identity(of analyzer: Analyzer) -> AnalyzerIdentity {
        AnalyzerIdentity(
            id: analyzer.id, plugin: id, version: version, strategy: analyzer.strategy,
            codeNames: Dictionary(
                analyzer.codes.map { ($0.code, $0.name) }, uniquingKeysWith: { first, _ in first }),
            codeNotes: Dictionary(
                analyzer.codes.map { ($0.code, CodeNotes(title: $0.title, $0.help)) },
                uniquingKeysWith: { first, _ in first }))
    }
}

private struct ManifestReader {
    let path: String

    func string(_ value: JSONValue, _ key: String, under parent: String = "") throws -> String {
        guard let found = value[key] else { throw missing(key, parent, "a string") }
        guard let text = found.stringValue, !text.isEmpty else {
            throw wrong(key, parent, "a string that is not empty", found)
        }
        return text
    }

    func integer(_ value: JSONValue, _ key: String, under parent: String = "") throws -> Int {
        guard let found = value[key] else { throw missing(key, parent, "a number") }
        guard let number = found.intValue else { throw wrong(key, parent, "a whole number", found) }
        return number
    }

    func analyzer(_ value: JSONValue) throws -> Manifest.Analyzer {
        let id = try string(value, "id", under: "analyzers[]")
        let (columns, labelColumns) = (names(value["columns"]), names(value["label_columns"]))
        let conditional = (value["conditional_columns"]?.arrayValue ?? [])
            .flatMap { names($0["columns"]) }
        if let unknown = (columns + labelColumns + conditional).first(where: { !$0.isProvided }) {
            throw PluginError(
                "\(path): analyzer \(id) asks for column \"\(unknown.rawValue)\", which this assay does not have",
                help:
                    "known columns: \(ColumnName.provided.map(\.rawValue).joined(separator: ", ")), field:<json pointer>"
            )
        }
        let resources = value["resources"] ?? .null
        return Manifest.Analyzer(
            id: id, strategy: try string(value, "strategy", under: "analyzers[]"),
            stateFormat: try integer(value, "state_format", under: "analyzers[]"),
            columns: columns, labelColumns: labelColumns,
            configColumns: (value["config_columns"]?.arrayValue ?? []).compactMap(\.stringValue),
            conditionalColumns: try (value["conditional_columns"]?.arrayValue ?? []).map(condition),
            codes: try (value["codes"]?.arrayValue ?? []).map(code),
            configuration: try ConfigurationSchema(value["config"] ?? .object([:]), path: path),
            memoryBytes: try memoryBytes(resources), callSeconds: try callSeconds(resources),
            passes: min(max(1, value["passes"]?.intValue ?? 1), 16))
    }

    private func memoryBytes(_ resources: JSONValue) throws -> Int {
        guard let found = resources["memory_bytes"] else { return 4 << 30 }
        guard let bytes = found.intValue, (1 << 20...1 << 44).contains(bytes) else {
            throw wrong("memory_bytes", "resources", "1 MiB to 16 TiB", found)
        }
        return bytes
    }

    private func callSeconds(_ resources: JSONValue) throws -> Double {
        guard let found = resources["call_seconds"] else { return 120 }
        guard let seconds = found.doubleValue, seconds >= 0.001, seconds <= 86_400 else {
            throw wrong("call_seconds", "resources", "0.001 to 86400", found)
        }
        return seconds
    }

    /// Refuses an id or a code that is there twice.
    func noneTwice(_ analyzers: [Manifest.Analyzer], of id: String) throws {
        if let other = analyzers.first(where: { $0.id != id && !$0.id.hasPrefix(id + ".") }) {
            throw PluginError(
                "\(path): analyzer \(other.id) is not of the plugin \(id)",
                help: "call it \(id), or \(id) and a dot and a name")
        }
        if let code = analyzers.flatMap(\.codes).first(where: { $0.code.hasPrefix("HST") }) {
            throw PluginError(
                "\(path): code \(code.code) is one of the host's own",
                help: "begin the codes with other letters than HST")
        }
        var seen: Set<String> = []
        for name in analyzers.map(\.id) + analyzers.flatMap(\.codes).map(\.code)
        where !seen.insert(name).inserted {
            throw PluginError(
                "\(path): \(name) is there twice", help: "give each a name of its own")
        }
    }

    /// Paths outside the bundle; nothing but data that the system's packages bring.
    func readablePaths(_ document: JSONValue) throws -> [String] {
        guard let listed = document["isolation"]?["read"] else { return [] }
        let paths = listed.arrayValue?.compactMap(\.stringValue) ?? []
        let areShared = paths.allSatisfy {
            $0.hasPrefix("/usr/share/") && !$0.split(separator: "/").contains("..")
        }
        guard paths.count == listed.arrayValue?.count, areShared else {
            throw wrong("read", "isolation", "a list of paths below /usr/share/", listed)
        }
        return paths
    }

    /// The one analyzer that follows from a foreign description.
    func foreignAnalyzer(_ document: JSONValue, id: String) throws -> Manifest.Analyzer {
        let description: ForeignDescription
        do {
            description = try ForeignDescription(manifest: document)
        } catch let fault as ForeignDescription.Fault {
            throw PluginError("\(path): \(fault.place) \(fault.message)", help: "correct it")
        }
        let column = ColumnName(rawValue: description.column)
        guard column.isProvided else {
            throw PluginError(
                "\(path): foreign.column is \"\(description.column)\", which this assay does not have",
                help:
                    "expected text.all, text.prompt, text.response, text.system, label or field:<json pointer>"
            )
        }
        guard description.library[Manifest.platform] != nil else {
            throw PluginError(
                "\(path): has no library for \(Manifest.platform)",
                help:
                    "add \"foreign\": {\"library\": {\"\(Manifest.platform)\": \"system:lib….so\"}}"
            )
        }
        let readable = try readablePaths(document)
        for resource in description.systemResources
        where !readable.contains(where: { resource == $0 || resource.hasPrefix($0 + "/") }) {
            throw PluginError(
                "\(path): a function is given the file \(resource), which \"isolation.read\" does not name",
                help: "add its folder below /usr/share/, or put the file into the bundle")
        }
        let rules = document["foreign"]?["rules"]?.arrayValue ?? []
        let codes = try ForeignNames(id: id, rules: description.rules).codes.map { name, code in
            let stated = rules.first { $0["code"]?.stringValue == name } ?? .null
            let rule = description.rules.first { $0.name == name }
            var help = (stated["help"]?.objectValue?.members ?? []).compactMap { member in
                member.value.stringValue.map { (heading: member.key, text: $0) }
            }
            if help.isEmpty {
                help = [("What it measures", "Records where \(rule?.when.text ?? "").")]
            }
            help.append(
                (
                    "How it is computed",
                    "The score is \(description.score.text), of \(description.functions.map(\.symbol).joined(separator: ", ")) in \(description.library[Manifest.platform] ?? "")."
                ))
            return Manifest.Code(
                code: code, name: name, title: try title(stated, under: "foreign.rules[]"),
                severity: ["info", "low", "medium", "high"][rule?.severity ?? 1], help: help)
        }
        let resources = document["resources"] ?? .null
        return Manifest.Analyzer(
            id: id, strategy: try string(document, "strategy"), stateFormat: 1, columns: [column],
            labelColumns: [], configColumns: [], conditionalColumns: [], codes: codes,
            configuration: try ConfigurationSchema(document["config"] ?? .object([:]), path: path),
            memoryBytes: try memoryBytes(resources), callSeconds: try callSeconds(resources),
            passes: 1)
    }

    private func names(_ value: JSONValue?) -> [ColumnName] {
        (value?.arrayValue ?? []).compactMap(\.stringValue).map(ColumnName.init(rawValue:))
    }

    private func condition(_ value: JSONValue) throws -> Manifest.ConditionalColumns {
        let isWanted = value["if"] != nil
        return Manifest.ConditionalColumns(
            pointer: try string(value, isWanted ? "if" : "unless", under: "conditional_columns[]"),
            value: value["is"], isWanted: isWanted, columns: names(value["columns"]))
    }

    private func code(_ value: JSONValue) throws -> Manifest.Code {
        Manifest.Code(
            code: try string(value, "code", under: "codes[]"),
            name: try string(value, "name", under: "codes[]"),
            title: try title(value, under: "codes[]"),
            severity: value["severity"]?.stringValue ?? "low",
            help: (value["help"]?.objectValue?.members ?? []).compactMap { member in
                member.value.stringValue.map { (member.key, $0) }
            })
    }

    /// What a code is called in plain words: one short line.
    private func title(_ value: JSONValue, under parent: String) throws -> String? {
        guard let found = value["title"] else { return nil }
        guard let text = found.stringValue, Manifest.Code.titleLength.contains(text.count),
            !text.contains(where: \.isNewline)
        else {
            throw wrong(
                "title", parent,
                "a line of at most \(Manifest.Code.titleLength.upperBound) characters, such as \"responses without text\"",
                found)
        }
        return text
    }

    private func name(_ key: String, _ parent: String) -> String {
        parent.isEmpty ? "\"\(key)\"" : "\"\(parent).\(key)\""
    }

    private func missing(_ key: String, _ parent: String, _ expected: String) -> PluginError {
        PluginError(
            "\(path): \(name(key, parent)) is missing, expected \(expected)", help: "add it")
    }

    private func wrong(
        _ key: String, _ parent: String, _ expected: String, _ found: JSONValue
    ) -> PluginError {
        PluginError(
            "\(path): \(name(key, parent)) is \(found.text), expected \(expected)",
            help: "correct it")
    }
}
