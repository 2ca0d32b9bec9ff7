/// `count` results of a body in index order, perhaps side by side: the plugin gives the host's threads,
/// a test gives none.
public protocol WorkSharing: Sendable {
    /// `count` results in index order.
    func map<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Result
    ) -> [Result]
}

extension WorkSharing {
    /// Results of all indices, in shares of `share`: what a share keeps in hand must not change them.
    func mapShares<Result: Sendable>(
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
}
