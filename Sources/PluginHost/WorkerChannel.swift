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

    let socket: Int32

    init(socket: Int32) { self.socket = socket }

    deinit { close(socket) }

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

    /// Receives a message; `nil` when the other side is gone or speaks nonsense.
    func receive() -> Message? {
        var descriptors: [Int32] = []
        guard let header = receive(WorkerChannel.headerBytes, &descriptors) else { return nil }
        var wire = WireReader(header)
        guard let kind = try? wire.integer(UInt64.self), let known = Kind(rawValue: kind),
            let length = try? wire.integer(UInt64.self), length <= WorkerChannel.mostBytes,
            let payload = receive(Int(length), &descriptors)
        else {
            for descriptor in descriptors { close(descriptor) }
            return nil
        }
        return Message(kind: known, payload: payload, descriptors: descriptors)
    }

    private func receive(_ count: Int, _ descriptors: inout [Int32]) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var position = 0
        while position < count {
            var found = [Int32](repeating: -1, count: 200)
            var foundCount = UInt32(found.count)
            let got = bytes.withUnsafeMutableBytes { buffer in
                clx_receive(
                    socket, buffer.baseAddress.map { $0 + position }, UInt64(count - position),
                    &found, &foundCount)
            }
            descriptors += found.prefix(Int(foundCount))
            guard got > 0 else { return nil }
            position += Int(got)
        }
        return bytes
    }
}
