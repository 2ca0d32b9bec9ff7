import Generation
import JSONText
import Planning
import Reading
import Records

/// Records as generators see them, and what they give as records.
extension RecordTexts {
    /// Why a generated record cannot stand among the others.
    struct FormFault: Error, CustomStringConvertible {
        let description: String
    }

    /// What a record looks like.
    ///
    /// - Throws: `UsageError` for a format to which no record can be added.
    func form() throws -> RecordRequest.Form {
        if case .jsonDocument = summary.format {
            throw UsageError(
                "\(source.name): is one JSON document, to which no record can be added",
                help: "give the records as JSON lines")
        }
        let mapping = summary.mapping
        var fields: JSONObject = [:]
        if let turns = mapping.turns {
            fields["turns"] = [
                "list": .string(turns.pointer), "role": .string(turns.roleKey),
                "text": .string(turns.textKey),
            ]
        }
        if !mapping.prompt.isEmpty {
            fields["prompt"] = .array(mapping.prompt.map { .string($0) })
        }
        for (name, pointer) in [
            ("response", mapping.response), ("rejected", mapping.rejected),
            ("system", mapping.system), ("label", mapping.label),
        ] {
            if let pointer { fields[name] = .string(pointer) }
        }
        switch summary.format {
        case .plainText: return RecordRequest.Form(kind: "text", fields: [:])
        case .delimited:
            return RecordRequest.Form(kind: "object", fields: fields, columns: summary.keys)
        default: return RecordRequest.Form(kind: "object", fields: fields)
        }
    }

    /// A record as a JSON value: of a table an object of its columns, of plain text a string.
    func value(_ row: Int) -> JSONValue {
        let record = record(row)
        switch summary.format {
        case .plainText: return .string(String(decoding: record, as: UTF8.self))
        case .delimited:
            let cells = record.withUnsafeBufferPointer { editor.cells(of: $0) }
            return .object(
                JSONObject(
                    zip(summary.keys, cells).map {
                        ($0, .string(String(decoding: $1, as: UTF8.self)))
                    }))
        default: return (try? JSONValue(parsing: record)) ?? .null
        }
    }

    /// A generated value as a record of this source.
    ///
    /// - Throws: `FormFault` for one that is none: without a prompt, a response or a label where the source has
    ///   them, or with keys that a table does not have.
    func record(from value: JSONValue) throws(FormFault) -> [UInt8] {
        let record: [UInt8]
        switch summary.format {
        case .plainText:
            guard let text = value.stringValue ?? value["text"]?.stringValue, !text.isEmpty else {
                throw FormFault(description: "expected a text, found \(value.typeName)")
            }
            guard !text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
                throw FormFault(description: "a line of plain text cannot hold a line break")
            }
            record = Array(text.utf8)
        case .delimited(let delimiter, _):
            guard let object = value.objectValue else {
                throw FormFault(description: "expected an object, found \(value.typeName)")
            }
            if let other = object.keys.first(where: { !summary.keys.contains($0) }) {
                throw FormFault(description: "the table has no column \"\(other)\"")
            }
            record = RecordEditor.record(
                summary.keys.map { RecordTexts.cell(object[$0] ?? .null) }, delimiter: delimiter)
        default:
            guard value.objectValue != nil else {
                throw FormFault(description: "expected an object, found \(value.typeName)")
            }
            record = value.bytes
        }
        let mapping = summary.mapping
        var needed: [(ColumnName, String)] = [(.prompt, "prompt")]
        if mapping.response != nil || mapping.turns != nil {
            needed.append((.response, "response"))
        }
        if mapping.rejected != nil { needed.append((.rejected, "rejected answer")) }
        if mapping.label != nil { needed.append((.label, "label")) }
        for (column, name) in needed {
            let pieces = record.withUnsafeBufferPointer { editor.pieces(of: column, in: $0) }
            guard pieces.contains(where: { $0.text.contains { $0 > 0x20 } }) else {
                throw FormFault(description: "it has no \(name)")
            }
        }
        return record
    }

    private static func cell(_ value: JSONValue) -> [UInt8] {
        switch value {
        case .null: []
        case .string(let text): Array(text.utf8)
        default: value.bytes
        }
    }
}
