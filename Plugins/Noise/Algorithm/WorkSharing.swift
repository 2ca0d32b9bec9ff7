/// How work is shared out: the plugin gives the host's threads, a test gives none.
public protocol WorkSharing {
    /// `count` results in index order.
    func map<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Result
    ) -> [Result]
    /// Says that a long computation goes on.
    func reportProgress(_ done: Int, of total: Int)
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
