import CAssay

/// Consecutive rows of one role.
///
/// A borrowed view: copy what you keep.
public struct Batch {
    /// Number of the first row within its role.
    public let firstRow: Int
    /// Number of rows.
    public let rowCount: Int
    /// What the rows are.
    public let role: Role
    private let schema: UnsafePointer<ArrowSchema>
    private let array: UnsafePointer<ArrowArray>

    init?(_ batch: UnsafePointer<assay_batch>?, role: Role) {
        guard let batch, let schema = batch.pointee.schema, let array = batch.pointee.array else {
            return nil
        }
        self.schema = schema
        self.array = array
        self.role = role
        firstRow = Int(batch.pointee.first_row)
        rowCount = Int(array.pointee.length)
    }

    private func child(_ name: String) -> (schema: ArrowSchema, array: ArrowArray)? {
        for index in 0..<Int(schema.pointee.n_children) {
            guard let schema = schema.pointee.children[index],
                let array = array.pointee.children[index],
                let found = schema.pointee.name, Batch.isEqual(found, name)
            else { continue }
            return (schema.pointee, array.pointee)
        }
        return nil
    }

    /// Whether a C string is a name; asked for every column of every batch, and costs no allocation.
    private static func isEqual(_ text: UnsafePointer<CChar>, _ name: String) -> Bool {
        var place = text
        for byte in name.utf8 {
            guard UInt8(bitPattern: place.pointee) == byte else { return false }
            place += 1
        }
        return place.pointee == 0
    }

    /// The text column `name`; `nil` when the host did not pass it.
    public func text(_ name: String) -> TextColumn? { child(name).flatMap { TextColumn($0.array) } }

    /// The token column `name`; `nil` when the host did not pass it.
    public func tokens(_ name: String) -> TokenColumn? {
        child(name).flatMap { TokenColumn($0.array) }
    }

    /// The embedding column `name`; `nil` when the host did not pass it.
    public func vectors(_ name: String) -> VectorColumn? {
        child(name).flatMap { VectorColumn($0.schema, $0.array) }
    }

    /// The language column `name`; `nil` when the host did not pass it.
    public func languages(_ name: String) -> LanguageColumn? {
        child(name).flatMap { LanguageColumn($0.array) }
    }

    /// The conversations; `nil` when the host did not pass them.
    public var turns: TurnsColumn? { child("turns").flatMap { TurnsColumn($0.array) } }
}

/// Text of every row.
public struct TextColumn {
    @usableFromInline let validity: UnsafePointer<UInt8>?
    @usableFromInline let offsets: UnsafePointer<Int64>
    @usableFromInline let bytes: UnsafePointer<UInt8>?

    init?(_ array: ArrowArray) {
        guard array.n_buffers >= 3, let offsets = array.buffers[1] else { return nil }
        validity = array.buffers[0]?.assumingMemoryBound(to: UInt8.self)
        self.offsets = offsets.assumingMemoryBound(to: Int64.self)
        bytes = array.buffers[2]?.assumingMemoryBound(to: UInt8.self)
    }

    /// Whether the row has a text; an absent text is not the same as an empty one.
    @inlinable
    public func isPresent(_ row: Int) -> Bool {
        guard let validity else { return true }
        return validity[row / 8] >> UInt8(row % 8) & 1 == 1
    }

    /// Bytes of the row's text, 0 for an absent one.
    @inlinable
    public func byteCount(_ row: Int) -> Int { Int(offsets[row + 1] - offsets[row]) }

    /// Calls `body` with the row's UTF-8; no bytes for an absent text.
    ///
    /// No copy.
    @inlinable
    public func withBytes<Result>(
        _ row: Int, _ body: (Span<UInt8>) throws -> Result
    ) rethrows -> Result {
        let view = UnsafeBufferPointer(
            start: bytes.map { $0 + Int(offsets[row]) }, count: byteCount(row))
        return try body(view.span)
    }

    /// Calls `body` with the buffers of the column as they lie in memory: the bytes of all texts, where each
    /// begins (one more than there are rows), and a bit a row for those that are there, if some are not.
    public func withBuffers<Result>(
        _ body: (
            _ bytes: UnsafePointer<UInt8>?, _ offsets: UnsafePointer<Int64>,
            _ validity: UnsafePointer<UInt8>?
        ) throws -> Result
    ) rethrows -> Result { try body(bytes, offsets, validity) }

    /// The row's text as a string; `nil` for an absent one.
    ///
    /// Copies.
    public func string(_ row: Int) -> String? {
        guard isPresent(row) else { return nil }
        return String(
            decoding: UnsafeBufferPointer(
                start: bytes.map { $0 + Int(offsets[row]) }, count: byteCount(row)), as: UTF8.self)
    }
}

/// Tokens of every row: 32-bit hashes of lower-cased words.
public struct TokenColumn {
    @usableFromInline let offsets: UnsafePointer<Int64>
    @usableFromInline let values: UnsafePointer<UInt32>?

    init?(_ array: ArrowArray) {
        guard array.n_buffers >= 2, let offsets = array.buffers[1], array.n_children == 1,
            let child = array.children[0], child.pointee.n_buffers >= 2
        else { return nil }
        self.offsets = offsets.assumingMemoryBound(to: Int64.self)
        values = child.pointee.buffers[1]?.assumingMemoryBound(to: UInt32.self)
    }

    /// Number of tokens of the row.
    @inlinable
    public func count(_ row: Int) -> Int { Int(offsets[row + 1] - offsets[row]) }

    /// Calls `body` with the row's tokens.
    ///
    /// No copy.
    @inlinable
    public func withTokens<Result>(
        _ row: Int, _ body: (Span<UInt32>) throws -> Result
    ) rethrows -> Result {
        let view = UnsafeBufferPointer(
            start: values.map { $0 + Int(offsets[row]) }, count: count(row))
        return try body(view.span)
    }
}

/// The conversation of every row.
public struct TurnsColumn {
    private let offsets: UnsafePointer<Int64>
    private let roles: TextColumn
    private let texts: TextColumn

    init?(_ array: ArrowArray) {
        guard array.n_buffers >= 2, let offsets = array.buffers[1], array.n_children == 1,
            let item = array.children[0], item.pointee.n_children == 2,
            let roleArray = item.pointee.children[0], let textArray = item.pointee.children[1],
            let roles = TextColumn(roleArray.pointee), let texts = TextColumn(textArray.pointee)
        else { return nil }
        self.offsets = offsets.assumingMemoryBound(to: Int64.self)
        self.roles = roles
        self.texts = texts
    }

    /// Number of turns of the row.
    public func count(_ row: Int) -> Int { Int(offsets[row + 1] - offsets[row]) }

    /// Who speaks in a turn: `system`, `user`, `assistant` or `tool`.
    public func role(_ row: Int, turn: Int) -> String {
        roles.string(Int(offsets[row]) + turn) ?? ""
    }

    /// Calls `body` with the UTF-8 of a turn's text.
    ///
    /// No copy.
    public func withBytes<Result>(
        _ row: Int, turn: Int, _ body: (Span<UInt8>) throws -> Result
    ) rethrows -> Result {
        try texts.withBytes(Int(offsets[row]) + turn, body)
    }

    /// Bytes of a turn's text.
    public func byteCount(_ row: Int, turn: Int) -> Int {
        texts.byteCount(Int(offsets[row]) + turn)
    }
}

/// The rows emitted with one key, by role, then row.
///
/// A borrowed view.
public struct Group {
    private let keyBytes: assay_bytes
    private let members: UnsafeBufferPointer<assay_member>

    init(key: assay_bytes, members: UnsafePointer<assay_member>?, count: UInt64) {
        keyBytes = key
        self.members = UnsafeBufferPointer(start: members, count: Int(count))
    }

    /// The key.
    ///
    /// A copy.
    public var key: [UInt8] {
        Array(UnsafeBufferPointer(start: keyBytes.ptr, count: Int(keyBytes.len)))
    }

    /// Number of rows.
    public var count: Int { members.count }

    /// The row of a member within its role.
    public func row(_ index: Int) -> Int { Int(members[index].row) }

    /// The dataset of a member.
    public func role(_ index: Int) -> Role { Role(rawValue: members[index].role) ?? .data }

    /// What was emitted with a member.
    public func payload(_ index: Int) -> [UInt8] {
        let payload = members[index].payload
        return Array(UnsafeBufferPointer(start: payload.ptr, count: Int(payload.len)))
    }
}
