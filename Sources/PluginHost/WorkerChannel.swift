import CLinux
import Glibc
import JSONText

/// Messages between host and worker: kind, length, payload, descriptors.
final class WorkerChannel {
    /// What a message is.
    enum Kind: UInt64 {
        case request = 1
        case ready, result, failure
        /// One segment, its descriptor, and the batches in it.
        case batches
        /// No more batches come: all have come when the payload is empty.
        case end
    }

    /// One message.
    struct Message {
        let kind: Kind
        let payload: [UInt8]
        let descriptors: [Int32]
    }

    private static let headerBytes = 16
    /// Bits of the first word below the number of descriptors.
    private static let countShift: UInt64 = 32
    /// A worker's answer beyond this is refused.
    private static let mostBytes: UInt64 = 8 << 30

    private static let mostDescriptors = 8
    private static let mostBytesAtOnce = 64 << 20

    let socket: Int32
    private var pending: [UInt8] = []
    /// Descriptors that came with bytes of a message that is not whole yet.
    private var descriptors: [Int32] = []
    private var chunk = [UInt8](repeating: 0, count: 1 << 18)
    private var isBroken = false

    init(socket: Int32) { self.socket = socket }

    /// Lets no call of `send` wait longer for the other side.
    func limitSending(toSeconds seconds: Double) {
        var limit = timeval(
            tv_sec: Int(seconds), tv_usec: Int((seconds - seconds.rounded(.down)) * 1e6))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
        close(socket)
    }

    /// Sends a message; false when the other side is gone.
    func send(_ kind: Kind, _ payload: [UInt8], descriptors: [Int32] = []) -> Bool {
        var header = WireWriter()
        header.integer(kind.rawValue | UInt64(descriptors.count) << WorkerChannel.countShift)
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
        guard let word = try? wire.integer(UInt64.self),
            let known = Kind(rawValue: word & (1 << WorkerChannel.countShift - 1)),
            let length = try? wire.integer(UInt64.self), length <= WorkerChannel.mostBytes,
            word >> WorkerChannel.countShift <= UInt64(descriptors.count)
        else {
            isBroken = true
            return nil
        }
        let end = WorkerChannel.headerBytes + Int(length)
        guard pending.count >= end else { return nil }
        // Descriptors come with the first byte of their message, some of which may have come with the
        // end of the one before: the header says how many are its own.
        let own = Int(word >> WorkerChannel.countShift)
        let message = Message(
            kind: known, payload: Array(pending[WorkerChannel.headerBytes..<end]),
            descriptors: Array(descriptors.prefix(own)))
        pending.removeFirst(end)
        descriptors.removeFirst(own)
        return message
    }
}
