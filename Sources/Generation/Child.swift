import Glibc

/// The group of the program that is running; 0 for none.
///
/// For the handler of a signal that ends this program: the other must not outlive it.
private nonisolated(unsafe) var runningGroup: pid_t = 0

private func endBoth(_ number: Int32) {
    if runningGroup > 0 { kill(-runningGroup, SIGKILL) }
    signal(number, SIG_DFL)
    raise(number)
}

/// A shell's command with its standard input and output in pipes, in a process group of its own.
final class Child {
    private let process: pid_t
    private var input: Int32
    private let output: Int32
    private var status: Int32?
    private let pipeHandler: sig_t?
    private var handlers: [(number: Int32, handler: sig_t?)] = []

    /// Seconds of a clock that only goes forward.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Starts `command` with `/bin/sh`.
    ///
    /// - Throws: `GenerationError` when no process can be started.
    init(_ command: String, environment: [String]) throws {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        func fail(_ code: Int32) -> GenerationError {
            GenerationError(
                "the generator cannot be started: \(String(cString: strerror(code)))",
                help: "check the command: \(command)")
        }
        guard pipe(&toChild) == 0 else { throw fail(errno) }
        guard pipe(&fromChild) == 0 else {
            let code = errno
            for file in toChild { Glibc.close(file) }
            throw fail(code)
        }
        for file in toChild + fromChild { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        // A program that ends early must not end this one.
        pipeHandler = signal(SIGPIPE, SIG_IGN)
        var pid = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] =
            ["sh", "-c", command].map { (text: String) in strdup(text) } + [nil]
        var assignments: [UnsafeMutablePointer<CChar>?] =
            environment.map { (text: String) in
                strdup(text)
            } + [nil]
        defer { for text in arguments + assignments { free(text) } }
        let code = posix_spawn(&pid, "/bin/sh", &actions, &attributes, &arguments, &assignments)
        Glibc.close(toChild[0])
        Glibc.close(fromChild[1])
        (process, input, output) = (pid, toChild[1], fromChild[0])
        guard code == 0 else {
            status = 0
            close()
            throw fail(code)
        }
        runningGroup = pid
        handlers = [SIGINT, SIGTERM, SIGHUP].map { ($0, signal($0, endBoth)) }
        _ = fcntl(input, F_SETFL, O_NONBLOCK)
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
    }

    /// Kills and forgets it.
    func close() {
        closeInput()
        Glibc.close(output)
        if status == nil { _ = end(isKilled: true, seconds: 0) }
        runningGroup = 0
        for (number, handler) in handlers { signal(number, handler) }
        signal(SIGPIPE, pipeHandler)
    }

    /// Nothing more is written to it.
    func closeInput() {
        guard input >= 0 else { return }
        Glibc.close(input)
        input = -1
    }

    /// What can be done.
    enum Event { case nothing, canRead, canWrite }

    /// Waits until something can be done; reading comes first.
    func wait(seconds: Double) -> Event {
        var files = [pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
        if input >= 0 { files.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
        let milliseconds = Int32(min(max(1, seconds * 1000), 3_600_000))
        guard poll(&files, nfds_t(files.count), milliseconds) > 0 else { return .nothing }
        if files[0].revents != 0 { return .canRead }
        return files.count > 1 && files[1].revents != 0 ? .canWrite : .nothing
    }

    /// Bytes that it took; `nil` when it takes no more.
    func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        let count = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    /// What it wrote; `nil` at the end.
    func read() -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(output, &chunk, chunk.count)
        if count > 0 { return Array(chunk[..<count]) }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? [] : nil
    }

    /// Waits for its end, kills it after so many seconds; says how it failed, or nothing.
    func end(isKilled: Bool, seconds: Double) -> String {
        closeInput()
        if isKilled { kill(-process, SIGKILL) }
        let deadline = Child.now + seconds
        var code: Int32 = 0
        var isEnded = isKilled
        if isKilled {
            while waitpid(process, &code, 0) < 0, errno == EINTR {}
        }
        while !isEnded {
            let ended = waitpid(process, &code, WNOHANG)
            if ended == process || ended < 0 && errno != EINTR {
                isEnded = true
            } else if Child.now >= deadline {
                kill(-process, SIGKILL)
                while waitpid(process, &code, 0) < 0, errno == EINTR {}
                isEnded = true
            } else {
                usleep(10_000)
            }
        }
        // Whatever it started goes with it.
        kill(-process, SIGKILL)
        status = code
        if code & 0x7F != 0 { return "was ended by signal \(code & 0x7F)" }
        let exit = code >> 8 & 0xFF
        return exit == 0 ? "" : "ended with exit code \(exit)"
    }
}
