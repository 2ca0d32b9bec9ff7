import CAssay

/// Embeddings: a vector of every row, of length 1, or all zeros for a row without text.
public struct VectorColumn {
    /// Numbers of a vector.
    public let dimensions: Int
    @usableFromInline let values: UnsafePointer<Float>?

    init?(_ schema: ArrowSchema, _ array: ArrowArray) {
        guard let format = schema.format.map({ String(cString: $0) }), format.hasPrefix("+w:"),
            let dimensions = Int(format.dropFirst(3)), array.n_children == 1,
            let child = array.children[0], child.pointee.n_buffers >= 2
        else { return nil }
        self.dimensions = dimensions
        values = child.pointee.buffers[1]?.assumingMemoryBound(to: Float.self)
    }

    /// Calls `body` with the row's vector.
    ///
    /// No copy.
    @inlinable
    public func withVector<Result>(
        _ row: Int, _ body: (Span<Float>) throws -> Result
    ) rethrows -> Result {
        let view = UnsafeBufferPointer(
            start: values.map { $0 + row * dimensions }, count: values == nil ? 0 : dimensions)
        return try body(view.span)
    }
}

/// The language of every row.
public struct LanguageColumn {
    /// BCP 47 tags; `und` where the text says nothing.
    public let tags: TextColumn
    private let confidences: UnsafePointer<Double>?

    init?(_ array: ArrowArray) {
        guard array.n_children == 2, let tagArray = array.children[0],
            let tags = TextColumn(tagArray.pointee), let child = array.children[1],
            child.pointee.n_buffers >= 2
        else { return nil }
        self.tags = tags
        confidences = child.pointee.buffers[1]?.assumingMemoryBound(to: Double.self)
    }

    /// How sure the row's tag is, 0 to 1.
    public func confidence(_ row: Int) -> Double { confidences?[row] ?? 0 }
}
