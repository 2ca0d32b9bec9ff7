import Glibc
import JSONText

/// `review.jsonl` while a review goes on: every decision is in the file before it counts.
public final class ReviewLog {
    /// Where it stands.
    public let path: String
    /// The decisions in the order they were made, of all reviews of this folder.
    public private(set) var decisions: [Decision] = []
    /// What a crash left behind after the last whole line, and was cut off; `nil` for nothing.
    public private(set) var torn: String?
    private let file: Int32
    /// Where the line of each decision begins.
    private var offsets: [Int] = []
    private var length = 0
    /// Numbers of the decisions about a finding.
    private var places: [Place: [Int]] = [:]

    private struct Place: Hashable {
        let row: Int
        let code: String
    }

    /// Opens or makes the file, and keeps others from reviewing the same folder.
    ///
    /// A last line without its end was being written when a process died: nobody was told that it is there,
    /// so it is cut off.
    ///
    /// - Throws: `ReviewError` when another review is going on, or a line is no decision.
    public init(path: String) throws {
        self.path = path
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw ReviewLog.fault(path, "cannot be opened") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw ReviewError(
                "\(path): another review of this folder is going on",
                help: "go on there, or end it first")
        }
        do {
            try read()
            try keepName()
        } catch {
            close(file)
            throw error
        }
    }

    deinit { close(file) }

    private static func fault(_ path: String, _ what: String) -> ReviewError {
        ReviewError(
            "\(path): \(what): \(String(cString: strerror(errno)))",
            help: "check the folder, the space and the permissions")
    }

    private func read() throws {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &piece, piece.count)
            guard count >= 0 else { throw ReviewLog.fault(path, "cannot be read") }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        var start = 0
        for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            defer { start += line.count + 1 }
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            let isEnded = start + line.count < bytes.count
            do {
                keep(try Decision(JSONValue(parsing: Array(line))), at: start)
            } catch {
                guard isEnded else {
                    torn = String(decoding: line, as: UTF8.self)
                    length = start
                    guard ftruncate(file, off_t(length)) == 0 else {
                        throw ReviewLog.fault(path, "cannot be cut")
                    }
                    return
                }
                let help =
                    (error as? ReviewError)?.help ?? "a review file has one JSON object a line"
                throw ReviewError("\(path) line \(number + 1): \(error)", help: help)
            }
        }
        length = bytes.count
        // Whoever wrote the last line by hand may have left out its end.
        if let last = bytes.last, last != 0x0A { try write([0x0A]) }
    }

    /// Puts the file's name on the disk as well, for it may be new.
    private func keepName() throws {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ReviewLog.fault(folder, "cannot be opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw ReviewLog.fault(folder, "cannot be written") }
    }

    private func keep(_ decision: Decision, at offset: Int) {
        places[Place(row: decision.row, code: decision.code), default: []].append(decisions.count)
        decisions.append(decision)
        offsets.append(offset)
    }

    /// Adds a decision; when this returns, it is on the disk.
    ///
    /// - Throws: `ReviewError` when it cannot be written; then nothing of it is in the file.
    public func append(_ decision: Decision) throws {
        let offset = length
        try write(decision.json.bytes + [0x0A])
        keep(decision, at: offset)
    }

    private func write(_ line: [UInt8]) throws {
        var written = 0
        while written < line.count {
            let count = line.withUnsafeBytes { bytes in
                pwrite(
                    file, bytes.baseAddress.map { $0 + written }, line.count - written,
                    off_t(length + written))
            }
            if count <= 0 {
                let error = ReviewLog.fault(path, "cannot be written")
                ftruncate(file, off_t(length))
                throw error
            }
            written += count
        }
        guard fdatasync(file) == 0 else {
            let error = ReviewLog.fault(path, "cannot be written")
            ftruncate(file, off_t(length))
            throw error
        }
        length += line.count
    }

    /// Takes the last decision back, out of the file as well; `nil` when there is none.
    ///
    /// - Throws: `ReviewError` when the file cannot be changed.
    public func undo() throws -> Decision? {
        guard let offset = offsets.last else { return nil }
        guard ftruncate(file, off_t(offset)) == 0 else {
            throw ReviewLog.fault(path, "cannot be cut")
        }
        offsets.removeLast()
        length = offset
        let taken = decisions.removeLast()
        places[Place(row: taken.row, code: taken.code)]?.removeLast()
        guard fdatasync(file) == 0 else { throw ReviewLog.fault(path, "cannot be written") }
        return taken
    }

    /// The decision about a finding that counts: the last one.
    public func decision(_ row: Int, _ code: String) -> Decision? {
        places[Place(row: row, code: code)]?.last.map { decisions[$0] }
    }
}
