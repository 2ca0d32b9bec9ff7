import CHTTPServer
import Glibc

/// Answers HTTP requests on 127.0.0.1, one after the other.
public final class LoopbackService {
    /// What was asked.
    public struct Request: Sendable {
        /// `GET`, `POST` and so on.
        public let method: String
        /// The path, percent signs decoded once.
        public let path: String
        /// The content.
        public let body: [UInt8]
        /// Headers that were asked for, by name in lower case.
        public let headers: [String: String]

        /// Makes a request.
        public init(
            method: String, path: String, body: [UInt8] = [], headers: [String: String] = [:]
        ) {
            self.method = method
            self.path = path
            self.body = body
            self.headers = headers
        }
    }

    /// What is answered.
    public struct Answer: Sendable {
        /// 200 and so on.
        public var status: Int
        /// Names and values.
        public var headers: [(name: String, value: String)]
        /// The content.
        public var body: [UInt8]

        /// Makes an answer.
        public init(
            status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = []
        ) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// Headers that a handler sees.
    static let headers = ["host", "origin", "sec-fetch-site", "content-type"]

    fileprivate let handler: (Request) -> Answer
    private var server: OpaquePointer?

    /// Starts on a port, 0 for any that is free; content of more than `mostBytes` is refused.
    ///
    /// The handler is called on one thread of the service's own. `nil` when the port cannot be had; `errno`
    /// says why.
    public init?(port: UInt16 = 0, mostBytes: Int, handler: @escaping (Request) -> Answer) {
        self.handler = handler
        let context = Unmanaged.passUnretained(self).toOpaque()
        server = chts_start(port, UInt64(mostBytes), answerRequest, context)
        if server == nil { return nil }
    }

    /// The port it listens on.
    public var port: Int { server.map { Int(chts_port($0)) } ?? 0 }

    /// Ends it: the handler is not called any more.
    public func stop() {
        if let server { chts_stop(server) }
        server = nil
    }

    deinit { stop() }
}

private func answerRequest(
    _ context: UnsafeMutableRawPointer?, _ request: UnsafePointer<chts_request>?,
    _ reply: UnsafeMutableRawPointer?
) {
    guard let context, let request else { return }
    let service = Unmanaged<LoopbackService>.fromOpaque(context).takeUnretainedValue()
    var headers: [String: String] = [:]
    for name in LoopbackService.headers {
        if let value = chts_header(request, name) { headers[name] = String(cString: value) }
    }
    let body = UnsafeBufferPointer(
        start: request.pointee.body, count: Int(request.pointee.body_length))
    let answer = service.handler(
        LoopbackService.Request(
            method: String(cString: request.pointee.method),
            path: String(cString: request.pointee.path), body: Array(body), headers: headers))
    let texts = answer.headers.flatMap { [strdup($0.name), strdup($0.value)] }
    defer { for text in texts { free(text) } }
    answer.body.withUnsafeBufferPointer { bytes in
        texts.map { UnsafePointer($0) }.withUnsafeBufferPointer { lines in
            var sent = chts_answer(
                status: UInt32(answer.status), body: bytes.baseAddress,
                body_length: UInt64(bytes.count), headers: lines.baseAddress,
                header_count: UInt64(answer.headers.count))
            chts_reply(reply, &sent)
        }
    }
}
