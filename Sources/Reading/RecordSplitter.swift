import Glibc

/// Where a record lies in its source.
public struct RecordSpan: Sendable {
    /// First byte.
    public let offset: Int
    /// Length in bytes.
    public let length: Int
    /// 1-based line of the first byte.
    public let line: Int

    /// A place in a source.
    public init(offset: Int, length: Int, line: Int) {
        self.offset = offset
        self.length = length
        self.line = line
    }
}

/// Finds the records of a source one after the other, without parsing them.
///
/// One pass, O(bytes).
struct RecordSplitter {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let format: SourceFormat
    private var position: Int
    private var line = 1
    private var isStarted = false
    private var isDone = false
    /// Where the text around the records is broken.
    private(set) var faults: [(span: RecordSpan, reason: String)] = []

    init(_ source: SourceBytes, format: SourceFormat) {
        bytes = source.bytes
        self.format = format
        position = source.bytes.count - SourceFormat.content(of: source).count
    }

    /// The next record, or `nil` at the end.
    mutating func next() -> RecordSpan? {
        guard !isDone else { return nil }
        switch format {
        case .jsonLines, .plainText: return nextLine()
        case .delimited: return nextDelimited()
        case .jsonArray: return nextElement()
        case .jsonObjectOfArrays: return nextElementOfArrays()
        case .jsonDocument:
            isDone = true
            skipSpace()
            return span(from: position, to: bytes.count)
        }
    }

    private mutating func span(from start: Int, to end: Int) -> RecordSpan {
        var end = end
        while end > start, SourceFormat.isSpace(bytes[end - 1]) { end -= 1 }
        return RecordSpan(offset: start, length: end - start, line: line)
    }

    private mutating func nextLine() -> RecordSpan? {
        while position < bytes.count {
            let start = position
            let end = endOfLine(from: start)
            position = end + 1
            defer { line += 1 }
            var stop = end
            if stop > start, bytes[stop - 1] == 0x0D { stop -= 1 }
            if bytes[start..<stop].allSatisfy(SourceFormat.isSpace) { continue }
            return RecordSpan(offset: start, length: stop - start, line: line)
        }
        return nil
    }

    private func endOfLine(from start: Int) -> Int {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + start, 0x0A, bytes.count - start)
        else { return bytes.count }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    private mutating func nextDelimited() -> RecordSpan? {
        guard case .delimited(let delimiter, _) = format else { return nil }
        let quote = UInt8(ascii: "\"")
        while position < bytes.count {
            let (start, startLine) = (position, line)
            var isCellStart = true
            var isQuoted = false
            var end = bytes.count
            scan: while position < bytes.count {
                let byte = bytes[position]
                position += 1
                if byte == 0x0A { line += 1 }
                if isQuoted {
                    guard byte == quote else { continue }
                    if position < bytes.count, bytes[position] == quote {
                        position += 1
                    } else {
                        isQuoted = false
                    }
                } else if byte == quote, isCellStart {
                    isQuoted = true
                    isCellStart = false
                } else if byte == 0x0A
                    || byte == 0x0D && !(position < bytes.count && bytes[position] == 0x0A)
                {
                    // A lone carriage return ends a record too, as old spreadsheets write it.
                    if byte == 0x0D { line += 1 }
                    end = position - 1
                    break scan
                } else {
                    isCellStart = byte == delimiter
                }
            }
            if end > start, bytes[end - 1] == 0x0D { end -= 1 }
            if end > start {
                return RecordSpan(offset: start, length: end - start, line: startLine)
            }
        }
        return nil
    }

    /// The elements of the array at the start; notes `faults` where brackets or commas are wrong.
    private mutating func nextElement() -> RecordSpan? {
        skipSpace()
        if !isStarted {
            position += 1
            isStarted = true
            skipSpace()
            if position < bytes.count, bytes[position] == UInt8(ascii: "]") { return endArray() }
        }
        guard position < bytes.count else { return stop("the array is not closed by ']'") }
        let (start, startLine) = (position, line)
        let end = skipValue()
        let found = RecordSpan(
            offset: start, length: trimmedEnd(start, end) - start, line: startLine)
        guard position < bytes.count else {
            isDone = true
            faults.append((found, "the array is not closed by ']'"))
            return nil
        }
        if bytes[position] == UInt8(ascii: "]") { return endArray(after: found) }
        position += 1
        if found.length == 0 { faults.append((found, "expected a record before ','")) }
        return found.length == 0 ? nextElement() : found
    }

    private mutating func endArray(after last: RecordSpan? = nil) -> RecordSpan? {
        position += 1
        if case .jsonObjectOfArrays = format {
            isStarted = false
        } else {
            isDone = true
            skipSpace()
            if position < bytes.count {
                faults.append(
                    (span(from: position, to: bytes.count), "found text after the closing ']'"))
            }
        }
        guard let last else { return nil }
        if last.length == 0 { faults.append((last, "expected a record after ','")) }
        return last.length == 0 ? nil : last
    }

    /// The elements of every array in a top-level object that is known to be well formed.
    private mutating func nextElementOfArrays() -> RecordSpan? {
        while !isDone {
            if isStarted {
                if let element = nextElement() { return element }
                continue
            }
            while position < bytes.count, bytes[position] != UInt8(ascii: "[") {
                if bytes[position] == UInt8(ascii: "\"") { skipString() } else { step() }
            }
            if position >= bytes.count {
                isDone = true
            } else {
                position += 1
                skipSpace()
                if bytes[position] == UInt8(ascii: "]") { position += 1 } else { isStarted = true }
            }
        }
        return nil
    }

    private mutating func stop(_ reason: String) -> RecordSpan? {
        isDone = true
        faults.append((RecordSpan(offset: position, length: 0, line: line), reason))
        return nil
    }

    /// Moves behind one value, to the comma or bracket after it; returns that place.
    private mutating func skipValue() -> Int {
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return position }
                depth -= 1
            case UInt8(ascii: ","): if depth == 0 { return position }
            default: break
            }
            step()
        }
        return position
    }

    private mutating func skipString() {
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == UInt8(ascii: "\\") { position += 1 }
            if position < bytes.count { step() }
        }
        position = min(position + 1, bytes.count)
    }

    private mutating func step() {
        if bytes[position] == 0x0A { line += 1 }
        position += 1
    }

    private mutating func skipSpace() {
        while position < bytes.count, SourceFormat.isSpace(bytes[position]) { step() }
    }

    private func trimmedEnd(_ start: Int, _ end: Int) -> Int {
        var end = end
        while end > start, SourceFormat.isSpace(bytes[end - 1]) { end -= 1 }
        return end
    }
}
