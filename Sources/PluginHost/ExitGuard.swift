import Glibc
import Parallel

/// Keeps a plugin that calls `exit` within the host's process from ending a run as if it were done.
enum ExitGuard {
    /// Plugins that are at work in this process.
    private static let running = Guarded<[String]>([])
    private static let isInstalled: Bool =
        atexit {
            let titles = running.withLock { $0.sorted() }
            if titles.isEmpty { return }
            let line =
                "error: a plugin ended the process (\(titles.joined(separator: " or "))); nothing was "
                + "written\nhelp: with --isolation process it costs no more than its own part\n"
            var bytes = Array(line.utf8)
            _ = write(STDERR_FILENO, &bytes, bytes.count)
            _exit(3)
        } == 0

    /// A plugin begins.
    static func enter(_ title: String) {
        _ = isInstalled
        running.withLock { $0.append(title) }
    }

    /// It has come back.
    static func leave(_ title: String) {
        running.withLock { if let place = $0.firstIndex(of: title) { $0.remove(at: place) } }
    }
}
