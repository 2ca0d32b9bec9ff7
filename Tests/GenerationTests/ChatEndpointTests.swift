import Foundation
import Generation
import HTTP
import JSONText
import Support
import Testing

/// A model behind an endpoint on the loopback interface.
@Suite struct ChatEndpointTests {
    private typealias Answer = LoopbackServer.Answer

    private static func chat(_ text: String, tokens: Int = 10) -> LoopbackServer.Answer {
        Answer(
            headers: ["Content-Type: application/json"],
            body: JSONValue.object([
                "choices": [["message": ["role": "assistant", "content": .string(text)]]],
                "usage": ["total_tokens": JSONValue(tokens)],
            ]).bytes)
    }

    private static func records(_ count: Int, from first: Int = 0) -> String {
        (first..<first + count).map { "{\"text\": \"record \($0)\"}" }.joined(separator: "\n")
    }

    private func supply(
        _ server: LoopbackServer, _ requests: [RecordRequest], _ log: GenerationLog,
        seconds: Double = 20, path: String = "/v1"
    ) throws -> SupplyAccount {
        var endpoint = try ChatEndpoint(
            url: "http://127.0.0.1:\(server.port)\(path)", model: "tiny", key: "secret")
        endpoint.seconds = seconds
        endpoint.schedule = RetrySchedule(firstSeconds: 0.01, mostSeconds: 0.2, attempts: 5)
        return try endpoint.supply(requests, log: log) { _ in }
    }

    @Test("asks as the protocol has it, ten records a call, and takes what comes")
    func asks() throws {
        let folder = try TemporaryFolder()
        let server = LoopbackServer { number, request in
            guard request.line == "POST /v1/chat/completions HTTP/1.1",
                request.headers["authorization"] == "Bearer secret",
                let body = try? JSONValue(parsing: request.body),
                body["model"]?.stringValue == "tiny",
                let text = body["messages"]?.arrayValue?.last?["content"]?.stringValue,
                text.contains("scene: refund"), text.contains("an example")
            else { return Answer(status: 400, body: Array("{}".utf8)) }
            return ChatEndpointTests.chat(
                ChatEndpointTests.records(text.contains("Write 10 new") ? 10 : 5, from: number * 10)
            )
        }
        defer { server.stop() }
        let request = GenerationTests.request("scene: refund", count: 15)
        let log = try GenerationTests.log(folder)
        let account = try supply(server, [request], log, path: "/v1/chat/completions/")
        #expect(account.records == 15 && account.calls == 2 && account.tokens == 20)
        let texts = log.records(for: request.id).compactMap { $0["text"]?.stringValue }
        #expect(texts == (0..<15).map { "record \($0)" })
    }

    @Test("rate limits, faults of the server, time-outs and nonsense are survived")
    func survives() throws {
        let folder = try TemporaryFolder()
        let server = LoopbackServer { number, _ in
            switch number {
            case 0: Answer(status: 429, headers: ["Retry-After: 0"])
            case 1: Answer(status: 503)
            case 2: Answer(body: ChatEndpointTests.chat("late").body, delay: 1.2)
            case 3: ChatEndpointTests.chat("I am sorry, I cannot.")
            case 4: Answer(body: Array("<html>".utf8))
            case 5:
                ChatEndpointTests.chat(
                    "Each begins with { as asked. Here you are:\n```json\n[{\"text\": \"a {b}\"},\n {\"text\":\n \"c\"}]\n```\n{\"text\": \"cut"
                )
            default: ChatEndpointTests.chat(ChatEndpointTests.records(9))
            }
        }
        defer { server.stop() }
        let request = GenerationTests.request("a", count: 5)
        let log = try GenerationTests.log(folder)
        let account = try supply(server, [request], log, seconds: 1)
        #expect(account.rateLimits == 1 && account.failures == 1 && account.timeouts == 1)
        #expect(account.malformed == 2 && account.records == 5 && account.surplus == 6)
        #expect(account.givenUp.isEmpty)
        let texts = log.records(for: request.id).compactMap { $0["text"]?.stringValue }
        #expect(texts == ["a {b}", "c", "record 0", "record 1", "record 2"])
    }

    @Test("an endpoint that never answers is given up after its attempts, with the reason")
    func givesUp() throws {
        let folder = try TemporaryFolder()
        let server = LoopbackServer { _, _ in Answer(status: 500) }
        let account = try supply(
            server, [GenerationTests.request("a", count: 5)], try GenerationTests.log(folder))
        server.stop()
        #expect(account.calls == 5 && account.failures == 5)
        #expect(account.givenUp == ["a: status 500, 5 times in a row"])
        let many = ["b", "c", "d", "e", "f", "g", "h", "i"].map {
            GenerationTests.request($0, count: 5)
        }
        let nobody = try supply(server, many, try GenerationTests.log(folder))
        #expect(nobody.givenUp.count == 8 && nobody.failures <= 20, "one is enough to know")
    }

    @Test("a wrong key is an error at once, with what the endpoint says")
    func refused() throws {
        let folder = try TemporaryFolder()
        let server = LoopbackServer { _, _ in
            Answer(status: 401, body: Array("{\"error\": {\"message\": \"bad key\"}}".utf8))
        }
        defer { server.stop() }
        let error = try #require(throws: GenerationError.self) {
            try supply(
                server, [GenerationTests.request("a", count: 5)], try GenerationTests.log(folder))
        }
        #expect(error.description.contains("status 401: bad key"))
        #expect(!"\(error.description) \(error.help)".contains("secret"))
    }

    @Test("budgets of tokens and records hold while calls run side by side")
    func budgets() throws {
        let folder = try TemporaryFolder()
        let server = LoopbackServer { number, _ in
            ChatEndpointTests.chat(ChatEndpointTests.records(10, from: number * 10), tokens: 100)
        }
        defer { server.stop() }
        let requests = (0..<8).map { GenerationTests.request("cell \($0)", count: 10) }
        let log = try GenerationTests.log(folder, records: 25)
        let account = try supply(server, requests, log)
        #expect(account.records == 25 && account.givenUp.count == 6)
        let other = try TemporaryFolder()
        let tokens = try supply(
            server, requests, try GenerationTests.log(other, records: 100, tokens: 300))
        // Calls that were under way when the last token was spent are ended.
        #expect((300...600).contains(tokens.tokens) && !tokens.givenUp.isEmpty)
    }

    @Test("waiting doubles, is drawn, and follows what is asked for")
    func schedule() {
        let schedule = RetrySchedule(firstSeconds: 1, mostSeconds: 10, attempts: 6)
        #expect(schedule.wait(after: 1, asked: nil, drawn: 1) == 1)
        #expect(schedule.wait(after: 3, asked: nil, drawn: 1) == 4)
        #expect(schedule.wait(after: 3, asked: nil, drawn: 0) == 2)
        #expect(schedule.wait(after: 5, asked: nil, drawn: 1) == 10)
        #expect(schedule.wait(after: 2, asked: 7, drawn: 0) == 7)
        #expect(schedule.wait(after: 2, asked: 700, drawn: 0) == 10)
        #expect(schedule.wait(after: 6, asked: nil, drawn: 0) == nil)
        #expect(RetrySchedule.verdict(HTTPAnswer(status: 204)) == .good)
        #expect(RetrySchedule.verdict(HTTPAnswer(status: 404)) == .refused)
        #expect(
            RetrySchedule.verdict(HTTPAnswer(status: 429, headers: [("retry-after", "3")]))
                == .again(asked: 3))
        #expect(
            RetrySchedule.verdict(
                HTTPAnswer(status: 503, headers: [("retry-after", "Wed, 21 Oct 2026")]))
                == .again(asked: nil))
    }
}
