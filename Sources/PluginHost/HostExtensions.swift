import CAssay
import Features
import Glibc
import Parallel

/// The host's side of `assay.embed/1`: the run's table, loaded when it is first asked for.
final class EmbeddingService: @unchecked Sendable {
    private struct State {
        var isLoaded = false
        var model: EmbeddingModel?
        /// Embedders that no thread is using.
        var idle: [TextEmbedder] = []
        var table: UnsafeMutablePointer<assay_embedder>?
    }

    private let folder: String?
    private let state = Guarded(Unchecked(State()))

    /// A service with the table of a folder; without one the extension is absent.
    init(folder: String?) { self.folder = folder }

    deinit { state.withLock { $0.value.table?.deallocate() } }

    /// The extension's struct; null when there is no table or it cannot be read.
    func table() -> UnsafeRawPointer? {
        state.withLock { state in
            if !state.value.isLoaded {
                state.value.isLoaded = true
                load(&state.value)
            }
            return state.value.table.map { UnsafeRawPointer($0) }
        }
    }

    private func load(_ state: inout State) {
        guard let folder, let model = try? EmbeddingModel(folder: folder) else { return }
        state.model = model
        let table = UnsafeMutablePointer<assay_embedder>.allocate(capacity: 1)
        table.initialize(
            to: assay_embedder(
                struct_size: UInt64(MemoryLayout<assay_embedder>.size),
                ctx: Unmanaged.passUnretained(self).toOpaque(),
                dimensions: UInt32(model.dimensions), reserved: 0,
                embed: { context, text, vector, capacity in
                    guard let context else { return ASSAY_E_BAD_INPUT }
                    return Unmanaged<EmbeddingService>.fromOpaque(context).takeUnretainedValue()
                        .embed(text, into: vector, capacity: capacity)
                }))
        state.table = table
    }

    private func embed(
        _ text: assay_str, into vector: UnsafeMutablePointer<Float>?, capacity: UInt64
    ) -> assay_status {
        // Each thread works with an embedder of its own; they share the model.
        guard let vector,
            var embedder = state.withLock({ state in
                // A new one where none is idle: copies would share their buffers.
                state.value.idle.popLast() ?? state.value.model.map { TextEmbedder($0) }
            })
        else { return ASSAY_E_BAD_INPUT }
        guard capacity >= UInt64(embedder.dimensions) else { return ASSAY_E_BAD_INPUT }
        let bytes = UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len))
        let output = UnsafeMutableBufferPointer(start: vector, count: embedder.dimensions)
        let source = bytes.withMemoryRebound(to: UInt8.self) {
            embedder.embed($0, into: output)
        }
        if source == EmbeddingSource.none { output.update(repeating: 0) }
        state.withLock { $0.value.idle.append(embedder) }
        return ASSAY_OK
    }
}

/// The host's side of `assay.language/1`.
final class LanguageService: @unchecked Sendable {
    /// The extension's struct.
    let table: UnsafeRawPointer

    init() {
        let table = UnsafeMutablePointer<assay_language_teller>.allocate(capacity: 1)
        self.table = UnsafeRawPointer(table)
        table.initialize(
            to: assay_language_teller(
                struct_size: UInt64(MemoryLayout<assay_language_teller>.size), ctx: nil,
                tell: { _, text, tag, capacity, confidence in
                    guard let tag, let confidence,
                        capacity >= UInt64(ASSAY_LANGUAGE_TAG_BYTES),
                        text.ptr != nil || text.len == 0
                    else { return ASSAY_E_BAD_INPUT }
                    let bytes = UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len))
                    let found = bytes.withMemoryRebound(to: UInt8.self) {
                        LanguageDetector().detect($0)
                    }
                    let name = found.tag.utf8.prefix(Int(ASSAY_LANGUAGE_TAG_BYTES) - 1)
                    for (place, byte) in name.enumerated() { tag[place] = CChar(bitPattern: byte) }
                    tag[name.count] = 0
                    confidence.pointee = found.confidence
                    return ASSAY_OK
                }))
    }

    deinit { table.deallocate() }
}

/// The host's side of `assay.resource/1`: files of the bundle, kept once they have been read.
final class ResourceService: @unchecked Sendable {
    /// The extension's struct.
    let table: UnsafeRawPointer
    private let folder: [UInt8]
    private let manifestPath: String
    private let files = Guarded(Unchecked([String: UnsafeBufferPointer<UInt8>]()))

    /// Files of the folder of a manifest, which is called `plugin.json` whatever its own name is.
    init(manifestPath: String) {
        self.manifestPath = manifestPath
        let path = Manifest.folder(of: manifestPath)
        let absolute = realpath(path, nil)
        defer { free(absolute) }
        folder = Array((absolute.map { String(cString: $0) } ?? path).utf8)
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, folder.count))
        for (index, byte) in folder.enumerated() { text[index] = CChar(bitPattern: byte) }
        let table = UnsafeMutablePointer<assay_resources>.allocate(capacity: 1)
        self.table = UnsafeRawPointer(table)
        table.initialize(
            to: assay_resources(
                struct_size: UInt64(MemoryLayout<assay_resources>.size), ctx: nil,
                folder: assay_str(ptr: text, len: UInt64(folder.count)),
                read: { context, path, content in
                    guard let context, let content, path.ptr != nil || path.len == 0 else {
                        return ASSAY_E_BAD_INPUT
                    }
                    return Unmanaged<ResourceService>.fromOpaque(context).takeUnretainedValue()
                        .read(path.text, into: content)
                }))
        table.pointee.ctx = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        files.withLock { for file in $0.value.values { file.deallocate() } }
        table.assumingMemoryBound(to: assay_resources.self).pointee.folder.ptr.deallocate()
        table.deallocate()
    }

    private func read(
        _ path: String, into content: UnsafeMutablePointer<assay_bytes>
    ) -> assay_status {
        let steps = path.split(separator: "/", omittingEmptySubsequences: false)
        guard steps.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }),
            !path.utf8.contains(0)
        else { return ASSAY_E_BAD_INPUT }
        return files.withLock { files in
            if files.value[path] == nil {
                let place =
                    path == "plugin.json"
                    ? manifestPath : String(decoding: folder, as: UTF8.self) + "/" + path
                guard let bytes = FileBytes.read(place) else { return ASSAY_E_IO }
                let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
                _ = copy.initialize(from: bytes)
                files.value[path] = UnsafeBufferPointer(copy)
            }
            let found = files.value[path]
            content.pointee = assay_bytes(ptr: found?.baseAddress, len: UInt64(found?.count ?? 0))
            return ASSAY_OK
        }
    }
}

/// The host's side of `assay.parallel/1`.
final class ParallelService: @unchecked Sendable {
    /// The extension's struct.
    let table: UnsafeRawPointer
    private let threads: Int

    init(threads: Int) {
        self.threads = max(1, threads)
        let table = UnsafeMutablePointer<assay_parallel>.allocate(capacity: 1)
        self.table = UnsafeRawPointer(table)
        table.initialize(
            to: assay_parallel(
                struct_size: UInt64(MemoryLayout<assay_parallel>.size), ctx: nil,
                threads: UInt32(self.threads), reserved: 0,
                for_each: { context, count, body, bodyContext in
                    guard let context, let body, let count = Int(exactly: count) else {
                        return ASSAY_E_BAD_INPUT
                    }
                    let service = Unmanaged<ParallelService>.fromOpaque(context)
                        .takeUnretainedValue()
                    let given = Unchecked(bodyContext)
                    ThreadTeam.forEach(count, threads: service.threads) {
                        body(given.value, UInt64($0))
                    }
                    return ASSAY_OK
                }))
        table.pointee.ctx = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit { table.deallocate() }
}

/// A value whose users take care themselves that no two threads touch it at once.
private struct Unchecked<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}
