import JSONText

/// The records in what a model wrote.
enum ChatAnswer {
    /// The text of the first choice and the tokens that the answer counts; `nil` for something else.
    static func content(_ body: [UInt8]) -> (text: String, tokens: Int)? {
        guard let value = try? JSONValue(parsing: body),
            let message = value["choices"]?.arrayValue?.first?["message"]
        else { return nil }
        let tokens = min(max(0, value["usage"]?["total_tokens"]?.intValue ?? 0), 1 << 32)
        if let text = message["content"]?.stringValue { return (text, tokens) }
        guard let parts = message["content"]?.arrayValue else { return nil }
        return (parts.compactMap { $0["text"]?.stringValue }.joined(), tokens)
    }

    /// Every JSON object of the outermost level that is whole, whatever stands around it: one a line, in an array,
    /// printed over several lines, fenced; of an object that holds nothing but a list of objects those.
    ///
    /// A bracket that is never closed is stepped over. O(bytes), for every such bracket once more.
    static func records(_ text: String) -> [JSONValue] {
        var bytes = Array(text.utf8)[...]
        for _ in 0..<mostOpenBrackets {
            let (records, open) = records(bytes)
            guard records.isEmpty, let open else { return records }
            bytes = bytes[(open + 1)...]
        }
        return []
    }

    /// Brackets that are stepped over at most.
    private static let mostOpenBrackets = 50

    /// The records, and where an object begins that does not end.
    private static func records(_ bytes: ArraySlice<UInt8>) -> ([JSONValue], open: Int?) {
        var records: [JSONValue] = []
        var (depth, start) = (0, 0)
        var (isQuoted, isEscaped) = (false, false)
        for index in bytes.indices {
            let byte = bytes[index]
            if isQuoted {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isQuoted = false
                } else if byte == 0x0A {
                    // No string goes over a line: the object was cut off, and the next one may begin.
                    (isQuoted, depth) = (false, 0)
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where depth > 0: isQuoted = true
            case UInt8(ascii: "{"):
                if depth == 0 { start = index }
                depth += 1
            case UInt8(ascii: "}") where depth > 0:
                depth -= 1
                guard depth == 0, let value = try? JSONValue(parsing: Array(bytes[start...index]))
                else { continue }
                records += inner(value)
            default: break
            }
        }
        return (records, depth > 0 ? start : nil)
    }

    private static func inner(_ value: JSONValue) -> [JSONValue] {
        guard let members = value.objectValue?.members, members.count == 1,
            let list = members[0].value.arrayValue, !list.isEmpty,
            ["records", "items", "data", "examples", "results"].contains(members[0].key),
            list.allSatisfy({ $0.objectValue != nil })
        else { return [value] }
        return list
    }

    /// The reason that an error's body gives, in one line.
    static func reason(_ body: [UInt8]) -> String {
        let value = try? JSONValue(parsing: body)
        let text =
            value?["error"]?["message"]?.stringValue ?? value?["error"]?.stringValue
            ?? String(decoding: body.prefix(200), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
