import Foundation

/// Runs programs and collects what they print.
public enum Program {
    /// How a program ended.
    public struct Ending: Sendable {
        /// Exit code, or the signal that ended it.
        public let status: Int32
        /// Standard output.
        public let output: String
        /// Standard error.
        public let errors: String
    }

    /// Runs a program in the top folder of the repository and waits for its end.
    public static func run(
        _ program: String, _ arguments: [String], input: [UInt8]? = nil,
        environment: [String: String] = [:]
    ) throws -> Ending {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = Checkout.root
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files, not pipes: nothing blocks however much is printed.
        let output = try folder.write("stdout", "")
        let errors = try folder.write("stderr", "")
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        process.standardInput = FileHandle(
            forReadingAtPath: try folder.write("stdin", input ?? []))
        try process.run()
        process.waitUntilExit()
        return Ending(
            status: process.terminationStatus,
            output: String(
                decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self),
            errors: String(
                decoding: FileManager.default.contents(atPath: errors) ?? Data(), as: UTF8.self))
    }

    /// Runs the staged `assay`.
    public static func assay(
        _ arguments: [String], input: [UInt8]? = nil, environment: [String: String] = [:]
    ) throws -> Ending {
        try run(Checkout.assay.path, arguments, input: input, environment: environment)
    }
}
