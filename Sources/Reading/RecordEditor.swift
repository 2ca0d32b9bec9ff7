public import JSONText
public import Records

/// Replaces parts of records and leaves every other byte as it is: unknown keys, the order of keys, big
/// numbers, escapes and spaces.
///
/// An instance belongs to one thread at a time.
public final class RecordEditor {
    private let format: SourceFormat
    private let mapping: FieldMapping
    private let cells: [String: Int]
    private let otherCells: [Int]
    private let parser = JSONTapeParser()

    /// An editor for the records of a source.
    public init(_ summary: SourceSummary) {
        format = summary.format
        mapping = summary.mapping
        var cells: [String: Int] = [:]
        if case .delimited = format {
            for (index, name) in summary.keys.enumerated()
            where cells[FieldMapping.pointer(name)] == nil {
                cells[FieldMapping.pointer(name)] = index
            }
        }
        self.cells = cells
        otherCells = OtherTexts(summary.mapping).cells(summary.keys)
    }

    /// The values whose texts, joined by line breaks, are a column of a record; none when the column is
    /// absent, is no text column, or holds text that is put together otherwise.
    ///
    /// O(bytes of the record).
    public func pieces(
        of column: ColumnName, in record: UnsafeBufferPointer<UInt8>
    ) -> [RecordPiece] {
        switch format {
        case .delimited(let delimiter, _):
            let all = RecordEditor.cells(record, delimiter)
            if mapping.kind == .fields { return column == .prompt ? all : [] }
            if column == .other {
                return otherCells.compactMap { all.indices.contains($0) ? all[$0] : nil }.filter {
                    $0.text.withUnsafeBufferPointer { OtherTexts.says($0) }
                }
            }
            return pointers(of: column).compactMap { pointer in
                cells[pointer].flatMap { all.indices.contains($0) ? all[$0] : nil }
            }
        case .plainText:
            guard column == .prompt else { return [] }
            return [RecordPiece(text: Array(record), extent: record.indices, isBare: true)]
        default:
            guard case .success(let tape) = parser.parse(record) else { return [] }
            return PieceCollector(tape: tape, mapping: mapping).pieces(of: column)
        }
    }

    private func pointers(of column: ColumnName) -> [String] {
        switch column {
        case .prompt: mapping.prompt
        case .response: [mapping.response].compactMap(\.self)
        case .rejected: [mapping.rejected].compactMap(\.self)
        case .system: [mapping.system].compactMap(\.self)
        case .label: [mapping.label].compactMap(\.self)
        default: [column.fieldPointer].compactMap(\.self)
        }
    }

    /// The record with one more key behind its others; `nil` for a format without keys in a record, and for a
    /// record that has the key.
    ///
    /// O(bytes of the record).
    public func adding(
        _ value: JSONValue, under key: String, to record: UnsafeBufferPointer<UInt8>
    ) -> [UInt8]? {
        switch format {
        case .delimited, .plainText, .jsonDocument: return nil
        default: break
        }
        guard case .success(let tape) = parser.parse(record), tape.kind(0) == .object,
            tape.find([Array(key.utf8)]) == nil,
            let end = record.lastIndex(of: UInt8(ascii: "}"))
        else { return nil }
        // Before the white space that stands before the bracket.
        var place = end
        while place > 0, record[place - 1] <= 0x20 { place -= 1 }
        let isEmpty = record[place - 1] == UInt8(ascii: "{")
        var writer = JSONWriter()
        writer.string(key)
        return Array(record[..<place]) + Array((isEmpty ? "" : ", ").utf8) + writer.bytes
            + Array(": ".utf8) + value.bytes + Array(record[place...])
    }

    /// The texts of a table's record, column by column; none for other formats.
    ///
    /// O(bytes of the record).
    public func cells(of record: UnsafeBufferPointer<UInt8>) -> [[UInt8]] {
        guard case .delimited(let delimiter, _) = format else { return [] }
        return RecordEditor.cells(record, delimiter).map(\.text)
    }

    /// A table's record of these texts, each in quotes where it must be.
    public static func record(_ cells: [[UInt8]], delimiter: UInt8) -> [UInt8] {
        var record: [UInt8] = []
        for (index, cell) in cells.enumerated() {
            if index > 0 { record.append(delimiter) }
            append(cell: cell, isQuoted: false, delimiter, to: &record)
        }
        return record
    }

    private static func append(
        cell text: [UInt8], isQuoted: Bool, _ delimiter: UInt8, to result: inout [UInt8]
    ) {
        let quote = UInt8(ascii: "\"")
        let mustQuote = text.contains {
            $0 == delimiter || $0 == quote || $0 == 0x0A || $0 == 0x0D
        }
        guard isQuoted || mustQuote else { return result.append(contentsOf: text) }
        result.append(quote)
        for byte in text {
            if byte == quote { result.append(quote) }
            result.append(byte)
        }
        result.append(quote)
    }

    /// The record with pieces of it replaced.
    ///
    /// A text takes the escapes of the text it replaces: where that is ASCII by escapes, so is the new one.
    ///
    /// - Throws: `RecordEditFault` for a text that the format cannot hold, and for one that would stand
    ///   where a number or a boolean stood and is none.
    public func replace(
        _ changes: [(piece: RecordPiece, text: [UInt8])], in record: UnsafeBufferPointer<UInt8>
    ) throws(RecordEditFault) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(record.count + changes.reduce(0) { $0 + $1.text.count })
        var position = 0
        for (piece, text) in changes.sorted(by: {
            $0.piece.extent.lowerBound < $1.piece.extent.lowerBound
        }) {
            guard piece.extent.lowerBound >= position else {
                throw RecordEditFault(
                    description:
                        "one value of the record was to take two texts, as two of its fields are one"
                )
            }
            result.append(contentsOf: record[position..<piece.extent.lowerBound])
            let old = UnsafeBufferPointer(rebasing: record[piece.extent])
            try append(text, replacing: old, of: piece, to: &result)
            position = piece.extent.upperBound
        }
        result.append(contentsOf: record[position...])
        return result
    }

    private func append(
        _ text: [UInt8], replacing old: UnsafeBufferPointer<UInt8>, of piece: RecordPiece,
        to result: inout [UInt8]
    ) throws(RecordEditFault) {
        switch format {
        case .delimited(let delimiter, _):
            RecordEditor.append(
                cell: text, isQuoted: old.first == UInt8(ascii: "\""), delimiter, to: &result)
        case .plainText:
            guard !text.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
                throw RecordEditFault(description: "a line of plain text cannot hold a line break")
            }
            result.append(contentsOf: text)
        default:
            guard !piece.isBare else { return try appendBare(text, to: &result) }
            let isEscaped =
                !old.contains { $0 >= 0x80 }
                && old.indices.contains {
                    $0 + 1 < old.count && old[$0] == 0x5C && old[$0 + 1] == 0x75
                }
            RecordEditor.appendString(text, asciiOnly: isEscaped, to: &result)
        }
    }

    private func appendBare(_ text: [UInt8], to result: inout [UInt8]) throws(RecordEditFault) {
        let isBare = text.withUnsafeBufferPointer { text in
            guard case .success(let tape) = parser.parse(text) else { return false }
            switch tape.kind(0) {
            case .number, .true, .false, .null: return true
            default: return false
            }
        }
        guard isBare else {
            throw RecordEditFault(
                description:
                    "expected a number or a boolean in place of one, found \"\(String(decoding: text, as: UTF8.self))\""
            )
        }
        result.append(contentsOf: text)
    }

    private static func appendString(_ text: [UInt8], asciiOnly: Bool, to result: inout [UInt8]) {
        var writer = JSONWriter()
        text.withUnsafeBufferPointer { writer.string(utf8: $0) }
        guard asciiOnly, text.contains(where: { $0 >= 0x80 }) else {
            return result.append(contentsOf: writer.bytes)
        }
        for unit in String(decoding: writer.bytes, as: UTF8.self).utf16 {
            if unit < 0x80 {
                result.append(UInt8(unit))
            } else {
                let digits = String(unit, radix: 16)
                let zeros = String(repeating: "0", count: 4 - digits.utf8.count)
                result.append(contentsOf: "\\u\(zeros)\(digits)".utf8)
            }
        }
    }

    /// The cells of a record with where each lies.
    private static func cells(
        _ record: UnsafeBufferPointer<UInt8>, _ delimiter: UInt8
    ) -> [RecordPiece] {
        var cells = DelimitedCells()
        guard cells.read(record, delimiter: delimiter) == nil else { return [] }
        var pieces: [RecordPiece] = []
        var start = 0
        for index in cells.ends.indices {
            var end = start
            var isQuoted = false
            while end < record.count, isQuoted || record[end] != delimiter {
                // A quote opens a cell only at its start; inside an open one each quote toggles, and a
                // doubled one toggles twice.
                if record[end] == UInt8(ascii: "\""),
                    end == start || record[start] == UInt8(ascii: "\"")
                {
                    isQuoted.toggle()
                }
                end += 1
            }
            pieces.append(
                RecordPiece(text: Array(cells[index]), extent: start..<end, isBare: false))
            start = end + 1
        }
        return pieces
    }
}
