import Dispatch
public import Numerics

/// All processors, as the host's threads in a run.
public struct TestThreads: WorkSharing {
    /// All processors.
    public init() {}

    /// `count` results in index order.
    public func map<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Result
    ) -> [Result] {
        let places = UnsafeMutableBufferPointer<Result>.allocate(capacity: count)
        defer { places.deallocate() }
        nonisolated(unsafe) let written = places
        DispatchQueue.concurrentPerform(iterations: count) {
            written.initializeElement(at: $0, to: body($0))
        }
        defer { places.deinitialize() }
        return Array(places)
    }

    /// Nobody waits.
    public func reportProgress(_ done: Int, of total: Int) {}
}
