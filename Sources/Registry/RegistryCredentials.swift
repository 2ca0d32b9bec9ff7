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

    /// What the environment has (`ASSAY_REGISTRY_USER`, `ASSAY_REGISTRY_PASSWORD`), or else the files that container
    /// tools keep (`config.json` in `DOCKER_CONFIG` or `~/.docker`, `auth.json` in `XDG_RUNTIME_DIR/containers`).
    ///
    /// `nil` for none. `variable` gives what the environment has under a name.
    /// - Throws: `PluginError` for a file that cannot be used, and for one variable without the other.
    public static func find(
        host: String, variable: (String) -> String?
    ) throws -> RegistryCredentials? {
        let (user, password) = (
            variable("ASSAY_REGISTRY_USER"), variable("ASSAY_REGISTRY_PASSWORD")
        )
        if let user, let password { return RegistryCredentials(user: user, password: password) }
        guard user == nil, password == nil else {
            throw PluginError(
                "\(user == nil ? "ASSAY_REGISTRY_PASSWORD" : "ASSAY_REGISTRY_USER") is set without the other",
                help: "set both ASSAY_REGISTRY_USER and ASSAY_REGISTRY_PASSWORD, or neither")
        }
        let docker = variable("DOCKER_CONFIG") ?? variable("HOME").map { $0 + "/.docker" }
        let paths = [
            docker.map { $0 + "/config.json" },
            variable("XDG_RUNTIME_DIR").map { $0 + "/containers/auth.json" },
        ].compactMap { $0 }
        for path in paths {
            guard let bytes = FileBytes.read(path, most: 1 << 20) else { continue }
            guard let document = try? JSONValue(parsing: bytes) else {
                throw PluginError(
                    "\(path): not valid JSON", help: "correct it, or set ASSAY_REGISTRY_USER")
            }
            if let auth = document["auths"]?[host]?["auth"]?.stringValue, !auth.isEmpty {
                return RegistryCredentials(basic: auth)
            }
            let isHelped =
                document["credHelpers"]?[host] != nil
                || document["auths"]?[host] != nil && document["credsStore"] != nil
            guard !isHelped else {
                throw PluginError(
                    "\(path): keeps the login of \(host) in a credential helper, which assay does not call",
                    help: "set ASSAY_REGISTRY_USER and ASSAY_REGISTRY_PASSWORD")
            }
        }
        return nil
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
