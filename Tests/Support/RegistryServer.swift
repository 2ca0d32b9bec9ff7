import Foundation
import Glibc

/// Debian's `docker-registry` on the loopback interface, its storage in a folder that goes with it.
public final class RegistryServer {
    /// Whether the program is there.
    public static let isInstalled = FileManager.default.isExecutableFile(
        atPath: "/usr/bin/docker-registry")

    /// Name and password of a registry that asks for them.
    public static let login = (user: "ada", password: "open sesame")
    /// The password by bcrypt, as an htpasswd file has it.
    private static let entry =
        "ada:$2a$04$0OJMaBKfALt9nrlsonS1Pew.RhxI5nXViUSqeU/Imx4KPYhfxiwTm\n"

    /// Did not come up.
    public struct Failure: Error {
        /// What it printed.
        public let message: String
    }

    private let process = Process()
    private let folder: TemporaryFolder
    /// `127.0.0.1:PORT`.
    public let host: String

    /// Starts a registry and waits until it answers.
    public init(asksForPassword: Bool = false) throws {
        folder = try TemporaryFolder()
        // A port that was free a moment ago.
        let finder = LoopbackServer { _, _ in .init() }
        let port = finder.port
        finder.stop()
        host = "127.0.0.1:\(port)"
        var text = """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: '\(folder.path("storage"))'}}
            http: {addr: '\(host)'}

            """
        if asksForPassword {
            let path = try folder.write("htpasswd", RegistryServer.entry)
            text += "auth: {htpasswd: {realm: plugins, path: '\(path)'}}\n"
        }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/docker-registry")
        process.arguments = ["serve", try folder.write("config.yml", text)]
        let output = try folder.write("output", "")
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: output)
        try process.run()
        for _ in 0..<200 {
            if RegistryServer.isListening(port) { return }
            usleep(50_000)
        }
        throw Failure(
            message: String(
                decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self))
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    /// A file of its storage, which tests may damage.
    public func blob(_ digest: String) -> String {
        let hex = digest.dropFirst("sha256:".utf8.count)
        return folder.path("storage/docker/registry/v2/blobs/sha256/\(hex.prefix(2))/\(hex)/data")
    }

    private static func isListening(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
