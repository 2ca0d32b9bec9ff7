/// Writes JSON into a byte buffer: one formatter for every number, no intermediate strings.
public struct JSONWriter {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty document.
    public init() {}

    /// Forgets what was written and keeps the memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Opens an object, as a value.
    public mutating func beginObject() { open("{") }
    /// Closes an object.
    public mutating func endObject() { close("}") }
    /// Opens an array, as a value.
    public mutating func beginArray() { open("[") }
    /// Closes an array.
    public mutating func endArray() { close("]") }

    /// Writes a key; a value must follow.
    public mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a key and its value.
    public mutating func member(_ name: String, _ value: JSONValue) {
        key(name)
        self.value(value)
    }

    /// Ends a line, between documents.
    public mutating func newline() {
        bytes.append(0x0A)
        needsComma = false
    }

    /// Writes any value.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: raw("null")
        case .bool(let flag): raw(flag ? "true" : "false")
        case .integer(let number): raw(String(number))
        case .number(let number): self.number(number)
        case .string(let text): string(text)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let object):
            beginObject()
            for (name, value) in object.members { member(name, value) }
            endObject()
        }
    }

    /// Writes a number with at most twelve significant digits; a number that is not finite becomes
    /// `null`.
    ///
    /// Twelve digits hide the last bits, which may differ between machines with different vector
    /// units.
    public mutating func number(_ value: Double) {
        if value >= JSONWriter.leastShare, value < 1 {
            share(value)
        } else {
            raw(JSONWriter.text(of: value))
        }
    }

    /// Writes a string with the escapes that JSON asks for.
    public mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { string(utf8: $0) }
    }

    /// Writes a string given as valid UTF-8.
    public mutating func string(utf8 text: UnsafeBufferPointer<UInt8>) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        var rest = text[...]
        while let stop = rest.firstIndex(where: JSONWriter.needsEscape) {
            bytes.append(contentsOf: rest[..<stop])
            escape(text[stop])
            rest = rest[(stop + 1)...]
        }
        bytes.append(contentsOf: rest)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(0x5C)
        switch byte {
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x22, 0x5C: bytes.append(byte)
        default:
            for digit in [UInt8(ascii: "u"), 0x30, 0x30] { bytes.append(digit) }
            for digit in [byte >> 4, byte & 15] {
                bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
    }

    /// Writes text as it is: for documents of which most are alike.
    ///
    /// Commas before and after are the caller's.
    public mutating func verbatim(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
        needsComma = false
    }

    /// The canonical text of a number.
    public static func text(of value: Double) -> String {
        guard value.isFinite else { return "null" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        let magnitude = abs(value)
        var scale = 1.0
        var exponent = 0
        // Scale to twelve significant digits, round, and let the shortest form print the result.
        while magnitude * scale < 1e11, exponent < 300 {
            scale *= 10
            exponent += 1
        }
        let rounded = (value * scale).rounded() / scale
        return rounded.isFinite ? "\(rounded)" : "\(value)"
    }

    /// Writes a number of 0 to 1, as most are, without making a string of it: the same as `text(of:)`.
    private mutating func share(_ value: Double) {
        comma()
        needsComma = true
        var scale = 1.0
        var exponent = 0
        while value * scale < 1e11 {
            scale *= 10
            exponent += 1
        }
        // Up to twelve digits, without zeros at their end; the first stands 10^-(exponent - count + 1).
        var digits = Int64((value * scale).rounded())
        while digits % 10 == 0 {
            digits /= 10
            exponent -= 1
        }
        var reversed = InlineArray<16, UInt8>(repeating: 0)
        var count = 0
        while digits > 0 {
            reversed[count] = 0x30 + UInt8(digits % 10)
            digits /= 10
            count += 1
        }
        let power = exponent - count + 1
        if exponent <= 0 {
            // Rounded up to one.
            bytes.append(UInt8(ascii: "1"))
        } else if power <= JSONWriter.mostZeros {
            bytes.append(UInt8(ascii: "0"))
            bytes.append(UInt8(ascii: "."))
            for _ in 1..<max(1, power) { bytes.append(0x30) }
            for index in stride(from: count - 1, through: 0, by: -1) {
                bytes.append(reversed[index])
            }
        } else {
            bytes.append(reversed[count - 1])
            if count > 1 { bytes.append(UInt8(ascii: ".")) }
            for index in stride(from: count - 2, through: 0, by: -1) {
                bytes.append(reversed[index])
            }
            bytes.append(UInt8(ascii: "e"))
            bytes.append(UInt8(ascii: "-"))
            bytes.append(0x30 + UInt8(power / 10))
            bytes.append(0x30 + UInt8(power % 10))
        }
    }

    /// Numbers below 10^-4 are written with an exponent.
    private static let mostZeros = 4
    /// Down to here powers of ten are exact, so that twelve digits are what the shortest form shows.
    private static let leastShare = 1e-10

    private mutating func raw(_ text: String) {
        comma()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    private mutating func open(_ character: Unicode.Scalar) {
        comma()
        bytes.append(UInt8(ascii: character))
        needsComma = false
    }

    private mutating func close(_ character: Unicode.Scalar) {
        bytes.append(UInt8(ascii: character))
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }
}

extension JSONValue {
    /// The document in one line.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The document in one line, as UTF-8.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    /// The document with object keys sorted, for hashing.
    public var canonical: JSONValue {
        switch self {
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { (key: $0.key, value: $0.value.canonical) }
                        .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }))
        default: self
        }
    }
}
