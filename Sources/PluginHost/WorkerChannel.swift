import CLinux
import Glibc
import JSONText

/// Messages between host and worker: kind, length, payload, descriptors.
final class WorkerChannel {
    /// What a message is.
    enum Kind: UInt64 {
        case request = 1
        case ready, result, failure
    }

    /// One message.
    struct Message {
        let kind: Kind
        let payload: [UInt8]
        let descriptors: [Int32]
    }

    private static let headerBytes = 16
    /// A worker's answer beyond this is refused.
    private static let mostBytes: UInt64 = 8 << 30

    private static let mostDescriptors = 200
    private static let mostBytesAtOnce = 64 << 20

    let socket: Int32
    private var pending: [UInt8] = []
    /// Descriptors that came with bytes of a message that is not whole yet.
    private var descriptors: [Int32] = []
    private var chunk = [UInt8](repeating: 0, count: 1 << 18)
    private var isBroken = false

    init(socket: Int32) { self.socket = socket }

    deinit {
        for descriptor in descriptors { close(descriptor) }
        close(socket)
    }

    /// Sends a message; false when the other side is gone.
    func send(_ kind: Kind, _ payload: [UInt8], descriptors: [Int32] = []) -> Bool {
        var header = WireWriter()
        header.integer(kind.rawValue)
        header.integer(UInt64(payload.count))
        return clx_send(
            socket, header.bytes, UInt64(header.bytes.count), descriptors, UInt32(descriptors.count)
        ) == 0
            && (payload.isEmpty || clx_send(socket, payload, UInt64(payload.count), nil, 0) == 0)
    }

    /// Waits for a message; `nil` when the other side is gone or speaks nonsense.
    func receive() -> Message? {
        while true {
            if let message = takeMessage() { return message }
            guard !isBroken, fetch(waits: true) > 0 else { return nil }
        }
    }

    /// The messages that have come in, without waiting: what a plugin writes to the channel must not
    /// keep the host from looking at the clock.
    ///
    /// `nil` when the other side is gone or speaks nonsense.
    func receiveAvailable() -> [Message]? {
        var fetched = 0
        var got = 1
        while got > 0, fetched < WorkerChannel.mostBytesAtOnce {
            got = fetch(waits: false)
            fetched += max(got, 0)
        }
        var messages: [Message] = []
        while let message = takeMessage() { messages.append(message) }
        let isGone = got == 0 || got == -1
        return messages.isEmpty && (isBroken || isGone) ? nil : messages
    }

    /// Takes what the socket has to the end of `pending`; the number of bytes, or what the call said.
    private func fetch(waits: Bool) -> Int {
        var found = [Int32](repeating: -1, count: WorkerChannel.mostDescriptors)
        var foundCount = UInt32(found.count)
        let got = chunk.withUnsafeMutableBytes {
            clx_receive(
                socket, $0.baseAddress, UInt64($0.count), &found, &foundCount, waits ? 1 : 0)
        }
        descriptors += found.prefix(Int(foundCount))
        if got > 0 { pending.append(contentsOf: chunk[..<Int(got)]) }
        return Int(got)
    }

    /// The first whole message of what has come in.
    private func takeMessage() -> Message? {
        guard pending.count >= WorkerChannel.headerBytes else { return nil }
        var wire = WireReader(Array(pending[..<WorkerChannel.headerBytes]))
        guard let kind = try? wire.integer(UInt64.self), let known = Kind(rawValue: kind),
            let length = try? wire.integer(UInt64.self), length <= WorkerChannel.mostBytes
        else {
            isBroken = true
            return nil
        }
        let end = WorkerChannel.headerBytes + Int(length)
        guard pending.count >= end else { return nil }
        let message = Message(
            kind: known, payload: Array(pending[WorkerChannel.headerBytes..<end]),
            descriptors: descriptors)
        pending.removeFirst(end)
        descriptors = []
        return message
    }
}
