import BatchStore
import CLinux
import Glibc
import JSONText
import Orchestrator
import Parallel

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
    /// The batches, as they are sealed.
    let batches: ElementStream<StoredSegment>
    let callSeconds: Double
    /// Assignments `NAME=value` that the worker is given beside its own.
    let variables: [String]
    /// Called now and then with the rows scanned so far.
    let onScanned: @Sendable (Int) -> Void
    /// Seconds in all, whatever progress is reported.
    var mostSeconds = Double.infinity

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
        _ = channel.send(.request, request.json.bytes, descriptors: [progress.descriptor])
        let served = serve(channel, progress, pidfd)
        let activities = Array(progress.activities.sorted { $0.key < $1.key }.map(\.value))
        let wasStopped = stop(
            pid, pidfd, isOverdue: served.isOverdue || served.isAbandoned)
        var status: Int32 = 0
        var peak: UInt64 = 0
        _ = clx_wait(pid, &status, &peak)
        let printed = WorkerProcess.printed(output)
        if served.isAbandoned {
            return Attempt(outcome: .failed(AnalyzerFailure.noMoreBatches))
        }
        let cause: String
        if served.isOverdue {
            cause =
                served.isEndless
                ? "no end after \(JSONWriter.text(of: mostSeconds)) s"
                : "no answer for \(JSONWriter.text(of: callSeconds)) s"
        } else if wasStopped {
            cause = "nonsense on its channel to the host"
        } else if clx_exited(status) != 0 {
            cause = "exit code \(clx_exit_code(status))"
        } else {
            cause = SignalName.name(clx_term_signal(status))
        }
        let crash = Crash(
            cause: cause, isTimeout: served.isOverdue, activities: activities, printed: printed)
        return Attempt(
            outcome: served.outcome ?? .crashed(crash), protections: served.protections,
            printed: printed, peakMemoryBytes: Int(peak))
    }

    private struct Served {
        var outcome: AttemptOutcome?
        var protections: [String: Bool] = [:]
        /// Whether a call took too long.
        var isOverdue = false
        /// Whether all calls together did.
        var isEndless = false
        /// Whether the batches ended too early.
        var isAbandoned = false
    }

    /// Listens until the worker has answered, has gone, speaks nonsense or takes too long.
    private func serve(
        _ channel: WorkerChannel, _ progress: ProgressPage, _ pidfd: Int32
    ) -> Served {
        var served = Served()
        var watch = DeadlineWatch(seconds: callSeconds)
        let start = ContinuousClock.now
        var feeder = WorkerFeeder(batches)
        channel.limitSending(toSeconds: max(1, callSeconds))
        while served.outcome == nil {
            guard feeder.feed(channel) else {
                served.isAbandoned = true
                return served
            }
            var polled = [
                pollfd(fd: channel.socket, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0),
                pollfd(fd: feeder.bell, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&polled, 3, WorkerProcess.pollMilliseconds)
            if ready < 0, errno != EINTR { return served }
            if ready > 0, polled[0].revents & Int16(POLLIN) != 0 {
                guard let messages = channel.receiveAvailable() else { return served }
                for message in messages { take(message, into: &served) }
            } else if ready > 0, polled[0].revents | polled[1].revents != 0 {
                return served
            }
            onScanned(Int(clamping: progress.scannedRows))
            if mostSeconds.isFinite, ContinuousClock.now - start > .seconds(mostSeconds) {
                (served.isOverdue, served.isEndless) = (true, true)
                return served
            }
            if served.outcome == nil, watch.isOverdue(progress, hasAll: feeder.hasSentAll) {
                served.isOverdue = true
                return served
            }
        }
        return served
    }

    private static let pollMilliseconds: Int32 = 50

    private func take(_ message: WorkerChannel.Message, into served: inout Served) {
        // No worker has descriptors to give.
        for descriptor in message.descriptors { close(descriptor) }
        switch message.kind {
        case .ready: served.protections = WorkerProcess.flags(message.payload)
        case .result: served.outcome = .finished(message.payload)
        case .failure: served.outcome = .failed(WorkerProcess.failure(message.payload))
        case .request, .batches, .end: break
        }
    }

    /// Ends a worker; true when it had to be stopped.
    ///
    /// It gets a moment to leave by itself, destructors of plugins may run there; an overdue one
    /// does not.
    private func stop(_ pid: pid_t, _ pidfd: Int32, isOverdue: Bool) -> Bool {
        if !isOverdue {
            var polled = [pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)]
            if poll(&polled, 1, 500) > 0 { return false }
        }
        if clx_pidfd_kill(pidfd) != 0 { kill(pid, SIGKILL) }
        return true
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

/// Notices a call that has not moved for too long, and a worker that makes no call at all.
private struct DeadlineWatch {
    let seconds: Double
    private var seen: [Int: (counter: UInt64, since: ContinuousClock.Instant)] = [:]
    private var movement: (count: UInt64, since: ContinuousClock.Instant)

    /// Between calls the host's own code sorts and merges: it is given more time than a call.
    private static let idleFactor = 4.0

    init(seconds: Double) {
        self.seconds = seconds
        movement = (0, ContinuousClock.now)
    }

    /// A worker that waits for batches is not idle.
    mutating func isOverdue(_ progress: ProgressPage, hasAll: Bool) -> Bool {
        let now = ContinuousClock.now
        let count = progress.movement
        if count != movement.count || !hasAll { movement = (count, now) }
        if now - movement.since > .seconds(seconds * DeadlineWatch.idleFactor) { return true }
        let activities = progress.activities
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
