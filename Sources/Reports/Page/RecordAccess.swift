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

    /// The fields that tell a record from others: without what is put together of them, names of files and
    /// labels, as long as something is left.
    static func telling(_ fields: [RecordField]) -> [RecordField] {
        let own = fields.filter {
            !["text.all", "text.other", "source.file", "label"].contains($0.column)
        }
        return own.isEmpty ? fields : own
    }
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

extension RecordAccess {
    /// File and line; the row as well where it is another number, for findings speak of rows.
    func name(_ role: Role, _ row: Int) -> String {
        guard let place = place(role, row) else { return "\(role.name) row \(row + 1)" }
        let isSame = place.line == row + 1
        return "\(place.file) line \(place.line)\(isSame ? "" : ", row \(row + 1)")"
    }
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
