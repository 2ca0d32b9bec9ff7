import Glibc
public import HTTP
import JSONText
import Numerics
import Parallel

/// A model behind an OpenAI-compatible endpoint that is asked to write records.
public struct ChatEndpoint: Sendable {
    /// Records that one call asks for at most: more, and models begin to repeat themselves.
    private static let recordsPerCall = 10
    /// Answers without a record after which a request is given up.
    private static let mostVainAnswers = 3

    private let url: String
    private let model: String
    private let key: String?
    /// Seconds that one call may take.
    public var seconds = 120.0
    /// Calls under way at once.
    public var parallelCalls = 4
    /// Calls a minute at most; `nil` for no limit.
    public var callsPerMinute: Double?
    /// When to ask again.
    public var schedule = RetrySchedule()
    /// Seed of the drawn part of waiting.
    public var seed: UInt64 = 0

    /// An endpoint.
    ///
    /// `url` is with or without `/chat/completions`; `key` is sent as a bearer token, `nil` for none.
    ///
    /// - Throws: `GenerationError` for a URL that is none.
    public init(url: String, model: String, key: String?) throws {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw GenerationError(
                "--endpoint is \"\(url)\", expected a URL that begins with http:// or https://",
                help: "for example http://localhost:8000/v1")
        }
        guard key?.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) ?? true else {
            throw GenerationError(
                "the key has a space, a control character or a letter beyond ASCII",
                help: "check ASSAY_API_KEY: a line break at its end is the usual reason")
        }
        let path = "/chat/completions"
        var base = url
        while base.hasSuffix("/") { base.removeLast() }
        self.url = base.hasSuffix(path) ? base : base + path
        self.model = model
        self.key = key
    }

    /// Asks for records, which go into the log as they come.
    ///
    /// - Throws: `GenerationError` when the endpoint refuses what is asked (a wrong key, a wrong model).
    public func supply(
        _ requests: [RecordRequest], log: GenerationLog, warn: @escaping @Sendable (String) -> Void
    ) throws -> SupplyAccount {
        let shared = Guarded(Shared())
        var resumed = 0
        for request in requests { resumed += log.records(for: request.id).count }
        let pace = Pace(callsPerMinute: callsPerMinute)
        ThreadTeam.forEach(requests.count, threads: max(1, parallelCalls)) { index in
            ask(requests[index], log: log, pace: pace, shared: shared, warn: warn)
        }
        return try shared.withLock { shared in
            if let refusal = shared.refusal { throw refusal }
            shared.account.resumed = resumed
            return shared.account
        }
    }

    private struct Shared: Sendable {
        var account = SupplyAccount()
        var refusal: GenerationError?
        /// Why nobody is asked any more: one request has used up its attempts.
        var broken: String?
        var warnings = 0
    }

    /// Asks until a request has its records, or it is enough.
    private func ask(
        _ request: RecordRequest, log: GenerationLog, pace: Pace, shared: Guarded<Shared>,
        warn: @Sendable (String) -> Void
    ) {
        var generator = SeededGenerator(
            seed: seed, stream: UInt64(request.id, radix: 16) ?? 0)
        var failures = 0
        var vainAnswers = 0
        func giveUp(_ why: String) {
            shared.withLock { $0.account.givenUp.append("\(request.wanted): \(why)") }
        }
        while !log.isDone(request.id) {
            if shared.withLock({ $0.refusal != nil }) { return }
            if let why = shared.withLock({ $0.broken }) { return giveUp(why) }
            let lacking = request.count - log.records(for: request.id).count
            guard lacking > 0 else { return log.finish(request.id) }
            let granted: Int
            switch log.claim(records: min(lacking, ChatEndpoint.recordsPerCall)) {
            case .granted(let count): granted = count
            case .refused(let why): return giveUp(why)
            }
            pace.wait()
            var call = SupplyAccount()
            call.calls = 1
            let outcome = self.call(request, count: granted, &call, log: log)
            log.release(records: granted, tokens: call.tokens)
            shared.withLock { $0.account += call }
            switch outcome {
            case .records:
                (failures, vainAnswers) = (0, 0)
            case .nothing(let why):
                vainAnswers += 1
                if vainAnswers == ChatEndpoint.mostVainAnswers { return giveUp(why) }
            case .again(let why, let asked):
                failures += 1
                let drawn = Double(generator.below(1 << 20)) / Double(1 << 20)
                guard let seconds = schedule.wait(after: failures, asked: asked, drawn: drawn)
                else {
                    let reason = "\(why), \(failures) times in a row"
                    shared.withLock { $0.broken = reason }
                    return giveUp(reason)
                }
                shared.withLock { shared in
                    shared.warnings += 1
                    if shared.warnings <= 3 {
                        let rounded = Double(Int(seconds * 10 + 0.5)) / 10
                        warn("the endpoint: \(why); asked again in \(rounded) s")
                    }
                }
                usleep(UInt32(min(seconds, 3600) * 1_000_000))
            case .refused(let why):
                return shared.withLock { shared in
                    shared.refusal = GenerationError(
                        "\(url): \(why)",
                        help: "check --endpoint, --model and the key (ASSAY_API_KEY)")
                }
            }
        }
    }

    private enum Outcome {
        case records
        case nothing(String)
        case again(String, asked: Double?)
        case refused(String)
    }

    private func call(
        _ request: RecordRequest, count: Int, _ account: inout SupplyAccount, log: GenerationLog
    ) -> Outcome {
        var headers = [(name: "Content-Type", value: "application/json")]
        if let key { headers.append(("Authorization", "Bearer \(key)")) }
        var post = HTTPRequest("POST", url, headers: headers, body: body(request, count: count))
        post.seconds = seconds
        let answer: HTTPAnswer
        do {
            answer = try post.send()
        } catch {
            if error.kind == .timedOut {
                account.timeouts += 1
                return .again("no answer within \(Int(seconds.rounded(.up))) s", asked: nil)
            }
            account.failures += 1
            return .again(error.message, asked: nil)
        }
        switch RetrySchedule.verdict(answer) {
        case .again(let asked):
            if answer.status == 429 { account.rateLimits += 1 } else { account.failures += 1 }
            return .again("status \(answer.status)", asked: asked)
        case .refused:
            account.failures += 1
            return .refused("status \(answer.status): \(ChatAnswer.reason(answer.body))")
        case .good: break
        }
        guard let content = ChatAnswer.content(answer.body) else {
            account.malformed += 1
            return .nothing("an answer that is no chat completion")
        }
        account.tokens += content.tokens
        let records = ChatAnswer.records(content.text)
        guard !records.isEmpty else {
            account.malformed += 1
            return .nothing("an answer without a record")
        }
        for record in records.prefix(count) { log.add(record, for: request.id) }
        account.records += min(records.count, count)
        account.surplus += max(0, records.count - count)
        return .records
    }

    /// What is asked: the rules once, the cell, what a record looks like, and examples.
    private func body(_ request: RecordRequest, count: Int) -> [UInt8] {
        let system = """
            You write records for a dataset on which a language model is fine-tuned. Answer in JSON Lines: one JSON \
            object a line and nothing else, no prose, no code fence.
            """
        var lines = [
            "Write \(count) new record\(count == 1 ? "" : "s") for: \(request.wanted)",
            "What the dataset lacks: \(request.cell.text)",
        ]
        if !request.form.columns.isEmpty {
            lines.append(
                "Each is an object with the keys: "
                    + request.form.columns.joined(separator: ", "))
        }
        lines += [
            "Where things stand in a record: \(JSONValue.object(request.form.fields).text)",
            "Each must differ from the examples and from the others in wording, length and detail, be complete, and be right in what it says. Keep to the language, the keys and the tone of the examples.",
        ]
        if !request.examples.isEmpty {
            lines.append("Examples:")
            lines += request.examples.map(\.text)
        }
        return JSONValue.object([
            "model": .string(model),
            "messages": [
                ["role": "system", "content": .string(system)],
                ["role": "user", "content": .string(lines.joined(separator: "\n"))],
            ],
        ]).bytes
    }
}

/// Spreads calls so that no more than so many begin in a minute.
private final class Pace: Sendable {
    private let gap: Double
    private let next = Guarded(0.0)

    init(callsPerMinute: Double?) { gap = callsPerMinute.map { 60 / $0 } ?? 0 }

    /// Waits until the next call may begin.
    func wait() {
        guard gap > 0 else { return }
        let seconds = next.withLock { next in
            let start = max(next, Child.now)
            next = start + gap
            return start - Child.now
        }
        if seconds > 0 { usleep(UInt32(min(seconds, 3600) * 1_000_000)) }
    }
}
