import Glibc
public import JSONText
import Parallel

/// What may be asked for in all, over every run with the same log.
public struct GenerationBudget: Sendable {
    /// Records that generators may give.
    public var records: Int
    /// Calls that may be made; `nil` for any number.
    public var calls: Int?
    /// Tokens that a model may count; `nil` for any number.
    public var tokens: Int?

    /// Makes a budget.
    public init(records: Int, calls: Int? = nil, tokens: Int? = nil) {
        self.records = records
        self.calls = calls
        self.tokens = tokens
    }
}

/// A file of all that generators gave, line by line as it came: a run that was interrupted goes on where it
/// stopped, and nothing that was paid for is asked for again.
///
/// Any number of threads may add to it.
public final class GenerationLog: Sendable {
    private struct State: Sendable {
        var records: [String: [JSONValue]] = [:]
        var done: Set<String> = []
        var recordCount = 0
        /// Records that calls under way may still bring.
        var claimed = 0
        var calls = 0
        var tokens = 0
        /// Why the file could not be written.
        var fault: String?
    }

    private let path: String
    private let file: Int32
    private let state: Guarded<State>
    /// What may be asked for in all.
    public let budget: GenerationBudget

    /// Opens the log at a path, or begins one there.
    ///
    /// A last line that was cut off is taken away; O(bytes).
    ///
    /// - Throws: `GenerationError` when the file cannot be opened or holds something else.
    public init(path: String, budget: GenerationBudget) throws {
        self.path = path
        self.budget = budget
        let help = "name another file with --generated"
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw GenerationError(
                "\(path): cannot be opened: \(String(cString: strerror(errno)))", help: help)
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        var state = State()
        let whole = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        for (index, line) in bytes[..<whole].split(separator: 0x0A).enumerated() {
            guard let value = try? JSONValue(parsing: Array(line)),
                GenerationLog.note(value, in: &state)
            else {
                close(file)
                throw GenerationError(
                    "\(path) line \(index + 1): expected a line of a generation log, found "
                        + "\(String(decoding: line.prefix(80), as: UTF8.self))", help: help)
            }
        }
        let tail = String(decoding: bytes[whole...], as: UTF8.self)
        guard
            whole > 0
                || ["{\"request\":", "{\"done\":", "{\"calls\":"].contains(where: {
                    tail.hasPrefix($0) || $0.hasPrefix(tail)
                })
        else {
            close(file)
            throw GenerationError(
                "\(path) line 1: expected a line of a generation log, found \(tail.prefix(80))",
                help: help)
        }
        if whole < bytes.count { ftruncate(file, off_t(whole)) }
        lseek(file, 0, SEEK_END)
        self.state = Guarded(state)
    }

    deinit { close(file) }

    /// A count from outside: sums of as many as memory holds stay far below the largest integer.
    private static func bounded(_ count: Int) -> Int { min(max(0, count), 1 << 32) }

    private static func note(_ line: JSONValue, in state: inout State) -> Bool {
        if let id = line["request"]?.stringValue, let record = line["record"] {
            state.records[id, default: []].append(record)
            state.recordCount += 1
        } else if let id = line["done"]?.stringValue {
            state.done.insert(id)
        } else if let calls = line["calls"]?.intValue {
            state.calls += bounded(calls)
            state.tokens += bounded(line["tokens"]?.intValue ?? 0)
        } else {
            return false
        }
        return true
    }

    private func add(_ line: JSONObject) {
        state.withLock { add(line, &$0) }
    }

    private func add(_ line: JSONObject, _ state: inout State) {
        var writer = JSONWriter()
        writer.value(.object(line))
        writer.newline()
        let bytes = writer.bytes
        _ = GenerationLog.note(.object(line), in: &state)
        guard state.fault == nil else { return }
        let end = lseek(file, 0, SEEK_CUR)
        var position = 0
        while position < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(file, $0.baseAddress.map { $0 + position }, bytes.count - position)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                state.fault = String(cString: strerror(errno))
                // Half a line in the middle would make the whole log unreadable.
                if ftruncate(file, end) == 0 { lseek(file, end, SEEK_SET) }
                return
            }
            position += count
        }
    }

    /// Notes a record that came for a request.
    public func add(_ record: JSONValue, for request: String) {
        add(["request": .string(request), "record": record])
    }

    /// Notes that nothing more comes for a request.
    public func finish(_ request: String) { add(["done": .string(request)]) }

    /// Records that came for a request so far, in their order.
    public func records(for request: String) -> [JSONValue] {
        state.withLock { $0.records[request] ?? [] }
    }

    /// Whether nothing more comes for a request.
    public func isDone(_ request: String) -> Bool { state.withLock { $0.done.contains(request) } }

    /// What a caller may do.
    public enum Claim: Sendable, Equatable {
        /// One call for so many records.
        case granted(Int)
        /// None, and why.
        case refused(String)
    }

    /// Claims one call for at most so many records, above 0; to be given back with `release`.
    public func claim(records: Int) -> Claim {
        state.withLock { state in
            if let fault = state.fault { return .refused("\(path): cannot be written: \(fault)") }
            let left = budget.records - state.recordCount - state.claimed
            if left <= 0 { return .refused("the budget of \(budget.records) records is spent") }
            if let calls = budget.calls, state.calls >= calls {
                return .refused("the budget of \(calls) calls is spent")
            }
            if let tokens = budget.tokens, state.tokens >= tokens {
                return .refused("the budget of \(tokens) tokens is spent")
            }
            let granted = min(records, left)
            state.claimed += granted
            add(["calls": 1], &state)
            return .granted(granted)
        }
    }

    /// Gives back what was claimed for a call that has ended, and notes the tokens that it cost.
    public func release(records: Int, tokens: Int = 0) {
        state.withLock { state in
            state.claimed -= records
            if tokens > 0 { add(["calls": 0, "tokens": JSONValue(tokens)], &state) }
        }
    }
}
