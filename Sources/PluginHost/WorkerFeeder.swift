import BatchStore
import Glibc
import JSONText
import Parallel

/// Hands batches on to one worker as they are sealed.
struct WorkerFeeder: ~Copyable {
    /// Becomes readable when there is something to hand on.
    let bell: Int32
    private let observer: Int
    private let batches: ElementStream<StoredSegment>
    private var sent = 0
    /// Whether the worker has been told that it has everything, or takes nothing any more.
    private(set) var hasSentAll = false

    init(_ batches: ElementStream<StoredSegment>) {
        self.batches = batches
        var pair: [Int32] = [-1, -1]
        let kind =
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            | Int32(SOCK_NONBLOCK.rawValue)
        socketpair(AF_UNIX, kind, 0, &pair)
        bell = pair[0]
        // The striker is closed with its last user: a strike may be under way when the observer is
        // taken back.
        let striker = BellStriker(descriptor: pair[1])
        observer = batches.observe { striker.strike() }
    }

    deinit {
        batches.forget(observer)
        close(bell)
    }

    /// Sends what has come since the last time; false when the batches ended too early.
    ///
    /// A worker that takes nothing is sent nothing more: what became of it shows elsewhere.
    mutating func feed(_ channel: WorkerChannel) -> Bool {
        var strokes = [UInt8](repeating: 0, count: 64)
        while read(bell, &strokes, strokes.count) > 0 {}
        let (segments, ending) = batches.available(from: sent)
        sent += segments.count
        if case .broken? = ending { return false }
        if hasSentAll { return true }
        for stored in segments {
            let document = JSONValue.object([
                "offset": JSONValue(stored.segment.offset),
                "length": JSONValue(stored.segment.length),
                "spilled": .bool(stored.segment.isSpilled),
                "batches": .array(stored.batches.map(\.json)),
            ])
            let isTaken = channel.send(
                .batches, document.bytes, descriptors: [stored.segment.descriptor])
            if !isTaken {
                hasSentAll = true
                return true
            }
        }
        if ending != nil {
            _ = channel.send(.end, [])
            hasSentAll = true
        }
        return true
    }
}

/// The writing end of a bell.
private final class BellStriker: Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func strike() {
        var stroke: UInt8 = 1
        // Nobody may be listening any more.
        send(descriptor, &stroke, 1, Int32(MSG_NOSIGNAL))
    }
}
