import Parallel

/// Runs analyzers side by side and brings together what they say.
public enum RunCoordinator {
    /// Runs every analyzer on a thread of its own and returns the results in the order given.
    ///
    /// An analyzer that fails costs its own part and nothing else.
    public static func run(
        _ runners: [any AnalyzerRunner],
        onEnd: @escaping @Sendable (AnalyzerResult) -> Void = { _ in }
    ) -> [AnalyzerResult] {
        ThreadTeam.map(runners.count, threads: runners.count) { index in
            let result = runners[index].run()
            onEnd(result)
            return result
        }
    }
}
