public import Records

/// One text of a record, as far as it is shown.
public struct RecordField: Sendable {
    /// The column: `text.prompt`.
    public let column: String
    /// The beginning of its text.
    public let text: String
    /// Bytes of the whole text.
    public let byteCount: Int

    /// Makes a field.
    public init(column: String, text: String, byteCount: Int) {
        self.column = column
        self.text = text
        self.byteCount = byteCount
    }

    /// Whether it says nothing that the others do not: what is put together of them, or a file's name.
    var isShared: Bool { column == "text.all" || column == "source.file" || column == "label" }
}

/// The records that a report speaks of.
public protocol RecordAccess {
    /// File and line of a row; `nil` where that is not known.
    func place(_ role: Role, _ row: Int) -> (file: String, line: Int)?
    /// The texts of a row, each of so many bytes at most; whole characters.
    func fields(_ role: Role, _ row: Int, limit: Int) -> [RecordField]
    /// Some bytes of a column's text, widened to whole characters; empty where there are none.
    func text(_ role: Role, _ row: Int, column: String, bytes: Range<Int>) -> String
}

/// No records: a report drawn from its numbers alone.
public struct NoRecords: RecordAccess {
    /// Makes it.
    public init() {}
    /// Not known.
    public func place(_ role: Role, _ row: Int) -> (file: String, line: Int)? { nil }
    /// None.
    public func fields(_ role: Role, _ row: Int, limit: Int) -> [RecordField] { [] }
    /// None.
    public func text(_ role: Role, _ row: Int, column: String, bytes: Range<Int>) -> String { "" }
}
