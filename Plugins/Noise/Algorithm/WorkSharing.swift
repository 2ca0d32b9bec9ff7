/// How work is shared out: the plugin gives the host's threads, a test gives none.
public protocol WorkSharing {
    /// `count` results in index order.
    func map<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Result
    ) -> [Result]
    /// Says that a long computation goes on.
    func reportProgress(_ done: Int, of total: Int)
}

extension WorkSharing {
    /// `count` results in index order, of shares of work that keep something from one to the next.
    ///
    /// What is kept must not change the results.
    func map<Scratch, Result: Sendable>(
        _ count: Int, keeping scratch: @Sendable () -> Scratch,
        _ body: @Sendable (Int, inout Scratch) -> Result
    ) -> [Result] {
        let share = 256
        let parts = map((count + share - 1) / share) { part in
            var kept = scratch()
            return (part * share..<min(count, (part + 1) * share)).map { body($0, &kept) }
        }
        return parts.flatMap { $0 }
    }
}

/// One thread.
public struct SerialWork: WorkSharing {
    /// One thread.
    public init() {}

    /// `count` results in index order.
    public func map<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Result
    ) -> [Result] { (0..<count).map(body) }

    /// Nobody waits.
    public func reportProgress(_ done: Int, of total: Int) {}
}
