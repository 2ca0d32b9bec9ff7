import CLinux
import Glibc

extension CheckedAnalyzer {
    /// Lives, and looks at what is different in the process afterwards.
    func hygiene(_ check: LifeCheck) throws -> CheckFinding {
        let before = atStart
        _ = try output(LifeCourse(shardRows: 50))
        let after = ProcessState()
        func changed(_ what: String, _ old: String, _ new: String) -> CheckFinding {
            old == new ? .passed : .failed("\(what) was \(old), and is \(new)")
        }
        switch check {
        case .hygieneThreads:
            return after.threads > before.threads
                ? .failed("\(after.threads - before.threads) of its threads are still there")
                : .passed
        case .hygieneDescriptors:
            return after.descriptors.subtracting(before.descriptors).sorted().first.map {
                .failed("a new descriptor leads to \($0)")
            } ?? .passed
        case .hygieneSignals:
            return changed("what is done about signals", before.signals, after.signals)
        case .hygieneOutput:
            return after.printedBytes > before.printedBytes
                ? .failed("it wrote \(after.printedBytes - before.printedBytes) bytes") : .passed
        default:
            let findings = [
                changed("the working folder", before.folder, after.folder),
                changed("the environment", before.environment, after.environment),
                changed("the locale", before.locale, after.locale),
                changed("the umask", before.mask, after.mask),
            ]
            return findings.first { $0.verdict != .passed } ?? .passed
        }
    }

    /// Bytes of the heap that stay behind, life after life.
    func memory() throws -> CheckFinding {
        func live(_ count: Int) throws {
            for _ in 0..<count {
                _ = try life().run(LifeCourse(shardRows: 50))
                // What is refused leaves nothing behind either.
                let refusing = life()
                try refusing.create()
                for state in [[], [1], Array(repeating: 0xFF, count: 300)] as [[UInt8]] {
                    if let loaded = try? refusing.load(state, .init()) { refusing.discard(loaded) }
                }
                refusing.destroy()
            }
        }
        let start = ContinuousClock.now
        try live(2)
        let lifetime = (ContinuousClock.now - start) / 2
        // A long life is not lived as often.
        let lives = max(2, min(10, Int(Duration.seconds(3) / lifetime / 4)))
        // Caches fill, pools grow: the later lives have to stand still.
        try live(lives)
        var growth: [Int] = []
        for _ in 0..<3 {
            let before = Int(clx_heap_bytes())
            try live(lives)
            growth.append(Int(clx_heap_bytes()) - before)
        }
        let least = growth.min() ?? 0
        guard least > lives * CheckedAnalyzer.leastLeak else { return .passed }
        return .failed("\(least / lives) bytes stay behind after each life")
    }

    /// Bytes a life below which nothing is said.
    private static let leastLeak = 16
}

/// What a plugin has to leave alone.
struct ProcessState: Sendable {
    let threads: Int
    let descriptors: Set<String>
    let signals: String
    let printedBytes: Int
    let folder: String
    let environment: String
    let locale: String
    let mask: String

    init() {
        threads = (try? FolderWalk.names(in: "/proc/self/task"))?.count ?? 0
        let names = (try? FolderWalk.names(in: "/proc/self/fd")) ?? []
        descriptors = Set(
            names.compactMap { name in
                var buffer = [CChar](repeating: 0, count: 512)
                guard readlink("/proc/self/fd/\(name)", &buffer, buffer.count - 1) > 0 else {
                    return nil
                }
                let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                return name + " " + String(decoding: bytes, as: UTF8.self)
            })
        let status = String(decoding: FileBytes.read("/proc/self/status") ?? [], as: UTF8.self)
        signals = status.split(separator: "\n")
            .filter { line in ["SigBlk", "SigIgn", "SigCgt"].contains { line.hasPrefix($0) } }
            .map { $0.split(separator: "\t").joined(separator: " ") }.joined(separator: ", ")
        fflush(nil)
        var output = stat()
        printedBytes = fstat(1, &output) == 0 ? Int(output.st_size) : 0
        let path = getcwd(nil, 0)
        folder = path.map { String(cString: $0) } ?? "gone"
        free(path)
        var list: [String] = []
        var next = environ
        while let text = next.pointee {
            list.append(String(cString: text))
            next += 1
        }
        environment = list.sorted().joined(separator: " ")
        locale = setlocale(LC_ALL, nil).map { String(cString: $0) } ?? ""
        let mask = umask(0)
        umask(mask)
        self.mask = String(mask, radix: 8)
    }
}
