import CAssay

/// What the host does for an analyzer, beside handing it data.
///
/// Valid as long as the analyzer.
public struct HostServices: @unchecked Sendable {
    private let host: UnsafePointer<assay_host>?

    init(_ host: UnsafePointer<assay_host>?) { self.host = host }

    /// An extension of the host's; `nil` as well from a host whose struct ends before it can be asked.
    func find(_ id: StaticString) -> UnsafeRawPointer? {
        guard let host, host.pointee.struct_size >= UInt64(MemoryLayout<assay_host>.size) else {
            return nil
        }
        return host.pointee.get_extension(host.pointee.ctx, staticText(id))
    }

    /// The run's embedding table (`assay.embed/1`); `nil` where the host has none to offer.
    ///
    /// The first call loads it.
    public func embedder() -> Embedder? {
        find("assay.embed/1").map { Embedder($0.assumingMemoryBound(to: assay_embedder.self)) }
    }

    /// The language of a text as the `feature.language` columns have it (`assay.language/1`); `nil` where the
    /// host does not tell any.
    public func language(of text: [UInt8]) -> (tag: String, confidence: Double)? {
        guard
            let teller = find("assay.language/1")?.assumingMemoryBound(
                to: assay_language_teller.self)
        else { return nil }
        var tag = [CChar](repeating: 0, count: Int(ASSAY_LANGUAGE_TAG_BYTES))
        var confidence = 0.0
        let status = text.withUnsafeBytes { bytes in
            teller.pointee.tell(
                teller.pointee.ctx,
                assay_str(
                    ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                    len: UInt64(bytes.count)), &tag, UInt64(tag.count), &confidence)
        }
        guard status == ASSAY_OK else { return nil }
        let name = tag.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return (String(decoding: name, as: UTF8.self), confidence)
    }

    private func resources() -> UnsafePointer<assay_resources>? {
        find("assay.resource/1")?.assumingMemoryBound(to: assay_resources.self)
    }

    /// The folder of the plugin's bundle (`assay.resource/1`); `nil` where the host does not tell it.
    public func bundleFolder() -> String? {
        resources().map { resources in
            let folder = resources.pointee.folder
            return String(
                decoding: UnsafeRawBufferPointer(start: folder.ptr, count: Int(folder.len)),
                as: UTF8.self)
        }
    }

    /// The bytes of a file of the plugin's bundle, named relative to it (`assay.resource/1`).
    ///
    /// - Throws: `AnalyzerError` when there is no such file.
    public func resource(_ path: String) throws -> [UInt8] {
        guard let resources = resources() else {
            throw AnalyzerError("the host reads no files of a bundle")
        }
        var content = assay_bytes(ptr: nil, len: 0)
        var path = path
        let status = path.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                resources.pointee.read(
                    resources.pointee.ctx, assay_str(ptr: $0.baseAddress, len: UInt64($0.count)),
                    &content)
            }
        }
        guard status == ASSAY_OK else {
            throw AnalyzerError("the bundle has no file \(path) that can be read")
        }
        return Array(UnsafeBufferPointer(start: content.ptr, count: Int(content.len)))
    }

    /// Calls `body` once for every index below `count`, side by side where the host can
    /// (`assay.parallel/1`).
    ///
    /// What `body` writes must be its own; nothing may depend on which thread did what.
    public func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
        let parallel = find("assay.parallel/1")?.assumingMemoryBound(to: assay_parallel.self)
        guard let parallel, parallel.pointee.threads > 1, count > 1 else {
            for index in 0..<count { body(index) }
            return
        }
        withoutActuallyEscaping(body) { body in
            var box = Body(body: body)
            withUnsafeMutablePointer(to: &box) { pointer in
                let status = parallel.pointee.for_each(
                    parallel.pointee.ctx, UInt64(count),
                    { context, index in
                        context?.assumingMemoryBound(to: Body.self).pointee.body(Int(index))
                    }, pointer)
                if status != ASSAY_OK { for index in 0..<count { body(index) } }
            }
        }
    }

    /// `count` results in index order, computed side by side where the host can.
    public func map<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Result
    ) -> [Result] {
        let results = UnsafeMutableBufferPointer<Result>.allocate(capacity: count)
        defer { results.deallocate() }
        nonisolated(unsafe) let places = results
        forEach(count) { places.initializeElement(at: $0, to: body($0)) }
        defer { results.deinitialize() }
        return Array(results)
    }

    private struct Body {
        let body: @Sendable (Int) -> Void
    }

    /// Says that a long call is still at work; it also restarts the call's deadline.
    public func reportProgress(_ done: Int, of total: Int) {
        guard let host else { return }
        host.pointee.progress(host.pointee.ctx, UInt64(done), UInt64(total))
    }
}

/// The run's embedding table.
public struct Embedder: @unchecked Sendable {
    private let table: UnsafePointer<assay_embedder>

    init(_ table: UnsafePointer<assay_embedder>) { self.table = table }

    /// Numbers of a vector.
    public var dimensions: Int { Int(table.pointee.dimensions) }

    /// The vector of a text: of length 1, or zeros for a text without a word.
    public func vector(of text: String) throws -> [Float] {
        var vector: [Float] = []
        var text = text
        try text.withUTF8 { try embed($0.span, into: &vector) }
        return vector
    }

    /// Writes the vector of a text, valid UTF-8, into a list that keeps its room from text to text.
    ///
    /// - Throws: `AnalyzerError` when the host could not.
    public func embed(_ text: Span<UInt8>, into vector: inout [Float]) throws {
        if vector.count != dimensions { vector = [Float](repeating: 0, count: dimensions) }
        let status = text.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { bytes in
                vector.withUnsafeMutableBufferPointer {
                    table.pointee.embed(
                        table.pointee.ctx,
                        assay_str(ptr: bytes.baseAddress, len: UInt64(bytes.count)),
                        $0.baseAddress, UInt64($0.count))
                }
            }
        }
        if status != ASSAY_OK { throw AnalyzerError("the host could not embed a text") }
    }
}
