import ArgumentParser
import Glibc
import HTTP
import JSONText
import Reports
import Review

/// `assay review DIR`.
struct ReviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Shows what waits for a decision in the browser, and keeps the decisions.",
        discussion: """
            The page is served on this machine alone, under an address that nobody can guess. Every decision is in
            DIR/review.jsonl before the next finding is shown; the next run uses it with --review DIR/review.jsonl.
            Ctrl+C ends it.
            """)

    @Argument(help: "The folder of a report.") var folder = "assay-report"
    @Option(help: "The port (default: any that is free).") var port: Int = 0

    func run() throws {
        guard (0...65535).contains(port) else {
            throw UsageError(
                "--port is \(port), expected 0 to 65535", help: "leave it out for any that is free")
        }
        let queue = try ReviewQueue(path: "\(folder)/queue.jsonl")
        let log = try ReviewLog(path: "\(folder)/review.jsonl")
        if let torn = log.torn {
            Diagnostics.line(
                "warning: \(log.path): the last line was not whole and is left out: \(torn.prefix(200))"
            )
        }
        if let number = queue.foreign(log.decisions) {
            throw UsageError(
                "\(log.path): decision \(number + 1) is about row \(log.decisions[number].row + 1) of other data",
                help:
                    "move the file away, or write the report of other data to another folder with --out"
            )
        }
        let signals = blockedSignals()
        let name = folder.split(separator: "/").last.map(String.init) ?? folder
        let service = ReviewService(queue: queue, log: log, token: token, title: name)
        guard
            let server = LoopbackService(
                port: UInt16(port), mostBytes: ReviewService.mostBytes,
                handler: { service.answer($0) })
        else {
            throw UsageError(
                "port \(port) of 127.0.0.1 cannot be had: \(String(cString: strerror(errno)))",
                help: "leave --port out for one that is free")
        }
        service.port = server.port
        print("\(queue.items.count) findings wait for a decision, \(service.decidedCount) have one")
        print("open \(service.address)")
        print("Ctrl+C ends the review; decisions are kept in \(log.path)")
        fflush(nil)
        wait(for: signals)
        server.stop()
        print("\n\(log.decisions.count) decisions in \(log.path)")
        print(
            "add --review \(ShellWord.quoted(log.path)) to assay run or assay optimize to use them")
    }

    /// 128 bits of the system's random numbers, which nobody can guess.
    private var token: String {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in
            let byte = UInt8.random(in: 0...255, using: &generator)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// Signals that end a review; blocked before there is another thread, so that none of them gets one.
    private func blockedSignals() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        return signals
    }

    private func wait(for signals: sigset_t) {
        var (signals, received) = (signals, Int32(0))
        sigwait(&signals, &received)
    }
}
