import PluginHost

/// Where plugins are published: a registry, or a folder in the OCI layout.
public enum RegistryAddress: Sendable, Equatable {
    /// `HOST[:PORT][/PREFIX]`, by `https` but for the loopback interface or where `http://` is stated.
    case registry(base: String, host: String, prefix: String)
    /// `oci:FOLDER`.
    case layout(path: String)

    /// Reads an address.
    ///
    /// - Throws: `PluginError` that says what is expected.
    public init(_ text: String) throws {
        if text.hasPrefix("oci:"), text.utf8.count > 4 {
            self = .layout(path: String(text.dropFirst(4)))
            return
        }
        var rest = Substring(text)
        var scheme: String?
        for known in ["https", "http"] where rest.hasPrefix(known + "://") {
            scheme = known
            rest = rest.dropFirst(known.count + 3)
        }
        while rest.last == "/" { rest = rest.dropLast() }
        let host = rest.prefix { $0 != "/" }
        let prefix = rest.dropFirst(host.count).drop { $0 == "/" }
        let isHost =
            !host.isEmpty
            && host.utf8.allSatisfy {
                $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x41 && $0 <= 0x5A || $0 >= 0x30 && $0 <= 0x39
                    || [0x2D, 0x2E, 0x3A, 0x5B, 0x5D].contains($0)
            }
        guard isHost, prefix.isEmpty || RegistryAddress.isRepository(prefix) else {
            throw PluginError(
                "the registry is \"\(text)\", expected HOST[:PORT][/PREFIX] or oci:FOLDER",
                help: "such as --registry registry.example.org/plugins")
        }
        var name = host.lowercased()
        let isLoopback = ["localhost", "127.0.0.1", "[::1]"].contains {
            name == $0 || name.hasPrefix($0 + ":")
        }
        let chosen = scheme ?? (isLoopback ? "http" : "https")
        let port = chosen == "https" ? ":443" : ":80"
        if name.hasSuffix(port) { name.removeLast(port.count) }
        self = .registry(base: "\(chosen)://\(name)", host: name, prefix: String(prefix))
    }

    /// Whether a text can be a repository's name (OCI distribution specification).
    static func isRepository(_ text: Substring) -> Bool {
        text.utf8.count <= 255
            && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPart)
    }

    /// Letters and digits, with one dot, one or two underscores, or hyphens between them.
    private static func isPart(_ part: Substring) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool {
            byte >= 0x61 && byte <= 0x7A || byte >= 0x30 && byte <= 0x39
        }
        guard let first = part.utf8.first, let last = part.utf8.last, isPlain(first), isPlain(last)
        else { return false }
        return part.utf8.split(whereSeparator: isPlain).allSatisfy { run in
            run.elementsEqual(".".utf8) || run.elementsEqual("_".utf8)
                || run.elementsEqual("__".utf8) || run.allSatisfy { $0 == 0x2D }
        }
    }

    /// The place of one name's artifacts.
    ///
    /// Only a place for publishing is asked for the right to write. `variable` gives what the environment has under a name.
    /// - Throws: `PluginError` when credentials cannot be read, or a registry cannot have the name.
    public func place(
        of name: String, forPublishing isPublishing: Bool = false, variable: (String) -> String?
    ) throws -> any ArtifactPlace {
        guard RegistryAddress.isRepository(name[...]) else {
            throw PluginError(
                "\(name): no registry has such a name",
                help: "the parts of an id begin and end with a letter or a digit")
        }
        switch self {
        case .layout(let path): return LayoutDirectory(path: path, repository: name)
        case .registry(let base, let host, let prefix):
            return RegistryClient(
                base: base, repository: prefix.isEmpty ? name : prefix + "/" + name,
                actions: isPublishing ? "pull,push" : "pull",
                credentials: try RegistryCredentials.find(host: host, variable: variable))
        }
    }
}
