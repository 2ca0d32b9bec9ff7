import Browser
public import HTTP
import JSONText

/// What the review server answers: a queue, a log, and the page that shows them.
///
/// Every path begins with the token, so that only who was given the address gets an answer. Nothing is read
/// from the disk for a request. One request at a time.
public final class ReviewService {
    /// Bytes of a request's body at most.
    public static let mostBytes = 4 << 20

    private let queue: ReviewQueue
    private let log: ReviewLog
    private let token: String
    private let title: String
    private let labels: [String]
    /// The port, once it is known: requests must name this server as their host and origin.
    public var port = 0

    /// Items of one answer.
    private static let batch = 10

    /// `token` is what the address holds, `title` what the page is called.
    public init(queue: ReviewQueue, log: ReviewLog, token: String, title: String) {
        self.queue = queue
        self.log = log
        self.token = token
        self.title = title
        labels = queue.labels
    }

    /// The address to open.
    public var address: String { "http://127.0.0.1:\(port)/\(token)/" }

    /// Findings that have a decision.
    public var decidedCount: Int {
        queue.items.count { log.decision($0.row, $0.code) != nil }
    }

    /// Answers a request.
    public func answer(_ request: LoopbackService.Request) -> LoopbackService.Answer {
        // Browsers leave out the port that goes without saying.
        let ending = port == 80 ? "" : ":\(port)"
        let hosts = ["127.0.0.1\(ending)", "localhost\(ending)"]
        // A name that was made to lead here, and a page of somebody else.
        guard hosts.contains(request.headers["host"] ?? "") else {
            return refused("this server answers to 127.0.0.1 alone")
        }
        if let origin = request.headers["origin"],
            !hosts.contains(where: { origin == "http://\($0)" })
        {
            return refused("pages of another origin are not answered")
        }
        if let site = request.headers["sec-fetch-site"], !["same-origin", "none"].contains(site) {
            return refused("pages of another origin are not answered")
        }
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: false).map(
            String.init)
        guard parts.count >= 3, parts[0].isEmpty, isToken(parts[1]) else {
            return refused("the address lacks its token: use the one that assay review printed")
        }
        switch (request.method, parts.dropFirst(2).joined(separator: "/")) {
        case ("GET", ""):
            return page(ReviewPage.html(title), "text/html; charset=utf-8")
        case ("GET", "review.css"):
            return page(
                BrowserParts.palette + PackageResources.review_css, "text/css; charset=utf-8")
        case ("GET", "review.js"):
            return page(
                BrowserParts.elements + PackageResources.review_js, "text/javascript; charset=utf-8"
            )
        case ("GET", "state"): return json(state)
        case ("GET", let path) where path.hasPrefix("items/"):
            guard let first = Int(path.dropFirst(6)),
                (0..<max(1, queue.items.count)).contains(first)
            else { return missing }
            return json(items(first))
        case ("POST", "decisions"): return decide(request)
        case ("POST", "undo"): return undo(request)
        case ("GET", _), ("POST", _): return missing
        default:
            return json(["error": "only GET and POST are answered"], status: 405)
        }
    }

    /// As long for every guess.
    private func isToken(_ text: String) -> Bool {
        let (own, other) = (Array(token.utf8), Array(text.utf8))
        guard own.count == other.count else { return false }
        return zip(own, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    // MARK: Answers

    private static let safety: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"), ("Cache-Control", "no-store"),
    ]

    private func page(_ bytes: [UInt8], _ type: String) -> LoopbackService.Answer {
        LoopbackService.Answer(
            headers: ReviewService.safety + [("Content-Type", type)], body: bytes)
    }

    private func json(_ value: JSONValue, status: Int = 200) -> LoopbackService.Answer {
        LoopbackService.Answer(
            status: status,
            headers: ReviewService.safety + [("Content-Type", "application/json; charset=utf-8")],
            body: value.bytes)
    }

    private func refused(_ why: String) -> LoopbackService.Answer {
        json(["error": .string(why)], status: 403)
    }

    private var missing: LoopbackService.Answer {
        json(["error": "there is nothing at this address"], status: 404)
    }

    private var state: JSONValue {
        var counts: JSONObject = [:]
        for kind in Decision.Kind.allCases {
            counts[kind.rawValue] = JSONValue(log.decisions.count { $0.kind == kind })
        }
        let undecided = queue.items.firstIndex { log.decision($0.row, $0.code) == nil }
        return .object([
            "count": JSONValue(queue.items.count), "decided": JSONValue(decidedCount),
            "lines": JSONValue(log.decisions.count), "counts": .object(counts),
            "next": undecided.map { JSONValue($0) } ?? .null,
            "labels": .array(labels.map { .string($0) }), "file": .string(log.path),
            "title": .string(title),
        ])
    }

    private func items(_ first: Int) -> JSONValue {
        .array(
            (first..<max(first, min(first + ReviewService.batch, queue.items.count))).map {
                number in
                let item = queue.items[number]
                return queue.json(number, decision: log.decision(item.row, item.code))
            })
    }

    // MARK: Decisions

    private func decide(_ request: LoopbackService.Request) -> LoopbackService.Answer {
        guard request.headers["content-type"]?.hasPrefix("application/json") == true else {
            return json(["error": "expected application/json"], status: 415)
        }
        do {
            var entry = try JSONValue(parsing: request.body)
            var decision = try Decision(entry)
            guard let number = queue.number(decision.row, decision.code) else {
                return json(
                    [
                        "error": .string(
                            "row \(decision.row + 1) has no finding \(decision.code) here")
                    ],
                    status: 409)
            }
            if let content = queue.content(number), var object = entry.objectValue {
                object["content"] = .string(content)
                entry = .object(object)
                decision = try Decision(entry)
            }
            try log.append(decision)
            return json(state)
        } catch let error as ReviewError {
            let isOurs = error.description.hasPrefix(log.path)
            return json(["error": .string("\(error)")], status: isOurs ? 500 : 400)
        } catch {
            return json(["error": .string("no decision: \(error)")], status: 400)
        }
    }

    private func undo(_ request: LoopbackService.Request) -> LoopbackService.Answer {
        do {
            let taken = try log.undo()
            var answer = state.objectValue ?? [:]
            answer["undone"] = taken?.json ?? .null
            answer["number"] =
                taken.flatMap { queue.number($0.row, $0.code) }.map { JSONValue($0) } ?? .null
            return json(.object(answer))
        } catch {
            return json(["error": .string("\(error)")], status: 500)
        }
    }
}
