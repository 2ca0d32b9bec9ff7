import JSONText
import PluginHost

/// A name and a password for a registry.
public struct RegistryCredentials: Sendable {
    /// `NAME:PASSWORD` in Base64.
    let basic: String

    /// A name and a password.
    public init(user: String, password: String) {
        basic = Base64.text(Array("\(user):\(password)".utf8))
    }

    private init(basic: String) { self.basic = basic }

    /// What the environment has (`ASSAY_REGISTRY_USER`, `ASSAY_REGISTRY_PASSWORD`), or else the file that container
    /// tools keep (`config.json` in `DOCKER_CONFIG` or `~/.docker`); `nil` for none.
    ///
    /// `variable` gives what the environment has under a name.
    /// - Throws: `RegistryError` for a file that cannot be read.
    public static func find(
        host: String, variable: (String) -> String?
    ) throws(RegistryError) -> RegistryCredentials? {
        if let user = variable("ASSAY_REGISTRY_USER"),
            let password = variable("ASSAY_REGISTRY_PASSWORD")
        {
            return RegistryCredentials(user: user, password: password)
        }
        let folder = variable("DOCKER_CONFIG") ?? variable("HOME").map { $0 + "/.docker" }
        guard let path = folder.map({ $0 + "/config.json" }), let bytes = FileBytes.read(path)
        else { return nil }
        guard let document = try? JSONValue(parsing: bytes) else {
            throw RegistryError(
                "\(path): not valid JSON", help: "correct it, or set ASSAY_REGISTRY_USER")
        }
        return document["auths"]?[host]?["auth"]?.stringValue.map { RegistryCredentials(basic: $0) }
    }
}

/// What a registry asks for in `WWW-Authenticate`.
struct AuthenticationChallenge {
    let scheme: String
    let parameters: [String: String]

    /// Reads a header: `Bearer realm="…",service="…",scope="…"`.
    init(_ header: String) {
        let scheme = header.prefix { $0 != " " }
        self.scheme = scheme.lowercased()
        var parameters: [String: String] = [:]
        var rest = header.dropFirst(scheme.count).drop { $0 == " " || $0 == "," }
        while let equals = rest.firstIndex(of: "=") {
            let key = rest[..<equals].trimmingBlanks.lowercased()
            rest = rest[rest.index(after: equals)...]
            let value: Substring
            if rest.first == "\"" {
                rest = rest.dropFirst()
                value = rest.prefix { $0 != "\"" }
                rest = rest.dropFirst(value.count + 1)
            } else {
                value = rest.prefix { $0 != "," }
                rest = rest.dropFirst(value.count)
            }
            parameters[key] = String(value)
            rest = rest.drop { $0 == "," || $0 == " " }
        }
        self.parameters = parameters
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String { String(filter { $0 != " " }) }
}
