/// How records lie in a file.
public enum SourceFormat: Sendable, Equatable, CustomStringConvertible {
    /// One JSON value a line.
    case jsonLines
    /// One JSON array of records.
    case jsonArray
    /// One JSON object whose values are arrays of records.
    case jsonObjectOfArrays
    /// One JSON value.
    case jsonDocument
    /// Delimited values; the first record names the columns unless `hasHeader` is false.
    case delimited(UInt8, hasHeader: Bool)
    /// One text a line.
    case plainText

    /// The word used in reports.
    public var description: String {
        switch self {
        case .jsonLines: "JSONL"
        case .jsonArray: "JSON array"
        case .jsonObjectOfArrays: "JSON object of arrays"
        case .jsonDocument: "JSON document"
        case .delimited(0x09, _): "TSV"
        case .delimited: "CSV"
        case .plainText: "text"
        }
    }

    /// Tells the format from the name's ending and the first bytes.
    ///
    /// O(first line), except for a JSON object, which is parsed.
    public static func detect(_ source: SourceBytes) -> SourceFormat {
        var name = source.name
        for ending in [".gz", ".zst"] where name.hasSuffix(ending) { name.removeLast(ending.count) }
        let bytes = content(of: source)
        let first = bytes.first { !isSpace($0) }
        if [".json", ".jsonl", ".ndjson"].contains(where: name.hasSuffix) {
            return detectJSON(bytes, isLines: !name.hasSuffix(".json"))
        }
        if name.hasSuffix(".tsv") { return delimited(bytes, 0x09) }
        if name.hasSuffix(".csv") { return delimited(bytes, sniffDelimiter(bytes)) }
        if name.hasSuffix(".txt") || name.hasSuffix(".text") { return .plainText }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            return detectJSON(bytes, isLines: true)
        }
        let line = firstLine(bytes)
        for delimiter in [UInt8(ascii: ","), 0x09, UInt8(ascii: ";")] {
            let cells = DelimitedCells.split(line, delimiter: delimiter)
            if cells.count > 1, cells.contains(where: { knownNames.contains($0.lowercased()) }) {
                return .delimited(delimiter, hasHeader: true)
            }
        }
        return .plainText
    }

    /// The bytes after a UTF-8 byte-order mark.
    static func content(of source: SourceBytes) -> UnsafeBufferPointer<UInt8> {
        source.bytes.starts(with: [0xEF, 0xBB, 0xBF])
            ? UnsafeBufferPointer(rebasing: source.bytes[3...]) : source.bytes
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private static let knownNames: Set<String> = [
        "text", "label", "category", "intent", "prompt", "response", "completion", "question",
        "answer", "instruction", "input", "output", "sentence", "utterance", "content", "class",
    ]

    private static func firstLine(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>
    {
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.count
        let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
        return UnsafeBufferPointer(rebasing: bytes[start..<end])
    }

    /// The first line of a table, in which a cell in quotes may hold line breaks.
    private static func firstRecord(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.count
        let delimiters = Array(",\t;|\n".utf8)
        var isQuoted = false
        for place in start..<min(bytes.count, start + mostHeaderBytes) {
            // A quote opens a cell only at its start.
            if bytes[place] == UInt8(ascii: "\""),
                isQuoted || place == start || delimiters.contains(bytes[place - 1])
            {
                isQuoted.toggle()
            }
            if bytes[place] == 0x0A, !isQuoted {
                return UnsafeBufferPointer(rebasing: bytes[start..<place])
            }
        }
        // A quote that nothing closes.
        return firstLine(bytes)
    }

    private static let mostHeaderBytes = 1 << 16

    private static func detectJSON(
        _ bytes: UnsafeBufferPointer<UInt8>, isLines: Bool
    ) -> SourceFormat {
        guard let start = bytes.firstIndex(where: { !isSpace($0) }) else { return .jsonLines }
        let line = firstLine(bytes)
        let rest = bytes[(start + line.count)...]
        let second = rest.first { !isSpace($0) }
        let parser = JSONTapeParser()
        var lineIsComplete = false
        if case .success = parser.parse(line) { lineIsComplete = true }
        switch bytes[start] {
        case UInt8(ascii: "["):
            return lineIsComplete && second == UInt8(ascii: "[") ? .jsonLines : .jsonArray
        case UInt8(ascii: "{"):
            if lineIsComplete && (second != nil || isLines) { return .jsonLines }
            if case .success(let tape) = parser.parse(bytes) {
                return holdsArraysOfRecords(tape) ? .jsonObjectOfArrays : .jsonDocument
            }
            return isLines || second == UInt8(ascii: "{") ? .jsonLines : .jsonDocument
        default: return .jsonLines
        }
    }

    private static func holdsArraysOfRecords(_ tape: JSONTape) -> Bool {
        var (records, others) = (0, 0)
        tape.forEachChild(of: 0) { _, value in
            guard tape.kind(value) == .array else {
                others += 1
                return
            }
            tape.forEachChild(of: value) { _, element in
                switch tape.kind(element) {
                case .array, .object: records += 1
                default: others += 1
                }
            }
        }
        return records > 1 && others == 0
    }

    private static func sniffDelimiter(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt8 {
        let line = firstRecord(bytes)
        let candidates = [UInt8(ascii: ","), 0x09, UInt8(ascii: ";"), UInt8(ascii: "|")]
        let counts = candidates.map { DelimitedCells.split(line, delimiter: $0).count }
        let best = counts.max() ?? 1
        return best > 1 ? candidates[counts.firstIndex(of: best) ?? 0] : UInt8(ascii: ",")
    }

    /// A header is assumed unless the first line reads like data: a cell that is empty, a number,
    /// repeated, longer than 40 bytes or of more than four words.
    private static func delimited(
        _ bytes: UnsafeBufferPointer<UInt8>, _ delimiter: UInt8
    ) -> SourceFormat {
        let cells = DelimitedCells.split(firstRecord(bytes), delimiter: delimiter)
        let isKnown = cells.contains { knownNames.contains($0.lowercased()) }
        let looksLikeNames =
            Set(cells).count == cells.count
            && cells.allSatisfy {
                !$0.isEmpty && $0.utf8.count <= 40 && Double($0) == nil
                    && $0.split(separator: " ").count <= 4
            }
        return .delimited(delimiter, hasHeader: isKnown || looksLikeNames)
    }
}
