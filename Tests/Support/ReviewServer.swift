import Foundation

/// `assay review` of a folder, until it is stopped.
public final class ReviewServer {
    /// It did not start.
    public struct Failure: Error {
        /// What it printed.
        public let message: String
    }

    private let process = Process()
    private let folder: TemporaryFolder
    /// The page's address, with its token.
    public let address: String

    /// What it has printed so far.
    public var output: String {
        (try? String(contentsOfFile: folder.path("stdout"), encoding: .utf8)) ?? ""
    }

    /// Starts it and waits for the address.
    public init(_ report: String) throws {
        folder = try TemporaryFolder()
        process.executableURL = Checkout.assay
        process.arguments = ["review", report]
        let output = try folder.write("stdout", "")
        let errors = try folder.write("stderr", "")
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        for _ in 0..<400 {
            let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            if let line = text.split(separator: "\n").first(where: { $0.hasPrefix("open ") }) {
                address = String(line.dropFirst(5))
                return
            }
            if !process.isRunning { break }
            usleep(25_000)
        }
        throw Failure(message: (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "")
    }

    /// Ends it as Ctrl+C does; its exit code.
    @discardableResult
    public func stop() -> Int32 {
        if process.isRunning { process.interrupt() }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Ends it as a power cut does.
    public func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    deinit { stop() }
}
