import CAssay
import Parallel

/// The `assay_host` given to a plugin, with its log.
///
/// Lives as long as the analyzer's instance.
final class HostTable: @unchecked Sendable {
    /// Id of the extension as static text.
    static let groupsID: StaticString = "assay.groups/1"
    private static let mostLines = 200

    let pointer: UnsafePointer<assay_host>
    private let progress: ProgressPage
    private let log = Guarded<[String]>([])
    private let embedding: EmbeddingService
    private let language = LanguageService()
    private let parallel: ParallelService
    private let resources: ResourceService

    init(progress: ProgressPage, request: AnalyzerRequest) {
        self.progress = progress
        embedding = EmbeddingService(folder: request.embeddingFolder)
        parallel = ParallelService(threads: request.threads)
        resources = ResourceService(manifestPath: request.manifestPath)
        let table = UnsafeMutablePointer<assay_host>.allocate(capacity: 1)
        pointer = UnsafePointer(table)
        table.initialize(
            to: assay_host(
                struct_size: UInt64(MemoryLayout<assay_host>.size),
                abi_minor: UInt32(HostABI.minor),
                reserved: 0, ctx: nil, name: assay_str(HostABI.name),
                version: assay_str(HostABI.version),
                log: { context, level, message in
                    guard level >= ASSAY_LOG_INFO, let host = HostTable.from(context) else {
                        return
                    }
                    let line = message.text
                    host.log.withLock { if $0.count < HostTable.mostLines { $0.append(line) } }
                },
                is_cancelled: { _ in 0 },
                progress: { context, _, _ in HostTable.from(context)?.progress.touch() },
                get_extension: { context, id in
                    switch id.text {
                    case HostTable.groupsID.description:
                        UnsafeRawPointer(ShardOutput.groupEmitter)
                    case ASSAY_EMBED_ID: HostTable.from(context)?.embedding.table()
                    case ASSAY_LANGUAGE_ID: HostTable.from(context)?.language.table
                    case ASSAY_PARALLEL_ID: HostTable.from(context)?.parallel.table
                    case ASSAY_RESOURCE_ID: HostTable.from(context)?.resources.table
                    default: nil
                    }
                }))
        table.pointee.ctx = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit { pointer.deallocate() }

    /// The lines logged so far, sorted: their order would depend on threads.
    func takeLog() -> [String] { log.withLock { $0.sorted() } }

    private static func from(_ context: UnsafeMutableRawPointer?) -> HostTable? {
        context.map { Unmanaged<HostTable>.fromOpaque($0).takeUnretainedValue() }
    }
}
