/// How work is shared out: a plugin gives the host's threads, a test gives none.
public protocol WorkSharing: Sendable {
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
    @inlinable
    public func map<Scratch, Result: Sendable>(
        _ count: Int, keeping scratch: @Sendable () -> Scratch,
        _ body: @Sendable (Int, inout Scratch) -> Result
    ) -> [Result] {
        mapShares(count, share: 256) { range in
            var kept = scratch()
            return range.map { body($0, &kept) }
        }
    }

    /// Results of all indices below `count`, by shares of so many.
    ///
    /// What a share keeps in hand must not change them.
    @inlinable
    public func mapShares<Result: Sendable>(
        _ count: Int, share: Int = 128, _ body: @Sendable (Range<Int>) -> [Result]
    ) -> [Result] {
        map((count + share - 1) / share) { part in
            body(part * share..<min(count, (part + 1) * share))
        }.flatMap { $0 }
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
