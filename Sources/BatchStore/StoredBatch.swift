public import JSONText
public import Records

/// Where an Arrow buffer lies in a segment.
public struct StoredBuffer: Sendable, Equatable {
    /// First byte within the segment; a multiple of 64.
    public let offset: Int
    /// Bytes, the padding of 64 readable bytes left out.
    public let length: Int
}

/// One Arrow array of the input profile, with its children.
public struct StoredArray: Sendable {
    /// Arrow format string.
    public let format: String
    /// Name of the column or child.
    public let name: String
    /// Number of values.
    public let length: Int
    /// Values that are null.
    public let nullCount: Int
    /// Buffers in Arrow's order; `nil` for one that is absent (a validity bitmap without nulls).
    public let buffers: [StoredBuffer?]
    /// Child arrays.
    public let children: [StoredArray]

    /// Makes an array of its parts.
    public init(
        format: String, name: String, length: Int, nullCount: Int, buffers: [StoredBuffer?],
        children: [StoredArray]
    ) {
        self.format = format
        self.name = name
        self.length = length
        self.nullCount = nullCount
        self.buffers = buffers
        self.children = children
    }
}

/// Where a batch lies in a store.
public struct StoredBatch: Sendable {
    /// What its dataset is.
    public let role: Role
    /// Number of its first row within the role.
    public let firstRow: Int
    /// Number of rows.
    public let rowCount: Int
    /// The columns, sorted by name.
    public let columns: [StoredArray]

    /// The bytes of the segment between its first and its last buffer; `nil` without any.
    var extent: Range<Int>? {
        let places = columns.flatMap(\.places)
        guard let start = places.map(\.lowerBound).min(), let end = places.map(\.upperBound).max()
        else { return nil }
        return start..<end
    }
}

extension StoredArray {
    /// Where the buffers lie, the children's as well.
    fileprivate var places: [Range<Int>] {
        buffers.compactMap { $0.map { $0.offset..<$0.offset + $0.length } }
            + children.flatMap(\.places)
    }

    /// As JSON, for a worker.
    public var json: JSONValue {
        .object([
            "f": .string(format), "n": .string(name), "l": JSONValue(length),
            "z": JSONValue(nullCount),
            "b": .array(
                buffers.map { buffer in
                    buffer.map { .array([JSONValue($0.offset), JSONValue($0.length)]) } ?? .null
                }),
            "c": .array(children.map(\.json)),
        ])
    }

    /// Reads what `json` wrote; `nil` for anything else.
    public init?(json: JSONValue) {
        guard let format = json["f"]?.stringValue, let name = json["n"]?.stringValue,
            let length = json["l"]?.intValue, let nullCount = json["z"]?.intValue,
            let buffers = json["b"]?.arrayValue, let children = json["c"]?.arrayValue
        else { return nil }
        self.init(
            format: format, name: name, length: length, nullCount: nullCount,
            buffers: buffers.map { pair in
                guard let offset = pair.arrayValue?.first?.intValue,
                    let length = pair.arrayValue?.last?.intValue
                else { return nil }
                return StoredBuffer(offset: offset, length: length)
            }, children: children.compactMap { StoredArray(json: $0) })
    }
}

extension StoredBatch {
    /// As JSON, for a worker.
    public var json: JSONValue {
        .object([
            "role": JSONValue(Int(role.rawValue)), "first": JSONValue(firstRow),
            "rows": JSONValue(rowCount),
            "columns": .array(columns.map(\.json)),
        ])
    }

    /// Reads what `json` wrote; `nil` for anything else.
    public init?(json: JSONValue) {
        guard let roleNumber = json["role"]?.intValue, let role = Role(rawValue: Int32(roleNumber)),
            let firstRow = json["first"]?.intValue, let rowCount = json["rows"]?.intValue,
            let columns = json["columns"]?.arrayValue
        else { return nil }
        self.init(
            role: role, firstRow: firstRow, rowCount: rowCount,
            columns: columns.compactMap { StoredArray(json: $0) })
    }
}
