import HTTP
import JSONText
import Parallel
import PluginHost

/// One repository of a registry (OCI distribution specification 1.1), with tokens or passwords as the registry asks.
public final class RegistryClient: ArtifactPlace, Sendable {
    private let base: String
    private let repository: String
    /// What tokens are asked for: `pull` or `pull,push`.
    private let actions: String
    private let credentials: RegistryCredentials?
    /// What goes into `Authorization`, once it is known.
    private let authorization = Guarded<String?>(nil)

    /// Of an answer that is no success.
    private static let mostFaultBytes = 64 << 10
    private static let mostRedirects = 5
    private static let seconds = 600.0

    /// A repository at `base`, such as `https://registry.example.org`.
    ///
    /// `actions` is what tokens are asked for: `pull`, or `pull,push`.
    public init(
        base: String, repository: String, actions: String, credentials: RegistryCredentials?
    ) {
        self.base = base
        self.repository = repository
        self.actions = actions
        self.credentials = credentials
    }

    /// What messages call it.
    public var name: String {
        let host = base.split(separator: "/").last.map(String.init) ?? base
        return "\(host)/\(repository)"
    }

    private func url(_ path: String) -> String { "\(base)/v2/\(repository)/\(path)" }

    // MARK: Asking

    private func fault(_ what: String, _ answer: HTTPAnswer) -> PluginError {
        let document =
            answer.body.count <= RegistryClient.mostFaultBytes
            ? try? JSONValue(parsing: answer.body) : nil
        let error = document?["errors"]?.arrayValue?.first
        let words = [error?["code"]?.stringValue, error?["message"]?.stringValue]
            .compactMap { $0 }.joined(separator: ": ")
        let shown = PluginError.shown(words, most: 160)
        let help =
            switch answer.status {
            case 401, 403:
                "set ASSAY_REGISTRY_USER and ASSAY_REGISTRY_PASSWORD, or log in with a container tool"
            case 429, 500...: "try again later"
            default: "look whether the registry and the name are right"
            }
        return PluginError(
            "\(name): \(what): the registry answered \(answer.status)"
                + (shown.isEmpty ? "" : " (\(shown))"), help: help)
    }

    private static func origin(_ url: String) -> Substring {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        return parts.count < 3 ? Substring(url) : url[..<parts[2].endIndex]
    }

    /// An address that an answer names, which may be relative to the one that was asked.
    private func resolve(_ location: String, from url: String) -> String {
        let origin = RegistryClient.origin(url)
        let lower = location.lowercased()
        if lower.hasPrefix("http://") || lower.hasPrefix("https://") {
            // Proxies that end the encryption may not know of it.
            let rest = location.drop { $0 != ":" }
            return base.hasPrefix("https:") && lower.hasPrefix("http:")
                && RegistryClient.origin("https" + rest) == base[...] ? "https" + rest : location
        }
        if location.hasPrefix("//") { return String(origin.prefix { $0 != "/" }) + location }
        if location.hasPrefix("/") { return origin + location }
        let path = url.prefix { $0 != "?" }
        return path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex) + "/" + location
    }

    private func exchange(_ request: HTTPRequest) throws -> HTTPAnswer {
        do {
            return try request.send()
        } catch {
            guard error.kind != .tooLarge else {
                throw PluginError(
                    "\(name): an answer has more bytes than expected, which are at most \(request.mostBytes)",
                    help: "the registry is damaged, or lies; nothing was installed")
            }
            throw PluginError(
                "\(name): no answer: \(error.message)",
                help: "look whether the registry is there and the network reaches it")
        }
    }

    /// Asks, follows redirects, and proves who it is when it is asked to.
    private func ask(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = [], mostBytes: Int = RegistryLimit.manifestBytes
    ) throws -> HTTPAnswer {
        var request = HTTPRequest(method, url, headers: headers, body: body)
        request.seconds = RegistryClient.seconds
        request.mostBytes = mostBytes
        var hasProved = false
        for _ in 0...RegistryClient.mostRedirects {
            // What was encrypted stays so.
            guard request.url.hasPrefix("https://") || base.hasPrefix("http://") else {
                throw PluginError(
                    "\(name): leads from https to \(RegistryClient.origin(request.url))",
                    help: "ask whoever runs the registry")
            }
            var sent = request
            // Only the registry itself is told who asks.
            if RegistryClient.origin(request.url) == base[...],
                let value = authorization.withLock({ $0 })
            {
                sent.headers.append(("Authorization", value))
            }
            let answer = try exchange(sent)
            switch answer.status {
            case 401 where !hasProved && RegistryClient.origin(request.url) == base[...]:
                hasProved = true
                try prove(answer)
            case 301, 302, 303, 307, 308:
                guard let location = answer.header("location"), method == "GET" || method == "HEAD"
                else { throw fault("\(method) was sent elsewhere", answer) }
                request.url = resolve(location, from: request.url)
            default: return answer
            }
        }
        throw PluginError("\(name): leads from one place to the next", help: "try again later")
    }

    /// Gets what the registry wants to see: the password, or a token for it.
    private func prove(_ answer: HTTPAnswer) throws {
        let challenges = answer.headers.filter { $0.name == "www-authenticate" }
            .map { AuthenticationChallenge($0.value) }
        guard
            let challenge = challenges.first(where: { $0.scheme == "bearer" })
                ?? challenges.first(where: { $0.scheme == "basic" }) ?? challenges.first
        else { throw fault("it asks who you are, and not how", answer) }
        switch challenge.scheme {
        case "basic":
            guard let credentials else { throw fault("it asks for name and password", answer) }
            authorization.withLock { $0 = "Basic " + credentials.basic }
        case "bearer":
            authorization.withLock { $0 = nil }
            let token = try token(challenge, answer)
            authorization.withLock { $0 = "Bearer " + token }
        default: throw fault("it asks for \"\(challenge.scheme.prefix(20))\"", answer)
        }
    }

    private func token(
        _ challenge: AuthenticationChallenge, _ answer: HTTPAnswer
    ) throws -> String {
        guard let realm = challenge.parameters["realm"],
            realm.hasPrefix("https://") || realm.hasPrefix("http://") && base.hasPrefix("http://")
        else { throw fault("it sends for a token to no place that can be trusted", answer) }
        func encoded(_ text: String) -> String {
            text.utf8.map { byte in
                let isPlain =
                    byte >= 0x30 && byte <= 0x39 || byte >= 0x41 && byte <= 0x5A
                    || byte >= 0x61 && byte <= 0x7A || [0x2D, 0x2E, 0x5F, 0x7E].contains(byte)
                return isPlain
                    ? String(UnicodeScalar(byte))
                    : "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }.joined()
        }
        // What is needed, whatever the registry thinks of: some name another repository, or reading alone.
        let own = "repository:\(repository):"
        var query = "scope=\(encoded(own + actions))"
        if let stated = challenge.parameters["scope"], stated.hasPrefix(own),
            stated != own + actions
        {
            query += "&scope=\(encoded(stated))"
        }
        if let service = challenge.parameters["service"] { query += "&service=\(encoded(service))" }
        var request = HTTPRequest("GET", realm + (realm.contains("?") ? "&" : "?") + query)
        request.mostBytes = 1 << 20
        if let credentials { request.headers = [("Authorization", "Basic " + credentials.basic)] }
        let given = try exchange(request)
        let document = try? JSONValue(parsing: given.body)
        guard given.status == 200,
            let token = (document?["token"] ?? document?["access_token"])?.stringValue
        else { throw fault("no token was given", given) }
        return token
    }

    // MARK: Content

    /// The bytes of a manifest by tag or digest; `nil` when there is none.
    public func manifest(_ reference: String) throws -> [UInt8]? {
        let answer = try ask(
            "GET", url("manifests/\(reference)"),
            headers: [("Accept", "\(Artifact.manifestType), \(Artifact.indexType)")])
        switch answer.status {
        case 200: return answer.body
        case 404: return nil
        default: throw fault("the manifest \(reference)", answer)
        }
    }

    /// The bytes of a blob, whose digest and size have been checked.
    public func blob(_ descriptor: Descriptor) throws -> [UInt8] {
        let answer = try ask(
            "GET", url("blobs/\(descriptor.digest)"), mostBytes: descriptor.size + 1)
        guard answer.status == 200 else { throw fault("a blob", answer) }
        return try checked(answer.body, descriptor)
    }

    /// Uploads a blob in one piece, unless it is there.
    public func store(_ content: [UInt8], _ descriptor: Descriptor) throws {
        let there = try ask("HEAD", url("blobs/\(descriptor.digest)"))
        if there.status == 200 { return }
        let begun = try ask("POST", url("blobs/uploads/"))
        guard begun.status == 202, let location = begun.header("location") else {
            throw fault("an upload could not begin", begun)
        }
        let place = resolve(location, from: url("blobs/uploads/"))
        let ended = try ask(
            "PUT", place + (place.contains("?") ? "&" : "?") + "digest=\(descriptor.digest)",
            headers: [("Content-Type", "application/octet-stream")], body: content)
        guard ended.status == 201 else { throw fault("an upload was refused", ended) }
    }

    /// Uploads a manifest or an index; true when the registry keeps track of what it is about.
    public func store(_ artifact: Artifact, tag: String?) throws -> Bool {
        let answer = try ask(
            "PUT", url("manifests/\(tag ?? artifact.descriptor.digest)"),
            headers: [("Content-Type", artifact.mediaType)], body: artifact.bytes)
        guard answer.status == 201 else { throw fault("the manifest was refused", answer) }
        return answer.header("oci-subject") != nil
    }

    /// The addresses of a list, page after page, as long as new ones come.
    private func pages(
        _ first: String, headers: [(name: String, value: String)] = [],
        _ body: (HTTPAnswer) throws -> Bool
    ) throws {
        var next: String? = first
        var seen: Set<String> = []
        while let page = next, seen.insert(page).inserted, seen.count <= RegistryLimit.pages {
            let answer = try ask("GET", page, headers: headers)
            guard try body(answer) else { return }
            // Link: </v2/…>; rel="next"
            next = answer.header("link").flatMap { link in
                guard link.contains("rel=\"next\"") || link.contains("rel=next"),
                    let start = link.firstIndex(of: "<"), let end = link.firstIndex(of: ">"),
                    start < end
                else { return nil }
                return resolve(String(link[link.index(after: start)..<end]), from: page)
            }
        }
    }

    /// What the registry knows to be about a digest; `nil` when it has no such thing.
    public func knownReferrers(
        of digest: String, artifactType: String
    ) throws -> [Descriptor]? {
        var found: [Descriptor]?
        let query = "?artifactType=" + artifactType.replacing("+", with: "%2B")
        try pages(
            url("referrers/\(digest)\(query)"), headers: [("Accept", Artifact.indexType)]
        ) { answer in
            switch answer.status {
            case 200:
                // A page for people in the place of a list: then the fallback tag is asked.
                guard let page = try? Artifact(answer.body, name: name) else { return false }
                found = (found ?? []) + page.manifests
                return true
            case 400, 404, 405: return false
            default: throw fault("what stands beside it", answer)
            }
        }
        return found
    }

    /// The tags of the repository, all pages of them.
    public func tags() throws -> [String] {
        var found: Set<String> = []
        try pages(url("tags/list")) { answer in
            if answer.status == 404 { return false }
            guard answer.status == 200, let document = try? JSONValue(parsing: answer.body) else {
                throw fault("the list of tags", answer)
            }
            found.formUnion(document["tags"]?.arrayValue?.compactMap(\.stringValue) ?? [])
            return found.count < RegistryLimit.tags
        }
        return found.sorted()
    }
}
