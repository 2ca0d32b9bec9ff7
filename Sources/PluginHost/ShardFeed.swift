import BatchStore
import Orchestrator
import Parallel
import Records

/// A batch in the memory of this process.
struct FedBatch: Sendable {
    let stored: StoredBatch
    /// Keeps the memory mapped.
    let segment: Segment
}

/// What one call of `begin` is followed by: rows of some batches of one role.
struct FedShard: Sendable {
    let role: Role
    let pieces: [(batch: FedBatch, rows: Range<Int>)]
}

/// The batches of a run as shards, cut while they come.
final class ShardFeed: Sendable {
    private struct State: Sendable {
        var cutter: ShardCutter
        var segmentCount = 0
        var batches: [FedBatch] = []
        var shards: [FedShard] = []
        var hasEnded = false
    }

    private let stream: ElementStream<StoredSegment>
    private let state: Guarded<State>

    init(_ stream: ElementStream<StoredSegment>, skipped: [SkippedRow]) {
        self.stream = stream
        state = Guarded(State(cutter: ShardCutter(skipped: Set(skipped))))
    }

    /// The shard of a number, waiting for its batches; `nil` when there are not so many.
    func shard(at index: Int) -> FedShard? {
        // Whoever waits holds the lock: the others need the same batches.
        state.withLock { state in
            while index >= state.shards.count, !state.hasEnded { take(&state) }
            return index < state.shards.count ? state.shards[index] : nil
        }
    }

    /// Takes the next segment, or notices that none comes.
    private func take(_ state: inout State) {
        guard let next = stream.element(at: state.segmentCount) else {
            if let last = state.cutter.finish() { add(last, to: &state) }
            state.hasEnded = true
            return
        }
        state.segmentCount += 1
        for batch in next.batches {
            state.batches.append(FedBatch(stored: batch, segment: next.segment))
            let complete = state.cutter.add(
                role: batch.role, firstRow: batch.firstRow, rowCount: batch.rowCount)
            for shard in complete { add(shard, to: &state) }
        }
    }

    private func add(_ shard: Shard, to state: inout State) {
        state.shards.append(
            FedShard(
                role: shard.role,
                pieces: shard.ranges.map { (state.batches[$0.batch], $0.rows) }))
    }

    /// The first batch, which has the columns of all; `nil` when there is none.
    func firstBatch() -> FedBatch? {
        stream.element(at: 0).flatMap { first in
            first.batches.first.map { FedBatch(stored: $0, segment: first.segment) }
        }
    }

    /// Waits for all batches.
    ///
    /// - Throws: `AnalyzerFailure` when they ended too early.
    func allBatches() throws -> [FedBatch] {
        let (segments, ending) = stream.all()
        guard case .complete = ending else { throw AnalyzerFailure.noMoreBatches }
        return segments.flatMap { segment in
            segment.batches.map { FedBatch(stored: $0, segment: segment.segment) }
        }
    }

    /// Number of shards, once the last has been asked for.
    var shardCount: Int { state.withLock { $0.shards.count } }
}

extension AnalyzerFailure {
    /// The host stopped reading.
    static let noMoreBatches = AnalyzerFailure(
        call: "scan", message: "the batches ended before the dataset did")
}
