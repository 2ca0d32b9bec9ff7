import Foundation
import Glibc

/// A small HTTP server on the loopback interface: one thread, one request after the other.
public final class LoopbackServer: @unchecked Sendable {
    /// What was asked.
    public struct Request: Sendable {
        /// The first line.
        public let line: String
        /// Names in lower case.
        public let headers: [String: String]
        /// The content.
        public let body: [UInt8]
    }

    /// What is answered.
    public struct Answer: Sendable {
        /// 200 and so on.
        public var status = 200
        /// Header lines.
        public var headers: [String] = []
        /// The content.
        public var body: [UInt8] = []
        /// Seconds before it is sent.
        public var delay = 0.0

        /// Makes an answer.
        public init(
            status: Int = 200, headers: [String] = [], body: [UInt8] = [], delay: Double = 0
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.delay = delay
        }
    }

    private let listener: Int32
    private let handler: @Sendable (Int, Request) -> Answer
    private var thread = pthread_t()
    /// Where it listens.
    public let port: UInt16

    /// Starts it; `handler` is given the number of the request, from 0.
    public init(_ handler: @escaping @Sendable (Int, Request) -> Answer) {
        self.handler = handler
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var port: UInt16 = 0
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(listener, pointer, size)
                _ = listen(listener, 16)
                _ = getsockname(listener, pointer, &size)
            }
            port = UInt16(bigEndian: pointer.pointee.sin_port)
        }
        self.port = port
        self.listener = listener
        let retained = Unmanaged.passRetained(self)
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<LoopbackServer>.fromOpaque(context).takeRetainedValue().serve()
                return nil
            }, retained.toOpaque())
    }

    /// Ends it and waits.
    public func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        pthread_join(thread, nil)
        close(listener)
    }

    private func serve() {
        var number = 0
        while true {
            let connection = accept(listener, nil, nil)
            if connection < 0 { return }
            if let request = read(connection) {
                let answer = handler(number, request)
                number += 1
                if answer.delay > 0 { usleep(UInt32(answer.delay * 1_000_000)) }
                var bytes = Array("HTTP/1.1 \(answer.status) X\r\n".utf8)
                for header in answer.headers { bytes += Array("\(header)\r\n".utf8) }
                bytes += Array(
                    "Content-Length: \(answer.body.count)\r\nConnection: close\r\n\r\n".utf8)
                bytes += answer.body
                var position = 0
                while position < bytes.count {
                    let count = bytes.withUnsafeBytes {
                        send(
                            connection, $0.baseAddress.map { $0 + position },
                            bytes.count - position, Int32(MSG_NOSIGNAL))
                    }
                    if count <= 0 { break }
                    position += count
                }
            }
            close(connection)
        }
    }

    private func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let lines = text[..<end.lowerBound].split(separator: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let halves = line.split(separator: ":", maxSplits: 1)
                    if halves.count == 2 {
                        headers[halves[0].lowercased()] = String(halves[1].drop { $0 == " " })
                    }
                }
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                let start = text[..<end.upperBound].utf8.count
                if bytes.count >= start + length {
                    return Request(
                        line: String(lines.first ?? ""), headers: headers,
                        body: Array(bytes[start..<start + length]))
                }
            }
            let count = recv(connection, &chunk, chunk.count, 0)
            if count <= 0 { return nil }
            bytes += chunk[..<count]
        }
    }
}
