import Glibc
import JSONText
import Orchestrator
import Parallel

/// Says on standard error how far a run has come: a line that is painted over on a terminal, one line
/// a stage elsewhere.
final class Progress: Sendable {
    /// An analyzer that has not ended.
    struct Running: Sendable {
        let id: String
        let strategy: String
        let passes: Int
        var rows = 0
    }

    private struct State: Sendable {
        var lastPainted = 0.0
        var isPainted = false
        var running: [Running] = []
        /// Rows of all roles, once all are read.
        var rowCount: Int?
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

    /// All records of the data were read; analyzers look at those of all roles.
    func finishedReading(records: Int, ofAllRoles rows: Int) {
        state.withLock { $0.rowCount = rows }
        line("read \(records) records in \(JSONWriter.text(of: clock.seconds)) s")
        paintAnalysis(isForced: true)
    }

    /// These analyzers run, and look at every row about so many times.
    func startAnalysis(_ analyzers: [(identity: AnalyzerIdentity, passes: Int)]) {
        state.withLock { state in
            state.running = analyzers.map {
                Running(id: $0.identity.id, strategy: $0.identity.strategy, passes: $0.passes)
            }
        }
    }

    /// An analyzer has scanned so many rows, all passes together.
    func scanned(_ identity: AnalyzerIdentity, rows: Int) {
        state.withLock { state in
            guard let index = state.running.firstIndex(where: { $0.id == identity.id }) else {
                return
            }
            state.running[index].rows = rows
        }
        paintAnalysis()
    }

    /// The run cannot go on: how its analyzers end says nothing any more.
    func abandon() { state.withLock { $0.isAbandoned = true } }

    /// An analyzer has ended.
    func ended(_ result: AnalyzerResult) {
        if state.withLock({ $0.isAbandoned }) { return }
        let seconds = JSONWriter.text(of: Stopwatch.rounded(result.seconds))
        line("\(result.identity.id) \(result.status.rawValue) in \(seconds) s")
        state.withLock { $0.running.removeAll { $0.id == result.identity.id } }
        paintAnalysis(isForced: true)
    }

    /// Paints how far each analyzer is and how long the slowest will take, once all is read.
    private func paintAnalysis(isForced: Bool = false) {
        guard isTerminal, !isQuiet else { return }
        let (running, rowCount) = state.withLock { ($0.running, $0.rowCount) }
        guard let rowCount, !running.isEmpty else { return }
        paint(
            "analysing  " + Progress.analysis(running, rowCount: rowCount, seconds: clock.seconds),
            isForced: isForced)
    }

    /// `coverage 100 %, noise 40 %  3 s left`.
    static func analysis(_ running: [Running], rowCount: Int, seconds: Double) -> String {
        var left = 0.0
        let parts = running.map { analyzer in
            let whole = max(1, analyzer.passes * rowCount)
            let share = min(1, Double(analyzer.rows) / Double(whole))
            if share > 0 { left = max(left, seconds * (1 - share) / share) }
            return "\(analyzer.strategy) \(Int(share * 100)) %"
        }
        let isKnown = running.contains { $0.rows > 0 && $0.rows < $0.passes * rowCount }
        return parts.joined(separator: ", ") + (isKnown ? "  \(Int(left.rounded(.up))) s left" : "")
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
