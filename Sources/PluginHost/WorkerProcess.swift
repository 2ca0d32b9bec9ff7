import BatchStore
import CLinux
import Glibc
import JSONText
import Orchestrator

/// How one attempt in a worker ended.
enum AttemptOutcome {
    /// The wire bytes of the output.
    case finished([UInt8])
    /// The analyzer returned an error, or could not be loaded.
    case failed(AnalyzerFailure)
    /// The process ended by a signal or an exit in the middle of its work.
    case crashed(Crash)
}

/// One attempt in a worker.
struct Attempt {
    var outcome: AttemptOutcome
    /// Protections that were in force, by name.
    var protections: [String: Bool] = [:]
    /// The end of what the worker printed.
    var printed = ""
    /// Most bytes that it held, shared batches included.
    var peakMemoryBytes = 0
}

/// What is known of a worker that ended too early or was stopped.
struct Crash {
    /// `SIGSEGV`, `exit code 0`, or `no answer for 2 s`.
    var cause: String
    /// Whether the host stopped it because a call took too long.
    var isTimeout: Bool
    /// What its threads were doing.
    var activities: [ProgressPage.Activity]
    /// The end of what it printed.
    var printed: String
}

/// One worker process for one request.
struct WorkerProcess {
    let workerPath: String
    let segments: [Segment]
    let callSeconds: Double
    /// Assignments `NAME=value` that the worker is given beside its own.
    let variables: [String]

    /// Starts a worker, waits for its answer and cleans up after it.
    func run(_ request: AnalyzerRequest) -> Attempt {
        var pair: [Int32] = [-1, -1]
        guard
            socketpair(
                AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0,
            let progress = ProgressPage()
        else { return Attempt(outcome: .failed(systemFailure("cannot open a channel"))) }
        let output = clx_memory_file("assay-worker-output")
        defer { close(output) }
        let channel = WorkerChannel(socket: pair[0])
        let pid = spawn(socket: pair[1], output: output)
        close(pair[1])
        guard pid > 0 else {
            return Attempt(outcome: .failed(systemFailure("cannot start \(workerPath)")))
        }
        let pidfd = clx_pidfd_open(pid)
        defer { if pidfd >= 0 { close(pidfd) } }
        var document = request.json.objectValue ?? JSONObject()
        document["segments"] = .array(segments.map { JSONValue($0.length) })
        _ = channel.send(
            .request, JSONValue.object(document).bytes,
            descriptors: [progress.descriptor] + segments.map(\.descriptor))
        var protections: [String: Bool] = [:]
        var outcome: AttemptOutcome?
        var stopped = false
        var watch = DeadlineWatch(seconds: callSeconds)
        while outcome == nil {
            var polled = [
                pollfd(fd: channel.socket, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&polled, 2, 50)
            if ready < 0, errno != EINTR { break }
            if ready > 0, polled[0].revents & Int16(POLLIN) != 0 {
                guard let message = channel.receive() else { break }
                switch message.kind {
                case .ready: protections = WorkerProcess.flags(message.payload)
                case .result: outcome = .finished(message.payload)
                case .failure: outcome = .failed(WorkerProcess.failure(message.payload))
                case .request: break
                }
            } else if ready > 0, polled[0].revents | polled[1].revents != 0 {
                break
            } else if watch.isOverdue(progress.activities) {
                stopped = true
                break
            }
        }
        let activities = Array(progress.activities.sorted { $0.key < $1.key }.map(\.value))
        if stopped || outcome != nil { stop(pid, pidfd, isGraceful: outcome != nil && !stopped) }
        var status: Int32 = 0
        var peak: UInt64 = 0
        _ = clx_wait(pid, &status, &peak)
        let printed = WorkerProcess.printed(output)
        let cause =
            stopped
            ? "no answer for \(JSONWriter.text(of: callSeconds)) s"
            : clx_exited(status) != 0
                ? "exit code \(clx_exit_code(status))" : SignalName.name(clx_term_signal(status))
        return Attempt(
            outcome: outcome
                ?? .crashed(
                    Crash(
                        cause: cause, isTimeout: stopped, activities: activities, printed: printed)),
            protections: protections, printed: printed, peakMemoryBytes: Int(peak))
    }

    /// A finished worker gets a moment to leave by itself; destructors of plugins may run there.
    private func stop(_ pid: pid_t, _ pidfd: Int32, isGraceful: Bool) {
        if isGraceful {
            var polled = [pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)]
            if poll(&polled, 1, 500) > 0 { return }
        }
        if clx_pidfd_kill(pidfd) != 0 { kill(pid, SIGKILL) }
    }

    private func spawn(socket: Int32, output: Int32) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, socket, WorkerProgram.socket)
        let environment = ["SWIFT_BACKTRACE=enable=no", "LC_ALL=C"] + variables
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(workerPath), nil]
        var assignments: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + assignments { free(text) } }
        var pid: pid_t = 0
        return posix_spawn(&pid, workerPath, &actions, nil, &arguments, &assignments) == 0
            ? pid : -1
    }

    private func systemFailure(_ what: String) -> AnalyzerFailure {
        AnalyzerFailure(
            call: "start", message: "\(what): \(String(cString: strerror(errno)))", row: -1)
    }

    private static func flags(_ payload: [UInt8]) -> [String: Bool] {
        let members = (try? JSONValue(parsing: payload))?.objectValue?.members ?? []
        return Dictionary(
            members.compactMap { member in member.value.boolValue.map { (member.key, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    private static func failure(_ payload: [UInt8]) -> AnalyzerFailure {
        let value = (try? JSONValue(parsing: payload)) ?? .null
        return AnalyzerFailure(
            call: value["call"]?.stringValue ?? "run",
            message: value["message"]?.stringValue ?? "failed without a message",
            row: Int64(value["row"]?.intValue ?? -1),
            isConfigurationFault: value["configuration"]?.boolValue ?? false)
    }

    /// The last 400 bytes that the worker printed.
    private static func printed(_ descriptor: Int32) -> String {
        let length = lseek(descriptor, 0, SEEK_END)
        guard length > 0 else { return "" }
        var tail = [UInt8](repeating: 0, count: min(length, 400))
        let got = pread(descriptor, &tail, tail.count, off_t(max(0, length - 400)))
        return String(decoding: tail.prefix(max(got, 0)), as: UTF8.self)
    }
}

/// Notices a call that has not moved for too long.
private struct DeadlineWatch {
    let seconds: Double
    private var seen: [Int: (counter: UInt64, since: ContinuousClock.Instant)] = [:]

    init(seconds: Double) { self.seconds = seconds }

    mutating func isOverdue(_ activities: [Int: ProgressPage.Activity]) -> Bool {
        let now = ContinuousClock.now
        seen = seen.filter { activities[$0.key] != nil }
        for (thread, activity) in activities {
            if let last = seen[thread], last.counter == activity.counter {
                if now - last.since > .seconds(seconds) { return true }
            } else {
                seen[thread] = (activity.counter, now)
            }
        }
        return false
    }
}

/// Names of signals.
enum SignalName {
    private static let names: [Int32: String] = [
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGILL: "SIGILL",
        SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV", SIGTRAP: "SIGTRAP", SIGTERM: "SIGTERM",
        SIGSYS: "SIGSYS", SIGXCPU: "SIGXCPU", SIGPIPE: "SIGPIPE",
    ]

    /// `SIGSEGV` for 11, and so on.
    static func name(_ number: Int32) -> String { names[number] ?? "signal \(number)" }
}
