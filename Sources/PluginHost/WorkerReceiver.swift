import BatchStore
import Glibc
import JSONText
import Parallel

/// The worker's side of `WorkerFeeder`: maps what comes and puts it into a stream.
final class WorkerReceiver: @unchecked Sendable {
    private let channel: WorkerChannel
    private let space: AddressReservation
    private let batches: ElementStream<StoredSegment>

    init(
        channel: WorkerChannel, space: AddressReservation, batches: ElementStream<StoredSegment>
    ) {
        self.channel = channel
        self.space = space
        self.batches = batches
    }

    /// Receives until the host says that it has sent all, or has gone.
    func run() {
        while let message = channel.receive() {
            switch message.kind {
            case .batches:
                guard let segment = map(message) else { return batches.end(.broken) }
                batches.append(segment)
            case .end: return batches.end(.complete)
            default: return batches.end(.broken)
            }
        }
        batches.end(.broken)
    }

    private func map(_ message: WorkerChannel.Message) -> StoredSegment? {
        guard let descriptor = message.descriptors.first,
            let document = try? JSONValue(parsing: message.payload),
            let offset = document["offset"]?.intValue, let length = document["length"]?.intValue,
            let place = space.take(length),
            let segment = try? Segment(
                descriptor: descriptor, offset: offset, length: length,
                isSpilled: document["spilled"]?.boolValue ?? false, at: place)
        else { return nil }
        return StoredSegment(
            segment: segment,
            batches: (document["batches"]?.arrayValue ?? []).compactMap { StoredBatch(json: $0) })
    }
}
