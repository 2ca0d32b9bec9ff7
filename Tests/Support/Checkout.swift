public import Foundation

/// Places that tests use.
public enum Checkout {
    /// The top of the repository.
    public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL

    /// The staged program.
    public static let assay = root.appendingPathComponent(".build/stage/bin/assay")

    /// A file of the repository.
    public static func file(_ path: String) -> URL { root.appendingPathComponent(path) }

    /// The files that git knows, by path from the top.
    public static func trackedFiles() throws -> [String] {
        let listed = try Program.run("/usr/bin/env", ["git", "ls-files"])
        return listed.output.split(separator: "\n").map(String.init)
    }
}

/// The real data beside the checkout; absent on a machine without it.
public enum SharedData {
    /// Its folder.
    public static let folder = Checkout.root.appendingPathComponent("../shared/data")
        .standardizedFileURL
    /// Whether it is there.
    public static let isPresent = FileManager.default.fileExists(atPath: folder.path)

    /// One of its files.
    public static func file(_ path: String) -> URL { folder.appendingPathComponent(path) }
}

/// A folder that goes away with the value that owns it.
public final class TemporaryFolder {
    /// Where it is.
    public let url: URL

    /// Its path.
    public var root: String { url.path }

    /// Makes an empty folder.
    public init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// The path of a file in it.
    public func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    /// Writes a file and returns its path.
    public func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    /// Writes a file and returns its path.
    public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return file.path
    }
}
