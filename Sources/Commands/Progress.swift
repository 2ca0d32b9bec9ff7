import Glibc
import JSONText
import Orchestrator
import Parallel

/// Says on standard error how far a run has come: a line that is painted over on a terminal, one line
/// a stage elsewhere.
final class Progress: Sendable {
    private struct State: Sendable {
        var lastPainted = 0.0
        var isPainted = false
        var running: [String] = []
        var isAbandoned = false
    }

    private let isQuiet: Bool
    private let isTerminal: Bool
    private let clock = Stopwatch()
    private let state = Guarded(State())

    /// Between two paintings: fast enough to look alive, slow enough to cost nothing.
    private static let paintSeconds = 0.1

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
        isTerminal = isatty(2) == 1
    }

    /// So many of the bytes of one file were read.
    func reading(_ name: String, bytes: Int, of total: Int, records: Int) {
        guard isTerminal, !isQuiet, total > 0 else { return }
        let elapsed = clock.seconds
        let rate = Double(bytes) / max(elapsed, 0.001)
        let left = Double(total - bytes) / max(rate, 1)
        paint(
            "reading \(name)  \(bytes * 100 / total) %  \(records) records  "
                + "\(Int(rate / 1_000_000)) MB/s  \(Int(left.rounded(.up))) s left")
    }

    /// All records of the data were read.
    func finishedReading(records: Int) {
        line("read \(records) records in \(JSONWriter.text(of: clock.seconds)) s")
    }

    func startAnalysis(_ strategies: [String]) {
        state.withLock { $0.running = strategies }
        if isTerminal { paint("analysing: " + strategies.joined(separator: ", "), isForced: true) }
    }

    /// The run cannot go on: how its analyzers end says nothing any more.
    func abandon() { state.withLock { $0.isAbandoned = true } }

    /// An analyzer has ended.
    func ended(_ result: AnalyzerResult) {
        if state.withLock({ $0.isAbandoned }) { return }
        let seconds = JSONWriter.text(of: Stopwatch.rounded(result.seconds))
        line("\(result.identity.id) \(result.status.rawValue) in \(seconds) s")
        let left = state.withLock { state in
            if let index = state.running.firstIndex(of: result.identity.strategy) {
                state.running.remove(at: index)
            }
            return state.running
        }
        if isTerminal, !left.isEmpty {
            paint("analysing: " + left.joined(separator: ", "), isForced: true)
        }
    }

    /// Takes the painted line away.
    func end() { state.withLock { clear(&$0) } }

    private func line(_ text: String) {
        guard !isQuiet else { return }
        state.withLock { state in
            clear(&state)
            Diagnostics.line(text)
        }
    }

    private func paint(_ text: String, isForced: Bool = false) {
        guard !isQuiet else { return }
        state.withLock { state in
            let now = clock.seconds
            guard isForced || now - state.lastPainted >= Progress.paintSeconds else { return }
            state.lastPainted = now
            state.isPainted = true
            Diagnostics.write("\r\u{1B}[K" + text)
        }
    }

    private func clear(_ state: inout State) {
        if state.isPainted { Diagnostics.write("\r\u{1B}[K") }
        state.isPainted = false
    }
}

/// Seconds since it was made, and the moment it was made.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now
    /// The moment in UTC, `2026-11-23T22:40:00Z`.
    let started: String

    init() {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        started = String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Seconds, to a hundredth.
    var seconds: Double {
        let elapsed = (ContinuousClock.now - start).components
        return Stopwatch.rounded(Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18)
    }

    static func rounded(_ seconds: Double) -> Double { (seconds * 100).rounded() / 100 }
}
