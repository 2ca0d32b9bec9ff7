/// The cells of one record of delimited values (RFC 4180; any one-byte delimiter).
public struct DelimitedCells {
    /// All cells' text, unquoted, one after the other.
    public private(set) var bytes: [UInt8] = []
    /// Cell `i` is `bytes[ends[i - 1]..<ends[i]]`.
    public private(set) var ends: [Int] = []

    /// No cells.
    public init() {}

    /// Splits `record` and replaces what was held.
    ///
    /// Returns the reason when a quoted cell is not closed or is followed by text. O(n).
    public mutating func read(
        _ record: UnsafeBufferPointer<UInt8>, delimiter: UInt8
    ) -> String? {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        let quote = UInt8(ascii: "\"")
        var index = 0
        while true {
            if index < record.count, record[index] == quote {
                index += 1
                while true {
                    guard index < record.count else { return "a quoted cell is not closed" }
                    if record[index] == quote {
                        guard index + 1 < record.count, record[index + 1] == quote else {
                            break
                        }
                        index += 1
                    }
                    bytes.append(record[index])
                    index += 1
                }
                index += 1
                if index < record.count, record[index] != delimiter {
                    return "found text after the closing quote of cell \(ends.count + 1)"
                }
            } else {
                while index < record.count, record[index] != delimiter {
                    bytes.append(record[index])
                    index += 1
                }
            }
            ends.append(bytes.count)
            guard index < record.count else { return nil }
            index += 1
        }
    }

    /// The text of cell `index`.
    public subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// The cells of a line as strings, for headers; none when it cannot be split.
    static func split(_ line: UnsafeBufferPointer<UInt8>, delimiter: UInt8) -> [String] {
        var cells = DelimitedCells()
        var line = line
        if line.last == 0x0D { line = UnsafeBufferPointer(rebasing: line.dropLast()) }
        guard cells.read(line, delimiter: delimiter) == nil else { return [] }
        return cells.ends.indices.map { String(decoding: cells[$0], as: UTF8.self) }
    }
}
