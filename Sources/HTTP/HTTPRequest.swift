import CHTTP

/// One request over HTTP.
public struct HTTPRequest: Sendable {
    /// `GET`, `POST` and so on.
    public var method: String
    /// Where it goes: `http` or `https`.
    public var url: String
    /// Header lines, in order.
    public var headers: [(name: String, value: String)]
    /// What is sent.
    public var body: [UInt8]
    /// Seconds that the whole exchange may take.
    public var seconds = 120.0
    /// Bytes of an answer at most.
    public var mostBytes = 64 << 20

    /// Makes a request.
    public init(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// Sends it and waits for the answer; redirects are not followed.
    ///
    /// - Throws: `HTTPFailure` when no answer came.
    public func send() throws(HTTPFailure) -> HTTPAnswer {
        var lines = headers.map { "\($0.name): \($0.value)" }
        // libcurl would wait for a go-ahead before it sends a larger body.
        if !body.isEmpty { lines.append("Expect:") }
        guard
            ([method, url] + lines).allSatisfy({ text in
                text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            })
        else { throw HTTPFailure(kind: .failed, message: "a control character in the request") }
        var answer = chttp_answer()
        defer { chttp_release(&answer) }
        HTTPRequest.withCStrings([method, url] + lines) { strings in
            body.withUnsafeBufferPointer { body in
                lines.indices.map { strings[$0 + 2] }.withUnsafeBufferPointer { headers in
                    var request = chttp_request(
                        method: strings[0], url: strings[1], headers: headers.baseAddress,
                        header_count: UInt64(headers.count), body: body.baseAddress,
                        body_length: UInt64(body.count), seconds: max(0.001, seconds),
                        most_bytes: UInt64(max(0, mostBytes)))
                    chttp_send(&request, &answer)
                }
            }
        }
        guard answer.failure == CHTTP_OK else {
            let message = withUnsafeBytes(of: answer.message) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let kind: HTTPFailure.Kind =
                switch answer.failure {
                case CHTTP_TIMED_OUT: .timedOut
                case CHTTP_TOO_LARGE: .tooLarge
                default: .failed
                }
            throw HTTPFailure(kind: kind, message: message)
        }
        return HTTPAnswer(
            status: Int(answer.status),
            headers: HTTPAnswer.headers(
                Array(UnsafeBufferPointer(start: answer.headers, count: Int(answer.headers_length)))
            ),
            body: Array(UnsafeBufferPointer(start: answer.body, count: Int(answer.body_length))))
    }

    private static func withCStrings(
        _ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> Void
    ) {
        let bytes = texts.map { Array($0.utf8CString) }
        func next(_ index: Int, _ found: [UnsafePointer<CChar>?]) {
            guard index < bytes.count else { return body(found) }
            bytes[index].withUnsafeBufferPointer { next(index + 1, found + [$0.baseAddress]) }
        }
        next(0, [])
    }
}

/// Why no answer came.
public struct HTTPFailure: Error, CustomStringConvertible {
    /// What went wrong.
    public enum Kind: Sendable {
        /// It took longer than the request allows.
        case timedOut
        /// The answer is larger than the request allows.
        case tooLarge
        /// There is no such host, nobody listens, the connection broke.
        case failed
    }

    /// What went wrong.
    public let kind: Kind
    /// One line.
    public let message: String

    /// The message.
    public var description: String { message }
}

/// What came back.
public struct HTTPAnswer: Sendable {
    /// 200, 404 and so on.
    public let status: Int
    /// Names in lower case.
    public let headers: [(name: String, value: String)]
    /// The content.
    public let body: [UInt8]

    /// Makes an answer.
    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header; the name in lower case.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// Reads header lines; what is none is left out.
    static func headers(_ bytes: [UInt8]) -> [(name: String, value: String)] {
        bytes.split(separator: 0x0A).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            func text(_ part: ArraySlice<UInt8>) -> String {
                let blank: Set<UInt8> = [0x20, 0x09, 0x0D]
                let start = part.firstIndex { !blank.contains($0) } ?? part.endIndex
                let end = part.lastIndex { !blank.contains($0) }.map { $0 + 1 } ?? start
                return String(decoding: part[start..<end], as: UTF8.self)
            }
            return (text(line[..<colon]).lowercased(), text(line[(colon + 1)...]))
        }
    }
}
