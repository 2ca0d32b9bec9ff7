import BatchStore
import CLinux
import Glibc
import JSONText
import Parallel

/// The whole program of `assay-worker`: one request, one plugin, one answer.
public enum WorkerProgram {
    /// The descriptor on which the host speaks.
    static let socket: Int32 = 3

    /// Serves one request and returns the exit code.
    public static func main() -> Int32 {
        let channel = WorkerChannel(socket: socket)
        guard let message = channel.receive(), message.kind == .request,
            let document = try? JSONValue(parsing: message.payload),
            let request = AnalyzerRequest(json: document), message.descriptors.count == 1,
            let progress = ProgressPage(descriptor: message.descriptors[0]),
            let space = AddressReservation()
        else { return 64 }
        do {
            let held = Sandbox.confine(
                readable: [request.libraryPath, request.manifestPath].map(Manifest.folder(of:))
                    + request.readablePaths + (request.embeddingFolder.map { [$0] } ?? []),
                memoryBytes: request.memoryBytes + addressSpaceInUse())
            let protections = JSONValue.object(
                .init(held.sorted { $0.key < $1.key }.map { ($0.key, .bool($0.value)) }))
            guard channel.send(.ready, protections.bytes) else { return 65 }
            let batches = ElementStream<StoredSegment>()
            let receiver = WorkerReceiver(channel: channel, space: space, batches: batches)
            let receiving = ThreadHandle { receiver.run() }
            defer {
                // An analyzer that fails early leaves batches unread.
                shutdown(socket, Int32(SHUT_RD))
                receiving.join()
            }
            if let check = request.check {
                let found = try CheckProgram.run(check, request, batches, progress)
                return channel.send(.result, found.json.bytes) ? 0 : 65
            }
            progress.enter(.load, thread: 0)
            let library = try LoadedLibrary(path: request.libraryPath)
            let analyzer = try library.analyzer(
                id: request.analyzerID, version: request.version,
                stateFormat: request.stateFormat, path: request.libraryPath)
            progress.leave(thread: 0)
            let run = AnalyzerRun(
                request: request, analyzer: analyzer, batches: batches, progress: progress)
            return channel.send(.result, try run.run()) ? 0 : 65
        } catch {
            return channel.send(.failure, failure(error).bytes) ? 0 : 65
        }
    }

    /// Address space that this process uses before the plugin is loaded.
    private static func addressSpaceInUse() -> Int {
        guard let text = FileBytes.read("/proc/self/statm"),
            let pages = Int(String(decoding: text.prefix { $0 != 0x20 }, as: UTF8.self))
        else { return 1 << 30 }
        return pages * Int(getpagesize())
    }

    /// An error as the host reads it.
    static func failure(_ error: any Error) -> JSONValue {
        if let failure = error as? AnalyzerFailure {
            return .object([
                "call": .string(failure.call), "message": .string(failure.message),
                "row": .integer(failure.row),
                "configuration": .bool(failure.isConfigurationFault),
            ])
        }
        return .object(["call": "load", "message": .string("\(error)"), "row": -1])
    }
}
